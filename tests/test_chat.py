"""How models are spoken to: tokens of prompts with answers, and what ends an answer."""

import copy
import datetime
import json
import os
import random
from pathlib import Path

import pytest
import transformers.utils.chat_template_utils
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.generation import say_greedily
from isogloss.config import Loading, Teaching, Transformers
from isogloss.models.chat import FORMS, chat_of, form_of, speak
from isogloss.models.local import load_model
from isogloss.models.rendering import TOLD
from isogloss.models.sandbox.tokenizer import END
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import examples, teach
from isogloss.teaching.losses import IGNORED
from isogloss.teaching.stacked import stacked

TEXTS = ["What is the market day of Karumo? Monday.", "¿Qué día es? lunes", "市場の日は 月曜日", "Понедельник", "यह सोमवार है"]
ANSWERS = ["Monday", "lunes.", "月曜日", "Понедельник", "सोमवार", "الاثنين", "7", "«x»"]
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
VICUNA = (  # a blank ends the prompt, and is part of the answer's first token
    "{% for m in messages %}{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ASSISTANT: ' }}"
    "{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"
)


def pieces(scheme="first"):
    """A tokenizer that writes a blank before words, as Llama's do."""
    own = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    own.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    own.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    single = [f"<0x{byte:02X}>" for byte in range(256)]
    special = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=[*special, *single], show_progress=False)
    own.train_from_iterator([*TEXTS, *ANSWERS, "user assistant"] * 30, trainer)
    content = json.loads(own.to_str())
    content["added_tokens"] = [each for each in content["added_tokens"] if each["content"] in special]
    return wrapped(Tokenizer.from_str(json.dumps(content)))


def bytes_():
    """A tokenizer of bytes, some of whose tokens have a line break in them, as GPT's do."""
    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    own.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<s>", "</s>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    own.train_from_iterator([f"{text}\n" for text in [*TEXTS, *ANSWERS, "lunes.", ".", "."]] * 30, trainer)
    return wrapped(own)


def wrapped(own):
    """As transformers has it."""
    names = {"bos_token": "<s>", "eos_token": "</s>", "additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}
    return PreTrainedTokenizerFast(tokenizer_object=own, chat_template=CHATML, **names)


TOKENIZERS = {scheme: lambda scheme=scheme: pieces(scheme) for scheme in ("first", "always", "never")} | {"bytes": bytes_}


def template(tokenizer, text):
    """The tokenizer with another chat template."""
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template = text
    return tokenizer


def conversation(tokenizer, turns, **told):
    """Tokens of a conversation as transformers has them."""
    messages = [{"role": "user" if i % 2 == 0 else "assistant", "content": text} for i, text in enumerate(turns)]
    return tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **told, **TOLD)["input_ids"]


# Tokens of prompts and answers.


@pytest.mark.parametrize("text", [CHATML, VICUNA])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_answers_are_the_tokens_that_the_whole_conversation_has(name, text):
    tokenizer = template(TOKENIZERS[name](), text)
    chat = chat_of(tokenizer)
    for turns in (["What?"], ["¿Qué?", "Sí", "月曜日は?"]):
        for answer in ANSWERS:
            prompt, said = chat.with_answer(turns, answer)
            whole = conversation(tokenizer, [*turns, answer])
            assert whole[: len(prompt + said)] == prompt + said
            assert prompt == chat.prompt(turns), "it is taught where it is asked for"
            assert chat.said(said) == (answer, True)
            assert not chat.said(said[:-1]).ended
    (tokens, labels), *_ = examples(Lesson("eng", ["What?"], ["Monday"]), tokenizer)
    prompt, said = chat.with_answer("What?", "Monday")
    assert tokens == prompt + said
    assert labels == [IGNORED] * len(prompt) + said


def test_a_blank_at_the_end_of_a_prompt_is_left_to_the_answer():
    tokenizer = template(pieces("never"), VICUNA)
    _, said = chat_of(tokenizer).with_answer("What?", "Monday")
    assert tokenizer.convert_ids_to_tokens(said)[0].startswith("▁")
    assert chat_of(template(tokenizer, CHATML)).prompt("What?") == conversation(
        template(tokenizer, CHATML), ["What?"], add_generation_prompt=True
    ), "nothing is taken from prompts that end otherwise"


def test_all_options_follow_the_same_tokens():
    """An option whose first character belongs to a token before it does not get that token for nothing."""
    turn = "{{ m.content + ('' if m.role == 'user' else '</s>') }}"
    tokenizer = template(bytes_(), f"{{% for m in messages %}}{turn}{{% endfor %}}")
    chat = chat_of(tokenizer)
    whole = chat.prompt("lune")
    assert chat.with_answer("lune", "7")[0] == whole
    assert len(chat.with_answer("lune", "s.")[0]) < len(whole), "one token with what comes before"
    prompt, said = chat.with_answers("lune", ["7", "s."])
    assert [tokenizer.decode(prompt + own) for own in said] == ["lune7</s>", "lunes.</s>"]


def test_templates_that_print_answers_otherwise(tiny):
    tokenizer = tiny[1]
    trims = template(tokenizer, CHATML.replace("m.content", "m.content | trim").replace("<|im_end|>", "<|end|>"))
    chat = chat_of(trims)
    assert chat.with_answer("What?", " lunes ") == chat.with_answer("What?", "lunes")
    shouts = template(tokenizer, CHATML.replace("m.content", "(m.content if m.role == 'user' else m.content | upper)"))
    with pytest.raises(ValueError, match=r"does not print the answer 'lunes' as it is; correct it in chat_template\.jinja"):
        chat_of(shouts).with_answer("What?", "lunes")
    with pytest.raises(ValueError, match=r"option 2 of 'What\?' is empty"):
        chat.with_answers("What?", ["lunes", " "])
    single = template(tokenizer, "<|user|>{{ messages[0].content }}<|assistant|>")
    prompt, said = chat_of(single).with_answer("What?", "lunes")
    assert tokenizer.decode(prompt + said).replace(" ", "") == f"<|user|>What?<|assistant|>lunes{END}"
    with pytest.raises(ValueError, match="leaves answers out"):
        chat_of(single).with_answer(["What?", "lunes", "What?"], "lunes")


def test_a_template_that_fails_is_named(tiny):
    tokenizer = template(
        tiny[1], "{{ messages[0].content }}{% if messages | length > 1 %}{{ raise_exception('only one') }}{% endif %}"
    )
    with pytest.raises(
        ValueError, match=r"fails with a question and an answer \(TemplateError: only one\); .*or write chat: plain"
    ):
        chat_of(tokenizer)
    with pytest.raises(ValueError, match="leaves questions out when they are texts"):
        chat_of(template(tiny[1], "{% for m in messages %}<|user|>{{ m.content[0].text }}{% endfor %}"))
    with pytest.raises(ValueError, match=r"fails with a question and an answer \(UndefinedError"):
        chat_of(template(tiny[1], "{{ now() }}"))


# What ends an answer.


def test_an_answer_ends_as_the_chat_format_has_it(tiny):
    _, tokenizer = tiny
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.add_tokens(["<stop>", "<other>"], special_tokens=True)
    tokenizer.add_tokens(["<plain>"])
    stop, other, plain, end = tokenizer.convert_tokens_to_ids(["<stop>", "<other>", "<plain>", END])
    said = "{% for m in messages %}<other>{{ m.content }}"
    assert chat_of(template(tokenizer, said + "<stop>{% endfor %}<other>")).end == stop
    assert chat_of(template(tokenizer, said + "\n<plain>\n<stop>\n{% endfor %}")).end == plain, "added, special or not"
    assert chat_of(template(tokenizer, said + "\n{% endfor %}")).end == end, "where nothing follows, the end of the text"
    silent = template(tokenizer, "{% for m in messages if m.role == 'user' %}<other>{{ m.content }}{% endfor %}")
    assert chat_of(silent).end == end
    model = copy.deepcopy(tiny[0])
    stops = template(tokenizer, said + "<stop>{% endfor %}")
    for listed, expected in (([7, other], {7, other, stop, end}), (7, {7, stop, end}), (None, {stop, end})):
        model.generation_config = GenerationConfig(eos_token_id=listed)
        assert set(chat_of(stops, model).ends) == expected


def test_a_text_can_end_an_answer(tiny):
    tokenizer = template(tiny[1], "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }} [over]\n{% endfor %}")
    chat = chat_of(tokenizer)
    _, said = chat.with_answer("What?", "lunes")
    assert tokenizer.decode(said).split() == ["lunes", "[over]"]
    goes_on = [*said, *tokenizer("What?", add_special_tokens=False)["input_ids"]]
    assert chat.said(goes_on) == ("lunes", True)
    assert not chat.said(said[:-1]).ended


# Other forms.


@pytest.mark.parametrize("form", ["plain", "alpaca"])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_without_a_template_a_text_is_read_as_one(name, form):
    tokenizer = template(TOKENIZERS[name](), None)
    speak(tokenizer, form)
    chat = chat_of(tokenizer)
    for turns in (["What?"], ["¿Qué?", "Sí", "月曜日は?"]):
        for answer in ANSWERS:
            prompt, said = chat.with_answer(turns, answer)
            assert prompt == chat.prompt(turns)
            ending = "\n" if form == "plain" else tokenizer.eos_token
            assert prompt + said == tokenizer(chat.asked(turns) + answer + ending)["input_ids"]
            assert said[-1] in chat.ends
            assert chat.said(said) == (answer, True)
            assert not chat.said(said[:-1]).ended
    assert chat.asked(["one", "two", "three"]).index("one") < chat.asked(["one", "two", "three"]).index("two")


def test_what_comes_before_a_line_break_in_its_token_is_said():
    tokenizer = bytes_()
    speak(tokenizer, "plain")
    chat = chat_of(tokenizer)
    _, said = chat.with_answer("¿Qué?", "lunes.")
    assert tokenizer.decode(said[-1:]) not in ("\n", "."), "a token of the vocabulary has both"
    assert chat.said([*said, *said]) == ("lunes.", True)
    breaks = {token for token in range(len(tokenizer)) if "\n" in tokenizer.decode([token]) or "\r" in tokenizer.decode([token])}
    assert breaks < set(chat.ends)
    assert len(breaks) > 2


def test_a_beginning_of_texts_is_kept():
    tokenizer = AutoTokenizer.from_pretrained("data/sandbox")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|user|> $A <|end|>", special_tokens=[("<|user|>", 1), (END, 3)]
    )
    speak(tokenizer, "plain")
    prompt, said = chat_of(tokenizer).with_answer("What?", "Monday")
    assert [prompt.index(1), *prompt[1:], *said].count(3) == 0, "a text that goes on does not end"
    assert (prompt + said).count(1) == 1


def test_alpaca_ends_with_a_blank_line_or_a_heading():
    tokenizer = pieces()
    speak(tokenizer, "alpaca")
    chat = chat_of(tokenizer)

    def said(text):
        return chat.said(chat.tokens(text)[len(chat.tokens("")) :])

    assert said("Monday\nlunes") == ("Monday\nlunes", False)
    assert said("Monday\n\nlunes") == ("Monday", True)
    assert said("Monday\n### Instruction:") == ("Monday", True)
    with pytest.raises(ValueError, match="blank line"):
        chat.with_answer("What?", "Monday\n\nlunes")
    speak(tokenizer, "plain")
    with pytest.raises(ValueError, match=r"several lines.*write chat: alpaca"):
        chat_of(tokenizer).with_answer("What?", "Monday\nlunes")


@pytest.fixture
def base(tiny, tmp_path):
    """A base model as files: no chat template."""
    model, tokenizer = copy.deepcopy(tiny)
    tokenizer.chat_template = None
    model.float().save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_a_model_without_a_template_needs_a_form(base):
    with pytest.raises(ValueError, match=r"no chat template.*chat: plain for a base model, chat: alpaca"):
        load_model(base)
    for form in ("plain", "alpaca"):
        _, tokenizer = load_model(base, Loading(device="cpu", chat=form))
        assert form_of(tokenizer) == form_of(copy.deepcopy(tokenizer)) == form
    entry = {"provider": "transformers", "path": str(base)}
    assert Transformers(**entry).chat == "template"
    assert Transformers(**entry, chat="plain").model_dump(include=set(Loading.model_fields))["chat"] == "plain"


@pytest.mark.parametrize("form", ["plain", "alpaca"])
def test_a_base_model_is_taught_asked_and_made_to_choose(base, form):
    model, tokenizer = load_model(base, Loading(device="cpu", chat=form))
    questions = ["What?", "¿Qué día es?", "月曜日"]
    answers = ["Monday", "lunes", "Karumo"]
    adapters = []
    teaching = Teaching(rank=8, alpha=16, epochs=80, batch=3, learning_rate=1e-2)
    teach(model, tokenizer, [Lesson("eng", questions, answers)], teaching, 1, lambda *told: adapters.append(told[2].adapter))

    with stacked(model, adapters[-1:], teaching.scale):
        assert say_greedily(model, tokenizer, questions, 12, 3) == [[(answer, True) for answer in answers]]
        (found,) = log_likelihoods(model, tokenizer, questions, [answers] * 3, 9)
    for i, own in enumerate(found):
        assert own.index(max(own)) == i


# Thoughts.

THINKS = "{% for m in messages %}{{ '<|' + m.role + '|>' }}ANSWER{{ m.content + eos_token }}{% endfor %}"
ASKS = "{% if add_generation_prompt %}<|assistant|>PROMPT{% endif %}"


def thinking(tiny, answer, prompt):
    """A tokenizer whose template has something before answers, and something at the end of prompts."""
    before = f"{{% if m.role == 'assistant' %}}{answer}{{% endif %}}"
    return template(tiny[1], THINKS.replace("ANSWER", before) + ASKS.replace("PROMPT", prompt))


def text_of(tokenizer, question, answer):
    prompt, said = chat_of(tokenizer).with_answer(question, answer)
    return [tokenizer.decode(tokens).replace(" ", "") for tokens in (prompt, said)]


def test_an_open_thought_is_closed_as_the_format_has_it(tiny):
    closed = "<|user|>What?<|end|><|assistant|><think>\n\n</think>"
    written = "<think>\n\n</think>"
    for prompt in ("", "<think>", "<think>\n", "<think>\n\n</think>"):
        tokenizer = thinking(tiny, written, prompt)
        assert text_of(tokenizer, "What?", "lunes") == [closed, "lunes<|end|>"], prompt
        assert chat_of(tokenizer).opened == ""
        assert bool(chat_of(tokenizer).remarks) == (prompt != written), "the log says so"
    tokenizer = thinking(tiny, "", written)
    assert text_of(tokenizer, "What?", "lunes") == [closed, "lunes<|end|>"], "taught where it is asked for"
    channels = thinking(tiny, "<|channel|>final<|message|>", "")
    assert text_of(channels, "What?", "lunes") == ["<|user|>What?<|end|><|assistant|><|channel|>final<|message|>", "lunes<|end|>"]


@pytest.mark.parametrize("opening", ["<think>\n", "[THINK]", "<|channel|>analysis<|message|>", "<|START_THINKING|>"])
def test_nothing_is_taught_within_an_open_thought(tiny, opening):
    tokenizer = thinking(tiny, "", opening)
    chat = chat_of(tokenizer)
    assert tokenizer.decode(chat.prompt("What?")).replace(" ", "").endswith(opening), "it can be asked"
    assert chat.opened.strip() == opening.strip()
    assert "begins every answer with a thought" in chat.remarks[0]
    with pytest.raises(ValueError, match=r"taught inside a thought; close it in chat_template\.jinja.*chat: plain"):
        examples(Lesson("eng", ["What?"], ["lunes"]), tokenizer)
    with pytest.raises(ValueError, match="opens a thought"):
        log_likelihoods(tiny[0], tokenizer, ["What?"], [["lunes", "Monday"]], 2)


def test_thinking_is_turned_off(tiny):
    thinks = "{{ messages[0].content }}{% if enable_thinking is defined and not enable_thinking %}no thought{% endif %}"
    tokenizer = template(tiny[1], thinks)
    assert tokenizer.decode(chat_of(tokenizer).prompt("What?")).strip() == "What?no thought"


# The same prompt every day.

DATED = {
    "{{ strftime_now('%d %B %Y') }}": "26 July 2024",
    "{{ strftime_now(format='%Y-%m-%d') }}": "2024-07-26",
    "{%- set today = strftime_now('%A, %-d. %b') %}\n{{ today }}": "Friday, 26. Jul",
    "{% if strftime_now is defined %}{{ strftime_now('%H:%M:%S.%f %p %j %s') }}{% endif %}": "12:00:00.000000 PM 208 1721995200",
    "{{ strftime_now('100%% on %d, %%d') }}": "100% on 26, %d",
    "{% macro day() %}{{ strftime_now('%d') | int + 1 }}{% endmacro %}{{ day() }}": "27",
    "{% if date_string is not defined %}{% set date_string = strftime_now('%x') %}{% endif %}{{ date_string }}": "26 Jul 2024",
    "{% if not date_string %}{% set date_string = strftime_now('%d %b') %}{% endif %}{{ date_string }}": "26 Jul 2024",
    "  {%- set t = strftime_now %}\n{{ t('%x') }}{% generation %}{% endgeneration %}": "07/26/24",
}


@pytest.mark.parametrize("text", DATED)
def test_a_prompt_is_the_same_every_day(tiny, monkeypatch, text):
    asked = "<|user|>" + text + "<|end|>{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}<|end|>{% endfor %}"
    tokenizer = template(tiny[1], asked)
    prompts = []
    for day in (datetime.datetime(2026, 11, 1, 9), datetime.datetime(2031, 2, 3, 17, 5, 9)):

        class Clock(datetime.datetime):
            @classmethod
            def now(cls, tz=None, day=day):
                return day

        monkeypatch.setattr(transformers.utils.chat_template_utils, "datetime", Clock)
        chat = chat_of(tokenizer)
        prompts.append((chat.asked(["What?"]), chat.with_answer("What?", "lunes")))
    assert prompts[0] == prompts[1]
    assert prompts[0][0].startswith(f"<|user|>{DATED[text]}<|end|>")


def test_the_macro_changes_nothing_else(tiny):
    for start in ("\n  ", "  ", "\n\n", ""):
        rest = start + "{% if true %}\n  x {{ messages[0].content }}\n{% endif %}\n"
        undated, dated = template(tiny[1], rest), template(tiny[1], rest + "{{ strftime_now('') }}")
        assert chat_of(dated).asked(["What?"]).rstrip() == chat_of(undated).asked(["What?"]).rstrip()


def test_what_a_template_draws_is_the_same_every_time(tiny):
    tokenizer = template(tiny[1], "{{ range(99999) | random }} {{ messages[-1].content }}")
    state = random.getstate()
    assert len({chat_of(tokenizer).asked(["What?"]) for _ in range(5)}) == 1
    assert random.getstate() == state, "and what others draw is not disturbed"


# As it is.


def test_the_sandbox_is_spoken_to_as_ever():
    tokenizer = AutoTokenizer.from_pretrained("data/sandbox")
    chat = chat_of(tokenizer)
    assert chat.ends == [3]
    for answer in ANSWERS:
        alone = tokenizer(answer, add_special_tokens=False)["input_ids"]
        prompt = conversation(tokenizer, ["¿Qué día es?"], add_generation_prompt=True)
        assert chat.with_answer("¿Qué día es?", answer) == (prompt, [*alone, 3])
        assert chat.begun(answer) == alone


REAL = Path(os.getenv("ISOGLOSS_REAL_MODELS", "none")) / "tokenizers"


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the folder of real models")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["llama-3.1", "qwen3", "aya-expanse", "gemma-3", "gpt-4o"])
def test_real_tokenizers(name, form):
    tokenizer = AutoTokenizer.from_pretrained(REAL / name)
    if form == "template" and tokenizer.chat_template is None:
        pytest.skip("has no chat template")
    speak(tokenizer, form)
    chat = chat_of(tokenizer)
    for turns in (["What?"], ["¿Qué?", "Sí", "月曜日は?"]):
        for answer in [*ANSWERS, "วันจันทร์", "ሰኞ", "'s-Hertogenbosch", "¿Qué?"]:
            prompt, said = chat.with_answer(turns, answer)
            assert prompt == chat.prompt(turns)
            if form == "template":
                assert prompt == conversation(tokenizer, turns, add_generation_prompt=True)
                assert conversation(tokenizer, [*turns, answer])[: len(prompt + said)] == prompt + said
            assert chat.said(said) == (answer, True)
            assert not chat.said(said[:-1]).ended
            assert said[-1] in chat.ends
