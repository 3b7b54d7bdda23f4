"""What a first look at a model suggests to change, in words and as lines of the config."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from isogloss.asking.thoughts import MARKS, spoken
from isogloss.config import Remote
from isogloss.cost_look import Expected, answers_of
from isogloss.models.look import Answer, Look

UNREAD = 0.1  # share of answers without anything to read from which on something has to be done
MOSTLY = 0.5  # share of answers that are in another language than asked
HELPLESS = 0.2  # share right where the answer stands in the prompt below which a model seems not to follow
FASTER = 0.8  # of the time: what is worth a change
SAME = 0.9  # share of answers that should stay the same in another precision
LEARNED = 0.75  # of the loss before: what has to be left after a lesson at most
FULL = 0.9  # share of memory or context beyond which it is short
REPEATED = re.compile(r"(.{2,80}?)\1{3,}", re.DOTALL)  # the same four times over
NAMES = {"known": "known facts", "in-context": "in context", "lesson": "after the lesson"}


@dataclass(frozen=True)
class Advice:
    """What was seen, what to do about it, and what of the config that changes (as it is laid over it)."""

    seen: str
    do: str
    write: dict[str, Any] = field(default_factory=dict)


def advice(look: Look, expected: Expected) -> list[Advice]:
    """Everything that should be changed before hours are spent; nothing where all is well."""
    found: list[Advice | None] = [rule(look, expected) for rule in RULES]
    return [each for each in found if each is not None]


def together(advices: list[Advice]) -> dict[str, Any]:
    """All that they would have the config say."""
    whole: dict[str, Any] = {}
    for each in advices:
        _lay(each.write, whole)
    return whole


def _lay(over: dict[str, Any], base: dict[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict):
            _lay(value, base.setdefault(key, {}))
        else:
            base[key] = value


def _own(look: Look, section: str | None = None, **values: Any) -> dict[str, Any]:
    """Lines of the model's entry, or of a section of it."""
    return {"models": {look.model: {section: values} if section else values}}


def percent(share: float) -> str:
    """A share as whole percent."""
    return f"{100 * share:.0f} %"


def _share(answers: list[Answer], what: Callable[[Answer], bool]) -> float:
    return sum(map(what, answers)) / len(answers) if answers else 0.0


def _by_part(look: Look, what: Callable[[Answer], bool]) -> str:
    """The parts in which more than UNREAD of the answers are so, with the share; blank if there is none."""
    shares = {part: _share(answers_of(look, part), what) for part in look.seconds}
    return ", ".join(f"{percent(share)} {NAMES[part]}" for part, share in shares.items() if share > UNREAD)


def thinks(answer: Answer) -> bool:
    """Whether what was said contains a thought, ended or not."""
    raw = (answer.raw or "").strip()
    return bool(MARKS.search(raw)) and spoken(raw) != raw


def repeats(answer: Answer) -> bool:
    """Whether what was said is the same over and over."""
    return bool(REPEATED.search(answer.raw or ""))


def _limit(look: Look, expected: Expected) -> int:
    return expected.config.models[look.model].asking.max_new_tokens


def _thinking(look: Look, expected: Expected) -> Advice | None:
    parts = _by_part(look, thinks)
    if not parts:
        return None
    thoughts = [answer for answer in look.answers if thinks(answer)]
    seen = f"Much of what is said begins with a thought, though thinking is turned off ({parts})"
    cut = _share(thoughts, lambda answer: answer.state == "unfinished")
    more = 4 * _limit(look, expected)
    seen += f"; {percent(cut)} of these came to no answer within {_limit(look, expected)} tokens." if cut else "."
    if isinstance(expected.config.models[look.model], Remote):
        do = (
            "Turn it off where the server can (under `extra:`, for example `reasoning_effort: minimal`, or "
            "`chat_template_kwargs: {enable_thinking: false}`), or leave room for it, which is paid for:"
        )
    else:
        do = "Its chat template cannot turn it off: choose the variant that does not think, or leave room for it, which "
        "takes longer:"
    return Advice(seen, do, _own(look, "asking", max_new_tokens=more))


def _unfinished(look: Look, expected: Expected) -> Advice | None:
    parts = _by_part(look, lambda answer: answer.state == "unfinished" and not thinks(answer))
    if not parts:
        return None
    limit = _limit(look, expected)
    cut = [answer for answer in look.answers if answer.state == "unfinished" and not thinks(answer)]
    ended = [answer.tokens for answer in look.answers if answer.state == "answered"]
    longest = f"the longest that ended has {max(ended)}" if ended else "none ended"
    seen = f"Too many answers have no end after {limit} tokens ({parts}); {longest}."
    if _share(cut, repeats) > MOSTLY:
        enough = 16 * math.ceil(1.5 * max(ended) / 16) if ended else limit
        do = (
            "Most of them say the same over and over, so no limit is long enough: the model, its chat format or the prompt "
            "has to "
            "be another one (a base model needs `chat: plain`; the prompts are in `data/prompts.yaml`)."
        )
        if enough < limit:
            return Advice(seen, f"{do} A shorter limit saves time:", _own(look, "asking", max_new_tokens=enough))
        return Advice(seen, do)
    return Advice(
        seen,
        "The limit is too short, or the model does not answer briefly (see what it says below; the prompts are in "
        "`data/prompts.yaml`). A longer limit:",
        _own(look, "asking", max_new_tokens=2 * limit),
    )


def _nothing(look: Look, expected: Expected) -> Advice | None:
    parts = _by_part(look, lambda answer: answer.state == "unparsed")
    if not parts:
        return None
    return Advice(
        f"Too many answers have nothing to read ({parts}).",
        "The model does not know that it is to answer: see what it says below. A base model is asked in another form than chat:",
        {} if isinstance(expected.config.models[look.model], Remote) else _own(look, chat="plain"),
    )


def _refused(look: Look, expected: Expected) -> Advice | None:
    parts = _by_part(look, lambda answer: answer.state == "refused")
    if not parts:
        return None
    return Advice(f"Too many answers were refused ({parts}).", "Ask the provider what its filter stops, or choose another model.")


def _tags(look: Look, expected: Expected) -> Advice | None:
    tagged = [answer for answer in look.answers if look.tags[answer.part] and answer.state == "answered"]
    whole = [answer for answer in tagged if answer.form == "whole"]
    if len(whole) <= UNREAD * len(tagged):
        return None
    mean = sum(answer.tokens for answer in whole) / len(whole)
    return Advice(
        f"{percent(len(whole) / len(tagged))} of the answers that should stand between `<answer>` and `</answer>` do not; "
        "then all "
        f"of what was said counts as the answer ({mean:.0f} tokens on average).",
        "That does no harm as long as it is short. Where it is not, a prompt that the model follows better belongs into "
        "`data/prompts.yaml` (`instructed`, `context`).",
    )


def _elsewhere(look: Look, expected: Expected) -> Advice | None:
    found = []
    for part in look.seconds:
        answers = [answer for answer in answers_of(look, part) if answer.answer is not None]
        codes = [
            code
            for code in look.languages
            if _share([answer for answer in answers if answer.language == code], lambda answer: answer.spoken == "other") > MOSTLY
        ]
        found += [f"{NAMES[part]}: {', '.join(codes)}"] if codes else []
    if not found:
        return None
    seen = f"Asked in some languages, it mostly answers in another ({'; '.join(found)})."
    if expected.config.models[look.model].asking.prompts == "plain":
        return Advice(
            seen, "The bare question does not say in which language to answer:", _own(look, "asking", prompts="instructed")
        )
    return Advice(
        seen,
        "It is told the language already. In the study, read what is right in any language beside what is right in the language "
        "asked; a prompt in the language itself may help (`data/prompts.yaml`).",
    )


def _helpless(look: Look, expected: Expected) -> Advice | None:
    told = answers_of(look, "in-context")
    right = sum(answer.correct_any for answer in told)
    if right >= HELPLESS * len(told):
        return None
    return Advice(
        f"Even with the answer in the prompt it is right in {right} of {len(told)} cases, counting answers in any language.",
        "See what it says below. It may be too small for this, or spoken to in a form that it was not trained in (`chat:`).",
    )


def _lesson(look: Look, expected: Expected) -> Advice | None:
    if look.here is None:
        return None
    taught, teaching = look.here.taught, expected.config.models[look.model].teaching
    bad = [code for code, losses in taught.losses.items() if not all(map(math.isfinite, losses)) or losses[-1] > losses[0]]
    if bad:
        return Advice(
            f"The lesson got worse as it was taught ({', '.join(bad)}).",
            "A smaller learning rate:",
            _own(look, "teaching", learning_rate=_rounded(teaching.learning_rate / 3)),
        )
    slow = [code for code, losses in taught.losses.items() if losses[-1] > LEARNED * losses[0]]
    if not slow:
        return None
    return Advice(
        f"After {taught.steps} steps the loss is still above {percent(LEARNED)} of what it was ({', '.join(slow)}).",
        f"A study teaches longer ({teaching.epochs} epochs of all items), so this need not be wrong, but the learning curve "
        "will show "
        "it late. A larger learning rate (or more `epochs`):",
        _own(look, "teaching", learning_rate=_rounded(2 * teaching.learning_rate)),
    )


def _rounded(rate: float) -> float:
    return float(f"{rate:.1g}")


def _memory(look: Look, expected: Expected) -> Advice | None:
    if look.here is None:
        return None
    here, entry = look.here, expected.config.models[look.model]
    need, room = peaks(look, expected), FULL * here.memory
    if need["ask"] > room and entry.asking.batch > 1:
        return Advice(
            f"Asking takes {need['ask']:,} of {here.memory:,} MB of memory.",
            "Fewer questions at a time:",
            _own(look, "asking", batch=max(1, entry.asking.batch // 2)),
        )
    if need["teach"] > room:
        fit = math.floor(expected.lessons * (room - here.loaded) / max(1, need["teach"] - here.loaded))
        seen = f"Teaching {expected.lessons} lessons at a time will take about {need['teach']:,} of {here.memory:,} MB of memory."
        if fit >= 1:
            return Advice(seen, "Fewer lessons at a time:", {"cohort": fit})
        own = {"at_once": 1} if (entry.teaching.at_once or entry.teaching.batch) > 1 else {"checkpointing": True}
        return Advice(seen, "Not even one fits as it is:", {"cohort": 1} | _own(look, "teaching", **own))
    most = max(need[work] for work in expected.requested) if expected.requested else 0
    if not here.accelerator and any(need[work] > asked for work, asked in expected.requested.items()):
        asked = ", ".join(f"{megabytes:,} to {work}" for work, megabytes in expected.requested.items())
        return Advice(
            f"Jobs ask for less memory (MB: {asked}) than they will take (about {most:,}).",
            "On a cluster they would be stopped, and here too many would start at the same time:",
            _own(look, "resources", mem_mb=1000 * math.ceil(1.1 * most / 1000)),
        )
    return None


def peaks(look: Look, expected: Expected) -> dict[str, int]:
    """MB that jobs of the study will take: to ask as in the look, to teach in proportion to the pairs learned at a time."""
    ""
    ""
    ""
    ""
    here, teaching = look.here, expected.config.models[look.model].teaching
    at_once = teaching.at_once or teaching.batch
    times = expected.lessons * at_once / (here.taught.together * min(at_once, here.taught.pairs))
    return {"ask": here.asking, "teach": round(here.loaded + max(0, here.teaching - here.loaded) * max(1.0, times))}


def _batch(look: Look, expected: Expected) -> Advice | None:
    if look.here is None:
        return None
    here, batch = look.here, expected.config.models[look.model].asking.batch
    best = batch
    for size in sorted(here.writing):
        fits = here.loaded + max(0, here.asking - here.loaded) * size / batch < FULL * here.memory
        if size > best and fits and here.writing[size] / size < FASTER * here.writing[best] / best:
            best = size
    if best == batch:
        return None
    times = (here.writing[batch] / batch) / (here.writing[best] / best)
    return Advice(
        f"A token for each of {best} answers takes {here.writing[best]:.3f} s, for each of {batch} "
        f"{here.writing[batch]:.3f} s: more at "
        f"a time would be up to {times:.1f} times as fast.",
        "A larger batch:",
        _own(look, "asking", batch=best),
    )


def _precision(look: Look, expected: Expected) -> Advice | None:
    found = look.here and look.here.precision
    if not found or found.other_seconds > FASTER * found.seconds:
        return None
    seen = (
        f"In {found.other} it reads {found.seconds / found.other_seconds:.1f} times as fast as in {look.here.dtype}, and "
        f"{found.same} of {found.answers} answers stay the same."
    )
    if found.same < SAME * found.answers:
        return Advice(seen, f"It is faster, but it is another model: better stay with {look.here.dtype}, or study it as one.")
    return Advice(seen, "The other precision:", _own(look, dtype=found.other))


def _context(look: Look, expected: Expected) -> Advice | None:
    if look.here is None or not look.here.context:
        return None
    longest = max(answer.prompt_tokens for answer in look.answers)
    limit, room = _limit(look, expected), look.here.context
    if longest + limit <= FULL * room:
        return None
    fit = max(1, math.floor(look.pairs * (FULL * room - limit) / longest))
    return Advice(
        f"The longest prompt seen has {longest:,} tokens, and the answer may have {limit}; the model's context is {room:,}. "
        "Others "
        "will be longer.",
        "Fewer pairs in the prompt:",
        {"context": {"pairs": min(fit, look.pairs - 1)}} if look.pairs > 1 else {},
    )


def _disk(look: Look, expected: Expected) -> Advice | None:
    if look.here is None:
        return None
    size = look.here.taught.adapter_bytes * expected.adapters
    if size < FULL * expected.free_bytes:
        return None
    own = expected.config.models[look.model].teaching
    return Advice(
        f"{expected.adapters:,} adapters take {size / 1e9:,.1f} GB; {expected.free_bytes / 1e9:,.1f} GB are free.",
        "Smaller adapters, or fewer `epochs`:" if own.layers != "full" else "Adapters of low rank, not all weights:",
        _own(look, "teaching", **({"rank": max(1, own.rank // 2)} if own.layers != "full" else {"layers": "all"})),
    )


# In the order in which they matter. Later ones win where two change the same line.
RULES: list[Callable[[Look, Expected], Advice | None]] = [
    _helpless, _unfinished, _thinking, _nothing, _refused, _tags, _elsewhere, _context, _lesson, _memory, _disk, _batch,
    _precision,
]  # fmt: skip
