"""What a reply is when servers have words of their own for its end, for a filter, or for nothing."""

import json
from functools import partial

import pytest
from conftest import SECRET, ask
from conftest import endpoint as endpoint_of

from isogloss.remote.chat import complete
from isogloss.remote.endings import is_filter, meaning
from isogloss.remote.failures import RemoteError
from isogloss.remote.prices import price_of
from isogloss.remote.records import key, most_usd, prepared
from isogloss.remote.store import CallStore
from tests.openai_server import OpenAIServer, changed

pytestmark = pytest.mark.usefixtures("quick_calls")
endpoint = partial(endpoint_of, attempts=3)
TEXTS = {"eng": "It is on Mon", "zul": "NgoMsombuluko", "zho": "星期一", "arb": "يوم الاثنين", "hin": "सोमवार"}
PRICED = "gpt-4o-2024-08-06"


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


def finish(reason, **message):
    return partial(changed, finish=reason, **message)


WHOLE = ["stop", "STOP", "FinishReason.STOP", "eos", "eos_token", "stop_sequence", "end_turn", "COMPLETE", None, "", 0, {}, []]
UNFINISHED = ["length", "LENGTH", "model_length", "max_tokens", "MAX_TOKENS", "FinishReason.MAX_TOKENS", "maxTokens"]
UNFINISHED += ["max_output_tokens", "max_length", "model_context_window_exceeded", "ERROR_LIMIT", "token_limit"]
FILTERED = ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII", "IMAGE_SAFETY", "LANGUAGE"]
FILTERED += ["sensitive", "contentFiltered", "guardrail_intervened", "refusal", "ERROR_TOXIC", "MODEL_ARMOR", "content-filter"]
FAILED = ["error", "ERROR", "insufficient_system_resource", "network_error", "abort", "cancelled", "timeout", "unknown", "OTHER"]
FAILED += ["MALFORMED_FUNCTION_CALL", "connection_refused", "rate_limit", "time_limit", "something_new", "tool_calls"]


@pytest.mark.parametrize(
    ("reasons", "expected"), [(WHOLE, "answered"), (UNFINISHED, "unfinished"), (FILTERED, "refused")], ids=["", "cut", "filter"]
)
@pytest.mark.parametrize("language", TEXTS)
def test_what_a_finish_reason_means(server, tmp_path, reasons, expected, language):
    requests = [ask(f"{reason!r} in {language}") for reason in reasons]
    server.scripts = {
        request.messages[0]["content"]: [finish(reason, content=TEXTS[language])]
        for request, reason in zip(requests, reasons, strict=True)
    }
    replies = complete(endpoint(server), requests, tmp_path)
    assert [reply.state for reply in replies] == [expected] * len(reasons)
    assert [reply.raw for reply in replies] == [TEXTS[language]] * len(reasons), "what was said is kept"
    assert complete(endpoint(server), requests, tmp_path) == replies
    assert server.arrived.total() == len(reasons)


@pytest.mark.parametrize("reason", FAILED)
def test_an_answer_that_broke_off_is_asked_for_again_and_not_kept(server, tmp_path, reason):
    assert meaning(reason) == "failed"
    server.script = [finish(reason, content="It is on Mon")] * 2
    assert complete(endpoint(server), [ask("a")], tmp_path)[0].text == "<answer>a</answer>"
    server.script = [finish(reason, content="It is on Mon")] * 3
    with pytest.raises(RemoteError, match=f"1 x no whole answer: finish_reason {reason}"):
        complete(endpoint(server), [ask("b")], tmp_path)
    assert complete(endpoint(server), [ask("b")], tmp_path)[0].state == "answered"


def test_an_error_beside_an_answer_or_in_its_place_is_said(server, tmp_path):
    def beside(completion):
        completion["choices"][0] |= {
            "finish_reason": "error",
            "error": {"code": 502, "message": f"Upstream is down for {SECRET}"},
        }
        return completion

    server.scripts = {"a": [beside] * 9, "b": [lambda completion: {"error": {"code": 502, "message": "Provider is down"}}] * 9}
    with pytest.raises(RemoteError) as raised:
        complete(endpoint(server), [ask("a"), ask("b"), ask("c")], tmp_path)
    assert "1 x no whole answer: finish_reason error: Upstream is down for ***" in str(raised.value)
    assert "1 x no whole answer: Provider is down" in str(raised.value)
    assert "1 of 3 calls were made" in str(raised.value)


def test_what_was_kept_as_an_answer_though_it_broke_off_is_asked_for_again(server, tmp_path):
    own = endpoint(server)
    usage = dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens"), 1)
    for text, reason in (("a", "error"), ("b", "stop"), ("c", None)):
        record = {"usage": usage, "finish": reason, "state": "answered", "text": "old", "time": 1.0, "usd": 0.5}
        CallStore(tmp_path).put(key(own, ask(text)), record)
    replies = complete(own, [ask(text) for text in "abc"], tmp_path)
    assert [reply.text for reply in replies] == ["<answer>a</answer>", "old", "old"]
    assert [reply.text for reply in complete(own, [ask(text) for text in "abc"], tmp_path)] == [reply.text for reply in replies]
    assert server.arrived == {"a": 1}
    assert CallStore(tmp_path).spent == 1.5, "what it cost it has cost"


@pytest.mark.parametrize("reason", ["stop", None, "eos"])
def test_an_answer_as_long_as_it_may_be_is_unfinished_and_counted(server, tmp_path, capfd, reason):
    full = {"prompt_tokens": 20, "completion_tokens": 50}
    server.scripts = {"a": [finish(reason, usage=full, content="The market is not on Monday, it is")]}
    cut, whole = complete(endpoint(server), [ask("a"), ask("b")], tmp_path)
    assert (cut.state, cut.text, whole.state) == ("unfinished", "The market is not on Monday, it is", "answered")
    assert "1 of 2 answers have as many tokens as they may have" in capfd.readouterr().out
    schema = {"type": "object", "properties": {"verdict": {"type": "string", "enum": ["same"]}}}
    server.usage = full
    assert complete(endpoint(server), [ask("c", schema=schema)], tmp_path)[0].state == "answered", "JSON shows that it is whole"


def refused_with(status, **error):
    return lambda completion: (status, {"error": error})


FILTERS = {
    "OpenAI": refused_with(
        400, code="invalid_prompt", message="Invalid prompt: flagged as potentially violating our usage policy."
    ),
    "safety system": refused_with(400, code=None, message="Your request was rejected as a result of our safety system."),
    "Anthropic": refused_with(400, type="invalid_request_error", message="Output blocked by content filtering policy"),
    "DashScope": refused_with(400, code="data_inspection_failed", message="Input data may contain inappropriate content."),
    "DeepSeek": refused_with(400, code="invalid_request_error", message="Content Exists Risk"),
    "Zhipu": refused_with(
        400, code="1301", message="系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语。"
    ),
    "Moonshot": refused_with(400, code=None, message="The request was rejected because it was considered high risk"),
    "OpenRouter": refused_with(403, code=403, message='Model requires moderation. Your input was flagged for "violence".'),
    "Volcengine": refused_with(400, code="SensitiveContentDetected", message="no"),
    "LiteLLM": refused_with(400, code="400", type="ContentPolicyViolationError", message="no"),
    "StepFun": refused_with(451, code=None, type="censorship_blocked", message="no"),
    "no message": lambda completion: (
        completion | {"choices": [{"index": 0, "message": None, "finish_reason": "PROHIBITED_CONTENT"}]}
    ),
    "no content": finish("SAFETY", content=None),
    "in place of an answer": lambda completion: {"error": {"code": "content_filter", "message": "no"}},
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_refuses_one_prompt_and_says_so(server, tmp_path, capfd, name):
    server.scripts = {"b": [FILTERS[name]]}
    replies = complete(endpoint(server), [ask(text) for text in "abc"], tmp_path)
    assert [reply.state for reply in replies] == ["answered", "refused", "answered"]
    said = capfd.readouterr().out
    assert "a filter stopped 1 of 3 calls" in said
    assert replies[1].raw in said, "the message shows what came"
    assert complete(endpoint(server), [ask("b")], tmp_path) == replies[1:2]
    assert server.arrived.total() == 3


OTHER = {  # HTTP status, code and message of what is no filter
    "no such field": (400, "unsupported_parameter", "Unsupported parameter: 'safety_settings'"),
    "context": (400, "context_length_exceeded", "This model's maximum context length is 4096 tokens, the messages have 5000"),
    "case": (400, None, "The model in the request is case-sensitive"),
    "blocked account": (403, "account_blocked", "Your account is blocked"),
    "data policy": (404, None, "No endpoints found matching your data policy"),
    "harmony": (400, "harmony_parse_error", "unexpected tokens"),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_is_no_filter_is_not_taken_for_one(server, tmp_path, name):
    status, code, message = OTHER[name]
    assert status == 404 or not is_filter([code], message)
    server.script = [refused_with(status, code=code, message=message)]
    with pytest.raises(RemoteError, match=message[:20]):
        complete(endpoint(server), [ask("a")], tmp_path)
    assert complete(endpoint(server), [ask("a")], tmp_path)[0].state == "answered"


FILLED = {  # what stands where there is nothing to say
    "message": {"refusal": "", "tool_calls": [], "function_call": {}, "audio": {}, "annotations": [], "reasoning_content": ""},
    "zeros": {"refusal": 0, "reasoning": 0, "reasoning_content": []},
    "objects": {"refusal": {}, "reasoning": {}, "reasoning_content": {}},
    "lists": {"refusal": [], "reasoning": [], "tool_calls": []},
    "false": {"refusal": False, "reasoning": False},
    "blank": {"refusal": " \n"},
}
USAGES = [{}, [], "", 0, {"prompt_tokens": None, "completion_tokens": ""}, {"prompt_tokens": {}, "completion_tokens": []}]
USAGES += [{"prompt_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": []}]


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("language", TEXTS)
def test_a_field_that_is_filled_with_nothing_says_nothing(server, tmp_path, name, language):
    def filled(completion):
        found = changed(completion, content=TEXTS[language], **FILLED[name])
        return found | {"error": {"code": 0, "message": ""}, "id": 0, "model": [], "system_fingerprint": {}}

    server.script = [filled]
    (reply,) = complete(endpoint(server), [ask("a")], tmp_path)
    assert (reply.text, reply.state, reply.raw) == (TEXTS[language], "answered", TEXTS[language])


@pytest.mark.parametrize("usage", USAGES, ids=json.dumps)
def test_a_usage_that_says_nothing_costs_the_most(server, tmp_path, usage):
    own = endpoint(server, name=PRICED)
    server.script = [finish("stop", usage=usage)]
    (reply,) = complete(own, [ask("a")], tmp_path)
    assert (reply.state, reply.prompt_tokens, reply.completion_tokens) == ("answered", 0, 0)
    assert CallStore(tmp_path).spent == most_usd(own, prepared(own, ask("a"))) > 0


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 12.0, "completion_tokens": "3"}, (12, 0, 3)),
        ({"input_tokens": 12, "output_tokens": 3}, (12, 0, 3)),
        ({"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}}, (12, 12, 3)),
        ({"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": None, "total_tokens": "15"}, (12, 0, 3)),
    ],
)
def test_numbers_of_tokens_in_other_forms(server, tmp_path, usage, tokens):
    server.script = [finish("stop", usage=usage)]
    (reply,) = complete(endpoint(server, name=PRICED), [ask("a")], tmp_path)
    assert (reply.prompt_tokens, reply.cached_tokens, reply.completion_tokens) == tokens
    assert CallStore(tmp_path).spent == pytest.approx(price_of(PRICED).of(*tokens))


PARTS = {  # a content in parts, and the raw of the reply
    "text": ([{"type": "text", "text": "Mon"}, {"type": "text", "text": "day"}], "Monday"),
    "strings": (["Mon", "day"], "Monday"),
    "no type": ([{"text": "Mon"}, {"type": "", "text": "day"}], "Monday"),
    "values": ([{"type": "text", "text": {"value": "Monday", "annotations": []}}], "Monday"),
    "other types": ([{"type": "output_text", "text": "Monday"}, {"type": "reference", "reference_ids": [1]}], "Monday"),
    "thought": (
        [{"type": "redacted_thinking", "data": "x"}, {"type": "reasoning_text", "text": "Hm"}, "Monday"],
        "<think>Hm</think>Monday",
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_content_in_parts(server, tmp_path, name):
    content, raw = PARTS[name]
    server.script = [finish("stop", content=content)]
    (reply,) = complete(endpoint(server), [ask("a")], tmp_path)
    assert (reply.text, reply.state, reply.raw) == ("Monday", "answered", raw)


def test_a_refusal_among_the_parts(server, tmp_path):
    server.script = [finish("stop", content=[{"type": "refusal", "refusal": "I cannot."}])]
    (reply,) = complete(endpoint(server), [ask("a")], tmp_path)
    assert (reply.text, reply.state, reply.raw) == (None, "refused", "I cannot.")
