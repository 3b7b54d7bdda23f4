"""Quality of tokenizers, likeness of languages to them, alignment of tokens, and the corpora they are measured on."""

import math
import random
from collections import Counter

import polars as pl
import pytest
import requests
import tiktoken
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from isogloss.factors import token_alignment
from isogloss.factors.columns import LANGUAGE_COLUMNS, PAIR_COLUMNS
from isogloss.factors.corpora import Corpus, knowledge_questions, read_flores
from isogloss.factors.morphscore import morphscore
from isogloss.factors.tokenizers import (
    HuggingFace,
    Tiktoken,
    average_rank,
    encode,
    jensen_shannon,
    load_tiktoken,
    renyi_efficiency,
    tokenizer_languages,
    tokenizer_pairs,
)


class Letters:
    """Every letter is a token, but `ab` is one."""

    def encode(self, text):
        return [ord(letter) for letter in text.replace("ab", "\x00")]

    def decode(self, ids):
        return "".join(map(chr, ids)).replace("\x00", "ab")


@pytest.mark.parametrize(
    ("text", "published", "computed"),
    [
        ("pick @@ed pick @@l @@ed pick @@les", 0.8031528501359657, 0.8265064834225245),
        ("pick @@e @@d pick @@l @@e @@d pick @@l @@e @@s", 0.9105681923824472, 0.9204840242168808),
    ],
)
def test_renyi_efficiency_is_that_of_tokenization_scorer(text, published, computed):
    """Its page says power 2.5 of values that the package (1.1.8) gives at power 3; `computed` is in the package's own tests."""
    counts = Counter(text.split()).values()
    assert renyi_efficiency(counts, power=3) == pytest.approx(published, rel=1e-9)
    assert renyi_efficiency(counts) == renyi_efficiency(counts, power=2.5) == pytest.approx(computed, rel=1e-9)


def test_renyi_efficiency_of_even_and_of_single_tokens():
    assert renyi_efficiency([7, 7, 7]) == pytest.approx(1)
    assert renyi_efficiency([9]) is None


def test_average_rank():
    assert average_rank([1, 6, 3]) == pytest.approx(0.6 * 1 + 0.3 * 2 + 0.1 * 3)
    assert average_rank([5]) == 1


def test_jensen_shannon_divergence():
    assert jensen_shannon(Counter("aab"), Counter("aabaab")) == 0
    assert jensen_shannon(Counter("aa"), Counter("b")) == 1
    # (1, 0) and (1/2, 1/2) have the middle (3/4, 1/4)
    by_hand = (math.log2(4 / 3) + 0.5 * math.log2(2 / 3) + 0.5 * math.log2(2)) / 2
    assert jensen_shannon(Counter("a"), Counter("ab")) == pytest.approx(by_hand)


def test_languages_and_pairs_by_hand(languages):
    corpus = Corpus("toy", {"eng": ["abab ab", "b"], "fra": ["aa", "bb"], "tha": ["กข", "คงจ"]})
    encoded = encode(Letters(), corpus)
    table = tokenizer_languages(encoded, list(languages.values()))
    english, french, thai = table.iter_rows(named=True)
    assert english["corpus"] == "toy"
    assert english["sentences"] == 2
    assert english["tokens_per_sentence"] == (4 + 1) / 2
    assert english["tokens_per_character"] == 5 / 8
    assert english["fertility"] == 5 / 3
    assert english["average_rank"] == pytest.approx((3 * 1 + 1 * 2 + 1 * 3) / 5)
    assert french["renyi_efficiency"] == pytest.approx(1)
    assert thai["fertility"] is None, "no blanks between words"
    pairs = tokenizer_pairs(encoded)
    found = {(row["taught_in"], row["asked_in"]): row for row in pairs.iter_rows(named=True)}
    there, back = found["eng", "fra"], found["fra", "eng"]
    assert there["tokens_per_sentence_ratio"] == back["tokens_per_sentence_ratio"] == 2.5 / 2
    assert (there["tokens_per_sentence_taught"], there["tokens_per_sentence_asked"]) == (2.5, 2)
    assert there["jsd"] == back["jsd"] == pytest.approx(jensen_shannon(Counter([0, 0, 0, 32, 98]), Counter([97, 97, 98, 98])))
    assert len(pairs) == 6
    assert set(table.columns) <= set(LANGUAGE_COLUMNS)
    assert set(pairs.columns) | set(token_alignment.SCHEMA) <= set(PAIR_COLUMNS)


def test_characters_are_those_of_nfc(languages):
    encoded = encode(Letters(), Corpus("toy", {"fra": ["e\u0301"]}))
    assert tokenizer_languages(encoded, [languages["fra"]])["tokens_per_character"].to_list() == [2]


def test_tokenizers_of_hugging_face():
    plain = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "b": 2, "<s>": 3}, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    plain.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 3)])
    for tokenizer in (plain, PreTrainedTokenizerFast(tokenizer_object=plain)):
        assert HuggingFace(tokenizer).encode("b a a") == [2, 1, 1], "no token that the text has not"
        assert HuggingFace(tokenizer).decode([2, 1]) == "b a"


def test_tokenizers_of_tiktoken():
    ranks = {bytes([i]): i for i in range(256)} | {b"ab": 256}
    encoder = Tiktoken(tiktoken.Encoding("toy", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={"<|end|>": 257}))
    assert encoder.encode("ab a") == [256, 32, 97]
    assert encoder.encode("<|end|>") == list(b"<|end|>"), "text of a corpus is text"
    assert encoder.decode([256, 97]) == "aba"


def test_an_encoding_there_is_not():
    with pytest.raises(ValueError, match=r"no encoding o300k; write one of .*o200k_base"):
        load_tiktoken("o300k")


def test_an_encoding_that_can_not_be_downloaded(monkeypatch):
    def offline(name):
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(tiktoken, "get_encoding", offline)
    with pytest.raises(ConnectionError, match="TIKTOKEN_CACHE_DIR"):
        load_tiktoken("o200k_base")


def test_links_that_both_directions_share():
    assert token_alignment.agreed_links(["0-0 0-1 2-2", "0-0"], ["0-0 1-1 2-2", "0-1"]) == 2


def test_scores_weigh_by_tokens_and_are_never_made_up():
    assert token_alignment.per_token([1.0, 4.0], [3, 1]) == 7 / 4
    assert token_alignment.per_token([1.0, math.nan], [3, 1]) is None
    assert token_alignment.per_token([math.inf, 1.0], [3, 1]) is None


def test_tokens_that_correspond_align_and_tokens_at_random_do_not():
    pytest.importorskip("eflomal", reason="optional: pip install eflomal")
    rng = random.Random(0)
    one = [[rng.randrange(40) for _ in range(8)] for _ in range(150)]
    same = [[100 + token for token in sentence] for sentence in one]
    noise = [[200 + rng.randrange(40) for _ in range(8)] for _ in range(150)]
    twice = [[token for word in sentence for token in (300 + word, 400 + word)] for sentence in one]
    table = token_alignment.token_alignment({"one": one, "same": same, "noise": noise, "twice": twice})
    found = {(row["taught_in"], row["asked_in"]): row for row in table.iter_rows(named=True)}
    assert list(found)[:4] == [("one", "same"), ("one", "noise"), ("one", "twice"), ("same", "one")]
    assert found["one", "same"]["one_to_one"] > 0.95
    assert found["one", "noise"]["one_to_one"] < 0.7
    assert 0.4 < found["one", "twice"]["one_to_one"] <= 2 / 3 + 1e-9, "8 of the 16 tokens find their one at best"
    assert 0 <= found["one", "same"]["eflomal"] < 0.2
    assert found["one", "noise"]["eflomal"] > 2
    # one of two tokens tells the word, a word leaves two tokens to choose from: log 2; eflomal's random draws add to it
    assert found["twice", "one"]["eflomal"] < 0.4
    assert 0.95 * math.log(2) < found["one", "twice"]["eflomal"] < 2 * math.log(2)


def test_what_eflomal_can_not_read_is_counted():
    pytest.importorskip("eflomal", reason="optional: pip install eflomal")
    short = [[1, 2, 3]] * 5
    long = [[1] * 2000, [1, 2, 3], [], [1, 2, 3], [1, 2, 3]]
    assert token_alignment.align(short, long).sentences == 3
    assert token_alignment.align([[1] * 2000], [[1]]) == token_alignment.Alignment(0, None, None, None)


def test_without_eflomal_the_columns_are_blank_and_it_says_so(monkeypatch):
    monkeypatch.setattr(token_alignment.importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="pip install eflomal"):
        table = token_alignment.token_alignment({"eng": [[1]], "fra": [[2]]})
    assert table.rows() == [("eng", "fra", None, None, None), ("fra", "eng", None, None, None)]
    assert dict(table.schema) == token_alignment.SCHEMA


def test_without_morphscores_words_its_column_is_blank_and_it_says_so(tmp_path, languages, capsys):
    assert morphscore(Letters(), None, [languages["eng"]]).rows() == [("eng", None)]
    assert "explain: {morphscore: FOLDER}" in capsys.readouterr().out
    (tmp_path / "english_morph_data.csv").write_text(",full_word,pt1,rest\n0,xab,x,ab\n", encoding="utf-8")
    assert morphscore(Letters(), tmp_path, [languages["eng"], languages["zul"]]).rows() == [("eng", 1.0), ("zul", None)]
    assert "stays blank for zul:" in capsys.readouterr().out


def test_morphscore_counts_segmented_words_alone(tmp_path, languages):
    rows = ["0,xab,x,ab", "1,xabc,xa,bc", "2,ab,a,b", "3,xy,xy,", "4,abcd,abc,d"]
    (tmp_path / "english_morph_data.csv").write_text("\n".join([",full_word,pt1,rest", *rows]), encoding="utf-8")
    found = morphscore(Letters(), tmp_path, [languages["eng"], languages["fra"]])
    # x|ab and ab|c|d end where morphemes do, x|ab|c does not, xy is cut though it should not be, ab is one token
    assert found.rows() == [("eng", 2 / 4), ("fra", None)]
    with pytest.raises(FileNotFoundError, match="_morph_data"):
        morphscore(Letters(), tmp_path / "empty", [languages["eng"]])


def test_flores_is_read_by_its_own_codes(tmp_path, languages):
    chosen = [languages["eng"], languages["mon"]]
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/eng_Latn.dev").write_text("One.\nTwo\u2028and.\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"khk_Cyrl\.dev; give the unpacked folder"):
        read_flores(tmp_path, chosen)
    (tmp_path / "dev/khk_Cyrl.dev").write_text("Нэг.\nХоёр.\n", encoding="utf-8")
    corpus = read_flores(tmp_path, chosen)
    assert corpus.name == "flores200-dev"
    assert corpus.sentences == {"eng": ["One.", "Two\u2028and."], "mon": ["Нэг.", "Хоёр."]}


def test_questions_of_the_items_that_every_language_has():
    def items(codes, teach, ask):
        return pl.DataFrame({"item": codes, "teach_question": teach, "ask_question": ask})

    table = {
        "eng": items(["b", "a", "c"], ["B", "A", "C"], ["B?", "A?", "C?"]),
        "fra": items(["a", "b"], ["à", "bé"], ["à?", "bé?"]),
    }
    corpus = knowledge_questions("fictional", table)
    assert (corpus.name, corpus.sentences) == ("fictional", {"eng": ["A", "B", "A?", "B?"], "fra": ["à", "bé", "à?", "bé?"]})


def test_a_corpus_that_is_not_parallel_is_refused():
    with pytest.raises(ValueError, match="fra has 1 sentences, not 2; sentence 2 of eng is blank"):
        Corpus("toy", {"eng": ["a", " "], "fra": ["a"]})
    with pytest.raises(ValueError, match="no sentences"):
        Corpus("toy", {"eng": [], "fra": []})


def test_nineteen_languages_with_the_tokenizer_of_the_sandbox(languages, books):
    """Unequal data alone made its fertility unequal; Thai and Swedish share hardly a token, Swedish and Danish many."""
    phrases = {code: [q["ask"].format(place="Karumo") for q in book.relations.values()] for code, book in books.items()}
    encoder = HuggingFace(Tokenizer.from_file("data/sandbox/tokenizer.json"))
    encoded = encode(encoder, Corpus("phrasebook", phrases))
    table = tokenizer_languages(encoded, list(languages.values()))
    length = dict(table.select("language", "tokens_per_sentence").iter_rows())
    assert length["gla"] > length["eng"]
    jsd = {(a, b): value for a, b, value in tokenizer_pairs(encoded).select("taught_in", "asked_in", "jsd").iter_rows()}
    assert jsd["swe", "dan"] < jsd["swe", "tha"] <= 1
