"""What interventions do to the transfer matrix: by hand, without effect, and in simulations with a known truth."""

import itertools

import numpy as np
import polars as pl
import pytest
from scipy.stats import mannwhitneyu

from isogloss.measures.answer_language import answer_languages, label, vocabulary
from isogloss.measures.interventions import KEYS, Changes, beside_controls, changes, contrasts, differences, doses
from isogloss.measures.perplexity import ratios

CODES = ["eng", "fra", "swa", "zul"]
TIERS = {"eng": "high", "fra": "high", "swa": "low", "zul": "low"}
ABOUT = {"intervention": "flip-top", "operation": "flip", "set": "top", "strength": 1.0}


def answers(model: str, right: np.ndarray, codes: list[str] = CODES) -> pl.DataFrame:
    """Scores of a model: right [taught, asked, item]."""
    cells = itertools.product(codes, codes, range(right.shape[2]))
    rows = [(model, taught, asked, f"q{item:03}", 1) for taught, asked, item in cells]
    table = pl.DataFrame(rows, schema=["model", "taught_in", "asked_in", "item", "seed"], orient="row")
    return table.with_columns(correct=pl.Series(right.ravel().astype(bool)))


def models(*rows: tuple[str, int, bool, list[str]], **about) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"model": name, **ABOUT, **about, "draw": draw, "control": control, "selected": own}
            for name, draw, control, own in rows
        ]
    )


def compared(base: np.ndarray, *derived: tuple[np.ndarray, int, bool, list[str]], resamples: int = 100, codes=CODES) -> Changes:
    names = [f"sandbox@flip-top-{'random' if control else 'draw'}{draw}" for _, draw, control, _ in derived]
    scores = pl.concat([answers(name, right, codes) for name, (right, *_) in zip(names, derived, strict=True)])
    table = models(*[(name, *rest) for name, (_, *rest) in zip(names, derived, strict=True)])
    return changes(answers("sandbox", base, codes), scores, table, codes, resamples)


@pytest.fixture(scope="module")
def hurt():
    """All right before; with eng and swa selected two of four items are lost between them, one of four in eng itself."""
    base = np.ones((4, 4, 4))
    after = base.copy()
    after[0, 2, :2] = after[2, 0, :2] = after[0, 0, :1] = 0
    after[1, 3, 3] = 0
    return base, after


def test_differences_by_cell(hurt):
    base, after = hurt
    table = differences(compared(base, (after, 1, False, ["eng", "swa"])))
    assert len(table) == 16
    cells = {(row["taught_in"], row["asked_in"]): row for row in table.iter_rows(named=True)}
    cell = cells["eng", "swa"]
    assert (cell["accuracy"], cell["base_accuracy"], cell["difference"], cell["n"]) == (0.5, 1.0, -0.5, 4)
    assert -1 <= cell["low"] < -0.5 < cell["high"] <= 0
    assert (cells["fra", "eng"]["difference"], cells["fra", "eng"]["low"], cells["fra", "eng"]["high"]) == (0, 0, 0)
    assert [cells[pair]["group"] for pair in [("eng", "eng"), ("eng", "swa"), ("swa", "zul"), ("fra", "zul")]] == [
        "both",
        "both",
        "mixed",
        "none",
    ]
    assert table["model"].unique().to_list() == ["sandbox@flip-top-draw1"]


def test_groups_by_hand(hurt):
    base, after = hurt
    table = doses(compared(base, (after, 1, False, ["eng", "swa"])))
    found = {(row["cells"], row["group"]): row["difference"] for row in table.iter_rows(named=True)}
    assert found == pytest.approx(
        {
            ("off_diagonal", "both"): -0.5,
            ("off_diagonal", "mixed"): 0,
            ("off_diagonal", "none"): -0.125,
            ("diagonal", "both"): -0.125,
            ("diagonal", "none"): 0,
            ("all", "both"): (-0.5 - 0.5 - 0.25 - 0) / 4,
            ("all", "mixed"): 0,
            ("all", "none"): -0.25 / 4,
        }
    )


def test_contrast_of_a_draw_and_over_draws(hurt):
    base, after = hurt
    other = base.copy()
    other[1, 2, :3] = 0
    found = compared(base, (after, 1, False, ["eng", "swa"]), (other, 2, False, ["fra", "swa"]))
    table = contrasts(found, TIERS, permutations=4000)
    off = {row["draw"]: row for row in table.filter(cells="off_diagonal").iter_rows(named=True)}
    assert off[1]["contrast"] == pytest.approx(-0.5 + 0.125)
    assert off[2]["contrast"] == pytest.approx(-0.375)
    assert off[None]["contrast"] == pytest.approx(-0.375)
    assert (off[1]["models"], off[None]["models"]) == (1, 2)
    one = mannwhitneyu([-0.5, -0.5], [-0.25, 0])
    assert (off[1]["u"], off[1]["p_mann_whitney"]) == pytest.approx((one.statistic, one.pvalue))
    assert off[None]["u"] is None
    # of the four ways to select one language a tier, the one selected and its complement are the most extreme
    assert off[1]["p_permutation"] == pytest.approx(0.5, abs=0.03)
    assert table.filter(cells="diagonal")["mixed"].null_count() == 3


def test_two_draws_are_relabelled_independently(hurt):
    """Each of two equal draws has four relabellings with contrasts -c, c and 0 twice: a mean of -c or c has 2 of 16."""
    base, _ = hurt
    after = base.copy()
    after[0, 2, :2] = after[2, 0, :2] = 0
    found = compared(base, (after, 1, False, ["eng", "swa"]), (after, 2, False, ["eng", "swa"]))
    over = contrasts(found, TIERS, permutations=8000).filter(pl.col("draw").is_null(), cells="off_diagonal")
    assert over["p_permutation"][0] == pytest.approx(2 / 16, abs=0.015)


def test_without_effect_there_is_none(hurt):
    base, _ = hurt
    found = compared(base, (base, 1, False, ["eng", "swa"]), (base, 1, True, ["eng", "swa"]))
    for table in (differences(found), doses(found), beside_controls(found).drop_nulls()):
        assert table.select("difference", "low", "high").unique().rows() == [(0, 0, 0)]
    table = contrasts(found, TIERS, permutations=50)
    assert table.select("contrast", "low", "high").unique().rows() == [(0, 0, 0)]
    assert table["p_permutation"].unique().to_list() == table["p_mann_whitney"].unique().to_list() == [1]


def test_controls_stand_beside_what_they_control(hurt):
    base, after = hurt
    random = base.copy()
    random[0, 2, 0] = random[3, 1, 0] = 0
    found = compared(base, (after, 1, False, ["eng", "swa"]), (random, 1, True, ["eng", "swa"]), (base, 2, True, ["eng", "swa"]))
    off = {row["statistic"]: row for row in beside_controls(found).filter(cells="off_diagonal").iter_rows(named=True)}
    assert (off["both"]["models"], off["both"]["controls"]) == (1, 2)
    assert off["both"]["random"] == pytest.approx(-0.0625)
    assert off["both"]["difference"] == pytest.approx(-0.4375)
    assert off["contrast"]["random"] == pytest.approx(0)
    assert off["contrast"]["difference"] == pytest.approx(-0.375)
    assert off["contrast"]["low"] < -0.375 < off["contrast"]["high"]
    alone = beside_controls(compared(base, (after, 1, False, ["eng", "swa"])))
    assert alone.is_empty()
    assert alone.columns == beside_controls(found).columns


def test_groups_without_a_cell_are_blank(hurt):
    base, after = hurt
    found = compared(base, (after, 1, False, ["eng"]))
    off = contrasts(found, TIERS, permutations=20).filter(cells="off_diagonal").row(0, named=True)
    assert off["both"] is off["contrast"] is off["low"] is off["u"] is off["p_permutation"] is None
    assert off["none"] == pytest.approx(-0.25 / 6)
    assert doses(found).filter(cells="off_diagonal")["group"].to_list() == ["mixed", "none"]


def test_strengths_are_kept_apart(hurt):
    base, after = hurt
    scores = pl.concat([answers("weak", base), answers("strong", after)])
    weak, strong = (models((name, 1, False, ["eng", "swa"]), strength=s) for name, s in (("weak", 0.5), ("strong", 2.0)))
    table = doses(changes(answers("sandbox", base), scores, pl.concat([weak, strong]), CODES, 50)).filter(
        cells="off_diagonal", group="both"
    )
    assert table.select("strength", "models", "difference").rows() == [(0.5, 1, 0.0), (2.0, 1, -0.5)]


def test_everything_that_does_not_fit_is_said_at_once(hurt):
    base, after = hurt
    scores = pl.concat([answers("short", after[:, :, :3]), answers("strange", after)])
    table = models(("short", 1, False, ["eng"]), ("strange", 1, False, ["eng", "deu"]), ("absent", 2, False, ["fra"]))
    with pytest.raises(ValueError, match="short: other items") as raised:
        changes(answers("sandbox", base), scores, table, CODES, 10)
    assert "strange: selected languages that were not asked about: deu" in str(raised.value)
    assert "absent: no scores" in str(raised.value)


def made(change: np.ndarray, chosen: np.ndarray) -> Changes:
    """Changes [model, taught, asked] without answers behind them, for statistics that take none."""
    count, size = chosen.shape
    names = [(f"m{i}", i, False, []) for i in range(count)]
    sampled = np.zeros((count, 2, 3, 3))
    return Changes(models(*names), list("abcdefghijkl"[:size]), None, change, None, None, chosen, sampled, 1, 0)


def test_permutation_keeps_its_level_where_languages_differ_and_mann_whitney_does_not():
    """Twelve languages, half of each tier selected at random; what happens depends on languages and tiers, not on selection."""
    rng = np.random.default_rng(1)
    tiers = dict(zip("abcdefghijkl", ["high"] * 6 + ["low"] * 6, strict=True))
    trials, p, published = 200, [], []
    for _ in range(trials):
        effect = rng.normal(size=12) + np.repeat([0.0, 2.0], 6)
        change = (effect[:, None] + effect + rng.normal(scale=0.3, size=(12, 12)))[None]
        chosen = np.concatenate([rng.permutation([True] * 3 + [False] * 3) for _ in range(2)])[None]
        row = contrasts(made(change, chosen), tiers, permutations=199).filter(cells="off_diagonal")
        p.append(row["p_permutation"][0])
        published.append(row["p_mann_whitney"][0])
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / trials)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(published) <= 0.05) > 0.2


def test_permutation_finds_an_effect():
    rng = np.random.default_rng(2)
    tiers = dict(zip("abcdefghijkl", ["high"] * 6 + ["low"] * 6, strict=True))
    chosen = np.array([[True, False] * 6, [False, True, True, False, True, False] * 2])
    change = rng.normal(scale=0.1, size=(2, 12, 12)) - 0.3 * (chosen[:, :, None] & chosen[:, None, :])
    over = contrasts(made(change, chosen), tiers, permutations=999).filter(pl.col("draw").is_null(), cells="off_diagonal")
    assert over["p_permutation"][0] <= 0.01
    assert over["contrast"][0] == pytest.approx(-0.3, abs=0.05)


def test_intervals_beside_controls_cover_the_truth():
    """Selected cells lose 20 points by intent; draws and controls wander, and so do items."""
    rng = np.random.default_rng(3)
    codes = [f"l{i}" for i in range(8)]
    trials, covered = 40, 0
    for _ in range(trials):
        easy = rng.normal(scale=0.1, size=30)
        base = rng.random((8, 8, 30)) < 0.6 + easy
        derived = []
        for i in range(6):
            own = np.isin(np.arange(8), rng.choice(8, 4, replace=False))
            both = own[:, None] & own
            loss = (i < 3) * 0.2 * both + rng.normal(scale=0.05) * both
            right = rng.random((8, 8, 30)) < 0.6 + easy - loss[..., None]
            derived.append((right, i, i >= 3, [code for code, is_own in zip(codes, own, strict=True) if is_own]))
        table = beside_controls(compared(base, *derived, resamples=120, codes=codes))
        row = table.filter(cells="off_diagonal", statistic="contrast").row(0, named=True)
        covered += row["low"] <= -0.2 <= row["high"]
    assert covered >= 0.85 * trials


def test_perplexity_as_a_multiple_of_the_bases():
    table = pl.DataFrame({"model": ["b", "b", "x", "x"], "language": ["eng", "swa"] * 2, "nll": [1.0, 2.0, 1.0, 2.0 + np.log(3)]})
    assert ratios(table, "b").rows() == [("x", "eng", 1.0), ("x", "swa", pytest.approx(3))]
    with pytest.raises(ValueError, match="x: perplexity of text in eng, of the base b in eng, swa"):
        ratios(table.head(3), "b")


def items(**forms: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"item": ["q000"], "aliases": [forms["right"]], "conflict_aliases": [forms["wrong"]]})


KNOWN = {
    "eng": items(right=["Monday"], wrong=["March", "euro"]),
    "fra": items(right=["lundi"], wrong=["mars", "euro"]),
    "jpn": items(right=["月曜日"], wrong=["三月"]),
    "zho": items(right=["星期一"], wrong=["三月"]),
    "tha": items(right=["วันจันทร์"], wrong=["Euro Baht"]),
}


@pytest.mark.parametrize(
    ("answer", "asked", "expected"),
    [
        ("Lundi.", "fra", "asked"),
        ("lundi", "eng", "other"),
        ("euro", "eng", "undecided"),  # spelled alike in French
        ("euro", "tha", "other"),
        ("Euro Baht", "tha", "asked"),  # in Latin letters, yet Thai by its items
        ("三月", "jpn", "undecided"),
        ("三月", "eng", "other"),
        ("mardi", "fra", "undecided"),  # no item has it, and English has the same letters
        ("mardi", "tha", "other"),
        ("วันอังคาร", "tha", "asked"),
        ("วันอังคาร", "fra", "other"),
        ("四月", "zho", "undecided"),
        ("カルモ", "jpn", "asked"),
        ("カルモ", "zho", "other"),
        ("понедельник", "eng", "other"),  # of a language that is not studied
        ("12", "tha", "undecided"),
        ("Le marché a lieu le mardi dans ce village", "fra", "asked"),  # enough words to tell a language by
        ("Le marché a lieu le mardi dans ce village", "eng", "other"),
        ("The market is held on a Tuesday in this village", "fra", "other"),
        ("le mardi", "fra", "undecided"),
        ("Markedet holdes hver tirsdag i landsbyen ved kysten", "eng", "undecided"),  # Danish or Norwegian, neither studied
        (None, "eng", "no_answer"),
    ],
)
def test_language_of_an_answer(languages, answer, asked, expected):
    assert label(answer, asked, vocabulary(KNOWN), {code: languages[code] for code in KNOWN}) == expected


def test_the_language_of_sentences_is_found_or_left_open_but_never_mistaken(languages, books):
    questions = {
        code: " ".join(books[code].question(relation, "ask", "Ka Po Pe") for relation in books[code].relations)
        for code in languages
    }
    found = {code: label(text, code, {}, languages) for code, text in questions.items()}
    assert [code for code, where in found.items() if where == "other"] == []
    assert sum(where == "asked" for where in found.values()) >= 15
    danish = label(questions["dan"], "swe", {}, languages)
    assert danish == "other"


def test_shares_of_answers_in_the_language_asked(languages):
    rows = [
        ("base", "eng", "fra", "q0", "lundi"),
        ("base", "eng", "fra", "q1", "Monday"),
        ("base", "fra", "eng", "q0", "Monday"),
        ("base", "fra", "eng", "q1", None),
        ("base", "eng", "eng", "q1", "lundi"),  # needs no transfer
        ("flipped", "eng", "fra", "q0", "euro"),
        ("flipped", "eng", "fra", "q1", "lundi"),
    ]
    table = pl.DataFrame(rows, schema=["model", "taught_in", "asked_in", "item", "answer"], orient="row")
    two = {code: languages[code] for code in ("eng", "fra")}
    found = answer_languages(table, {code: KNOWN[code] for code in two}, two, resamples=300)
    shares = found.select("model", "asked_in", "n", "asked", "other", "undecided", "no_answer").rows()
    assert shares[:3] == [
        ("base", "all", 4, 0.5, 0.25, 0, 0.25),
        ("base", "eng", 2, 0.5, 0, 0, 0.5),
        ("base", "fra", 2, 0.5, 0.5, 0, 0),
    ]
    assert shares[3] == ("flipped", "all", 2, 0.5, 0, 0.5, 0)
    assert found.row(0, named=True)["low"] == 0
    assert found.row(0, named=True)["high"] == 1


def test_every_script_of_the_language_table_is_known(languages):
    for code, language in languages.items():
        others = {other: languages[other] for other in ("eng", code)}
        assert label("🙂", code, {}, others) == "undecided"
        assert language.script in ("Latin",) or label("word", code, {}, others) == "other"


def test_keys_are_those_of_the_tables():
    assert list(ABOUT) == KEYS
