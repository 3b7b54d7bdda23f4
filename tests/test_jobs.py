"""The Batch interface and fine-tuning: whatever happens in between, everything is asked and taught once."""

import os
import signal
import time

import pytest
from jobs_server import JobsServer, completion, error

from isogloss.config import Remote, RemoteTeaching
from isogloss.remote import batch, jobs
from isogloss.remote.chat import complete
from isogloss.remote.failures import RemoteError
from isogloss.remote.prices import price_of
from isogloss.remote.records import Request, key, prepared
from isogloss.remote.store import CallStore
from isogloss.remote.tuning import by_epoch, fine_tune
from isogloss.teaching.lessons import Lesson

MODEL = "gpt-4o-mini-2024-07-18"
LESSON = Lesson("eng+jav", [f"Question {i}?" for i in range(12)], [f"antwörd {i}" for i in range(12)])
SECRET = "sk-secret-of-the-test"


@pytest.fixture
def server():
    with JobsServer((MODEL,)) as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for module in (batch, jobs):
        monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
        monkeypatch.setattr(module, "LONGEST_WAIT", 0.01)
    monkeypatch.setenv("TEST_KEY", SECRET)
    # Every client reads the certificates of all authorities, which takes longer than a test, and here is no https.
    monkeypatch.setattr("ssl.SSLContext.load_verify_locations", lambda *_, **__: None)


def endpoint_at(server):
    return Remote(provider="openai", name=MODEL, base_url=server.base_url, key="TEST_KEY", batch=True, attempts=3)


def asking(*numbers):
    return [Request([{"role": "user", "content": f"Question {i}?"}], 16) for i in numbers]


def by_question(answers, usual="fine"):
    """Statuses and bodies of lines by the number of the question: the next of each list, and what is usual after them."""
    left = {f"Question {i}?": list(given) for i, given in answers.items()}

    def answer(key, body):
        mine = left.get(body["messages"][0]["content"])
        return mine.pop(0) if mine else (200, completion(body, usual))

    return answer


def asked_once(server, *numbers):
    return server.asked == {key(endpoint_at(server), request): 1 for request in asking(*numbers)}


def killed(server, call, work):
    """Run `work` in a process that is killed when the server has done such a call but not replied to it."""
    process = []

    def done(*made):
        while made == call and not process:
            time.sleep(0.001)
        if made == call:
            os.kill(process[0], signal.SIGKILL)

    server.done = done
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    process.append(child)
    _, status = os.waitpid(child, 0)
    server.done = lambda *_: None
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "it came to its end"


def left_in(store, folder):
    return list((store / folder).glob("*"))


def test_calls_go_as_they_would_alone_and_cost_half(server, tmp_path):
    requests = asking(1, 2, 2, 3)
    endpoint = endpoint_at(server)
    uploads = []
    server.done = lambda *call: uploads.extend(server.lines("file-1")) if call == ("POST", "batches") else None
    replies = complete(endpoint, requests, tmp_path)
    assert [reply.text for reply in replies] == ["<answer>a</answer>"] * 4
    assert [line["body"] for line in uploads] == [prepared(endpoint, request) for request in asking(1, 2, 3)]
    assert len(server.batches) == 1
    assert asked_once(server, 1, 2, 3)
    assert CallStore(tmp_path).spent == pytest.approx(3 * price_of(MODEL).of(10, 0, 2) / 2)
    assert [file["purpose"] for file in server.files.values()] == ["batch_output"], "the upload is deleted"
    assert not left_in(tmp_path, "batches")
    complete(endpoint, requests, tmp_path)
    assert len(server.batches) == 1


def test_files_keep_to_the_limits(server, tmp_path, monkeypatch):
    uploads = []
    kept = server.keep

    def keep(purpose, name, content):
        if purpose == "batch":
            uploads.append(content.splitlines(keepends=True))
        return kept(purpose, name, content)

    monkeypatch.setattr(server, "keep", keep)
    monkeypatch.setattr(batch, "REQUESTS", 4)
    complete(endpoint_at(server), asking(*range(10)), tmp_path / "many")
    assert [len(lines) for lines in uploads] == [4, 4, 2]
    monkeypatch.setattr(batch, "SIZE", 2 * len(uploads[0][0]))
    complete(endpoint_at(server), asking(*range(5)), tmp_path / "large")
    assert [len(lines) for lines in uploads[3:]] == [2, 2, 1]


def test_what_fails_or_is_not_reached_is_submitted_again_alone(server, tmp_path):
    server.answer = by_question({1: [(500, error("server_error")), (429, error("rate_limit_exceeded"))], 2: [None]})
    server.endings = ["expired"]
    replies = complete(endpoint_at(server), asking(1, 2, 3), tmp_path)
    assert [reply.text for reply in replies] == ["fine"] * 3
    assert asked_once(server, 1, 2, 3)
    assert len(server.batches) == 3
    assert not left_in(tmp_path, "batches")


def test_a_batch_too_large_for_the_account_is_halved(server, tmp_path):
    server.most_lines = 3
    complete(endpoint_at(server), asking(*range(8)), tmp_path)
    assert asked_once(server, *range(8))
    assert [entry["status"] for entry in server.batches.values()] == ["failed"] * 3 + ["completed"] * 4


def test_an_end_is_made_of_what_never_succeeds(server, tmp_path):
    server.answer = by_question({1: [(500, error("server_error", "out of order"))] * 99})
    with pytest.raises(
        RemoteError, match=r"1 x HTTP status 500: out of order \(server_error\)\n2 of 3 calls were made and are kept"
    ):
        complete(endpoint_at(server), asking(1, 2, 3), tmp_path)
    assert len(server.batches) == 1 + batch.ROUNDS
    server.answer = by_question({})
    complete(endpoint_at(server), asking(1, 2, 3), tmp_path)
    assert asked_once(server, 1, 2, 3)


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (401, "invalid_api_key", "export TEST_KEY="),
        (403, "forbidden", "may not use gpt-4o-mini"),
        (404, "model_not_found", "correct name: gpt-4o-mini"),
        (400, "context_length_exceeded", "longer than the model's context"),
        (429, "insufficient_quota", "out of credit"),
    ],
)
def test_failures_that_would_only_come_again_end_the_run(server, tmp_path, status, code, advice):
    server.answer = by_question({1: [(status, error(code, f"refused to {SECRET}"))]})
    with pytest.raises(RemoteError, match=advice) as caught:
        complete(endpoint_at(server), asking(1, 2), tmp_path)
    assert SECRET not in str(caught.value)
    assert len(server.batches) == 1
    assert not left_in(tmp_path, "batches")
    complete(endpoint_at(server), asking(1, 2), tmp_path)
    assert asked_once(server, 1, 2)


def test_a_batch_that_is_not_accepted_ends_the_run(server, tmp_path):
    server.endings = ["failed"]
    server.errors = [{"code": "model_not_found", "message": "not in batches"}]
    with pytest.raises(RemoteError, match="batch_1 was not accepted: not in batches"):
        complete(endpoint_at(server), asking(1), tmp_path)
    assert len(server.batches) == 1


def test_what_someone_cancelled_is_submitted_by_the_next_run_alone(server, tmp_path):
    server.endings = ["cancelled"]
    server.answer = by_question({1: [None]})
    with pytest.raises(RemoteError, match="batch_1 was cancelled"):
        complete(endpoint_at(server), asking(1, 2), tmp_path)
    assert len(server.batches) == 1
    complete(endpoint_at(server), asking(1, 2), tmp_path)
    assert asked_once(server, 1, 2)


def test_refusals_are_answers_and_what_is_none_is_paid_for(server, tmp_path):
    nothing = completion({"model": MODEL}) | {"choices": []}
    server.answer = by_question({1: [(400, error("content_filter"))], 2: [(200, nothing)]})
    refused, answered = complete(endpoint_at(server), asking(1, 2), tmp_path)
    assert (refused.state, refused.text, refused.prompt_tokens) == ("refused", None, 0)
    assert answered.text == "fine"
    assert CallStore(tmp_path).spent == pytest.approx(2 * price_of(MODEL).of(10, 0, 2) / 2)


@pytest.mark.parametrize("said", [{"type": "content_filter"}, {"innererror": {"code": "ResponsibleAIPolicyViolation"}}])
def test_a_refusal_is_known_wherever_it_is_said(server, tmp_path, said):
    server.answer = by_question({1: [(400, {"error": {"message": "no", "code": "other"} | said})]})
    (refused,) = complete(endpoint_at(server), asking(1), tmp_path)
    assert (refused.state, refused.text) == ("refused", None)
    assert len(server.batches) == 1


def test_separators_of_lines_in_an_answer_separate_nothing(server, tmp_path):
    server.answer = by_question({}, "a\u2028b\u0085c\r\nd")
    assert complete(endpoint_at(server), asking(1), tmp_path)[0].text == "a\u2028b\u0085c\r\nd"


def test_a_lost_reply_makes_no_second_batch(server, tmp_path):
    server.page = 1
    complete(endpoint_at(server), asking(8), tmp_path)
    server.lost = [("POST", "batches")]
    complete(endpoint_at(server), asking(1), tmp_path)
    assert len(server.batches) == 2
    assert asked_once(server, 1, 8)


def test_polling_puts_up_with_failures(server, tmp_path):
    server.faults = [("POST", "batches", 500), ("GET", "batches", 503), ("GET", "files/content", 500), ("DELETE", "files", 500)]
    complete(endpoint_at(server), asking(1), tmp_path)
    assert not server.faults
    assert len(server.batches) == 1


CALLS_OF_A_BATCH = [("POST", "files"), ("POST", "batches"), ("GET", "batches"), ("GET", "files/content"), ("DELETE", "files")]


@pytest.mark.parametrize("call", CALLS_OF_A_BATCH)
def test_a_killed_run_is_gone_on_with(server, tmp_path, call):
    requests = asking(1, 2, 3)
    server.answer = by_question({2: [(500, error("server_error"))]})
    killed(server, call, lambda: complete(endpoint_at(server), requests, tmp_path))
    assert [reply.text for reply in complete(endpoint_at(server), requests, tmp_path)] == ["fine"] * 3
    assert asked_once(server, 1, 2, 3)
    assert len(server.batches) == 2, "one for all, one for what failed"
    assert CallStore(tmp_path).spent == pytest.approx(3 * price_of(MODEL).of(10, 0, 2) / 2)


def test_a_run_killed_while_it_keeps_completions_keeps_the_others_then(server, tmp_path, monkeypatch):
    put = CallStore.put

    def last(store, *record):
        put(store, *record)
        os.kill(os.getpid(), signal.SIGKILL)

    def work():
        monkeypatch.setattr(CallStore, "put", last)
        complete(endpoint_at(server), asking(1, 2, 3), tmp_path)

    killed(server, None, work)
    assert len(left_in(tmp_path, "batches")) == 1
    complete(endpoint_at(server), asking(1, 2, 3), tmp_path)
    assert len(server.batches) == 1
    assert CallStore(tmp_path).spent == pytest.approx(3 * price_of(MODEL).of(10, 0, 2) / 2)
    assert not left_in(tmp_path, "batches")


def test_an_open_batch_serves_whoever_wants_a_part_of_it(server, tmp_path):
    killed(server, ("GET", "batches"), lambda: complete(endpoint_at(server), asking(1, 2), tmp_path))
    complete(endpoint_at(server), asking(2, 3), tmp_path)
    assert len(server.batches) == 2
    complete(endpoint_at(server), asking(1), tmp_path)
    assert asked_once(server, 1, 2, 3)
    assert len(server.batches) == 2
    assert not left_in(tmp_path, "batches")


def test_a_batch_of_another_account_is_not_made_anew_unasked(server, tmp_path):
    killed(server, ("GET", "batches"), lambda: complete(endpoint_at(server), asking(1), tmp_path))
    known = server.batches.pop("batch_1")
    with pytest.raises(RemoteError, match=r"rm .*/batches/\w+\.json"):
        complete(endpoint_at(server), asking(1), tmp_path)
    server.batches["batch_1"] = known
    complete(endpoint_at(server), asking(1), tmp_path)
    assert len(server.batches) == 1


CALLS_OF_A_JOB = [
    ("POST", "files"),
    ("POST", "fine_tuning/jobs"),
    ("GET", "fine_tuning/jobs"),
    ("GET", "fine_tuning/jobs/checkpoints"),
    ("DELETE", "files"),
]


def tuned(server, store, lesson=LESSON, seed=1, budget=None, **fields):
    return fine_tune(endpoint_at(server), lesson, RemoteTeaching(**fields), seed, store, budget)


def test_a_lesson_is_a_job(server, tmp_path):
    seen = []
    server.done = lambda *call: seen.extend(server.lines("file-1")) if call == ("POST", "fine_tuning/jobs") else None
    found = tuned(server, tmp_path, seed=7, batch=4, learning_rate_multiplier=0.5)
    (job,) = server.jobs.values()
    assert found == {3: job["fine_tuned_model"]}
    assert seen[0] == {"messages": [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "antwörd 0"}]}
    assert len(seen) == 12
    assert job["method"]["type"] == "supervised"
    assert job["hyperparameters"] == {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.5}
    assert (job["seed"], job["suffix"]) == (7, "eng-jav-7")
    assert CallStore(tmp_path).spent == pytest.approx(100 * 12 * 3 * price_of(MODEL).training / 1e6)
    assert not server.files, "the upload is deleted"
    assert not left_in(tmp_path, "tuning")
    assert tuned(server, tmp_path, seed=7, batch=4, learning_rate_multiplier=0.5) == found
    assert len(server.jobs) == 1


def test_other_lessons_seeds_and_settings_are_other_jobs(server, tmp_path):
    other = Lesson(LESSON.name, LESSON.questions, LESSON.answers[::-1])
    found = [
        tuned(server, tmp_path),
        tuned(server, tmp_path, other),
        tuned(server, tmp_path, seed=2),
        tuned(server, tmp_path, batch=2),
        tuned(server, tmp_path, learning_rate_multiplier=2),
    ]
    assert len({models[3] for models in found}) == len(server.jobs) == 5


@pytest.mark.parametrize("size", [1, 5, 12])
def test_checkpoints_are_epochs(server, tmp_path, size):
    steps = -(-12 // size)
    found = tuned(server, tmp_path, every_epoch=True, batch=size)
    (job,) = server.jobs.values()
    name = job["fine_tuned_model"]
    assert found == {1: f"{name}:ckpt-step-{steps}", 2: f"{name}:ckpt-step-{2 * steps}", 3: name}
    assert tuned(server, tmp_path, batch=size) == {3: name}, "the same job"
    assert len(server.jobs) == 1


@pytest.mark.parametrize("kind", ["none", "unknown", "odd"])
def test_without_checkpoints_each_epoch_goes_on_from_the_one_before(server, tmp_path, kind):
    server.checkpoints = kind
    found = tuned(server, tmp_path, every_epoch=True)
    _, *chain = server.jobs.values()
    assert [job["hyperparameters"]["n_epochs"] for job in chain] == [1, 1, 1]
    assert [job["model"] for job in chain] == [MODEL, found[1], found[2]]
    assert list(found.values()) == [job["fine_tuned_model"] for job in chain]
    tuned(server, tmp_path, seed=2, every_epoch=True)
    assert [job["hyperparameters"]["n_epochs"] for job in server.jobs.values()] == [3, 1, 1, 1, 1, 1, 1], "tried once"


def test_checkpoints_once_kept_are_used_whatever_becomes_of_later_jobs(server, tmp_path):
    found = tuned(server, tmp_path, every_epoch=True)
    server.checkpoints = "none"
    tuned(server, tmp_path, seed=2, every_epoch=True)
    assert tuned(server, tmp_path, every_epoch=True) == found
    assert len(server.jobs) == 1 + 4


def test_more_epochs_than_checkpoints_are_kept_and_only_what_is_missing_is_made(server, tmp_path):
    server.endings = ["succeeded", "succeeded", "failed"]
    with pytest.raises(RemoteError, match="failed"):
        tuned(server, tmp_path, every_epoch=True, epochs=4)
    assert list(tuned(server, tmp_path, every_epoch=True, epochs=4)) == [1, 2, 3, 4]
    assert len(server.jobs) == 5
    assert list(tuned(server, tmp_path, every_epoch=True, epochs=5)) == [1, 2, 3, 4, 5]
    assert len(server.jobs) == 6


def test_checkpoints_at_other_places_are_no_epochs():
    record = {"tuned": "last", "checkpoints": [[20, "b"], [10, "a"], [30, "last"]]}
    assert by_epoch(record, 3) == {1: "a", 2: "b", 3: "last"}
    assert by_epoch(record, 4) is None
    assert by_epoch(record, 2) is None
    assert by_epoch(record | {"checkpoints": [[17, "a"], [34, "b"], [51, "c"]]}, 3) == {1: "a", 2: "b", 3: "last"}
    assert by_epoch(record | {"checkpoints": [[28, "a"], [29, "b"], [30, "c"]]}, 3) is None
    assert by_epoch(record | {"checkpoints": []}, 1) == {1: "last"}


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_a_job_that_did_not_succeed_is_made_anew_by_the_next_run(server, tmp_path, ending):
    server.endings = [ending]
    with pytest.raises(RemoteError, match=rf"eng\+jav: fine-tuning job ftjob-1 {ending}"):
        tuned(server, tmp_path)
    assert not left_in(tmp_path, "tuning")
    assert tuned(server, tmp_path) == {3: server.jobs["ftjob-2"]["fine_tuned_model"]}


def test_the_servers_reasons_are_told(server, tmp_path):
    with pytest.raises(RemoteError, match="must have at least 10 examples"):
        tuned(server, tmp_path, Lesson("few", LESSON.questions[:3], LESSON.answers[:3]))
    server.models.clear()
    with pytest.raises(RemoteError, match=f"there is no fine-tuning, or not of {MODEL}.*does not exist"):
        tuned(server, tmp_path)


@pytest.mark.parametrize("call", CALLS_OF_A_JOB)
def test_a_killed_job_is_gone_on_with(server, tmp_path, call):
    server.page = 1
    tuned(server, tmp_path, seed=9)
    killed(server, call, lambda: tuned(server, tmp_path, every_epoch=True))
    assert list(tuned(server, tmp_path, every_epoch=True)) == [1, 2, 3]
    assert len(server.jobs) == 2
    assert not left_in(tmp_path, "tuning")


def test_a_lost_reply_makes_no_second_job(server, tmp_path):
    server.lost = [("POST", "fine_tuning/jobs")]
    assert list(tuned(server, tmp_path)) == [3]
    assert len(server.jobs) == 1


def test_the_budget_is_kept(server, tmp_path):
    with pytest.raises(RemoteError, match=r"budget_usd: 0.0001 does not allow the fine-tuning of eng\+jav"):
        tuned(server, tmp_path, budget=0.0001)
    assert not server.calls
    tuned(server, tmp_path, budget=1)
    assert tuned(server, tmp_path, budget=0.0001), "what is there costs nothing"
    unknown = Remote(provider="openai", name="unheard-of", base_url=server.base_url, key=None)
    with pytest.raises(RemoteError, match=r"no price for unheard-of"):
        fine_tune(unknown, LESSON, RemoteTeaching(), 1, tmp_path, 1)


def test_a_job_that_was_begun_is_not_begrudged(server, tmp_path):
    killed(server, ("GET", "fine_tuning/jobs"), lambda: tuned(server, tmp_path, budget=1))
    assert list(tuned(server, tmp_path, budget=0.0001)) == [3]
