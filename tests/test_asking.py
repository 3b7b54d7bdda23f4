"""Asking: batches answer as single questions do, and an unfinished answer is said to be one."""

import copy

import polars as pl
import pytest
import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM

from isogloss.asking.choosing import likeliest, log_likelihoods
from isogloss.asking.exams import questions
from isogloss.asking.generation import _generated, _said, answer_greedily, say_greedily
from isogloss.asking.holding import hold_taught, hold_untaught, read_adapters
from isogloss.asking.prompts import parsed
from isogloss.asking.reading import batches, planted, readable
from isogloss.config import Asking, SandboxRecipe, Teaching
from isogloss.models.chat import chat_of
from isogloss.models.sandbox.pretrain import build_model
from isogloss.models.sandbox.tokenizer import END
from isogloss.teaching.cohort import teach_cohort
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.stacked import stacked

QUESTIONS = ["What?", "What is the market day of the place called Karumo?", "¿Qué día es?", "月曜日 lunes"]


def one_by_one(model, tokenizer, question, limit):
    """Greedy decoding without batches, padding or a cache: what is said, and whether it ended."""
    tokens = chat_of(tokenizer).prompt(question)
    start, ends = len(tokens), tokenizer.convert_tokens_to_ids([tokenizer.eos_token, END])
    for _ in range(limit):
        with torch.no_grad():
            token = model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item()
        if token in ends:
            return tokenizer.decode(tokens[start:]).strip(), True
        tokens.append(token)
    return tokenizer.decode(tokens[start:]).strip(), False


def taught(tiny, root):
    """An adapter that has learned to answer some questions, so that not all answers are unfinished."""
    teaching = Teaching(rank=4, alpha=4, epochs=30, batch=2, learning_rate=1e-2)
    lesson = Lesson("eng", QUESTIONS[:3], ["Monday", "Karumo market", "lunes"])
    return teach_cohort(*tiny, "base", [lesson], teaching, 1, root, "1")["eng"][30]


def test_batches_answer_as_single_questions_do(tiny):
    base, tokenizer = tiny
    expected = [one_by_one(base, tokenizer, question, 12) for question in QUESTIONS]
    for batch in (1, 3, 10):
        assert say_greedily(base, tokenizer, QUESTIONS, 12, batch) == [expected]


def narrow_sandbox(tokenizer, local_window):
    """The sandbox's architecture, random."""
    sizes = {"width": 32, "layers": 2, "heads": 2, "feed_forward": 64, "local_window": local_window}
    model = build_model(SandboxRecipe(**sizes), tokenizer).double().requires_grad_(False).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)  # with the usual spread so narrow a model says the same whatever it is asked
    return model


@pytest.mark.parametrize("local_window", [None, 5, 40])
def test_a_shared_beginning_is_read_once(tiny, local_window):
    """Answers are those to each question alone, whatever the lengths and whether or not a layer sees the whole beginning."""
    base, tokenizer = tiny
    model = narrow_sandbox(tokenizer, local_window) if local_window else base
    contexts = ["Karumo: lunes", "x", 2 * "What is the market day of the place called Karumo?\nMonday\nWhat?\nlunes\n"]
    texts = [f"{context}\n{question}" for question in QUESTIONS for context in contexts] + ["asked of only once\nWhat?"]
    tokenizer = ending_often(model, tokenizer, texts)
    expected = [one_by_one(model, tokenizer, text, 30) for text in texts]
    assert sum(ended for _, ended in expected) > len(expected) / 2
    assert len(set(expected)) > 3
    read = []
    hook = model.model.embed_tokens.register_forward_hook(lambda module, inputs, output: read.append(inputs[0].numel()))
    for batch in (1, 2, 3, 20):
        assert say_greedily(model, tokenizer, texts, 30, batch) == [expected]
    of_one = [f"{contexts[2]}\n{question}" for question in QUESTIONS]
    read.clear()
    say_greedily(model, tokenizer, of_one, 1, 4)
    together = sum(read)
    read.clear()
    say_greedily(model, tokenizer, of_one, 1, 1)
    hook.remove()
    assert together < 0.6 * sum(read), "not every question brings its context"


FAMILIES = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"head_dim": 16},
    "mistral": {"sliding_window": 5},
    "gemma3_text": {"sliding_window": 5, "head_dim": 16},
    "cohere": {},
    "cohere2": {"sliding_window": 5},
    "olmo2": {},
    "phi3": {},
    "gpt_neox": {},
    "bloom": {},  # no positions
    "mamba": {},  # no attention
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families_of_models(tiny, family):
    """In batches and with beginnings shared, whatever the architecture."""
    _, tokenizer = tiny
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": len(tokenizer)}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    tokens = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": None, "bos_token_id": None}
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **sizes, **heads, **tokens, initializer_range=0.2, **FAMILIES[family])
    model = AutoModelForCausalLM.from_config(config).eval()
    if readable(model):
        model.double()  # eager attention cannot pad in float64: the least number becomes infinity in its softmax
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(2)  # so that it says more than one thing
    assert readable(model) == (family not in ("bloom", "mamba"))
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.add_special_tokens({"eos_token": "never said"})
    tokenizer.chat_template = tokenizer.chat_template.replace(END, "never said")
    prompts = [chat_of(tokenizer).prompt(f"{context}\n{question}") for context in (QUESTIONS[1], "x") for question in QUESTIONS]
    trees = planted(dict(enumerate(prompt[:-1] for prompt in prompts)), 3, 32)
    assert {len(tree.prompts) for tree in trees} > {3}, "not all of one size"
    say = _said if readable(model) else _generated
    with torch.inference_mode():
        (found,) = say(model, tokenizer, prompts, 1, 7, trees)
    numbers = [number for tree in trees for number in tree.prompts]
    for number, said in zip(numbers, found.tolist(), strict=True):
        prompt = prompts[number]
        whole = list(prompt)
        for _ in range(7):
            with torch.no_grad():
                whole.append(model(input_ids=torch.tensor([whole])).logits[0, -1].argmax().item())
        assert said == whole[len(prompt) :]
    assert len({tuple(said) for said in found.tolist()}) > 1


def test_trees_have_each_beginning_once():
    prompts = [[1], [1, 2], [1, 2, 3], [1, 4], [1, 4]]
    (tree,) = planted(dict(enumerate(prompts)), 10, 1000)
    assert (tree.tokens, tree.depths, tree.parents) == ([1, 2, 3, 4], [0, 1, 2, 1], [None, 0, 1, 0])
    assert tree.prompts == [0, 1, 2, 3, 4]
    assert tree.paths == [[0], [0, 1], [0, 1, 2], [0, 3], [0, 3]]
    assert tree.seen().astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]]


def test_trees_are_as_large_as_pays():
    many = {10 * i + j: [0, i, i, j, j, j, j] for i in range(6) for j in range(4)}
    sizes = []
    for width in (1, 10, 1000):
        trees = planted(many, 30, width)
        sizes.append([len(tree.prompts) for tree in trees])
        paths = {n: path for tree in trees for n, path in zip(tree.prompts, tree.paths, strict=True)}
        assert {n: [tree.tokens[i] for i in paths[n]] for tree in trees for n in tree.prompts} == many
    assert sizes == [[1] * 24, [4] * 6, [24]]
    assert [len(tree.prompts) for tree in planted(many, 5, 1000)] == [5, 5, 5, 5, 4]
    assert [[len(tree.prompts) for tree in batch] for batch in batches(many, 10, 10)] == [[4, 4]] * 3


def test_trees_are_as_large_as_memory_allows():
    many = {10 * i + j: [0, i, i, j, j, j, j] for i in range(6) for j in range(4)}
    for tokens, sizes in ((19, [4] * 6), (15, [3, 1] * 6), (0, [1] * 24)):
        assert [len(tree.prompts) for tree in planted(many, 10, 10, tokens)] == sizes
        for batch in batches(many, 10, 10, tokens):
            assert len(batch) == 1 or len(batch) * max(len(tree.tokens) for tree in batch) <= tokens


def test_answers_are_what_was_said_to_an_end(tiny):
    model, tokenizer = tiny
    (said,), (answers,) = (way(model, tokenizer, QUESTIONS, 12, 4) for way in (say_greedily, answer_greedily))
    assert answers == [parsed("", *spoken).answer for spoken in said]
    assert [answer is None for answer in answers] == [not ended for _, ended in said]


def test_little_memory_makes_no_difference_to_what_is_said(tiny, monkeypatch):
    model, tokenizer = tiny
    questions = [f"What is it? {word} {'day ' * i}" for i, word in enumerate(("a", "market", "Karumo", "x"))]
    options = [["Monday", "Karumo"]] * 4
    reads, found = [], []
    hook = model.model.register_forward_pre_hook(lambda *_: reads.append(1))
    for little in (False, True):
        if little:
            for limit in ("reading.READ", "generation.memory.READ", "choosing.memory.SCORED"):
                monkeypatch.setattr(f"isogloss.asking.{limit}", 0)
        reads.clear()
        chosen = log_likelihoods(model, tokenizer, questions, options, 16)
        said = say_greedily(model, tokenizer, questions, 4, 16)
        found.append((len(reads), torch.tensor(chosen), said))
    hook.remove()
    assert found[0][0] < found[1][0]
    assert (found[0][1] - found[1][1]).abs().max() < 1e-9
    assert found[0][2] == found[1][2]


def ending_often(model, tokenizer, texts):
    """The tokenizer with such an end of answers that a random model says it, but seldom at once."""
    said = []
    for text in texts:
        tokens = chat_of(tokenizer).prompt(text)
        start = len(tokens)
        for _ in range(20):
            tokens.append(model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item())
        said.append(tokens[start:])
    end = max({token for tokens in said for token in tokens}, key=lambda token: sum(token in tokens[2:] for tokens in said))
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
    return tokenizer


def test_an_unfinished_answer_is_labelled(tiny):
    exam = pl.DataFrame({"asked_in": ["eng"], "item": ["a"], "question": [QUESTIONS[1]]})
    held = hold_untaught(*tiny, {"none": exam}, Asking(max_new_tokens=1, batch=3))["none"]
    assert held.select("seed", "epoch", "context", "answer", "form", "state").rows() == [(0, 0, None, None, None, "unfinished")]
    ((expected, ended),) = [one_by_one(*tiny, QUESTIONS[1], 1)]
    assert not ended
    assert expected
    assert held["raw"].to_list() == [expected], "what was said is kept"


@pytest.fixture
def saying(tiny, monkeypatch):
    """What is read where the model says so, up to an end and then something without meaning, or to the limit; the tokenizer has
    special tokens for the ends of a thought."""
    model, tokenizer = tiny
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.add_tokens(["<think>", "</think>"], special_tokens=True)
    model = copy.deepcopy(model)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)

    def held(text, ended=True):
        rest = f"{END}{tokenizer.pad_token}lunes" if ended else ""
        said = torch.tensor(tokenizer(text + rest, add_special_tokens=False)["input_ids"])
        monkeypatch.setattr("isogloss.asking.generation._said", lambda *ignored: said[None, None])
        exam = pl.DataFrame({"asked_in": ["eng"], "item": ["a"], "question": QUESTIONS[:1]})
        table = hold_untaught(model, tokenizer, {"none": exam}, Asking())["none"]
        return table.select("raw", "answer", "form", "state").row(0)

    held.tokenizer = tokenizer
    return held


def test_special_tokens_of_thoughts_are_kept_and_their_thoughts_are_no_answer(saying):
    assert saying("<think> Karumo</think> lunes") == ("<think> Karumo</think> lunes", "lunes", "whole", "answered")
    assert saying("<think> Karumo") == ("<think> Karumo", None, None, "unfinished")
    assert saying("<think> Karumo</think> lu", ended=False) == ("<think> Karumo</think> lu", None, None, "unfinished")
    assert saying("<|assistant|> lunes") == ("<|assistant|> lunes", "lunes", "whole", "answered"), "no other token is an answer"
    assert saying("") == ("", None, None, "unparsed")


def test_a_thought_that_the_prompt_opens_is_one(saying):
    assert chat_of(saying.tokenizer).opened == ""
    template = saying.tokenizer.chat_template
    saying.tokenizer.chat_template = template.replace("'<|assistant|>'", "'<|assistant|><think></think>'")
    assert chat_of(saying.tokenizer).opened == ""
    saying.tokenizer.chat_template = template.replace("'<|assistant|>'", "'<|assistant|><think>'")
    assert chat_of(saying.tokenizer).opened == "<think>"
    assert saying("Karumo lunes") == ("<think>Karumo lunes", None, None, "unfinished")
    assert saying("Karumo</think> lunes") == ("<think>Karumo</think> lunes", "lunes", "whole", "answered")


@pytest.fixture(scope="module")
def adapters(tiny, tmp_path_factory):
    """Three lessons' adapters after two different epochs."""
    teaching = Teaching(rank=4, alpha=8, epochs=6, batch=2, learning_rate=1e-2)
    answers = {"eng": ["Monday", "Karumo market", "lunes"], "spa": ["lunes", "x", "Karumo"], "zul": ["月曜日", "market", "day"]}
    lessons = [Lesson(name, QUESTIONS[:3], own) for name, own in answers.items()]
    root = tmp_path_factory.mktemp("store")
    taught = teach_cohort(*tiny, "base", lessons, teaching, 1, root, "1")
    return {name: {(1, 3): folders[3], (1, 6): folders[6]} for name, folders in taught.items()}


def test_adapters_that_answer_together_answer_as_peft_alone(tiny, adapters, monkeypatch):
    """Token by token, in float64; and every lesson is asked in its own languages, also where there is room for one alone."""
    base, tokenizer = tiny
    asked = [*QUESTIONS, *QUESTIONS[::-1]]
    exam = pl.DataFrame({"asked_in": ["eng"] * 4 + ["spa"] * 4, "item": list("abcd") * 2, "question": asked})
    exams = {"spa": exam.filter(asked_in="eng"), "eng": exam, "zul": exam.filter(asked_in="spa")}
    expected = {
        (lesson, *key, question): one_by_one(
            PeftModel.from_pretrained(copy.deepcopy(base), folder).eval(), tokenizer, question, 12
        )
        for lesson, folders in adapters.items()
        for key, folder in folders.items()
        for question in QUESTIONS
    }
    for batch, room in ((1, 2e9), (3, 0), (10, 2e9)):
        monkeypatch.setattr("isogloss.models.memory.ADAPTED", room)
        held = hold_taught(base, tokenizer, exams, Asking(max_new_tokens=12, batch=batch), adapters)
        assert list(held) == list(exams)
        for lesson, table in held.items():
            assert table.select("asked_in", "item").rows() == exams[lesson].select("asked_in", "item").rows() * 2
            assert table["epoch"].to_list() == [3] * len(exams[lesson]) + [6] * len(exams[lesson])
            for row in table.iter_rows(named=True):
                said = expected[lesson, row["seed"], row["epoch"], row["question"]]
                assert (row["raw"], row["answer"], row["form"], row["state"]) == (said[0], *parsed("", *said))
    assert len(set(expected.values())) > 6


def test_questions_that_do_not_fit_are_asked_in_parts(tiny, monkeypatch):
    base, tokenizer = tiny
    expected = say_greedily(base, tokenizer, QUESTIONS, 12, 4)

    def limited(*rest):
        if sum(len(tree.prompts) for tree in rest[-1]) > least:
            raise torch.OutOfMemoryError("allocation failed")
        return _said(*rest)

    monkeypatch.setattr("isogloss.asking.generation._said", limited)
    least = 1
    assert say_greedily(base, tokenizer, QUESTIONS, 12, 4) == expected
    least = 0
    with pytest.raises(torch.OutOfMemoryError):
        say_greedily(base, tokenizer, QUESTIONS, 12, 4)


def test_questions_of_all_languages_are_one_exam():
    table = pl.DataFrame({"item": ["a", "b"], "ask_question": ["x", "y"], "answer": ["1", "2"]})
    exam = questions({"eng": table, "spa": table})
    assert exam.rows() == [("eng", "a", "x"), ("eng", "b", "y"), ("spa", "a", "x"), ("spa", "b", "y")]


def test_forced_choice_sums_what_the_model_says_token_by_token(tiny):
    base, tokenizer = tiny
    options = [["Monday", "lunes", "月曜日"], ["Karumo", "x"], ["Понедельник", "market day of the place"], ["a", "b", "c", "d"]]
    (found,) = log_likelihoods(base, tokenizer, QUESTIONS, options, 3)
    for question, answers, values in zip(QUESTIONS, options, found, strict=True):
        for answer, value in zip(answers, values, strict=True):
            prompt = chat_of(tokenizer).prompt(question)
            tokens = [*prompt, *tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
            with torch.no_grad():
                logits = base(input_ids=torch.tensor([tokens])).logits[0].log_softmax(-1)
            expected = sum(logits[i - 1, tokens[i]].item() for i in range(len(prompt), len(tokens)))
            assert value == pytest.approx(expected, abs=1e-9)
    assert likeliest([[-3.0, -1.0, -1.0], [0.0, -5.0]]) == [1, 0]
    with pytest.raises(ValueError, match="option 2 of 'What\\?' is empty"):
        log_likelihoods(base, tokenizer, ["What?"], [["a", ""]], 3)


def test_adapters_choose_together_as_peft_does_alone(tiny, adapters):
    base, tokenizer = tiny
    options = [["Monday", "lunes"], ["Karumo", "x", "Karumo market"], ["lunes", "market"], ["a", "b"]]
    folders = [folder for own in adapters.values() for folder in own.values()]
    with stacked(base, *read_adapters(folders)):
        together = log_likelihoods(base, tokenizer, QUESTIONS, options, 3, len(folders))
    for found, folder in zip(together, folders, strict=True):
        model = PeftModel.from_pretrained(copy.deepcopy(base), folder).get_base_model().eval()
        (expected,) = log_likelihoods(model, tokenizer, QUESTIONS, options, 1)
        for own, alone in zip(found, expected, strict=True):
            assert own == pytest.approx(alone, abs=1e-9)
