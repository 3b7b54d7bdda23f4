"""One cell of the matrix as lm-evaluation-harness asks it and as isogloss does: a process each. Needs the extra `bench`."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.asking import with_adapters
from benchmarks.teaching import at_once
from benchmarks.work import SANDBOX, Row, Work, alternate
from isogloss.asking.holding import hold_taught
from isogloss.config import Asking
from isogloss.scoring.exact import matches

TASK = {
    "task": "cell",
    "dataset_path": "json",
    "test_split": "test",
    "output_type": "generate_until",
    "doc_to_text": "{{question}}",
    "doc_to_target": "{{answer}}",
    "generation_kwargs": {"until": ["<|end|>"], "max_gen_toks": 48, "do_sample": False},
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
}


def run(work: Work) -> list[Row]:
    """A row of the summary; none where the harness is not installed. Accuracies are compared."""
    if importlib.util.find_spec("lm_eval") is None:
        print("lm-evaluation-harness is not installed: pip install -e '.[bench]'", flush=True)
        return []
    code = work.languages[0]
    table = work.items[code]
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        with_adapters(work, at_once(work)).save_pretrained(folder / "adapter", selected_adapters=[code])
        adapter = next((folder / "adapter").rglob("adapter_config.json")).parent
        with (folder / "cell.jsonl").open("w", encoding="utf-8") as file:
            for row in table.select(question="ask_question", answer="answer").iter_rows(named=True):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        task = TASK | {"dataset_kwargs": {"data_files": {"test": str(folder / "cell.jsonl")}}}
        (folder / "cell.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")

        def theirs() -> float:
            words = ["-m", "lm_eval", "run", "--model", "hf", "--tasks", "cell", "--include_path", str(folder)]
            words += ["--model_args", f"pretrained={SANDBOX},peft={adapter},dtype=float32", "--device", "cpu"]
            words += ["--batch_size", str(work.asked_at_once), "--apply_chat_template", "--output_path", str(folder / "out")]
            output(*words)
            (found,) = (folder / "out").rglob("results_*.json")
            results = json.loads(found.read_text(encoding="utf-8"))["results"]["cell"]
            found.unlink()
            return next(value for key, value in results.items() if key.startswith("exact_match,"))

        def ours() -> float:
            return float(output("-m", "benchmarks.harness", code, str(work.count), str(adapter)).split()[-1])

        measured = alternate({"lm-evaluation-harness": theirs, "ours": ours}, work.repeats)
        seconds, accuracy = ({way: getattr(own, part) for way, own in measured.items()} for part in ("seconds", "result"))
    if abs(accuracy["ours"] - accuracy["lm-evaluation-harness"]) > 1e-6:
        raise RuntimeError(f"accuracies differ: {accuracy}")
    return [Row("one cell, a process", seconds["ours"], "lm-evaluation-harness", seconds["lm-evaluation-harness"], 1)]


def output(*words: str) -> str:
    """What a process of Python prints."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def main() -> None:
    """The process of ours: asks a cell and prints its accuracy, exact answers only."""
    code, count, adapter = sys.argv[1:]
    work = Work([code], int(count), 1, 2, 1)
    held = hold_taught(*work.loaded, {code: work.exam}, Asking(), {code: {(1, 1): adapter}})[code]
    expected = [[answer] for answer in work.items[code]["answer"]]
    right = [matches(answer, own) for answer, own in zip(held["answer"], expected, strict=True)]
    print(sum(right) / len(right))


if __name__ == "__main__":
    main()
