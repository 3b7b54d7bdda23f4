"""Transfer matrices that others published."""

import polars as pl
import pytest

from isogloss.measures.published import margins, read_matrix

TABLE = "learned_in,eng,zul,deu\neng,97,19,50\nzul,61,90,40\ndeu,70,20,95\n"


def written(tmp_path, text):
    path = tmp_path / "matrix.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_matrix_in_percent_in_the_order_of_the_config(tmp_path):
    cells = read_matrix(written(tmp_path, TABLE), ["zul", "eng", "fra"])
    assert cells.select("taught_in", "asked_in", "accuracy").rows() == [
        ("zul", "zul", 0.9),
        ("zul", "eng", 0.61),
        ("eng", "zul", 0.19),
        ("eng", "eng", 0.97),
    ]
    assert cells["low"].null_count() == cells["untaught"].null_count() == 4


def test_a_matrix_of_shares(tmp_path):
    cells = read_matrix(written(tmp_path, "x,eng,zul\neng,1,0.2\nzul,0.5,0\n"), ["eng", "zul"])
    assert cells["accuracy"].to_list() == [1, 0.2, 0.5, 0]


def test_margins_leave_the_same_language_out(tmp_path):
    found = margins(read_matrix(written(tmp_path, TABLE), ["eng", "zul", "deu"]))
    expected = {("taught", "eng"): 0.345, ("asked", "eng"): 0.655, ("taught", "zul"): 0.505, ("asked", "zul"): 0.195}
    numbers = {(row["direction"], row["language"]): row["accuracy"] for row in found.iter_rows(named=True)}
    assert {key: numbers[key] for key in expected} == pytest.approx(expected)


def test_everything_wrong_at_once(tmp_path):
    text = "x,eng,zul\neng,101,20\nfra,50,30\nfra,40,a\n"
    with pytest.raises(ValueError, match="fra has a row, but no column") as error:
        read_matrix(written(tmp_path, text), ["eng", "zul"])
    for problem in ("zul has a column, but no row", "fra has more than one row", "column eng has cells", "column zul has cells"):
        assert problem in str(error.value)
    assert "it has eng, and needs two" in str(error.value)


def test_what_is_no_table_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"matrix\.csv: cannot be read as csv"):
        read_matrix(written(tmp_path, ""), ["eng", "zul"])


@pytest.mark.parametrize("name", ["taught_in", "asked_in", "accuracy"])
def test_the_first_column_may_have_any_name(tmp_path, name):
    cells = read_matrix(written(tmp_path, TABLE.replace("learned_in", name)), ["eng", "zul"])
    assert cells["accuracy"].to_list() == [0.97, 0.19, 0.61, 0.9]


def test_the_one_that_comes_along(languages):
    cells = read_matrix("data/published/gpt-4o-mini_fine-tuning.csv", list(languages))
    assert len(cells) == 17 * 17
    (value,) = cells.filter(pl.col("taught_in") == "jpn", pl.col("asked_in") == "kor")["accuracy"]
    assert value == 0.78


def test_rows_without_a_language_are_named(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text("taught,eng,fra\neng,1,2\n,3,4\n,5,6\n", encoding="utf-8")
    with pytest.raises(ValueError, match="a blank has more than one row"):
        read_matrix(path, ["eng", "fra"])
