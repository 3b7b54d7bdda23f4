"""Calls over the network: each is asked once, kept, paid for at most as far as the budget goes, and what fails is explained."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ROOT, SECRET, ask, endpoint

from benchmarks.faults import measure
from isogloss.config import Remote
from isogloss.remote import chat, store
from isogloss.remote.chat import complete
from isogloss.remote.failures import RemoteError
from isogloss.remote.prices import price_of
from isogloss.remote.records import Reply, UnusableError, key, most_usd, prepared, record_of, reply_of
from isogloss.remote.store import CallStore
from tests.openai_server import ANSWERS, PASSING, OpenAIServer, content_of

pytestmark = [pytest.mark.filterwarnings("error:.*damaged record"), pytest.mark.usefixtures("quick_calls")]
SCHEMA = {"type": "object", "properties": {"verdict": {"type": "string", "enum": ["same", "different"]}}, "required": ["verdict"]}


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


def answered(text):
    return Reply(f"<answer>{text}</answer>", "answered", 20, 10, 5)


# the store


def test_what_is_put_is_there_for_others(tmp_path):
    one, other = CallStore(tmp_path), CallStore(tmp_path)
    one.put("a", {"text": "né", "usd": 0.25})
    other.put("b", {"text": None, "usd": 0.5})
    one.put("c", {"text": "free"})
    assert other.get("a") is None
    other.refresh()
    other.refresh()
    one.refresh()
    assert [other.get(name)["text"] for name in "abc"] == ["né", None, "free"]
    assert one.get("b") == other.get("b")
    assert one.spent == other.spent == CallStore(tmp_path).spent == 0.75
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_of_several_records_the_earliest_counts_for_all(tmp_path):
    one, other = CallStore(tmp_path), CallStore(tmp_path)
    one.put("a", {"text": "later", "time": 2.0, "usd": 1})
    other.put("a", {"text": "earlier", "time": 1.0, "usd": 1})
    one.refresh()
    other.refresh()
    assert [calls.get("a")["text"] for calls in (one, other, CallStore(tmp_path))] == ["earlier"] * 3
    assert one.spent == 2


@pytest.mark.parametrize("cut", [1, 20, 39, 49])
def test_a_torn_last_line_is_read_when_it_is_whole(tmp_path, cut):
    line = json.dumps({"key": "b", "text": "ありがとう", "usd": 1}, ensure_ascii=False).encode() + b"\n"
    assert cut < len(line)
    file = tmp_path / "another-host-1-00000000.jsonl"
    file.write_bytes(b'{"key": "a", "text": "whole"}\n' + line[:cut])
    calls = CallStore(tmp_path)
    assert (calls.get("a")["text"], calls.get("b"), calls.spent) == ("whole", None, 0)
    calls.put("c", {"text": "new"})
    with file.open("ab") as appended:
        appended.write(line[cut:])
    calls.refresh()
    assert (calls.get("b")["text"], calls.spent) == ("ありがとう", 1)
    assert CallStore(tmp_path).get("c")["text"] == "new"


def test_a_damaged_line_is_told_and_skipped(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b'{"key": "a"}\n{"key": \xff\n\x00\x00\n[1]\n{"key": "b"}\n')
    with pytest.warns(UserWarning, match="damaged record") as told:
        calls = CallStore(tmp_path)
    assert len(told) == 3
    assert calls.get("a")
    assert calls.get("b")


@pytest.mark.parametrize("field", [{"key": 1}, {"usd": "1"}, {"usd": None}, {"usd": float("nan")}, {"time": "1"}])
def test_a_record_with_a_field_of_another_type_is_damaged(tmp_path, field):
    wrong, right = {"key": "a", "time": 1.0, "usd": 0.5} | field, {"key": "a", "time": 2.0, "usd": 0.5}
    (tmp_path / "x.jsonl").write_text(f"{json.dumps(wrong)}\n{json.dumps(right)}\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="byte 0: damaged record"):
        calls = CallStore(tmp_path)
    assert (calls.get("a"), calls.spent) == (right, 0.5)


UNREACHABLE = """
import sys
import polars as pl
from benchmarks.faults import endpoint_of, requests_of
from isogloss.remote import chat
pl.DataFrame({"a": [1]}).lazy().collect()  # from now on polars handles SIGINT, too
chat.complete(endpoint_of("http://127.0.0.1:9/v1"), requests_of(4), sys.argv[1])
"""


def test_who_waits_for_a_server_is_told_and_can_interrupt(tmp_path):
    command = [sys.executable, "-c", UNREACHABLE, str(tmp_path)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        told = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=15)  # else the calls would go on for minutes
    finally:
        process.kill()
        process.communicate()
    assert told.startswith(
        "tiny at http://127.0.0.1:9/v1: no connection, or none that lasted (ConnectError); such calls are made"
    )


def test_after_a_failed_write_the_next_does_not_follow_half_a_line(tmp_path, monkeypatch):
    calls = CallStore(tmp_path)
    calls.put("a", {"text": "1"})
    with monkeypatch.context() as patch:
        patch.setattr(store.os, "fsync", lambda number: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            calls.put("b", {"text": "2"})
    assert calls.get("b") is None
    calls.put("c", {"text": "3"})
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_half_a_character_can_be_kept(tmp_path):
    CallStore(tmp_path).put("a", {"text": "so \ud83d"})
    assert CallStore(tmp_path).get("a")["text"] == "so ?"


def test_a_claim_keeps_others_off_until_it_is_released(tmp_path):
    one, other = CallStore(tmp_path), CallStore(tmp_path)
    name = one.claim(["a", "b"], 0, 60)
    assert name
    assert other.claim(["b", "c"], 0, 60) is None
    assert other.claim(["c"], 0, 60)
    one.put("a", {"text": "done"})
    one.release(name)
    assert other.claim(["a"], 0, 60) is None, "it has a record by now"
    assert other.claim(["b"], 0, 60)


def test_claims_and_records_stay_within_the_budget(tmp_path):
    one, other = CallStore(tmp_path), CallStore(tmp_path)
    one.put("paid", {"usd": 0.5})
    assert one.claim(["a"], 0.25, 60, budget=1)
    assert other.claim(["b"], 0.5, 60, budget=1) is None
    assert other.claim(["b"], 0.25, 60, budget=1)


def test_the_claim_of_a_dead_process_does_not_count(tmp_path):
    program = "import sys; from isogloss.remote.store import CallStore; print(CallStore(sys.argv[1]).claim(['a'], 9, 600))"
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True)
    assert len(list((tmp_path / "claims").iterdir())) == 1
    assert CallStore(tmp_path).claim(["a"], 1, 60, budget=1)
    assert len(list((tmp_path / "claims").iterdir())) == 1


def test_a_process_with_the_number_of_a_dead_one_is_another(tmp_path):
    owner = CallStore(tmp_path)
    path = tmp_path / "claims" / owner.claim(["a"], 0, 600)
    path.rename(path.with_name("other.json"))
    assert CallStore(tmp_path).claim(["a"], 0, 60) is None
    content = json.loads((tmp_path / "claims/other.json").read_text())
    path.write_text(json.dumps(content | {"started": content["started"] - 3600}))
    (tmp_path / "claims/other.json").unlink()
    assert CallStore(tmp_path).claim(["a"], 0, 60)


def test_the_claim_of_another_machine_counts_as_long_as_it_says(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store, "HOST", "elsewhere")
        name = CallStore(tmp_path).claim(["a"], 0, 600)
    assert CallStore(tmp_path).claim(["a"], 0, 60) is None
    before = time.time() - 601
    os.utime(tmp_path / "claims" / name, (before, before))
    assert CallStore(tmp_path).claim(["a"], 0, 60)


def test_half_a_claim_hinders_nobody(tmp_path):
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims/x.json").write_text('{"keys": ["a"], "us')
    assert CallStore(tmp_path).claim(["a"], 0, 60)


def test_two_never_hold_the_same_claim(tmp_path, monkeypatch):
    """They all take over the claim of a dead process at once, time and again."""
    holders, most, start = [], [], threading.Barrier(4)

    def contend():
        calls = CallStore(tmp_path)
        start.wait()
        for _ in range(15):
            if name := calls.claim(["a"], 0, 60):
                holders.append(name)
                most.append(len(holders))
                time.sleep(0.001)
                holders.remove(name)
                calls.release(name)
                dead = {"keys": ["a"], "usd": 0, "seconds": 600, "host": store.HOST, "pid": os.getpid(), "started": 0}
                (tmp_path / "claims" / f"dead-{name}").write_text(json.dumps(dead))

    with ThreadPoolExecutor(4) as pool:
        for contending in [pool.submit(contend) for _ in range(4)]:
            contending.result()
    assert set(most) == {1}


# prices


def test_the_longest_name_that_fits_has_the_price(tmp_path):
    assert price_of("gpt-4o-mini-2024-07-18").prompt == 0.15
    assert price_of("gpt-4o-2024-08-06").prompt == 2.5
    assert price_of("ft:gpt-4o-mini-2024-07-18:org::id").completion == 1.2
    assert price_of("another") is None
    assert price_of("text-embedding-3-small").of(1_000_000, 0, 0) == 0.02
    assert price_of("gpt-4o-mini").of(1_000_000, 400_000, 1_000_000) == pytest.approx(0.09 + 0.03 + 0.6)
    assert price_of("gpt-4o-2024-05-13").of(1_000_000, 1_000_000, 0) == 5, (
        "without a price of their own cached tokens cost as much"
    )


@pytest.mark.parametrize("row", ["gpt,cheap,1,1,1", "gpt,,1,1,1", "gpt,1,1,,1", "gpt,1"])
def test_a_row_without_prices_is_refused(tmp_path, row):
    table = tmp_path / "prices.csv"
    table.write_text(f"model,prompt_usd,cached_usd,completion_usd,training_usd,source,date\n{row}\n")
    with pytest.raises(ValueError, match="line 2"):
        price_of("gpt-9", table)


# what is sent


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"concurrency": 1, "timeout": 9, "attempts": 9, "key": "OTHER", "batch": True, "token_limit": "max_tokens"}, True),
        ({"name": "other"}, False),
        ({"temperature": 1}, False),
        ({"temperature": None}, False),
        ({"extra": {"seed": 1}}, False),
        ({"base_url": "http://elsewhere/v1"}, False),
    ],
)
def test_what_bears_on_the_answer_makes_the_key(server, changes, same):
    assert (key(endpoint(server), ask("a")) == key(endpoint(server, **changes), ask("a"))) is same


def test_every_part_of_a_request_makes_the_key(server):
    requests = [ask("a"), ask("b"), ask("a", max_tokens=51), ask("a", schema=SCHEMA), ask("a", sample=1)]
    assert len({key(endpoint(server), request) for request in requests}) == len(requests)


def test_bodies(server):
    assert prepared(endpoint(server), ask("a")) == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "a"}],
        "max_completion_tokens": 50,
        "temperature": 0,
    }
    entry = endpoint(server, temperature=None, token_limit="max_tokens", extra={"reasoning_effort": "minimal"})
    body = prepared(entry, ask("a", schema=SCHEMA))
    assert body.keys() == {"model", "messages", "max_tokens", "reasoning_effort", "response_format"}
    assert body["response_format"]["json_schema"]["strict"] is True


def test_replies_are_in_order_equal_requests_are_made_once_and_then_never(server, tmp_path, monkeypatch):
    texts = [f"q{i % 7}" for i in range(20)]
    entry = endpoint(server, extra={"seed": 3}, concurrency=3)
    replies = complete(entry, [ask(text) for text in texts], tmp_path)
    assert replies == [answered(text) for text in texts]
    assert server.delivered == {f"q{i}": 1 for i in range(7)}
    assert {content_of(body): body for body in server.bodies}["q0"] == prepared(entry, ask("q0"))
    monkeypatch.delenv("TEST_KEY")
    assert complete(entry, [ask("q3"), ask("q1")], tmp_path, budget_usd=0.01) == [answered("q3"), answered("q1")]
    assert server.arrived.total() == 7


def test_repetitions_are_calls_of_their_own(server, tmp_path):
    complete(endpoint(server), [ask("a", sample=number) for number in (0, 1, 1)], tmp_path)
    assert server.delivered == {"a": 2}


def test_so_many_at_a_time_and_no_more(tmp_path):
    with OpenAIServer(latency=0.05) as server:
        complete(endpoint(server, concurrency=3), [ask(str(i)) for i in range(9)], tmp_path)
        assert server.most_open == 3


@pytest.mark.parametrize("batch", [False, True])
def test_what_would_not_come_as_one_answer_is_not_asked_for(server, tmp_path, batch):
    extra = {"n": 2, "seed": 3, "stream": True}
    with pytest.raises(RemoteError, match=r"tiny: .*remove under extra: n: 2, stream: true$"):
        complete(endpoint(server, extra=extra, batch=batch), [ask("a")], tmp_path)
    assert not server.arrived
    assert complete(endpoint(server, extra={"n": 1, "stream": False}), [ask("a")], tmp_path) == [answered("a")]


def test_an_endpoint_without_key(server, tmp_path):
    complete(endpoint(server, key=None), [ask("a")], tmp_path)
    assert server.keys == {"none"}


def test_a_key_that_is_not_set(server, tmp_path, monkeypatch):
    monkeypatch.delenv("TEST_KEY")
    with pytest.raises(RemoteError, match=r"export TEST_KEY=\.\.\."):
        complete(endpoint(server), [ask("a")], tmp_path)
    assert not server.arrived


# what goes wrong and passes


@pytest.mark.parametrize("fault", PASSING)
def test_a_failure_that_passes(server, tmp_path, fault):
    server.script = [fault]
    timeout = 0.3 if fault in ("hang", "trickle") else 5
    (reply,) = complete(endpoint(server, timeout=timeout), [ask("a", schema=SCHEMA)], tmp_path)
    assert reply.text == '{"verdict": "same"}'
    assert (server.arrived["a"], server.delivered["a"]) == (2, 1)
    records = [json.loads(line) for path in tmp_path.glob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert [record["state"] for record in records if "/" not in record["key"]] == ["answered"]


@pytest.mark.parametrize("fault", ANSWERS)
def test_an_answer_of_another_kind_is_kept(server, tmp_path, fault):
    server.script = [fault]
    request = ask("abc", schema=SCHEMA if fault == "wrong-label" else None)
    (reply,) = complete(endpoint(server), [request], tmp_path)
    expected = {"wrong-label": ("answered", '{"verdict": "perhaps"}'), "length": ("unfinished", "<answ")}
    assert (reply.state, reply.text) == expected.get(fault, ("refused", None))
    assert complete(endpoint(server), [request], tmp_path) == [reply]
    assert server.arrived.total() == 1


THOUGHT = ("Monday", "answered", "<think>Friday?</think>Monday")
MESSAGES = {  # what endpoints send beside or instead of a plain content, and the text, state and raw of the reply
    "reasoning_content": (
        {"content": "Monday", "reasoning_content": "Friday?"},
        THOUGHT,
    ),
    "reasoning": ({"content": "Monday", "reasoning": "Friday?"}, THOUGHT),
    "both": (
        {"content": "Monday", "reasoning": "Friday?", "reasoning_content": "Friday?"},
        THOUGHT,
    ),
    "an empty thought": ({"content": "Monday", "reasoning_content": ""}, ("Monday", "answered", "Monday")),
    "a thought alone": ({"content": None, "reasoning_content": "Friday?"}, ("", "unfinished", "<think>Friday?")),
    "a thought and a blank": ({"content": "", "reasoning": "Friday?"}, ("", "unfinished", "<think>Friday?")),
    "parts": (
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Fri"}, {"type": "text", "text": "day?"}]},
                {"type": "text", "text": "Mon"},
                {"type": "text", "text": "day"},
            ]
        },
        THOUGHT,
    ),
    "an open thought": ({"content": "<think>Friday?"}, ("<think>Friday?", "unfinished", "<think>Friday?")),
    "a refusal": ({"content": None, "refusal": "I cannot."}, (None, "refused", "I cannot.")),
    "an empty refusal": ({"content": "Monday", "refusal": ""}, ("Monday", "answered", "Monday")),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_thought_is_kept_and_is_not_what_is_said(tmp_path, name):
    message, expected = MESSAGES[name]
    completion = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {}}
    own = Remote(provider="openai", name="tested-1")
    reply = reply_of(json.loads(json.dumps(record_of(own, {"max_tokens": 9}, completion))))
    assert (reply.text, reply.state, reply.raw) == expected


def test_what_a_filter_left_is_kept():
    completion = {"choices": [{"message": {"content": "Mon"}, "finish_reason": "content_filter"}], "usage": {}}
    reply = reply_of(record_of(Remote(provider="openai", name="tested-1"), {"max_tokens": 9}, completion))
    assert (reply.text, reply.state, reply.raw) == (None, "refused", "Mon")


def test_json_after_a_thought_is_what_a_schema_asks_for():
    own, body = Remote(provider="openai", name="tested-1"), {"max_tokens": 9, "response_format": {}}

    def state(text):
        return record_of(own, body, {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": {}})["state"]

    assert state('<think>{"a": 1}</think>```json\n{"a": 2}\n```') == "answered"
    assert state('{"a": "<think>"}') == "answered"
    assert state('<think>{"a": 1}') == "unfinished"
    with pytest.raises(UnusableError, match="no JSON"):
        state('Here it is: {"a": 1}')


def test_waits_as_long_as_the_server_says(tmp_path):
    with OpenAIServer(retry_after=0.4) as server:
        server.script = ["429-after", "429"]
        complete(endpoint(server), [ask("a")], tmp_path)
        first, second, third = server.moments
        assert second - first >= 0.4
        assert third - second < 0.3


def test_waits_grow(server, tmp_path, monkeypatch):
    monkeypatch.setattr(chat, "FIRST_DELAY", 0.04)
    server.script = ["500"] * 4
    complete(endpoint(server, attempts=5), [ask("a")], tmp_path)
    waits = [after - before for before, after in zip(server.moments, server.moments[1:], strict=False)]
    assert all(wait >= 0.02 * 2**number for number, wait in enumerate(waits))


def test_what_fails_too_often_does_not_keep_others_from_being_asked(server, tmp_path):
    server.scripts = {"b": ["500", "429"], "d": ["empty", "reset"]}
    requests = [ask(text) for text in "abcde"]
    with pytest.raises(RemoteError) as raised:
        complete(endpoint(server, attempts=2, concurrency=1), requests, tmp_path)
    message = str(raised.value)
    assert all(part in message for part in ("2 failed 2 times", "1 x HTTP status 429", "1 x no connection", "3 of 5 calls"))
    assert complete(endpoint(server), requests, tmp_path) == [answered(text) for text in "abcde"]
    assert server.delivered == dict.fromkeys("abcde", 1)


def test_where_nobody_answers_not_everything_is_tried(tmp_path):
    with OpenAIServer() as server:
        server.script = ["500"] * 200
        with pytest.raises(RemoteError, match="without an answer in between"):
            complete(endpoint(server, attempts=2, concurrency=2), [ask(str(i)) for i in range(100)], tmp_path)
        assert server.arrived.total() <= 2 * 12
    with pytest.raises(RemoteError, match="no connection"):
        complete(endpoint(server, attempts=2), [ask("a")], tmp_path)


def test_many_failures_among_answers_are_no_reason_to_stop(server, tmp_path):
    texts = [f"call {i}" for i in range(30)]
    server.scripts = {text: ["500"] for text in texts[::2]}
    with pytest.raises(RemoteError, match="15 failed 1 times"):
        complete(endpoint(server, attempts=1, concurrency=1), [ask(text) for text in texts], tmp_path)
    assert server.delivered == dict.fromkeys(texts[1::2], 1)


# what goes wrong and will not pass


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("401", r"export TEST_KEY=\.\.\."),
        ("403", "may not use tiny.*not for \\*\\*\\*"),
        ("404", "correct name: tiny or base_url: http"),
        ("context", "longer than the model's context"),
        ("quota", "out of credit"),
        ("temperature", "write temperature: null"),
        ("later", "asks to wait 86400 seconds"),
    ],
)
def test_a_failure_that_lasts_stops_at_once(server, tmp_path, fault, advice):
    server.script = [fault]
    with pytest.raises(RemoteError, match=advice) as raised:
        complete(endpoint(server, concurrency=1), [ask("a"), ask("b")], tmp_path)
    assert server.arrived.total() == 1
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is raised.value.__context__ is None, "a traceback would show what the server said"
    complete(endpoint(server), [ask("a"), ask("b")], tmp_path)
    assert server.delivered == {"a": 1, "b": 1}


def test_calls_in_flight_are_kept_when_one_stops_the_rest(tmp_path):
    with OpenAIServer(latency=0.2) as server:
        server.scripts = {"b": ["401"]}
        with pytest.raises(RemoteError, match="2 of 5 calls were made"):
            complete(endpoint(server, concurrency=3), [ask(text) for text in "abcde"], tmp_path)
        assert server.delivered == {"a": 1, "c": 1}
        complete(endpoint(server), [ask(text) for text in "ac"], tmp_path)
        assert server.arrived == {"a": 1, "b": 1, "c": 1}


def test_the_key_is_in_no_file(server, tmp_path, capfd):
    server.script = ["429", "403"]
    with pytest.raises(RemoteError):
        complete(endpoint(server), [ask("a")], tmp_path)
    complete(endpoint(server), [ask("a")], tmp_path)
    assert server.keys == {SECRET}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(SECRET.encode() not in path.read_bytes() for path in files)
    assert SECRET not in "".join(capfd.readouterr())


# money: a call of this model costs 20 tokens of prompt, half of them cached, and 5 of answer

PRICED = "gpt-4o-2024-08-06"
CALL = (10 * 2.5 + 10 * 1.25 + 5 * 10) / 1e6


def test_what_calls_cost_is_kept(server, tmp_path):
    server.scripts = {"b": ["no-json"]}
    complete(endpoint(server, name=PRICED), [ask("a"), ask("b", schema=SCHEMA)], tmp_path)
    assert CallStore(tmp_path).spent == pytest.approx(3 * CALL), "the answer that was none was paid for"
    assert CallStore(tmp_path).get(key(endpoint(server, name=PRICED), ask("a")))["model"] == f"{PRICED}-2025-01-01"


def test_where_the_server_does_not_say_it_was_the_most(server, tmp_path):
    server.usage = None
    entry = endpoint(server, name=PRICED)
    (reply,) = complete(entry, [ask("a")], tmp_path)
    assert (reply.prompt_tokens, reply.completion_tokens) == (0, 0)
    assert CallStore(tmp_path).spent == most_usd(entry, prepared(entry, ask("a"))) > CALL


def test_without_a_price_there_is_no_budget(server, tmp_path):
    with pytest.raises(RemoteError, match=r"data/prices.csv has no price for tiny(.|\n)*tiny,PROMPT,CACHED"):
        complete(endpoint(server), [ask("a")], tmp_path, budget_usd=1)
    assert not server.arrived
    complete(endpoint(server), [ask("a")], tmp_path)
    assert "usd" not in CallStore(tmp_path).get(key(endpoint(server), ask("a")))


def test_stops_before_the_call_that_might_cost_too_much(server, tmp_path):
    entry = endpoint(server, name=PRICED, concurrency=4)
    requests = [ask(f"call {i:02}") for i in range(40)]
    most = most_usd(entry, prepared(entry, requests[0]))
    budget = most + 10.5 * CALL
    with pytest.raises(RemoteError, match=r"budget_usd: .* does not allow the next call.*write budget_usd: ") as raised:
        complete(entry, requests, tmp_path, budget)
    assert "11 of 40 calls were made and are kept" in str(raised.value), "the budget is used as far as it goes"
    assert CallStore(tmp_path).spent == pytest.approx(11 * CALL)
    assert len(complete(entry, requests, tmp_path, 1)) == 40
    assert set(server.delivered.values()) == {1}


def together(count, call):
    """So many at once, each with a store of its own as processes have; their errors."""
    with ThreadPoolExecutor(count) as pool:
        return [making.exception() for making in [pool.submit(call) for _ in range(count)]]


def test_several_do_not_overshoot_together(tmp_path):
    with OpenAIServer(latency=0.005) as server:
        server.usage = {"prompt_tokens": 60, "completion_tokens": 50}  # nearly the most
        entry = endpoint(server, name=PRICED, concurrency=3)
        requests = [ask(f"call {i:02}") for i in range(30)]
        budget = 7.9 * most_usd(entry, prepared(entry, requests[0]))
        errors = together(3, lambda: complete(entry, requests, tmp_path, budget))
        assert all(isinstance(error, RemoteError) for error in errors)
        each = (60 * 2.5 + 50 * 10) / 1e6
        assert CallStore(tmp_path).spent == pytest.approx(server.delivered.total() * each)
        assert budget - 2 * each < CallStore(tmp_path).spent <= budget


def test_several_at_once_make_each_call_once(tmp_path):
    with OpenAIServer(faults=0.2, seed=3, latency=0.005) as server:
        entry = endpoint(server, concurrency=4, timeout=1, attempts=20)
        requests = [ask(f"call {i}") for i in range(60)]
        assert together(3, lambda: complete(entry, requests, tmp_path)) == [None] * 3
        assert server.delivered == {content_of(prepared(entry, request)): 1 for request in requests}


def test_batches_are_within_the_budget_too(server, tmp_path, monkeypatch):
    def complete_in_batches(entry, client, keyed, calls, root):
        assert calls.claim([next(iter(keyed))], 0, 60) is None, "the calls are claimed by now"
        for own, body in keyed.items():
            choice = {"message": {"content": content_of(body)}, "finish_reason": "stop"}
            calls.put(own, record_of(entry, body, {"choices": [choice], "usage": server.usage}))

    monkeypatch.setattr(chat, "complete_in_batches", complete_in_batches)
    entry = endpoint(server, name=PRICED, batch=True)
    requests = [ask(text) for text in "abca"]
    half = 1.5 * most_usd(entry, prepared(entry, requests[0]))
    with pytest.raises(RemoteError, match="a batch of 3 calls"):
        complete(entry, requests, tmp_path, 0.99 * half)
    replies = complete(entry, requests, tmp_path, 1.01 * half)
    assert [reply.text for reply in replies] == list("abca")
    assert not list((tmp_path / "claims").iterdir())


# processes


def test_killed_and_begun_again():
    outcome = measure(120, 2)
    assert outcome.good, str(outcome)
    assert outcome.faults > 10


def test_the_server_runs_by_itself(tmp_path):
    log = tmp_path / "log.jsonl"
    words = [sys.executable, str(Path("tests/openai_server.py")), "0", "--faults", "0.5", "--seed", "2", "--log", str(log)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            base_url = process.stdout.readline().strip()
            entry = Remote(provider="openai", name="tiny", base_url=base_url, key=None, timeout=1, attempts=20)
            complete(entry, [ask(text) for text in "abcd"], tmp_path / "calls")
        finally:
            process.kill()
    assert sorted(json.loads(line)["content"] for line in log.read_text().splitlines()) == list("abcd")
