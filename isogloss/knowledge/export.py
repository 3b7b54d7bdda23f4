"""Knowledge sets as tasks of lm-evaluation-harness: a group, and of each language a task and its data."""

import json
from pathlib import Path

import polars as pl
import yaml

FIELDS = ["item", "teach_question", "ask_question", "answer", "aliases", "conflict_answer"]
STRIPPED = "stripped"  # the filter whose results count
# An answer is right if it is one of the expected one's forms, but for case; it ends with the line, or where the model ends it.
TASK = {
    "dataset_path": "json",
    "test_split": "test",
    "output_type": "generate_until",
    "num_fewshot": 0,
    "doc_to_text": "{{ask_question}}",
    "doc_to_target": "aliases",
    "generation_kwargs": {"until": ["\n"], "max_gen_toks": 48, "do_sample": False},
    "filter_list": [{"name": STRIPPED, "filter": [{"function": "remove_whitespace"}, {"function": "take_first"}]}],
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True, "ignore_case": True}],
    "metadata": {"version": 1.0},
}


def group_name(knowledge: str) -> str:
    """What the tasks of a knowledge set are called together."""
    return f"isogloss_{knowledge}"


def task_name(knowledge: str, language: str) -> str:
    """What a language's task is called."""
    return f"{group_name(knowledge)}_{language}"


def export(items: dict[str, pl.DataFrame], knowledge: str, folder: str | Path) -> None:
    """Write `group.yaml`, and `LANGUAGE.yaml` and `LANGUAGE.jsonl` of each language, into a folder that is there.

    `items` are tables as of a built-in set. Data are found by the path of `folder` as given, so the harness has to be started
    where that leads to it. The accuracy of the group is that of all answers together.
    """
    folder = Path(folder)
    for code, table in items.items():
        data = folder / f"{code}.jsonl"
        with data.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in table.select(FIELDS).iter_rows(named=True))
        task = {"task": task_name(knowledge, code), "dataset_kwargs": {"data_files": {"test": data.as_posix()}}, **TASK}
        _write(folder / f"{code}.yaml", task)
    group = {
        "group": group_name(knowledge),
        "task": [task_name(knowledge, code) for code in items],
        "aggregate_metric_list": [{"metric": "exact_match", "weight_by_size": True, "filter_list": STRIPPED}],
        "metadata": {"version": 1.0},
    }
    _write(folder / "group.yaml", group)


def _write(path: Path, content: dict) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
