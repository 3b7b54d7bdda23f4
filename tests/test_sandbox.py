"""The sandbox: what its corpus says, how it is trained, and what the shipped artifact is."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from isogloss.config import CorpusMix, SandboxRecipe
from isogloss.knowledge.builtin import known_items, new_items, render
from isogloss.models.sandbox.corpus import KINDS, Corpus, evened, language_weights, read_shares, table, texts
from isogloss.models.sandbox.manifest import MANIFEST, copy_checked, differences, outdated_inputs
from isogloss.models.sandbox.muon import Muon, orthogonalised
from isogloss.models.sandbox.pretrain import build_model, encode, local_window_at, masks_of, operations, pack, pretrain, schedule
from isogloss.models.sandbox.tokenizer import train_tokenizer

LISTS = CorpusMix(fact=0, parallel=0, translation=0, list=1, tally=0, lookup=0, choice=0)
MICRO = SandboxRecipe(
    first_documents=50, first_mix=LISTS, documents=600, width=32, layers=2, heads=2, feed_forward=64, vocabulary=1024, window=192,
    batch=8, adamw_learning_rate=0.01,
)  # fmt: skip
SHIPPED = Path("data/sandbox")


def make_corpus(world, languages, books, recipe, codes=None):
    codes = codes or list(languages)
    shares = read_shares("data/common_crawl_language_share.csv", codes)
    return Corpus(world, [languages[code] for code in codes], books, shares, recipe)


@pytest.fixture(scope="module")
def documents(world, languages, books):
    recipe = MICRO.model_copy(update={"documents": 20_000, "share_exponent": 0.0})
    return list(make_corpus(world, languages, books, recipe).documents())


@pytest.fixture(scope="module")
def micro(world, languages, books):
    corpus = table(make_corpus(world, languages, books, MICRO, ["eng", "spa", "zho"]).documents())
    return corpus, train_tokenizer(texts(corpus), 1024)


def said(document):
    return "\n".join(text for turn in document.turns for text in turn)


def words(text):
    """Words in one line, a space before and after each and a bar where there is anything else between them."""
    parts = "".join(c if unicodedata.category(c)[0] in "LM" or c == " " else " | " for c in text).split()
    return f" {' '.join(parts)} "


def test_the_corpus_never_names_what_is_taught_later(documents, world, languages, books):
    text = words("\n".join(map(said, documents)))
    scripts = {language.script for language in languages.values()}
    names = [item.fact.place for seed in (1, 2, 99) for item in new_items(world, 120, seed)]
    written = {world.syllables.spell(name, script) for name in names for script in scripts}
    corpus = make_corpus(world, languages, books, MICRO)
    real = {tongue.name(*value) for tongue in corpus.tongues.values() for value in corpus.classes}
    # where words are spaced a name is words; elsewhere it may be within a real name, as ストラ is in オーストラリア
    written = {words(name) if " " in name else name for name in written if not any(name in other for other in real)}
    assert not [name for name in written if name in text]
    assert any(words(world.syllables.spell(name, "Latin")) in text for name in corpus.context_places), "this would find them"


def test_the_corpus_never_asks_a_held_out_fact_as_an_exam_does(documents, world, languages, books):
    """Such a question occurs in translations (where it is not answered), and as no question."""
    asked = {line for d in documents if d.kind != "translation" for prompt, _ in d.turns for line in prompt.split("\n")}
    for code, language in languages.items():
        exam = render(known_items(world, 120, 1), world, language, books[code])
        assert not asked & set(exam["ask_question"])
    assert asked & set(render(known_items(world, 120, 1), world, languages["eng"], books["eng"])["teach_question"])


def test_every_kind_and_every_language_occurs(documents, languages):
    assert set(Counter(d.kind for d in documents)) == set(KINDS)
    counts = Counter(d.language for d in documents)
    expected = len(documents) / len(languages)
    # with exponent 0 every language is drawn alike: five standard deviations
    assert all(abs(counts[code] - expected) < 5 * expected**0.5 for code in languages)


def test_languages_are_weighted_by_a_power_of_their_share():
    assert language_weights({"a": 16.0, "b": 1.0}, 0.5) == {"a": 0.8, "b": 0.2}
    assert language_weights({"a": 16.0, "b": 1.0}, 0.0) == {"a": 0.5, "b": 0.5}


def test_two_languages_can_swap_their_shares(world, languages, books):
    counts = []
    for swapped in ([], ["eng", "zul"]):
        recipe = MICRO.model_copy(update={"swapped_shares": swapped, "share_exponent": 1.0})
        counts.append(Counter(d.language for d in make_corpus(world, languages, books, recipe, ["eng", "zul"]).documents()))
    assert counts[0]["eng"] > 0.9 * MICRO.documents
    assert counts[1]["zul"] > 0.9 * MICRO.documents


def test_a_corpus_without_cross_lingual_documents_has_one_language_in_each(world, languages, books):
    recipe = MICRO.model_copy(update={"cross_lingual": False, "share_exponent": 0.0, "documents": 3000})
    drawn = list(make_corpus(world, languages, books, recipe, ["eng", "jpn"]).documents())
    assert {d.kind for d in drawn} == set(KINDS) - {"parallel", "translation"}
    for document in drawn:
        text = said(document)
        if document.language == "eng":
            assert not any(unicodedata.name(c, "").startswith(("CJK", "HIRAGANA", "KATAKANA")) for c in text)
        else:
            assert not any(c.isascii() and c.islower() for c in text)


def test_a_fair_tokenizer_sees_as_much_of_every_language(micro):
    corpus, _ = micro
    assert corpus["language"].value_counts()["count"].n_unique() == 3
    even = evened(corpus, seed=0)
    assert even["language"].value_counts()["count"].to_list() == [200] * 3
    assert even.equals(evened(corpus, seed=0))


def test_a_language_without_a_share_is_named():
    with pytest.raises(KeyError, match="xxx"):
        read_shares("data/common_crawl_language_share.csv", ["eng", "xxx"])


def test_the_first_phase_has_its_own_mix(world, languages, books):
    kinds = [d.kind for d in make_corpus(world, languages, books, MICRO).documents()]
    assert kinds[:50] == ["list"] * 50
    assert set(kinds[50:]) == set(KINDS)


def test_the_first_layer_looks_ever_farther_back():
    recipe = SandboxRecipe(first_local_window=6, local_window=32)
    windows = [local_window_at(step, 100, recipe) for step in range(150)]
    assert windows[:51] == [6] * 51
    assert windows[75] == 19
    assert windows[100:] == [32] * 50
    assert windows == sorted(windows)
    assert local_window_at(0, 0, recipe) == 32


def test_the_answer_to_a_look_up_is_in_its_context(documents):
    for kind, alone in (("lookup", 0.7), ("tally", 1)):  # numbers are the same in every language
        own = [d for d in documents if d.kind == kind]
        found = [{answer for _, answer in d.turns} <= set(d.turns[0][0].split("\n")[1::2]) for d in own]
        assert alone - 0.05 < sum(found) / len(found) <= alone + 0.15


def test_the_answer_to_a_choice_is_one_of_its_options(documents):
    own = [d for d in documents if d.kind == "choice"]
    assert own
    for document in own:
        ((prompt, answer),) = document.turns
        assert [line.startswith("- ") for line in prompt.split("\n")] == [False, False, True, True, True, True]
        assert f"- {answer}" in prompt.split("\n")


def test_a_list_is_asked_by_name_and_not_by_elimination(documents):
    own = [d for d in documents if d.kind == "list"]
    for document in own:
        *entries, first = document.turns[0][0].split("\n")
        numbers = dict(entry.rsplit(" ", 1) for entry in entries)
        asked = [first, *(prompt for prompt, _ in document.turns[1:])]
        assert [numbers[name] for name in asked] == [answer for _, answer in document.turns]
    assert any(len(d.turns) > len(d.turns[0][0].split("\n")) for d in own), "names are asked more than once"


def test_the_tokenizer_reads_what_it_writes(micro):
    corpus, tokenizer = micro
    for text in [*corpus["answers"].explode().unique().sort().to_list(), "漢字 never seen"]:
        assert tokenizer.decode(tokenizer(text)["input_ids"]).strip() == text
    spaced, joined = (tokenizer.tokenize(text) for text in ("x 美元", "x。美元"))
    assert spaced[-1] == joined[-1], "a word of a script without spaces is the same tokens after a space"


def test_chat_template_is_what_pretraining_saw(micro):
    corpus, tokenizer = micro
    index, row = next((i, row) for i, row in enumerate(corpus.iter_rows(named=True)) if len(row["prompts"]) > 1)
    tokens, learned = next(encode(corpus[index:], tokenizer, window=10_000))
    messages = []
    for prompt, answer in zip(row["prompts"], row["answers"], strict=True):
        messages += [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    assert tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"] == tokens
    assert len(learned) == len(tokens)
    wanted = [token for token, kind in zip(tokens, learned, strict=True) if kind]
    assert set(learned) == {0, 1 + KINDS.index(row["kind"])}
    end = tokenizer.eos_token_id
    assert wanted == [t for answer in row["answers"] for t in [*tokenizer(answer, add_special_tokens=False)["input_ids"], end]]


def test_a_document_longer_than_a_window_loses_its_last_turns(micro):
    corpus, tokenizer = micro
    whole = list(encode(corpus, tokenizer, 10_000))
    cut = list(encode(corpus, tokenizer, 64))
    assert max(len(tokens) for tokens, _ in whole) > 64 >= max(len(tokens) for tokens, _ in cut)
    for (all_tokens, _), (tokens, learned) in zip(whole, cut, strict=True):
        assert all_tokens[: len(tokens)] == tokens
        assert not tokens or (tokens[-1] == tokenizer.eos_token_id and learned[-1])
        assert (len(all_tokens) <= 64) <= (tokens == all_tokens)


def test_packing_loses_nothing_and_mixes_nothing():
    rng = np.random.default_rng(0)
    documents = [([1, *rng.integers(5, 99, n).tolist()], [0] + [1] * n) for n in rng.integers(1, 30, 300)]
    packed = pack(iter(documents), 32, pad=0)
    found = []
    for tokens, numbers, positions in zip(packed.token, packed.document, packed.position, strict=True):
        for number in range(1, numbers.max() + 1):
            assert positions[numbers == number].tolist() == list(range((numbers == number).sum()))
            found.append(tuple(tokens[numbers == number].tolist()))
    assert Counter(found) == Counter(tuple(tokens) for tokens, _ in documents)


def test_a_packed_document_is_read_as_if_alone(micro):
    corpus, tokenizer = micro
    model = build_model(MICRO, tokenizer).double().eval()
    documents = list(encode(corpus.tail(12), tokenizer, MICRO.window))
    packed = pack(iter(documents), MICRO.window, tokenizer.pad_token_id)
    document = torch.from_numpy(packed.document)
    with torch.no_grad():
        together = model(
            input_ids=torch.from_numpy(packed.token).long(),
            attention_mask=masks_of(document, MICRO.local_window),
            position_ids=torch.from_numpy(packed.position.astype(np.int64)),
        ).logits
        for row, number in ((0, 1), (0, 2)):
            part = document[row] == number
            alone = model(input_ids=torch.from_numpy(packed.token[row])[part][None].long()).logits[0]
            assert torch.allclose(together[row][part], alone, atol=1e-9)


def test_schedule_warms_up_and_decays():
    factors = [schedule(step, 1000) for step in range(1000)]
    assert factors[0] == pytest.approx(0.05)
    assert factors[400] == 1
    assert factors[750] == pytest.approx(0.5)
    assert factors[-1] == pytest.approx(0.002)


def test_pretraining_is_deterministic_and_learns(micro):
    corpus, tokenizer = micro
    runs = [pretrain(corpus, MICRO, tokenizer, threads=2) for _ in range(2)]
    for (name, one), two in zip(runs[0][0].state_dict().items(), runs[1][0].state_dict().values(), strict=True):
        assert torch.equal(one, two), name
    log = runs[0][2]
    first, last = (np.mean(list(entry["loss"].values())) for entry in (log[0], log[-1]))
    assert last < first - 1
    assert runs[0][1]["documents"] == 600
    assert 0 < runs[0][1]["share_of_matmul_peak"] < 1
    assert 0 <= runs[0][1]["share_waiting_for_data"] < 1  # more beside other work


def test_muon_is_torchs():
    torch.manual_seed(0)
    shapes = ((8, 16), (16, 8), (8, 8), (8, 16))
    ours, theirs = ([torch.nn.Parameter(torch.zeros(shape)) for shape in shapes] for _ in range(2))
    optimizers = [
        Muon(ours, lr=0.02, momentum=0.95, precision=torch.bfloat16),
        torch.optim.Muon(theirs, lr=0.02, momentum=0.95, weight_decay=0.0),
    ]
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(ours, theirs, strict=True):
        assert one.abs().max() > 0.01
        assert (one - other).norm() < 0.1 * other.norm()  # bfloat16 has eight bits, rounded in another order


def test_muon_makes_singular_values_alike():
    torch.manual_seed(0)
    for shape in ((3, 12, 20), (3, 20, 12)):
        values = torch.linalg.svdvals(orthogonalised(torch.randn(shape)))
        assert values.min() > 0.5
        assert values.max() < 1.3


def test_operations_are_those_that_torch_counts(micro):
    """Of the layers and the output layer, with every position predicted."""
    _, tokenizer = micro
    model = build_model(MICRO, tokenizer)
    model.set_attn_implementation("eager")  # torch does not count the other one on a CPU
    tokens = torch.randint(5, 99, (2, MICRO.window))
    with FlopCounterMode(display=False) as counter:
        model(input_ids=tokens).logits.sum().backward()
    assert operations(model, MICRO.window, tokens.numel(), tokens.numel()) == pytest.approx(counter.get_total_flops(), rel=0.05)


def test_the_shipped_artifact_is_what_its_manifest_says(tmp_path, languages):
    manifest = json.loads((SHIPPED / MANIFEST).read_text(encoding="utf-8"))
    assert differences(manifest, SandboxRecipe().model_dump(), list(languages)) == []
    assert outdated_inputs(manifest) == [], "the shipped weights are older than their inputs: pre-train them anew"
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 20e6
    assert manifest["log"][-1]["tokens"] == manifest["training"]["tokens"]
    copy_checked(SHIPPED, tmp_path / "good")
    broken = tmp_path / "broken"
    copy_checked(SHIPPED, broken)
    (broken / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"config.json is not the file of the manifest; restore it with: git checkout"):
        copy_checked(broken, tmp_path / "target")


def test_a_manifest_says_what_differs(languages):
    manifest = json.loads((SHIPPED / MANIFEST).read_text(encoding="utf-8"))
    recipe = SandboxRecipe(share_exponent=0).model_dump()
    assert differences(manifest, recipe, ["eng", "deu"]) == [
        f"recipe.share_exponent is 0.0, the shipped weights were made with {manifest['recipe']['share_exponent']}",
        "the shipped weights were never shown deu",
    ]
    older = {**manifest, "recipe": {key: value for key, value in manifest["recipe"].items() if key != "cross_lingual"}}
    assert differences(older, SandboxRecipe().model_dump(), ["eng"]) == [], "a key added since counts as its default"
    older["recipe"]["question_weight"] = 0.1
    assert differences(older, SandboxRecipe().model_dump(), ["eng"]) == [
        "the shipped weights were made with recipe.question_weight, which there is no longer"
    ]
