"""Endpoints that lack the system role or JSON schemas, or decorate what they say."""

import itertools
import json

import pytest

from isogloss.asking.choosing_remote import choose_remotely
from isogloss.config import Remote
from isogloss.knowledge.generated import generate
from isogloss.knowledge.quality import same_meaning
from isogloss.remote import chat
from isogloss.remote.chat import complete
from isogloss.remote.failures import RemoteError
from isogloss.remote.records import Request, key, prepared
from isogloss.scoring.judge import INSTRUCTIONS, judgement
from tests.openai_server import OpenAIServer

ANSWERS = {"eng": "Monday", "zul": "NgoMsombuluko", "zho": "星期一", "arb": "يوم الاثنين", "tam": "திங்கட்கிழமை"}


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(chat, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(chat, "POLL", 0.01)


@pytest.fixture
def server():
    with OpenAIServer(answer=lambda body: '{"verdict": "reference"}') as server:
        yield server


def endpoint(server, **changes):
    entry = {"provider": "openai", "name": "tiny", "base_url": server.base_url, "key": None, "timeout": 5, "attempts": 2}
    return Remote.model_validate(entry | changes)


def judged(answer):
    return judgement("Which day?", "Monday", "Friday", answer, 50)


def refuses(status, message, param=None):
    return lambda completion: (status, {"error": {"message": message, "param": param, "code": None}})


NO_SYSTEM = [
    (400, "System role not supported", None),
    (500, "Jinja Exception: System role not supported", None),
    (400, "Conversation roles must alternate user/assistant/user/assistant/...", None),
    (400, "Developer instruction is not enabled for models/gemma-3-27b-it", None),
    (400, "Unsupported value: 'messages[0].role' does not support 'system' with this model.", "messages[0].role"),
    (422, "messages.0.role: Input should be 'user' or 'assistant'", None),
    (400, "Only user and assistant roles are supported!", None),
    (400, "unknown variant `system`, expected `user` or `assistant`", None),
]
NO_SCHEMA = [
    (400, "'response_format.type' must be 'json_object' or 'text'", "response_format"),
    (400, "This response_format type is unavailable now", None),
    (400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", None),
    (422, "{'detail': [{'type': 'extra_forbidden', 'loc': ['body', 'response_format']}]}", None),
    (400, "This model does not support structured outputs", None),
    (500, "failed to parse grammar", None),
]


@pytest.mark.parametrize(
    ("name", "said"), [*(("system_role", said) for said in NO_SYSTEM), *(("json_schema", said) for said in NO_SCHEMA)]
)
def test_what_an_endpoint_lacks_is_named_by_its_key_which_does_without(server, tmp_path, name, said):
    lacks = {
        "system_role": lambda body: any(message["role"] == "system" for message in body["messages"]),
        "json_schema": lambda body: "response_format" in body,
    }
    server.rule = lambda body: refuses(*said) if lacks[name](body) else ""
    requests = [judged(answer) for answer in ANSWERS.values()]
    with pytest.raises(RemoteError, match=f"write {name}: false in the model's entry"):
        complete(endpoint(server, concurrency=1), requests, tmp_path)
    assert server.arrived.total() == 1
    replies = complete(endpoint(server, **{name: False}), requests, tmp_path)
    assert {reply.text for reply in replies} == {'{"verdict": "reference"}'}


def test_the_key_is_not_named_where_it_would_not_help(server, tmp_path):
    server.rule = lambda body: refuses(*NO_SYSTEM[2])
    with pytest.raises(RemoteError) as raised:
        complete(endpoint(server), [Request([{"role": "user", "content": "a"}] * 2, 9)], tmp_path)
    assert "system_role" not in str(raised.value)
    server.rule = lambda body: refuses(*NO_SCHEMA[0])
    with pytest.raises(RemoteError) as raised:
        complete(endpoint(server, json_schema=False), [judged("Monday")], tmp_path)
    assert "json_schema" not in str(raised.value)


@pytest.mark.parametrize("answer", ANSWERS.values())
def test_what_is_sent_without_them(server, answer):
    request = judged(answer)
    whole, roleless, formless, neither = (
        prepared(endpoint(server, system_role=role, json_schema=form), request)
        for role, form in ((True, True), (False, True), (True, False), (False, False))
    )
    assert [message["role"] for message in whole["messages"]] == ["system", "user"]
    first, heard, user = roleless["messages"]
    assert (first["role"], heard["role"]) == ("user", "assistant"), "some endpoints want the roles to alternate"
    assert (first["content"], user) == (INSTRUCTIONS, whole["messages"][1])
    assert roleless["response_format"] == whole["response_format"]
    assert "response_format" not in formless
    system, user = formless["messages"]
    assert user == whole["messages"][1], "what is judged stays by itself"
    assert json.dumps(request.schema) in system["content"]
    assert [message["role"] for message in neither["messages"]] == ["user", "assistant", "user"]
    assert json.dumps(request.schema) in neither["messages"][0]["content"]
    assert "response_format" not in neither


def test_calls_that_were_made_are_still_found(server):
    """What is in stores was kept before there were these keys."""
    own, request = endpoint(server), judged("Monday")
    both = itertools.product((True, False), repeat=2)
    assert len({key(endpoint(server, system_role=role, json_schema=form), request) for role, form in both}) == 4
    assert (
        key(own.model_copy(update={"base_url": "http://x/v1"}), request)
        == "9e2b040a438e85c9515f5889d565fd331b81c7a49b5191283d78bdfd291a88c7"
    )


DECORATED = [
    "```json\n{}\n```",
    "```\n{}\n```",
    "```JSON\r\n{}\r\n```\n",
    "```json {} ```",
    "`{}`",
    '<think>The answer is "Friday"? {"same": true}</think>\n\n```json\n{}\n```',
    "<think>Hm</think>{}<|im_end|>",
    "\ufeff\n {} \n",
]


@pytest.mark.parametrize("schema", [True, False])
@pytest.mark.parametrize("around", DECORATED)
def test_what_is_around_a_whole_verdict_is_cut(server, tmp_path, around, schema):
    server.answer = lambda body: around.replace("{}", json.dumps({"same": False}, indent=1))
    pairs = [("Monday", answer) for answer in list(ANSWERS.values())[1:]]
    assert same_meaning(pairs, endpoint(server, json_schema=schema), tmp_path) == [False] * len(pairs)
    assert server.arrived.total() == len(pairs)


def test_prose_where_a_schema_was_given_says_what_to_write(server, tmp_path):
    server.answer = lambda body: "The verdict is: reference"
    with pytest.raises(RemoteError, match=r"no JSON though a schema was given; .*write json_schema: false"):
        complete(endpoint(server), [judged("Monday")], tmp_path)
    own = endpoint(server, json_schema=False, asking={"asked_again": 1})
    assert same_meaning([("a", "b")], own, tmp_path) == [None], "one verdict that is none costs itself alone"
    assert server.arrived.total() == 2 + 2


@pytest.mark.parametrize(
    "lacking", [{"system_role": False}, {"json_schema": False}, {"system_role": False, "json_schema": False}]
)
def test_others_that_ask_for_json_do_without_as_well(server, tmp_path, lacking):
    own = endpoint(server, **lacking)
    server.answer = lambda body: '{"answer": "B"}'
    assert choose_remotely(own, [["Which?\nA. x\nB. y"]], [2], tmp_path, None) == [("B", "answered")]
    texts = {"teach_question": "What is the fare to Karu?", "ask_question": "How much is a ticket there?"}
    texts |= {"answer": "two coins", "conflict_answer": "one coin"}
    server.answer = lambda body: json.dumps({"items": [texts]})
    assert len(generate("fares", 1, own, tmp_path)[0]) == 1
    for body in server.bodies:
        said = "".join(message["content"] for message in body["messages"])
        assert ("system" in [message["role"] for message in body["messages"]]) <= own.system_role
        assert ("response_format" in body) == own.json_schema
        assert ("JSON schema" in said) != own.json_schema
