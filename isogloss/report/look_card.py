"""The card of a model after a first look: what to change, how it answers and learns, what the study will take, what it says."""

import yaml

from isogloss.cost_look import Expected, Work, answers_of
from isogloss.languages import Language
from isogloss.models.look import Answer, Look, Part
from isogloss.report.look_advice import advice, peaks, percent, together

SHOWN, LONGEST = 3, 200  # answers shown of each language and part, and characters of each
TITLES: dict[Part, str] = {
    "known": "Known facts, untaught",
    "in-context": "New facts, in the prompt",
    "lesson": "New facts, after a short lesson",
}
ABOUT: dict[Part, str] = {
    "known": "Questions about real facts ({knowledge}) that models should know; nothing is taught before.",
    "in-context": "Questions about invented facts ({knowledge}), each after {pairs} question-answer pairs in the same "
    "language, one of "
    "which has the answer, asked for in other words. A model that understands the task can be right.",
    "lesson": "Questions about {taught} invented facts ({knowledge}) that were just taught by fine-tuning, asked in the "
    "language they "
    "were taught in, in other words.",
}
COLUMNS = ("read", "with an end", "in the language asked", "right", "right in any language", "tokens of an answer")


def write_look(look: Look, expected: Expected, languages: dict[str, Language]) -> str:
    """Markdown; `languages` are those of the look, by code."""
    names = {code: languages[code].name for code in look.languages}
    parts = [
        f"# {look.model}",
        _head(look),
        _changes(look, expected),
        "## How it answers",
        _overview(look),
        _columns(look),
        *(_by_language(look, part, names) for part in look.seconds),
    ]
    if look.here is not None:
        parts += [_lesson(look, expected, names)]
    parts += [_study(look, expected)]
    if look.here is not None:
        parts += [_machine(look, expected)]
    return "\n\n".join(map(_flowing, "\n\n".join([*parts, *_said(look, names)]).split("\n\n"))) + "\n"


def _flowing(block: str) -> str:
    """A paragraph on one line; tables, lists, headings and code as they are."""
    return block if block.startswith(("|", "- ", "#", "<", "```")) else " ".join(block.split())


def _head(look: Look) -> str:
    asked = f"{len(look.answers)} questions in {len(look.languages)} languages"
    return f"""A first look, before hours are spent: {asked}, the same in each, in the prompts of the study. So few questions show
whether the model is asked and taught as it should be. They do not measure what it knows: if 4 of 8 answers are right, the
share may be anything from 22 to 78 %.

It took {look.total_seconds / 60:.1f} minutes. Times and memory are those of this machine with whatever else it did meanwhile, so
this page, unlike what studies make, is never the same twice."""


def _changes(look: Look, expected: Expected) -> str:
    found = advice(look, expected)
    if not found:
        return "## What to change\n\nNothing that this look could see. Read what the model says, below, before you believe it."
    rows = []
    for each in found:
        line = f" `{_line(each.write)}`" if each.write else ""
        rows.append(f"- **{each.seen}** {each.do}{line}")
    text = "## What to change\n\n" + "\n".join(rows)
    if whole := together(found):
        written = yaml.safe_dump(whole, default_flow_style=None, sort_keys=False, allow_unicode=True, width=1000)
        text += f"""

All of it, as lines of the config (or a file to give with `--configfile`). Then look again: the same command makes this page anew.

```yaml
{written}```"""
    return text


def _line(write: dict) -> str:
    """What changes, on one line, without the name of the model."""
    own = list(write.get("models", {}).values())
    rest = {key: value for key, value in write.items() if key != "models"}
    flow = [
        yaml.safe_dump(each, default_flow_style=True, sort_keys=False, width=1000).strip()[1:-1] for each in [rest, *own] if each
    ]
    return ", ".join(flow)


def _overview(look: Look) -> str:
    rows = [
        [TITLES[part], f"{len(answers)}", *_cells(answers), f"{seconds / len(answers):.2f}"]
        for part, seconds in look.seconds.items()
        if (answers := answers_of(look, part))
    ]
    return _table(("", "questions", *COLUMNS, "seconds an answer"), rows)


def _columns(look: Look) -> str:
    tags = " *tags*: between the tags that the prompt asks for; *whole*: these are lacking, and all that was said counts."
    notes = [
        "*read*: there is something that can be read as an answer." + (tags if any(look.tags.values()) else ""),
        "*with an end*: not cut off at `max_new_tokens`.",
        "*in the language asked*: share of what was read, by the words of the knowledge set and by script; a range where it "
        "cannot be "
        "told of all, as between languages that share a script.",
        "*right*: names the right answer in the language asked, and no other of its kind; *right in any language*: in any "
        "of those "
        "studied.",
        "*tokens of an answer*: mean, and the longest. *tokens of a question*: of the bare question, and of all that the "
        "model is given "
        "(means); the more of them for the same question, the worse the tokenizer serves a language, and the longer "
        "everything takes "
        f"in it. Counted with {look.counted}.",
    ]
    return "\n".join(f"- {note}" for note in notes)


def _by_language(look: Look, part: Part, names: dict[str, str]) -> str:
    about = ABOUT[part].format(
        knowledge=look.knowledge[part], pairs=look.pairs, taught=look.here.taught.pairs if look.here else ""
    )
    rows = []
    for code, name in names.items():
        own = [answer for answer in answers_of(look, part) if answer.language == code]
        question, prompt = (sum(getattr(each, key) for each in own) / len(own) for key in ("question_tokens", "prompt_tokens"))
        rows.append([name, *_cells(own), f"{question:.0f}, {prompt:.0f}"])
    return f"### {TITLES[part]}\n\n{about}\n\n" + _table(("asked in", *COLUMNS, "tokens of a question"), rows)


def _cells(answers: list[Answer]) -> list[str]:
    count = len(answers)
    forms = {form: sum(answer.form == form for answer in answers) for form in ("tags", "whole")}
    read = sum(answer.answer is not None for answer in answers)
    detail = f" ({forms['tags']} tags, {forms['whole']} whole)" if forms["tags"] and forms["whole"] else ""
    sure = sum(answer.spoken == "asked" for answer in answers)
    perhaps = sure + sum(answer.spoken == "undecided" for answer in answers)
    spoken = (
        "-" if not read else percent(sure / read) if sure == perhaps else f"{100 * sure / read:.0f} to {percent(perhaps / read)}"
    )
    tokens = [answer.tokens for answer in answers]
    return [
        f"{read} of {count}{detail}",
        f"{sum(answer.state != 'unfinished' for answer in answers)} of {count}",
        spoken,
        f"{sum(answer.correct for answer in answers)} of {count}",
        f"{sum(answer.correct_any for answer in answers)} of {count}",
        f"{sum(tokens) / count:.0f}, {max(tokens)}",
    ]


def _lesson(look: Look, expected: Expected, names: dict[str, str]) -> str:
    taught, own = look.here.taught, expected.config.models[look.model].teaching
    rows = [[names[code], *(f"{loss:.2f}" for loss in losses)] for code, losses in taught.losses.items()]
    epochs = len(next(iter(taught.losses.values()))) - 1
    heads = ("taught in", "before", *(f"epoch {epoch}" for epoch in range(1, epochs + 1)))
    recipe = f"batch {own.batch}, learning rate {own.learning_rate:g}, layers {own.layers}"
    return f"""### How it learns

In each language {taught.pairs} facts are taught in {epochs} epochs, {taught.steps} steps, by the recipe of the config ({recipe}),
{taught.together} languages at a time. The numbers are the mean loss over the tokens of the answers (natural logarithms),
before the
lesson and in each epoch. It should fall, and in all languages; guessing among all tokens of the vocabulary would give
{taught.guess:.2f}. A step took {taught.seconds:.2f} seconds a language. The study teaches longer: {own.epochs} epochs of all
items.

{_table(heads, rows)}"""


def _study(look: Look, expected: Expected) -> str:
    local = look.here is not None
    heads = ("study", "setting", "work", "how many", "hours" if local else "USD expected", *([] if local else ["USD at most"]))
    rows = [[*_named(work), *_costs(work, local)] for work in expected.works]
    known = [work.hours for work in expected.works if work.hours is not None]
    if local:
        unknown = " and what is not known yet (?)" if len(known) < len(expected.works) else ""
        total = f"In all {sum(known):.1f} hours{unknown}, one job after the other."
        at_once = look.here.taught.together
        how = f"""This is an estimate: the seconds an answer and a step took in this look, times what the config asks for. It
takes for granted that lessons learn together at the rate of {at_once} at a time, and counts question-answer
pairs in a prompt once for all languages that are asked after them, as they are read in the study. Exams of a
study fill their batches better than this look, which is faster; other work on the same machine makes it
slower. Not counted: loading the model, multiple choice, scoring, figures. A job that was stopped goes on
where it was."""
    else:
        total = _priced(look, expected)
        how = (
            "Counted from texts and the table of prices, as `results/plan.md` has it. Nothing is fine-tuned for a look, "
            "since that "
            "costs money."
        )
    return f"## What the study will take\n\n{_table(heads, rows)}\n\n{total} {how}"


def _named(work: Work) -> list[str]:
    return [work.study + (", interventions" if work.derived else ""), work.setting, work.work]


def _costs(work: Work, local: bool) -> list[str]:
    steps = "?" if work.amount is None else f"{work.amount:,} {'steps' if work.work == 'teach' else 'answers'}"
    if local:
        return [steps, "?" if work.hours is None else f"{work.hours:.2f}"]
    return [steps, *(["price unknown"] * 2 if work.usd is None else [f"{usd:.2f}" for usd in work.usd])]


def _priced(look: Look, expected: Expected) -> str:
    now = (
        "This look cost nothing that is known (no price, or all of it was there already)."
        if not look.usd
        else (f"This look cost {look.usd:.4f} USD.")
    )
    priced = [work.usd for work in expected.works if work.usd is not None]
    whole = f" What has a price comes to {sum(usd for usd, _ in priced):.2f} USD, at most {sum(most for _, most in priced):.2f}."
    return now + (whole if priced else "")


def _machine(look: Look, expected: Expected) -> str:
    here, need = look.here, peaks(look, expected)
    whose = "the accelerator's memory" if here.accelerator else "memory"
    asked = expected.requested
    rows = [
        ["loaded", f"{here.loaded:,}", "", ""],
        ["asking", f"{here.asking:,}", f"{need['ask']:,}", f"{asked.get('ask', 0):,}" if "ask" in asked else "-"],
        ["teaching", f"{here.teaching:,}", f"{need['teach']:,}", f"{asked.get('teach', 0):,}" if "teach" in asked else "-"],
    ]
    disk = here.taught.adapter_bytes * expected.adapters
    facts = [
        f"{here.parameters:,} parameters, {here.vocabulary:,} tokens in the vocabulary"
        + (f", a context of {here.context:,} tokens." if here.context else "."),
        f"Computed in {here.dtype} on {here.device}, {here.threads} processor core{'s' * (here.threads > 1)}; loading took "
        f"{here.loading_seconds:.0f} seconds.",
        f"{expected.adapters:,} adapters of {here.taught.adapter_bytes / 1e6:.1f} MB will be kept: {disk / 1e9:.2f} GB; "
        f"{expected.free_bytes / 1e9:,.0f} GB are "
        "free.",
        "A token for each of so many answers at a time: "
        + ", ".join(f"{size}: {seconds:.3f} s" for size, seconds in here.writing.items())
        + ".",
    ]
    if found := here.precision:
        times = found.seconds / found.other_seconds
        how = f"{times:.1f} times as fast" if times >= 1 else f"{1 / times:.1f} times as slow"
        facts.append(
            f"In {found.other} it reads {how} as in {here.dtype}, and {found.same} of {found.answers} answers stay the same "
            "(those where "
            "each token said stays the likeliest one)."
        )
    return f"""## The machine

Memory in MB, of {here.memory:,} ({whose}): the most that was seen; what jobs of the study will take by that, which teach
{expected.lessons} lessons at a time; and what they ask for.

{_table(("", "seen", "expected", "asked for"), rows)}

{chr(10).join(f"- {fact}" for fact in facts)}"""


def _said(look: Look, names: dict[str, str]) -> list[str]:
    parts = [
        "## What it says",
        f"The first {SHOWN} answers in each language, word for word (at most {LONGEST} characters), thoughts included.",
    ]
    for part in look.seconds:
        rows = []
        for code in names:
            own = [answer for answer in answers_of(look, part) if answer.language == code][:SHOWN]
            rows += [[code, *map(_text, (each.question, each.expected, each.raw)), _verdict(each)] for each in own]
        table = _table(("asked in", "question", "expected", "said", "read as"), rows)
        parts.append(f"<details><summary>{TITLES[part]}</summary>\n\n{table}\n\n</details>")
    return parts


def _verdict(answer: Answer) -> str:
    if answer.answer is None:
        return f"*{answer.state}*"
    right = "right" if answer.correct else "right in another language" if answer.correct_any else "wrong"
    return f"{_text(answer.answer)} (*{right}*)"


def _text(text: str | None) -> str:
    """A text in a cell of a table."""
    text = " ".join((text or "").split())
    text = text if len(text) <= LONGEST else text[:LONGEST] + " ..."
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*") or "(nothing)"


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(heads), ["---"] * len(heads), *rows])
