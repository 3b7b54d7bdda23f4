"""How a model is spoken to: the tokens of a question and of an answer to it, and what ends an answer.

Teaching, asking, forced choice and the lens all go through a `Chat`, so that a model is taught an answer exactly where it is
asked for one. There are three forms, `chat:` in the config:

- `template`: the chat template that comes with the model;
- `plain`: the question, a line break, the answer, a line break. There is no `Question:` before it, which would be a word of one
  language before questions in others;
- `alpaca`: the headings that models trained on Alpaca's instructions know, in English as they were trained.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from jinja2 import TemplateError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.thoughts import split
from isogloss.models.rendering import frozen, rendered

QUESTION, ANSWER = "placeholder of a question", "placeholder of an answer"
LINE_BREAK = re.compile(r"[\n\r]")
MAY_BREAK = re.compile(r"[\n\rĊč]|<0x0[AD]>")  # how vocabularies write tokens with a line break
PREAMBLE = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n"
)
RESPONSE = "\n\n### Response:\n"


class Spoken(NamedTuple):
    """What a model said, and whether it came to an end."""

    text: str
    ended: bool


class Chat(ABC):
    """A form as one tokenizer has it. `listed` are tokens that the model's makers list as ends; they are ends here as well."""

    end: int | None = None  # the token that ends an answer; None where a text does
    appended = False  # whether the form leaves that token to be put after the answer
    stop: re.Pattern | None = None  # the text that ends an answer
    opened = ""  # the thought that a prompt opens

    def __init__(self, tokenizer: PreTrainedTokenizerBase, listed: list[int]):
        self.tokenizer, self.listed = tokenizer, listed
        self._begun: dict[str, list[int]] = {}

    @abstractmethod
    def asked(self, turns: list[str]) -> str:
        """The text up to where the answer begins."""

    @abstractmethod
    def told(self, turns: list[str], answer: str) -> str:
        """`asked` with the answer after it, up to and with what ends it; without an end that is appended."""

    @property
    def remarks(self) -> list[str]:
        """What a log should say of the form."""
        return []

    def prompt(self, question: str | list[str]) -> list[int]:
        """Tokens of a question up to where the answer begins. A list is what is said in turns: another question, its answer, and
        so on, and the question last. ValueError if the template refuses it."""
        # A blank at the end is part of the answer's first token in most vocabularies. A model that was trained on whole
        # conversations has never seen it there as a token of its own, so it is left for the answer to say.
        return self.tokens(self.asked(_turns(question)).rstrip(" "))

    def with_answer(self, question: str | list[str], answer: str) -> tuple[list[int], list[int]]:
        """Tokens of the prompt, and of the answer with its end. Errors as in `with_answers`."""
        prompt, (said,) = self.with_answers(question, [answer])
        return prompt, said

    def with_answers(self, question: str | list[str], answers: list[str]) -> tuple[list[int], list[list[int]]]:
        """Tokens of the prompt, the same for all answers, and of each answer with its end.

        Question and answer are tokenized as the one text that they are to the model. ValueError if an answer is blank, or cannot
        be said in the form.
        """
        turns = _turns(question)
        if blank := [i for i, answer in enumerate(answers, start=1) if not answer.strip()]:
            raise ValueError(f"option {blank[0]} of {turns[-1]!r} is empty")
        whole = [self.tokens(self.told(turns, answer)) for answer in answers]
        prompt = self.prompt(turns)
        # An answer may begin with a character that makes another token of what comes before it: then that token is part of the
        # answer, of all of them alike, so that what is compared follows the same prompt.
        shared = min((_alike(prompt, tokens) for tokens in whole), default=len(prompt))
        last = [self.end] if self.appended else []
        return prompt[:shared], [[*tokens[shared:], *last] for tokens in whole]

    def begun(self, answer: str) -> list[int]:
        """Tokens of an answer without its last one, which ends it, after a question whatever it is."""
        if answer not in self._begun:
            self._begun[answer] = self.with_answer(QUESTION, answer)[1][:-1]
        return self._begun[answer]

    @cached_property
    def ends(self) -> list[int]:
        """The tokens each of which ends an answer: what the form has there, the end of a text, and what the makers list."""
        return sorted({self.end, self.tokenizer.eos_token_id, *self.listed, *self._breaks} - {None})

    def said(self, tokens: list[int]) -> Spoken:
        """What was generated, up to an end. Special tokens are kept, since some of them mark thoughts, and so is the thought that
        the prompt opened, without which nobody could tell that what follows is one."""
        last = next((i for i, token in enumerate(tokens) if token in self._ends), None)
        # a token with a line break in it may begin with the end of the answer, as `.\n` does
        kept = tokens[:last] if last is None or tokens[last] not in self._breaks else tokens[: last + 1]
        text = self.tokenizer.decode(kept, skip_special_tokens=False, spaces_between_special_tokens=False)
        stopped = self.stop.search(text) if self.stop else None
        text = self.opened + text[: stopped.start() if stopped else None]
        return Spoken(text.strip(), last is not None or stopped is not None)

    def tokens(self, text: str) -> list[int]:
        """Tokens of a text in the form."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    @cached_property
    def _ends(self) -> set[int]:
        return set(self.ends)

    @cached_property
    def _breaks(self) -> set[int]:
        """The tokens whose text alone has what ends an answer."""
        return set()

    @property
    def _name(self) -> str:
        return self.tokenizer.name_or_path or "the model"


class Untemplated(Chat):
    """What forms without a template have alike: a text begins with what the tokenizer puts before every text."""

    def tokens(self, text: str) -> list[int]:
        return self._beginning + super().tokens(text)

    @cached_property
    def _beginning(self) -> list[int]:
        bare, whole = super().tokens("a"), self.tokenizer("a")["input_ids"]
        return whole[: next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)]

    @cached_property
    def _breaks(self) -> set[int]:
        likely = [i for token, i in self.tokenizer.get_vocab().items() if MAY_BREAK.search(token)]
        return {i for i in likely if self.stop.search(self.tokenizer.decode([i]))}


class Plain(Untemplated):
    """Question and answer, each followed by a line break, with which an answer ends."""

    stop = LINE_BREAK

    def asked(self, turns: list[str]) -> str:
        return "".join(f"{turn}\n" for turn in turns)

    def told(self, turns: list[str], answer: str) -> str:
        if LINE_BREAK.search(answer.strip()):
            raise ValueError(
                f"{answer!r} has several lines, and under chat: plain an answer ends with its first; write chat: alpaca"
            )
        return f"{self.asked(turns)}{answer.strip()}\n"


class Alpaca(Untemplated):
    """Questions and answers under Alpaca's headings. The end of a text ends an answer, and so does a blank line or another
    heading, where a model goes on with questions of its own."""

    stop = re.compile(r"\n[^\S\n]*\n|\n###")
    appended = True

    def __init__(self, tokenizer: PreTrainedTokenizerBase, listed: list[int]):
        super().__init__(tokenizer, listed)
        self.end = tokenizer.eos_token_id

    def asked(self, turns: list[str]) -> str:
        parts = [f"{turn}{RESPONSE}" if i % 2 == 0 else f"{turn}\n\n### Instruction:\n" for i, turn in enumerate(turns)]
        return PREAMBLE + "".join(parts)

    def told(self, turns: list[str], answer: str) -> str:
        if self.stop.search(answer.strip()):
            raise ValueError(f"{answer!r} has a blank line or a heading, with which an answer ends under chat: alpaca")
        return self.asked(turns) + answer.strip()


class Template(Chat):
    """The model's own chat template.

    What it puts before and after an answer is seen from a conversation with placeholders. The first token after the answer that
    was added to the vocabulary (special or not, but not blank) ends it, and so does a text before that token; where there is
    neither, the end of a text does.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, listed: list[int]):
        super().__init__(tokenizer, listed)
        self._template = frozen(tokenizer.get_chat_template())
        whole = self._rendered([QUESTION, ANSWER], False)
        head, found, after = whole.rpartition(ANSWER)
        self._prints = bool(found) or self._rendered([QUESTION, f"other {ANSWER}"], False) != whole
        asked = self._rendered([QUESTION], True)
        if QUESTION not in asked:
            raise ValueError(
                f"the chat template of {self._name} leaves questions out when they are texts ({asked!r}); correct it in "
                f"chat_template.jinja, or write chat: plain"
            )
        self._begin(asked, head if found else None)
        self._close(after if found else "")

    def _begin(self, asked: str, head: str | None) -> None:
        """See what is to be taken from the end of a prompt and what is to be added there: `asked` is what the template has for a
        question, `head` what it has before an answer."""
        self._taken, self._added, self.opened = "", "", _opened(asked)
        if head is None:
            return
        shared = _alike(asked, head)
        taken, added = asked[shared:], head[shared:]
        # A template that writes a closed thought, or the name of a channel, before an answer but has it not in its prompts leaves
        # those to the model. They are no part of an answer, so the prompt has them.
        if (not taken and added.strip()) or (self.opened and taken and _closed(head)):
            self._taken, self._added, self.opened = taken, added, _opened(head)

    def _close(self, after: str) -> None:
        """See what ends an answer."""
        added = {token: own.content for token, own in self.tokenizer.added_tokens_decoder.items()}
        known = {token: text for token, text in added.items() if text.strip() and text in after}
        self.end = next((token for token in self.tokens(after) if token in known), None)
        before, content, _ = after.partition(known[self.end]) if self.end is not None else (after, "", "")
        self._after, self._last = after, before + content if content else before.rstrip()
        self._marker = before.strip()
        if self._marker:
            self.stop = re.compile(re.escape(self._marker))
        elif self.end is None:
            self.end, self.appended, self._last = self.tokenizer.eos_token_id, True, ""

    @cached_property
    def _breaks(self) -> set[int]:
        """The end of an answer where it is a single token of the vocabulary that was not added to it."""
        alone = self.tokens(self._marker)
        return set(alone) if len(alone) == 1 else set()

    @property
    def remarks(self) -> list[str]:
        if self.opened:
            return [f"{self._name} begins every answer with a thought: its chat template opens one ({self._tail!r})"]
        if self._added:
            return [
                f"{self._name} is asked with {self._tail!r} before its answers, as its chat template has it before given ones"
            ]
        return []

    @property
    def _tail(self) -> str:
        return self.asked([QUESTION]).rpartition(QUESTION)[2]

    def asked(self, turns: list[str]) -> str:
        text = self._rendered(turns, True)
        return text.removesuffix(self._taken) + self._added

    def told(self, turns: list[str], answer: str) -> str:
        if self.opened:
            raise ValueError(
                f"the chat template of {self._name} opens a thought before every answer and never closes it ({self._tail!r}), so "
                f"an answer would be taught inside a thought; close it in chat_template.jinja after add_generation_prompt, for "
                f"example with <think>\\n\\n</think>\\n\\n, or write chat: plain"
            )
        asked = self.asked(turns)
        if not self._prints:
            if len(turns) > 1:
                raise ValueError(f"the chat template of {self._name} leaves answers out, so nothing can be said in turns to it")
            return asked + answer
        whole = self._rendered([*turns, answer], False)
        body = whole.removesuffix(self._after)
        # some templates print answers without blanks around them
        printed = next((each for each in (answer, answer.strip()) if body.endswith(each)), None)
        if printed is None or not whole.endswith(self._after):
            raise ValueError(
                f"the chat template of {self._name} does not print the answer {answer!r} as it is; correct it in "
                f"chat_template.jinja, or write chat: plain"
            )
        if not body.startswith(asked):
            # An answer's turn begins otherwise than a prompt, for example without the empty thought that turns thinking off. What
            # is taught and compared has to follow what is asked.
            body = asked + printed
        return body + self._last

    def _rendered(self, turns: list[str], ask: bool) -> str:
        """What the template makes of turns, questions and answers by turns, with the beginning of an answer if it is to `ask`."""
        said = " and ".join(("a question", "an answer")[: len(turns)])
        try:
            return rendered(self.tokenizer, self._template, turns, ask)
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(
                f"the chat template of {self._name} fails with {said} ({type(error).__name__}: {error}); correct it in "
                f"chat_template.jinja, or write chat: plain"
            ) from None


FORMS: dict[str, type[Chat]] = {"template": Template, "plain": Plain, "alpaca": Alpaca}


def chat_of(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel | None = None) -> Chat:
    """How the model of a tokenizer is spoken to: in the form that `speak` chose, else by its chat template. With the `model`, its
    makers' list of ends counts too. ValueError if its template cannot be used."""
    listed = model.generation_config.eos_token_id if model is not None else None
    listed = [token for token in (listed if isinstance(listed, list) else [listed]) if token is not None]
    form = form_of(tokenizer)
    # Seeing what ends an answer may mean looking through the vocabulary, so the tokenizer carries what was seen as long as
    # nothing changes that it depends on.
    known = tokenizer.__dict__.setdefault("chats", {})
    key = (form, str(tokenizer.chat_template), *listed, len(tokenizer), tokenizer.eos_token_id)
    if key not in known:
        known[key] = FORMS[form](tokenizer, listed)
    return known[key]


def speak(tokenizer: PreTrainedTokenizerBase, form: str) -> None:
    """Choose the form, one of `FORMS`, in which the model of a tokenizer is spoken to; the tokenizer carries it."""
    tokenizer.chat_form = form


def form_of(tokenizer: PreTrainedTokenizerBase) -> str:
    """The form in which the model of a tokenizer is spoken to."""
    return getattr(tokenizer, "chat_form", "template")


def _turns(question: str | list[str]) -> list[str]:
    return [question] if isinstance(question, str) else question


def _alike(one: Sequence, other: Sequence) -> int:
    """How many tokens or characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _opened(text: str) -> str:
    """The thought within which a text ends, blank if there is none."""
    return split(text.rpartition(QUESTION)[2])[1]


def _closed(text: str) -> bool:
    """Whether there is a thought at the end of a text, and it is closed."""
    tail = text.rpartition(QUESTION)[2]
    said, opened = split(tail)
    return said != tail and not opened
