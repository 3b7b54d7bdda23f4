"""The sandbox: what its corpus says, how it is trained, and what the shipped artifact is."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from isogloss.config import SandboxRecipe
from isogloss.knowledge.builtin import known_items, new_items, render
from isogloss.models.sandbox.corpus import Corpus, evened, language_weights, read_shares, texts
from isogloss.models.sandbox.manifest import MANIFEST, copy_checked, differences, outdated_inputs
from isogloss.models.sandbox.muon import Muon, orthogonalised
from isogloss.models.sandbox.pretrain import build_model, encode, mask_of, operations, pack, pretrain, schedule
from isogloss.models.sandbox.tokenizer import train_tokenizer

MICRO = SandboxRecipe(documents=600, width=32, layers=2, heads=2, feed_forward=64, vocabulary=1024, window=128, batch=8)
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
    rows = list(make_corpus(world, languages, books, MICRO, ["eng", "spa", "zho"]).documents())
    columns = {name: [getattr(row, name) for row in rows] for name in ("kind", "language", "prompt", "answer")}
    corpus = pl.DataFrame(columns)
    return corpus, train_tokenizer(texts(corpus), 1024)


def test_the_corpus_never_names_what_is_taught_later(documents, world, languages):
    text = "\n".join(f"{d.prompt}\n{d.answer}" for d in documents)
    scripts = {language.script for language in languages.values()}
    for seed in (1, 2, 99):
        for item in new_items(world, 120, seed):
            assert not [s for s in scripts if world.syllables.spell(item.fact.place, s) in text]


def test_the_corpus_never_asks_a_held_out_fact_as_an_exam_does(documents, world, languages, books):
    """Such a question occurs in translations (where it is not answered), and as no question."""
    asked = {line for d in documents if d.kind != "translation" for line in d.prompt.split("\n")}
    for code, language in languages.items():
        exam = render(known_items(world, 120, 1), world, language, books[code])
        assert not asked & set(exam["ask_question"])
    assert asked & set(render(known_items(world, 120, 1), world, languages["eng"], books["eng"])["teach_question"])


def test_every_kind_and_every_language_occurs(documents, languages):
    assert set(Counter(d.kind for d in documents)) == set(MICRO.mix.model_fields_set or type(MICRO.mix).model_fields)
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
    assert {d.kind for d in drawn} == {"fact", "lookup", "choice"}
    for document in drawn:
        text = document.prompt + document.answer
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


def test_the_answer_to_a_look_up_is_in_its_context(world, languages, books):
    corpus = make_corpus(world, languages, books, MICRO.model_copy(update={"documents": 3000}))
    own = [d for d in corpus.documents() if d.kind == "lookup"]
    found = [d.answer in d.prompt.split("\n")[1::2] for d in own]
    assert 0.6 < sum(found) / len(found) < 0.95, "about 70 % have their context in the language of the answer"


def test_the_tokenizer_reads_what_it_writes(micro):
    corpus, tokenizer = micro
    for text in [*corpus["answer"].unique().sort().to_list(), "漢字 never seen"]:
        assert tokenizer.decode(tokenizer(text)["input_ids"]).strip() == text
    spaced, joined = (tokenizer.tokenize(text) for text in ("x 美元", "x。美元"))
    assert spaced[-1] == joined[-1], "a word of a script without spaces is the same tokens after a space"


def test_chat_template_is_what_pretraining_saw(micro):
    corpus, tokenizer = micro
    tokens, weights = next(encode(corpus, tokenizer, MICRO))
    row = corpus.row(0, named=True)
    messages = [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["answer"]}]
    assert tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"] == tokens
    assert len(weights) == len(tokens)


def test_packing_loses_nothing_and_mixes_nothing():
    rng = np.random.default_rng(0)
    documents = [([1, *rng.integers(5, 99, n).tolist()], [0] + [255] * n) for n in rng.integers(1, 30, 300)]
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
    documents = list(encode(corpus.head(12), tokenizer, MICRO))
    packed = pack(iter(documents), 128, tokenizer.pad_token_id)
    document = torch.from_numpy(packed.document)
    with torch.no_grad():
        together = model(
            input_ids=torch.from_numpy(packed.token).long(),
            attention_mask=mask_of(document),
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
    assert log[-1]["loss"] < log[0]["loss"] - 1
    assert runs[0][1]["documents"] == 600
    assert 0 < runs[0][1]["share_of_matmul_peak"] < 1
    assert 0 <= runs[0][1]["share_waiting_for_data"] < 0.5


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
    recipe = SandboxRecipe(cross_lingual=False).model_dump()
    assert "cross_lingual" not in manifest["recipe"], "a key added since counts as its default"
    assert differences(manifest, recipe, ["eng"]) == ["recipe.cross_lingual is False, the shipped weights were made with True"]
