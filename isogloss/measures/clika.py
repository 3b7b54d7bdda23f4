"""CLiKA's levels of cross-lingual knowledge alignment (Gao et al. 2024): performance and consistency, from predictions.

The third, conductivity, is in `isogloss.measures.conductivity`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from isogloss.knowledge.sources.records import item_name, read_objects, refuse
from isogloss.measures.intervals import percentile_interval, resampled_means, resampling_weights
from isogloss.measures.letters import LATIN, option_letter


@dataclass(frozen=True)
class Task:
    """A multiple-choice task: what it tests, its number of options, and ChatGPT's English accuracy as the paper rounds it (None:
    the paper does not have it)."""

    level: Literal["basic", "factual"]
    options: int
    paper: float | None = None


TASKS = {
    "x_csqa": Task("basic", 5, 0.746),
    "x_copa": Task("basic", 2, 0.964),
    "x_name": Task("factual", 4, 0.922),
    "x_geo": Task("factual", 4, 0.970),
}
# ISO 639-3 and name, by the tag that the folder of a language begins with
LANGUAGES = {
    "en": ("eng", "English"),
    "de": ("deu", "German"),
    "fr": ("fra", "French"),
    "it": ("ita", "Italian"),
    "pl": ("pol", "Polish"),
    "ru": ("rus", "Russian"),
    "ar": ("ara", "Arabic"),
    "he": ("heb", "Hebrew"),
    "ja": ("jpn", "Japanese"),
    "zh": ("zho", "Chinese"),
}
CODES = tuple(code for code, _ in LANGUAGES.values())
ENGLISH, OTHERS = "eng", "others"
BEST, OWN = "best", "own"  # references: the best model on a task, each model itself
APART = (ENGLISH, "zho")  # not among the others
FILE = re.compile(r"(.+)_res(?:_[a-z]+\d+)?(?:_add_simple_example)?\.jsonl")  # _bf16: the precision it was run in
LEVELS = ("basic", "factual")
PREDICTION_SCHEMA = {name: pl.String for name in ("model", "task", "language", "item", "prediction", "label")}


def read_predictions(path: str | Path) -> tuple[pl.DataFrame, list[str]]:
    """Published predictions, TASK/LANGUAGE/MODEL_res*.jsonl under `path`, and a note on every file or folder that is not read.

    Columns as in `PREDICTION_SCHEMA`, one row an item: `prediction` is the letter of the option that the model named (empty if it
    named none, see `isogloss.measures.letters.option_letter`), `language` is ISO 639-3. Raises ValueError with everything that
    is wrong, with file, line and reason.
    """
    path, problems, notes, rows = Path(path), [], [], []
    if not path.is_dir():
        raise ValueError(f"{path}: there is no such folder")
    found: dict[tuple[str, str, str], Path] = {}
    for file in sorted(path.glob("*/*/*_res*.jsonl")):
        task, folder, name = file.parts[-3:]
        tag, named = folder.split("_")[0].lower(), FILE.fullmatch(name)
        if task not in TASKS or tag not in LANGUAGES or not named:
            wrong = f"task {task!r}" if task not in TASKS else f"language {folder!r}" if tag not in LANGUAGES else "name"
            notes.append(f"{file}: not read, its {wrong} is not one that isogloss knows")
            continue
        key = (named[1], task, LANGUAGES[tag][0])
        if key in found:
            problems.append(f"{file}: a second file of {named[1]} for {task} in {key[2]} beside {found[key]}; take one out")
            continue
        found[key] = file
        rows += _lines(file, key, problems)
    if not found:
        notes = [f"{path}: no file TASK/LANGUAGE/MODEL_res*.jsonl with a task of {', '.join(TASKS)}", *notes]
        raise ValueError("\n".join(notes))
    table = pl.DataFrame(rows, schema=PREDICTION_SCHEMA, orient="row")
    problems += _contradictions(table)
    refuse(problems)
    return table, notes


def _lines(file: Path, key: tuple[str, str, str], problems: list[str]) -> list[tuple[str, ...]]:
    """The rows of a file; a problem for each line that is not an item's."""
    rows, where_of, before = [], {}, len(problems)
    options = LATIN[: TASKS[key[1]].options]
    for where, given in read_objects(file, problems):
        if given is None:
            continue
        item, said, label = item_name(given.get("id")), given.get("res"), given.get("label")
        wrong = ["id is missing, or neither number nor text"] * (item is None)
        wrong += ["res is missing or no text"] * (not isinstance(said, str))
        wrong += [f"label is {label!r}; write one of {', '.join(options)}"] * (label not in tuple(options))
        wrong += [f"item {item} is there already ({where_of.get(item)})"] * (item in where_of)
        problems += [f"{where}: {reason}" for reason in wrong]
        if not wrong:
            where_of[item] = where
            rows.append((*key, item, option_letter(said, len(options)) or "", label))
    if not rows and len(problems) == before:
        problems.append(f"{file}: the file is empty")
    return rows


def _contradictions(table: pl.DataFrame) -> list[str]:
    """Items that do not have the same right option everywhere: options then stand in another order, and cannot be compared."""
    labels = table.group_by("task", "item", maintain_order=True).agg(pl.col("label").unique().sort())
    return [
        f"{row['task']}: item {row['item']} has the labels {' and '.join(row['label'])} in different files"
        for row in labels.filter(pl.col("label").list.len() > 1).iter_rows(named=True)
    ]


def scores(
    predictions: pl.DataFrame,
    reference: str = "chatgpt",
    constants: Literal["paper"] | None = None,
    tasks: dict[str, Task] = TASKS,
    languages: Sequence[str] = CODES,
    resamples: int = 1000,
    seed: int = 0,
) -> pl.DataFrame:
    """Performance and consistency, from predictions with the columns of `PREDICTION_SCHEMA`, on `tasks` in `languages` (English
    among them).

    One row a model and language, and one a model with the mean over the languages but English and Chinese (language `others`).
    Columns: model, language; basic_ra and factual_ra (rescaled accuracy: 0 is guessing, 1 the English accuracy of `reference` on
    the task, which is that of its own predictions or, with `constants="paper"`, the one the paper prints; the reference `best` is
    the model that is best in English on the task, `own` each model itself; means over the tasks of a level), en_co (share of
    right answers that are predicted alike in English; mean over the factual tasks; 1 for English), and the accuracy on each
    task; each followed by `_low` and `_high` (95 %, items resampled, the reference's with them). All are shares (the reference
    itself is at 1, and a better model above). What is not there is null and is named in `missing`, a text that is empty where
    nothing is; so is the number of answers that name no option (an empty prediction), which are wrong, by their `state` if there
    is such a column. Raises ValueError if the reference is not among the models, or a task or language unknown.
    """
    models, languages = predictions["model"].unique().sort().to_list(), list(languages)
    problems = [f"no predictions of the reference {reference!r}; write reference: one of {', '.join(models)}"]
    problems = [] if constants or reference in (BEST, OWN, *models) else problems
    for key, known in (("task", list(tasks)), ("language", languages)):
        unknown = sorted(set(predictions[key]) - set(known))
        problems += [f"predictions of the {key} {name!r}, known are {', '.join(known)}" for name in unknown]
    refuse(problems)
    others = [i for i, code in enumerate(languages) if code not in APART]
    rng = np.random.default_rng(seed)
    accuracy, alike, rescaled = {}, {}, {}
    for task, about in tasks.items():
        accuracy[task], alike[task] = _by_task(predictions.filter(task=task), models, languages, resamples, rng)
        if constants:
            top = np.full((1, 1, 1), about.paper)
        else:
            top = _english_of(reference, accuracy[task][..., languages.index(ENGLISH)], models)
        chance = 1 / about.options
        rescaled[task] = np.full_like(accuracy[task], np.nan)
        np.divide(accuracy[task] - chance, top - chance, out=rescaled[task], where=top > chance)
    of = {level: [task for task in tasks if tasks[task].level == level] for level in LEVELS}
    nothing = [np.full((1 + resamples, len(models), len(languages)), np.nan)]  # of a level without tasks
    parts = {f"{level}_ra": [np.maximum(0, rescaled[task]) for task in own] for level, own in of.items()}
    parts |= {"en_co": [alike[task] for task in of["factual"]]}
    numbers = {name: np.mean(values or nothing, axis=0) for name, values in parts.items()} | accuracy
    mean = {name: value[..., others].mean(axis=-1, keepdims=True) for name, value in numbers.items() if others}
    numbers = {name: np.concatenate([value, mean[name]], axis=-1) if others else value for name, value in numbers.items()}
    rows = [*languages, *([OTHERS] if others else [])]
    table = {"model": [model for model in models for _ in rows], "language": rows * len(models)}
    for name, value in numbers.items():
        low, high = percentile_interval(value[1:])
        table |= {name: value[0].flatten(), f"{name}_low": low.flatten(), f"{name}_high": high.flatten()}
    table = pl.DataFrame(table).fill_nan(None)
    return table.with_columns(pl.Series("missing", _missing(table, predictions, of, reference), dtype=pl.String))


def _english_of(reference: str, english: np.ndarray, models: list[str]) -> np.ndarray:
    """The accuracy that counts as 1, [1 + resamples, 1 or model, 1], from that of every model in English [1 + resamples, model].

    Which model is best is decided once, not in every resample.
    """
    if reference == OWN:
        return english[..., None]
    first = np.nan_to_num(english[0], nan=-1)
    return english[:, [int(first.argmax()) if reference == BEST else models.index(reference)], None]


def _by_task(
    table: pl.DataFrame, models: list[str], languages: list[str], resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and consistency with English on one task, [1 + resamples, model, language], the first not resampled.

    Every model and language is resampled alike. NaN where there is no prediction, or nothing right that English has too.
    """
    items = table["item"].unique(maintain_order=True).to_list()
    if not items:
        nothing = np.full((1 + resamples, len(models), len(languages)), np.nan)
        return nothing, nothing
    english = table.filter(language=ENGLISH).select("model", "item", english="prediction")
    table = table.join(english, on=["model", "item"], how="left", maintain_order="left")
    axes = {"model": models, "language": languages, "item": items}
    index = tuple(table[key].replace_strict({name: i for i, name in enumerate(names)}) for key, names in axes.items())
    right = pl.col("prediction") == pl.col("label")
    both = right & pl.col("english").is_not_null()
    weights = _weights(len(items), resamples, rng)

    def total(counted: pl.Expr) -> np.ndarray:
        values = np.zeros([len(names) for names in axes.values()])
        values[index] = table.select(counted.cast(pl.Float64)).to_series()
        return resampled_means(values, weights)

    def share(part: pl.Expr, whole: pl.Expr) -> np.ndarray:
        below = total(whole)
        return np.divide(total(part), below, out=np.full_like(below, np.nan), where=below > 0)

    return share(right, pl.col("item").is_not_null()), share(both & (pl.col("prediction") == pl.col("english")), both)


def _weights(size: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Weights of items, [1 + resamples, size], the first not resampled."""
    return np.concatenate([np.full((1, size), 1 / size), resampling_weights(size, resamples, rng)])


def _missing(table: pl.DataFrame, predictions: pl.DataFrame, of: dict[str, list[str]], reference: str) -> list[str]:
    """Why numbers of each row of a table of scores are not there, or are of fewer items than others."""
    counts = {tuple(key): n for *key, n in predictions.group_by("model", "language", "task").len().iter_rows()}
    items = dict(predictions.group_by("task").agg(pl.col("item").n_unique()).iter_rows())
    needs = {f"{level}_ra": tasks for level, tasks in of.items()} | {"en_co": of["factual"]}
    reasons = {name: f"no English accuracy of {reference} above chance to rescale it with" for name in needs}
    reasons["en_co"] = "on a task nothing is right that was also asked in English"
    gaps, lacking, lost = [], {}, _unparsed(predictions)
    for row in table.iter_rows(named=True):
        model, language = row["model"], row["language"]
        if language == OTHERS:
            gaps.append(f"not complete in {', '.join(lacking[model])}" if lacking.get(model) else "")
            continue
        found = {task: counts.get((model, language, task), 0) for tasks in of.values() for task in tasks}
        said = [task for task, n in found.items() if not n]
        said += [f"{task}: only {n} of {items[task]} items" for task, n in found.items() if 0 < n < items[task]]
        undefined = [name for name, tasks in needs.items() if row[name] is None and all(found[task] for task in tasks)]
        said += [f"{name}: {reasons[name] if needs[name] else 'no task of its level'}" for name in undefined]
        if said and language not in APART:
            lacking.setdefault(model, []).append(language)
        gaps.append("; ".join([*said, *lost.get((model, language), [])]))
    return gaps


def _unparsed(predictions: pl.DataFrame) -> dict[tuple[str, str], list[str]]:
    """How many answers of a model in a language name no option, in words, task by task and by what became of them."""
    table = predictions if "state" in predictions.columns else predictions.with_columns(state=pl.lit("unparsed"))
    counts = table.filter(prediction="").group_by("model", "language", "task", "state").len().sort(pl.all())
    found: dict[tuple[str, str], list[str]] = {}
    for model, language, task, state, number in counts.iter_rows():
        found.setdefault((model, language), []).append(f"{task}: {number} {state}")
    return found
