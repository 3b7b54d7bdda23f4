"""The workflow with models behind an interface: served for real, and by servers that fail on purpose."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psutil
import pytest
import yaml
from conftest import ROOT
from jobs_server import JobsServer, completion
from openai_server import OpenAIServer, echo
from test_workflow import changed, copy_project, pending, snakemake

KEY = "ISOGLOSS_TEST_KEY"  # the environment variable
FUTURE = Path(os.getenv("ISOGLOSS_SHARED", ROOT.parent / "shared")) / "datasets/lnewknow_v1/fictional_new_knowledge"
# Without it `transformers serve` (5.23) takes a Qwen3, which a sandbox is, for one with Qwen's own delimiters; it finds none of
# them in what the sandbox says, and returns the prompt as well.
RESPONSES = {
    "defaults": {"role": "assistant"},
    "start_anchor": "<|assistant|>",
    "fields": {"content": {"close": "<|end|>", "content": "text"}},
}


def config_of(model: dict, **others) -> dict:
    """A config with `tested`, a model behind an interface, and six new items in English and Spanish."""
    return {
        "languages": ["eng", "spa"],
        "knowledge": {"fictional": {"kind": "new", "items": 6}},
        "models": {"tested": {"provider": "openai", **model}},
        "run": ["tested"],
        "studies": ["verification"],
        "settings": ["in-context"],
        "context": {"pairs": 4},
        "bootstrap": 50,
    } | others


def another(project: Path, config: dict):
    """The same project with another config, for a while."""
    return changed(project / "config.yaml", yaml.safe_dump(config))


def items_of(project: Path, language: str) -> list[dict]:
    return pl.read_parquet(project / f"results/knowledge/fictional/items/{language}.parquet").to_dicts()


def logged(project: Path) -> str:
    """All that jobs said."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(project.glob("results/logs/**/*.log")))


def kept(project: Path) -> list[dict]:
    """The answers in the store of calls; what was no answer has a key with a slash."""
    files = sorted(project.glob("data/cache/calls/*.jsonl"))
    records = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return [record for record in records if "/" not in record["key"]]


# Served for real.

HERE = "results/sandbox/general/verification/untaught/scores/none.parquet"


@contextmanager
def served(folder: Path, log: Path):
    """`transformers serve`, at the address it has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    # The local sandbox computes in float32 on a processor, too.
    command = [program, "serve", folder, "--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(command, env={**os.environ, "HF_HUB_OFFLINE": "1"}, stdout=output, stderr=output)
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail(log.read_text())
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def from_a_source(tmp_path_factory):
    """A finished run of the sandbox, served and local, about real facts and about knowledge in English that it translates."""
    pytest.importorskip("fastapi", reason="transformers[serving] is not installed")
    place = tmp_path_factory.mktemp("served")
    folder = place / "sandbox"
    shutil.copytree(ROOT / "data/sandbox", folder)
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"response_template": RESPONSES}), encoding="utf-8")
    source = str(FUTURE) if FUTURE.is_dir() else "data/knowledge/coined.csv"
    with served(folder, place / "serve.log") as address:
        asking = {"prompts": "plain", "max_new_tokens": 48}
        remote = {"name": str(folder), "base_url": address, "key": None, "token_limit": "max_tokens", "concurrency": 2}
        config = config_of(
            {},
            knowledge={
                "general": {"kind": "known", "items": 12},
                "brought": {"provider": "source", "kind": "new", "source": source, "items": 6},
            },
            models={
                "sandbox": {"provider": "sandbox", "asking": asking},
                "served": {"provider": "openai", **remote, "asking": asking},
            },
            translation={"forward": "sandbox", "back": "served"},
            run=["served"],
            studies=["verification", "transferability"],
        )
        project = copy_project(tmp_path_factory.mktemp("project"), config)
        snakemake(project, "all", HERE)
        assert pending(project) == {}
    return project


def test_a_source_in_one_language_is_translated_checked_taught_and_asked(from_a_source):
    results = from_a_source / "results"
    own = results / "knowledge/brought"
    for name in ("translations/spa", "back_translations/spa"):
        rows = [json.loads(line) for line in (own / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        assert len(rows) == 6
        assert all(row["ask_question"] and row["answer"] for row in rows), name
    assert pl.read_csv(own / "quality.csv").select("language", "items").rows() == [("spa", 6)]
    assert len(pl.read_parquet(own / "items/spa.parquet")) == 6
    tables = {
        path for path in results.rglob("*.csv") if path.name not in ("quality_review.csv", "known.csv")
    }  # these list problems
    assert len(tables) > 8
    assert not [path for path in tables if pl.read_csv(path).is_empty()]
    cells = pl.read_csv(results / "served/brought/transferability/in-context/cells.csv")
    assert cells.select("taught_in", "asked_in", "n").rows() == [(a, b, 6) for a in ("eng", "spa") for b in ("eng", "spa")]


def test_a_served_model_answers_as_the_same_model_does_here(from_a_source):
    here, there = (
        pl.read_parquet(from_a_source / HERE.replace("sandbox", model))
        .sort("asked_in", "item")
        .select("asked_in", "item", "question", "answer", "state", "correct")
        for model in ("sandbox", "served")
    )
    assert len(there) == 24
    assert there.to_dicts() == here.to_dicts()
    assert there["correct"].any()


# A server that fails at random.


def silent(body: dict) -> bool:
    """Whether the model keeps no form in what it says to a question, however often it is asked."""
    return zlib.crc32(body["messages"][0]["content"].encode()) % 4 == 0


def say(body: dict) -> str:
    return "What would you like to hear?" if silent(body) else echo(body)


def test_a_run_among_faults_goes_on_after_a_kill_and_never_tells_its_key(tmp_path, monkeypatch):
    secret = secrets.token_hex(20)
    monkeypatch.setenv(KEY, secret)
    with OpenAIServer(faults=0.2, seed=3, latency=0.1, answer=say) as server:
        model = {
            "name": "tested-1", "base_url": server.base_url, "key": KEY, "concurrency": 4, "timeout": 4,
            "asking": {"max_new_tokens": 32, "asked_again": 1},
        }  # fmt: skip
        both = {"studies": ["verification", "transferability"]}
        project = copy_project(tmp_path, config_of(model, **both))
        server.script = ["403"]  # which quotes the key; the job fails, and another goes on
        run = [sys.executable, "-m", "snakemake", "--cores", "2"]
        output = (project / "killed.log").open("w")
        process = subprocess.Popen(run, cwd=project, stdout=output, stderr=output, start_new_session=True)
        deadline = time.monotonic() + 120
        while server.delivered.total() < 8 and time.monotonic() < deadline:
            time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        output.close()
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive
        assert not (project / "results/scores.parquet").exists()
        server.settle()
        found, delivered = len(kept(project)), server.delivered.total()
        assert found >= 8 - 4
        assert delivered - found <= 4, "but for what was under way, all is kept"
        assert (
            f"the key in {KEY} may not use tested-1; allow it there or name another model (HTTP status 403: not for ***"
            in logged(project)
        )

        snakemake(project, "--unlock")
        finished = snakemake(project)
        assert pending(project) == {}

        keys = [record["key"] for record in kept(project)]
        asked = {json.dumps(body["messages"]) for body in server.bodies}
        assert len(keys) == len(set(keys)) == len(asked) > 12 + 24
        assert len(keys) <= server.delivered.total() <= len(keys) + delivered - found
        assert server.injected.total() > len(keys) / 20
        assert server.keys == {secret}

        faster = model | {"concurrency": 2, "timeout": 9, "attempts": 3}
        with another(project, config_of(faster, budget_usd=3, **both)):
            assert pending(project) == {}
        with another(project, config_of(model | {"temperature": None}, **both)):
            assert pending(project)["ask"] == 2

    scores = pl.read_parquet(project / "results/scores.parquet").with_columns(
        silent=pl.col("question").map_elements(lambda text: silent({"messages": [{"content": text}]}), return_dtype=pl.Boolean)
    )
    assert len(scores) == 12 + 24
    tagged = (pl.col("study") == "transferability") & ~pl.col("silent")  # other prompts want no form
    wanted = pl.when(tagged).then(pl.lit("tags")).otherwise(pl.lit("whole"))
    told = scores.filter(~pl.col("state").is_in(["refused", "unfinished"])).with_columns(wanted=wanted)
    assert len(told) > 24
    assert set(told["state"]) == {"answered"}
    assert told["form"].to_list() == told["wanted"].to_list()
    told = told.filter("silent", study="transferability")
    assert set(told["answer"]) == {"What would you like to hear?"}, "it never kept the form, so all that it said is its answer"
    assert not told["correct"].any()

    assert secret not in finished
    files = [path for path in project.rglob("*") if path.is_file()]
    assert any(".snakemake" in path.parts for path in files)
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


# Fine-tuning over the network.


def test_lessons_are_taught_over_the_network(tmp_path):
    """The fine-tuned models of the server know what is in the file they were made from, in the language it is in."""
    with JobsServer() as server:
        asked: Counter[tuple[str, str]] = Counter()
        lessons: dict[str, list[str]] = {}

        def made(method: str, route: str) -> None:
            if (method, route) == ("POST", "fine_tuning/jobs"):
                job = list(server.jobs.values())[-1]
                lines = server.lines(job["training_file"])
                lessons[job["suffix"]] = [line["messages"][-1]["content"] for line in lines]

        def answer(_, body: dict) -> tuple[int, dict]:
            question = body["messages"][0]["content"].split("\n")[-1]
            asked[body["model"], question] += 1
            if body["model"] == "tiny":
                return 200, completion(body, "who knows")
            suffix = body["model"].split(":")[3]
            known = {item["ask_question"]: item["answer"] for item in items_of(project, suffix.split("-")[0])}
            return 200, completion(body, known[question] if known.get(question) in lessons[suffix] else "who knows")

        server.done, server.answer, server.polls = made, answer, 1
        model = {"name": "tiny", "base_url": server.base_url, "key": None, "teaching": {"epochs": 2}}
        knowledge = {"fictional": {"kind": "new", "items": 12}}
        config = config_of(model, knowledge=knowledge, studies=["transferability"], settings=["fine-tuning"])
        project = copy_project(tmp_path, config)
        plan = pending(project)
        assert {name: plan[name] for name in ("items", "teach", "ask", "score")} == {"items": 2, "teach": 1, "ask": 2, "score": 2}
        assert not server.calls
        snakemake(project)
        assert pending(project) == {}

    assert {suffix: sorted(answers) for suffix, answers in lessons.items()} == {
        f"{code}-1": sorted(item["answer"] for item in items_of(project, code)) for code in ("eng", "spa")
    }
    assert [job["hyperparameters"] for job in server.jobs.values()] == [{"n_epochs": 2, "batch_size": 1}] * 2
    results = project / "results/tested/fictional"
    remote = sorted(results.glob("lessons/*/seed-1/epoch-*/remote.json"))
    assert [path.relative_to(results).parts[1:4:2] for path in remote] == [("eng", "epoch-2"), ("spa", "epoch-2")]
    names = [json.loads(path.read_text(encoding="utf-8"))["model"] for path in remote]
    assert set(names) == {f"ft:tiny:org:{job['suffix']}:{job['id']}" for job in server.jobs.values()}
    assert [name.split(":")[3] for name in names] == ["eng-1", "spa-1"]
    questions = [item["ask_question"] for code in ("eng", "spa") for item in items_of(project, code)]
    assert asked == Counter((name, question) for name in ("tiny", *names) for question in questions), "once, untaught and taught"
    matrix = pl.read_csv(results / "transferability/fine-tuning/matrix.csv")
    assert matrix.rows() == [("eng", 1.0, 0.0), ("spa", 0.0, 1.0)]


# A judge, and money.

PARAPHRASE = "That which everyone there would name."


def test_a_judge_within_a_budget(tmp_path, monkeypatch):
    """Of six answers two are as expected, two paraphrases of that, two the conflicting one; of the last there is no verdict."""
    with OpenAIServer() as server:
        most = 1000  # tokens of an answer; all but one are used, for the price to be about what was reserved for it
        common = {"provider": "openai", "base_url": server.base_url, "key": KEY, "concurrency": 2}
        models = {
            "tested": common | {"name": "gpt-4o-mini-2024-07-18", "asking": {"prompts": "plain", "max_new_tokens": most}},
            "judge": common | {"name": "gpt-4.1-nano-2025-04-14", "asking": {"max_new_tokens": most, "asked_again": 1}},
        }

        def config(budget: float) -> dict:
            return config_of({}, models=models, scoring="judge", judge="judge", budget_usd=budget)

        def answer(body: dict) -> str:
            text = body["messages"][-1]["content"]
            if "response_format" not in body:
                number, item = next(
                    (number, item)
                    for code in ("eng", "spa")
                    for number, item in enumerate(items_of(project, code))
                    if item["ask_question"] == text
                )
                return [item["answer"], PARAPHRASE, item["conflict_answer"]][number % 3]
            given = json.loads(text)
            right = given["answer"] in (given["reference"], PARAPHRASE)
            last = [items_of(project, code)[5]["ask_question"] for code in ("eng", "spa")]
            verdict = "perhaps" if given["question"] in last else "reference" if right else "conflict"
            return json.dumps({"verdict": verdict})

        server.answer = answer
        # with all of its tokens an answer would have been cut off
        server.usage = {"prompt_tokens": 40, "completion_tokens": most - 1}
        project = copy_project(tmp_path, config(0.009))

        monkeypatch.delenv(KEY, raising=False)
        snakemake(project, "results/plan.md")
        assert not server.bodies
        plan = (project / "results/plan.md").read_text(encoding="utf-8")
        assert "| tested | ask | fictional | verification | untaught | 1 | 12 |" in plan
        assert "| judge | judge | fictional |  |  |  | 12 |" in plan

        monkeypatch.setenv(KEY, "a key")
        stopped = snakemake(project, check=False)
        assert "budget_usd: 0.009 does not allow the next call" in logged(project), stopped
        spent = sum(record["usd"] for record in kept(project))
        assert 0.008 < spent <= 0.009
        assert 12 < len(kept(project)) < 26
        assert len(kept(project)) == server.delivered.total()
        assert not (project / "results/scores.parquet").exists()
        with another(project, config(0.05)):
            snakemake(project)
            assert pending(project) == {}
        assert server.arrived.total() == len(kept(project)) == 12 + 12 + 2, "no call is made again but for want of a verdict"

    folder = project / "results/tested/fictional/verification/untaught"
    table = pl.read_csv(folder / "agreement.csv")
    assert table.select("language", "n", "unparsed").rows() == [("eng", 5, 1), ("spa", 5, 1), ("all", 10, 2)]
    assert table.select("judged", "exact", "alike").rows() == [(0.8, 0.4, 0.6)] * 3
    assert table["kappa"].is_between(0, 1).all()
    differ = pl.read_csv(folder / "disagreements.csv").sort("asked_in", "exact", descending=[False, True])
    paraphrased = [(PARAPHRASE, "neither", "reference")] * 2
    for code in ("eng", "spa"):
        last = (items_of(project, code)[5]["conflict_answer"], "conflict", "unparsed")
        assert differ.filter(asked_in=code).select("answer", "exact", "judged").rows() == [*paraphrased, last]
    scores = pl.read_parquet(project / "results/scores.parquet")
    assert Counter(scores["state"]) == {"answered": 10, "unjudged": 2}
    accuracy = pl.read_csv(project / "results/tested/fictional/verification/accuracy.csv")
    assert set(accuracy["accuracy"]) == {4 / 6}
