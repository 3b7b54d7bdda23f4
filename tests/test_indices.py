"""X-FaKT, ECLeKTic and RankC by hand and against published values; tables of scores made elsewhere."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isogloss.measures.indices import (
    MEASURE_SCHEMA,
    SCORE_SCHEMA,
    STUDIES,
    eclektic,
    harmonic_mean,
    measures,
    own_items,
    rank_consistency,
    rankc,
    read_scores,
    x_fakt,
)
from isogloss.measures.inequality import inequality

CODES, TIERS = ["eng", "fra", "swa"], {"eng": "high", "fra": "high", "swa": "low"}
ITEMS = [f"q{i:02}" for i in range(30)]


def answers(taught: list[str | None], accuracy: float, setting: str = "fine-tuning", seeds: int = 1) -> pl.DataFrame:
    """Answers in each language, right with this probability."""
    rng = np.random.default_rng(len(taught))
    rows = [
        ("m", "k", setting, code, asked, item, seed, bool(rng.random() < accuracy))
        for code in taught
        for asked in CODES
        for item in ITEMS
        for seed in range(1, seeds + 1)
    ]
    return pl.DataFrame(rows, schema=SCORE_SCHEMA, orient="row")


TABLE = pl.concat([answers(CODES, 0.6, seeds=2), answers([None], 0.1, "untaught")])


def values(table: pl.DataFrame) -> dict[str, float]:
    return dict(table.select("measure", "value").iter_rows())


def test_x_fakt_has_its_published_value_and_its_ends():
    assert harmonic_mean(0.835, 0.862) == pytest.approx(0.848, abs=5e-4)
    assert harmonic_mean(0.0, 0.0) == 0
    assert x_fakt(np.array(0.0), np.array(0.0)) == pytest.approx({"frs": 1, "kts": 1, "x_fakt": 1})
    assert x_fakt(np.array(1.0), np.array(1.0)) == pytest.approx({"frs": 0, "kts": 1, "x_fakt": 0})
    assert x_fakt(np.array(0.0), np.array(1.0)) == pytest.approx({"frs": 0.25, "kts": 0, "x_fakt": 0})
    found = x_fakt(np.array(0.2), np.array(0.6))
    assert found["frs"] == pytest.approx(1.5 * (1 / 1.8 - 1 / 3))
    assert found["kts"] == pytest.approx(2 * (1 / 1.4 - 1 / 2))


def test_eclektic_counts_only_what_is_known_in_the_language_taught():
    right = np.zeros((2, 2, 4, 1))
    right[0, 0, :, 0], right[0, 1, :, 0] = [1, 1, 1, 0], [1, 0, 0, 1]  # one of four is right in both; three are known
    right[1, 1, :, 0], right[1, 0, :, 0] = [1, 0, 0, 0], [1, 1, 1, 1]  # one; one
    found = eclektic(right, np.full((1, 4, 1), 1 / 4))
    assert found["eclektic_overall"] == pytest.approx([2 / 8])
    assert found["eclektic_transfer"] == pytest.approx([2 / 4])
    weighted = eclektic(right, np.array([[[0.0], [0.5], [0.5], [0.0]]]))
    assert weighted["eclektic_overall"] == pytest.approx([0])
    assert np.isnan(eclektic(right, np.array([[[0.0], [0.0], [0.0], [1.0]]]))["eclektic_transfer"]).all()


def test_eclektic_of_three_languages_is_as_item_by_item():
    right = np.random.default_rng(3).integers(0, 2, (3, 3, 7, 2)).astype(float)
    pairs = [(right[s, s].ravel(), right[s, t].ravel()) for s in range(3) for t in range(3) if s != t]
    both, known = sum(float(c_s @ c_t) for c_s, c_t in pairs), sum(c_s.sum() for c_s, _ in pairs)
    found = eclektic(right, np.full((1, 7, 2), 1 / 14))
    assert found["eclektic_overall"] == pytest.approx([both / (6 * 14)])
    assert found["eclektic_transfer"] == pytest.approx([both / known])


def test_measures_of_a_table():
    found = measures(TABLE, TIERS, resamples=200)
    assert found.schema == pl.Schema(MEASURE_SCHEMA)
    assert found.select("model", "knowledge", "setting").unique().rows() == [("m", "k", "fine-tuning")]
    taught = TABLE.filter(pl.col("taught_in").is_not_null())
    own = 1 - taught.filter(pl.col("taught_in") == pl.col("asked_in"))["correct"].mean()
    other = 1 - taught.filter(pl.col("taught_in") != pl.col("asked_in"))["correct"].mean()
    known = values(found)
    assert known["frs"] == pytest.approx(1.5 * (1 / (own + other + 1) - 1 / 3))
    assert known["kts"] == pytest.approx(2 * (1 / (abs(own - other) + 1) - 1 / 2))
    assert known["eclektic_transfer"] == pytest.approx(0.6, abs=0.1)  # answers here do not depend on each other
    assert known["eclektic_overall"] == pytest.approx(0.36, abs=0.08)
    wide = found.filter(pl.col("high") - pl.col("low") > 0)
    assert len(wide) == len(found)
    recall = found.filter(measure="eclektic_overall").row(0, named=True)
    assert recall["low"] < recall["value"] < recall["high"]


def test_inequality_is_the_projects_own():
    known = values(measures(TABLE, TIERS, resamples=20))
    taught = TABLE.filter(pl.col("taught_in").is_not_null())
    expected = inequality(taught, TABLE.filter(pl.col("taught_in").is_null()), CODES, TIERS, 20)
    for row in expected.iter_rows(named=True):
        assert known[f"{row['score']}_{row['index']}{'_corrected' if row['corrected'] else ''}"] == row["value"]
    without = measures(taught, TIERS, resamples=20)
    assert set(known) - set(values(without)) == {name for name in known if name.endswith("_corrected")}
    assert values(without)["given_gini"] == known["given_gini"]
    strangers = values(measures(TABLE, {}, resamples=20))
    assert set(known) - set(strangers) == {name for name in known if "low_to_high" in name}


def test_only_studies_of_single_languages_are_used():
    about = TABLE.with_columns(
        study=pl.when(pl.col("taught_in").is_null()).then(pl.lit("verification")).otherwise(pl.lit("transferability"))
    )
    wrong = about.filter(taught_in="eng").with_columns(study=pl.lit("robustness"), correct=False)
    assert_frame_equal(measures(pl.concat([about, wrong]), TIERS, resamples=20), measures(TABLE, TIERS, resamples=20))


def test_a_single_language_has_no_measures():
    alone = TABLE.filter(pl.col("asked_in") == "eng", pl.col("taught_in").is_null() | (pl.col("taught_in") == "eng"))
    assert measures(alone, TIERS).is_empty()


def test_rankc_by_hand():
    weights = np.exp([3, 2, 1]) / np.exp([3, 2, 1]).sum()
    found = rankc([["a", "b", "c"], ["a", "b", "c"], ["a", "b", "c"]], [["a", "b", "c"], ["b", "a", "c"], ["c", "b", "a"]])
    assert found == pytest.approx([1, weights[1] + weights[2], weights[1] / 2 + weights[2]])
    assert rankc([["x", "y"]], [["y", "x"]]) == pytest.approx([np.exp(1) / (np.exp(1) + np.exp(2))])
    many = list(range(1500))  # exp(1500) is beyond every float
    assert rankc([many, ["a", "b"]], [many, ["a", "b"]]) == pytest.approx([1, 1])


def test_rankings_of_other_options_are_refused():
    with pytest.raises(ValueError, match=r"query 1: .*\nquery 2: .*\nquery 3: "):
        rankc([["a"], ["a", "b"], ["a", "a"], []], [["a"], ["a", "c"], ["a", "a"], []])


def test_rank_consistency_of_languages():
    orders = {"eng": ["abc", "bca"], "fra": ["abc", "bca"], "swa": ["bac", "bca"]}
    rows = [
        {"language": language, "item": str(i), "options": list(order)}
        for language, own in orders.items()
        for i, order in enumerate(own)
    ]
    found = {row[:2]: row[2:] for row in rank_consistency(pl.DataFrame(rows), resamples=200).rows()}
    swapped = rankc(["abc"], ["bac"])[0]
    assert found["eng", "fra"] == pytest.approx((1, 1, 1))
    assert found["eng", "swa"] == pytest.approx(((swapped + 1) / 2, swapped, 1))
    assert set(found) == {("eng", "fra"), ("eng", "swa"), ("fra", "swa"), ("all", "all")}
    assert found["all", "all"][0] == pytest.approx((1 + 2 * found["eng", "swa"][0]) / 3)
    with pytest.raises(ValueError, match="swa: no ranking of item 1"):
        rank_consistency(pl.DataFrame(rows[:-1]))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_scores_made_elsewhere_are_read(tmp_path, kind):
    path = tmp_path / f"scores.{kind}"
    other = TABLE.with_columns(correct=pl.col("correct").cast(pl.Int8), note=pl.lit("ignored"))
    getattr(other, f"write_{kind}")(path)
    assert_frame_equal(read_scores(path), TABLE)
    once = other.filter(seed=1).drop("seed")
    getattr(once, f"write_{kind}")(path)
    assert_frame_equal(read_scores(path), TABLE.filter(seed=1))


def test_words_for_truth(tmp_path):
    path = tmp_path / "scores.csv"
    TABLE.with_columns(correct=pl.when("correct").then(pl.lit("True")).otherwise(pl.lit("False"))).write_csv(path)
    assert_frame_equal(read_scores(path), TABLE)


@pytest.mark.parametrize("name", ["row", "first", "study"])
def test_other_columns_may_have_any_name_and_type(tmp_path, name):
    path = tmp_path / "scores.parquet"
    studies = pl.lit(STUDIES[0]) if name == "study" else pl.lit(3)
    TABLE.with_columns(studies.alias(name)).write_parquet(path)
    assert_frame_equal(read_scores(path), TABLE)
    TABLE.with_columns(correct=pl.lit([True])).write_parquet(path)
    with pytest.raises(ValueError, match=r"scores\.parquet: a column has neither texts nor numbers"):
        read_scores(path)


def test_everything_wrong_with_rows_is_said_at_once(tmp_path):
    path = tmp_path / "scores.csv"
    lines = TABLE.write_csv().splitlines()
    lines[1] = lines[1].replace(",eng,eng,", ",English,eng,")
    lines[2] = lines[2].rsplit(",", 1)[0] + ",maybe"
    lines[3] = lines[3].replace("m,k,", ",k,")
    lines[4] = lines[4].replace(",2,", ",two,")
    lines[6] = lines[5]
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=r"scores\.csv") as raised:
        read_scores(path)
    for part in (
        "row 2: taught_in is 'English'; write an ISO 639-3 code",
        "row 3: correct is 'maybe'; write true or false",
        "row 4: model is empty",
        "row 5: seed is 'two'; write a whole number",
        "row 7: the answer is there already (row 6)",
    ):
        assert part in str(raised.value)


def test_everything_missing_is_said_at_once(tmp_path):
    path = tmp_path / "scores.parquet"
    gone = (
        (pl.col("taught_in") == "eng") & (pl.col("asked_in") == "swa") & pl.col("item").is_in(ITEMS[4:6]) & (pl.col("seed") == 2)
    )
    lacking = TABLE.filter(~gone.fill_null(False), (pl.col("taught_in") != "fra").fill_null(True))
    more = answers([None], 0.5, "again").head(1).with_columns(item=pl.lit("q99"))
    pl.concat([lacking.filter(pl.col("taught_in").is_not_null() | (pl.col("item") != "q07")), more]).write_parquet(path)
    with pytest.raises(ValueError, match=r"scores\.parquet") as raised:
        read_scores(path)
    for part in (
        "m / k / fine-tuning: taught eng, asked in swa: answers that are not there: 2, the first of item q04 (seed 2)",
        "taught fra, asked in eng: answers that are not there: 60, the first of item q00 (seed 1)",
        "taught nothing, asked in swa: answers that are not there: 1, the first of item q07",
        "the untaught model was asked more (q99); take it out",
        "the untaught model has settings again, untaught; keep one",
    ):
        assert part in str(raised.value)


def test_files_that_are_no_table_of_scores_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        read_scores(tmp_path / "scores.csv")
    (tmp_path / "scores.txt").write_text("x")
    with pytest.raises(ValueError, match=r"unknown format; known are \.csv, \.parquet"):
        read_scores(tmp_path / "scores.txt")
    (tmp_path / "scores.parquet").write_text("x")
    with pytest.raises(ValueError, match="cannot be read as parquet"):
        read_scores(tmp_path / "scores.parquet")
    (tmp_path / "scores.csv").write_text("model,item\nm,q")
    with pytest.raises(ValueError, match="no column knowledge, setting, taught_in, asked_in, correct; it has model, item"):
        read_scores(tmp_path / "scores.csv")
    TABLE.filter(pl.col("taught_in").is_null()).write_csv(tmp_path / "scores.csv")
    with pytest.raises(ValueError, match="no row has a language in taught_in"):
        read_scores(tmp_path / "scores.csv")


def of_their_own(sizes: dict[str, int], name: str, seeds: int = 1) -> pl.DataFrame:
    """Answers to so many items of each language taught, which `name` calls by language and number."""
    rng = np.random.default_rng(5)
    rows = [
        ("m", "k", "s", taught, asked, name.format(taught, i), seed, bool(rng.random() < 0.6))
        for taught, size in sizes.items()
        for asked in sizes
        for i in range(size)
        for seed in range(1, seeds + 1)
    ]
    return pl.DataFrame(rows, schema=SCORE_SCHEMA, orient="row")


@pytest.mark.parametrize("name", ["{}-{}", "{1}"])  # names of a language's own, or numbers that another uses, too
@pytest.mark.parametrize("sizes", [{"eng": 5, "fra": 3}, {"jpn": 4, "swa": 9, "ara": 2}, {"eng": 6, "hin": 6}])
@pytest.mark.parametrize("seeds", [1, 2])
def test_items_of_each_language_taught_are_measured(tmp_path, sizes, name, seeds):
    table = of_their_own(sizes, name, seeds)
    table.write_csv(tmp_path / "scores.csv")
    assert_frame_equal(read_scores(tmp_path / "scores.csv"), table)
    found = measures(table, {}, resamples=50)
    own, other = (table.filter((pl.col("taught_in") == pl.col("asked_in")) == same) for same in (True, False))
    errors = [1 - part.group_by("taught_in", "asked_in").agg(pl.col("correct").mean())["correct"].mean() for part in (own, other)]
    both = other.join(own, on=["taught_in", "item", "seed"])
    expected = {key: float(value) for key, value in x_fakt(*map(np.array, errors)).items()} | {
        "eclektic_overall": (both["correct"] & both["correct_right"]).mean(),
        "eclektic_transfer": (both["correct"] & both["correct_right"]).sum() / both["correct_right"].sum(),
    }
    same = len(table.group_by("taught_in").agg(pl.col("item").unique().sort())["item"].unique()) == 1
    assert {key: value for key, value in values(found).items() if key in expected} == pytest.approx(expected)
    assert (len(found) == len(expected)) == (not same), "inequality is of the same questions"
    assert (own_items(table) == []) == same
    inside = found.filter(pl.col("measure").is_in(list(expected))).select(pl.col("value").is_between("low", "high"))
    assert inside["value"].all()


def test_an_item_of_a_language_is_asked_in_every_language(tmp_path):
    table = of_their_own({"eng": 3, "kor": 2}, "{}-{}")
    table.filter((pl.col("item") != "kor-1") | (pl.col("asked_in") != "eng")).write_csv(tmp_path / "scores.csv")
    with pytest.raises(
        ValueError, match=r"taught kor, asked in eng: answers that are not there: 1, the first of item kor-1"
    ) as error:
        read_scores(tmp_path / "scores.csv")
    assert len(str(error.value).splitlines()) == 1
    assert own_items(table) == ["m / k / s: each language taught has items of its own (eng 3, kor 2; in all of them: 0)"]


def test_a_column_that_is_not_there_is_not_named_as_one_that_is(tmp_path):
    (tmp_path / "scores.csv").write_text("model,item\nm,q", encoding="utf-8")
    with pytest.raises(ValueError, match=r"it has model, item$"):
        read_scores(tmp_path / "scores.csv")
    (tmp_path / "scores.csv").write_text("model,item,seed\nm,q,1", encoding="utf-8")
    with pytest.raises(ValueError, match=r"it has model, item, seed$"):
        read_scores(tmp_path / "scores.csv")
