"""Knowledge sets for lm-evaluation-harness, and what it makes of them."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from isogloss.config import Asking, BuiltIn
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.export import export
from isogloss.paths import export_files
from isogloss.scoring.exact import matches

CODES = ["eng", "zul"]
RUN = """
import json, sys
import lm_eval
from lm_eval.tasks import TaskManager
found = lm_eval.simple_evaluate(
    model="hf", model_args={"pretrained": sys.argv[1], "dtype": "float32"}, tasks=["isogloss_general"], device="cpu",
    batch_size=8, apply_chat_template=True, log_samples=True, bootstrap_iters=0,
    task_manager=TaskManager(include_path=sys.argv[2], include_defaults=False),
)
samples = {
    name: [[one["doc"]["item"], one["filtered_resps"][0], one["exact_match"]] for one in own]
    for name, own in found["samples"].items()
}
means = {name: own["exact_match,stripped"] for name, own in (found["results"] | found["groups"]).items()}
print(json.dumps({"samples": samples, "means": means}))
"""


@pytest.fixture(scope="module")
def items(world, languages, books):
    known = built_in_items(world, BuiltIn(kind="known", items=8, seed=1))
    return {code: render(known, world, languages[code], books[code]) for code in CODES}


def test_a_group_and_a_task_a_language(items, tmp_path):
    export(items, "general", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(export_files(CODES))
    group = yaml.safe_load((tmp_path / "group.yaml").read_text(encoding="utf-8"))
    assert group["task"] == ["isogloss_general_eng", "isogloss_general_zul"]
    for code in CODES:
        task = yaml.safe_load((tmp_path / f"{code}.yaml").read_text(encoding="utf-8"))
        assert task["task"] in group["task"]
        lines = Path(task["dataset_kwargs"]["data_files"]["test"]).read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        assert [row["ask_question"] for row in rows] == items[code]["ask_question"].to_list()
        assert all(row[task["doc_to_target"]][0] == row["answer"] for row in rows)


@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="needs lm-eval: pip install -e '.[bench]'")
def test_the_harness_finds_what_isogloss_finds(items, tmp_path):
    """The same greedy answers, and as many of them right."""
    from isogloss.asking.generation import say_greedily
    from isogloss.models.local import load_model

    export(items, "general", tmp_path)
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", RUN, str(ROOT / "data/sandbox"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | offline)
    assert done.returncode == 0, done.stderr[-3000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    model = load_model(ROOT / "data/sandbox")
    right = []
    for code, table in items.items():
        (said,) = say_greedily(*model, table["ask_question"].to_list(), Asking().max_new_tokens, 8)
        answers = [text for text, _ in said]
        own = [matches(answer, aliases) for answer, aliases in zip(answers, table["aliases"].to_list(), strict=True)]
        found = {item: (said, score) for item, said, score in theirs["samples"][f"isogloss_general_{code}"]}
        assert [found[item][0].strip() for item in table["item"]] == answers
        assert [bool(found[item][1]) for item in table["item"]] == own
        assert theirs["means"][f"isogloss_general_{code}"] == pytest.approx(sum(own) / len(own))
        right += own
    assert 0 < sum(right) < len(right), "else the comparison says little"
    assert theirs["means"]["isogloss_general"] == pytest.approx(sum(right) / len(right))
