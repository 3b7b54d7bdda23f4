"""What figures need to be printed: fonts that are embedded, and a glyph for every name; and how they mark what was not read."""

import itertools
from pathlib import Path

import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from pypdf import PdfReader

from isogloss.figures import (
    conductivity,
    conflict,
    learning_curves,
    mitigations,
    robustness,
    tiers,
    transfer_matrix,
    verification,
)
from isogloss.figures.style import save
from isogloss.languages import Language


def fonts_of(resources) -> list:
    """The fonts of a page and of what it repeats; of a composite font those that it is made of."""
    found = [font.get_object() for font in resources.get("/Font", {}).values()]
    inner = [part.get_object() for font in found for part in font.get("/DescendantFonts", [])]
    repeated = [each.get_object().get("/Resources", {}) for each in resources.get("/XObject", {}).values()]
    return [
        *inner,
        *(font for font in found if "/DescendantFonts" not in font),
        *(font for own in repeated for font in fonts_of(own)),
    ]


def assert_fonts_embedded(figure: Path) -> None:
    """A PDF has text, and every font of it with it, as TrueType."""
    fonts = [font for page in PdfReader(figure).pages for font in fonts_of(page["/Resources"])]
    assert fonts, f"{figure} has no text"
    for font in fonts:
        assert "/FontFile2" in font.get("/FontDescriptor", {}), f"{figure}: {font.get('/BaseFont')} is not embedded as TrueType"


@pytest.mark.filterwarnings("error:Glyph")
def test_every_language_can_be_named(languages, tmp_path):
    table = pl.DataFrame({"language": list(languages), "accuracy": 0.5, "low": 0.4, "high": 0.6, "chance": 0.1})
    files = [str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "csv")]
    labels = {"model": "sandbox", "knowledge": "fictional", "setting": "untaught"}
    verification.draw([(labels, table)], list(languages.values()), *files)
    assert_fonts_embedded(tmp_path / "figure.pdf")


def test_a_lacking_glyph_would_be_noticed(tmp_path):
    figure, axis = plt.subplots()
    axis.set_title("\u6708\u66dc\u65e5")
    with pytest.warns(UserWarning, match="Glyph"):
        save(figure, str(tmp_path / "figure.pdf"), str(tmp_path / "figure.png"))


def test_a_font_that_is_left_out_would_be_noticed(tmp_path):
    with plt.rc_context({"pdf.use14corefonts": True}):
        figure, axis = plt.subplots()
        axis.set_title("named")
        save(figure, str(tmp_path / "figure.pdf"), str(tmp_path / "figure.png"))
    with pytest.raises(AssertionError, match="not embedded"):
        assert_fonts_embedded(tmp_path / "figure.pdf")


# what could not be read, and what is right in another language

PUPILS = [Language(code, code.title(), code, code, "", tier) for code, tier in (("aaa", "low"), ("bbb", "high"), ("ccc", "low"))]
CODES = [language.iso639_3 for language in PUPILS]
STATES = {"n": 20, "state_unfinished": 19, "state_unparsed": 0, "state_refused": 0}
LABELS = {"model": "pupil", "knowledge": "invented", "setting": "in-context"}
SAID = "more than a tenth of the answers could not be read"


@pytest.fixture
def files(tmp_path):
    return [str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "csv")]


@pytest.fixture
def kept(monkeypatch):
    """Figures, as they are saved."""
    figures = []

    def keep(figure, pdf, png):
        figures.append(figure)
        save(figure, pdf, png)

    for module in (conductivity, conflict, learning_curves, mitigations, robustness, tiers, transfer_matrix, verification):
        monkeypatch.setattr(module, "save", keep)
    return figures


def square(unread=None, any_=None):
    """Cells and margins: half of the answers right, on the diagonal all. Columns that older tables lack are there only if they
    are asked for, as functions of the languages taught and asked."""
    cells = pl.DataFrame(
        [
            {"taught_in": one, "asked_in": other, "accuracy": 1.0 if one == other else 0.5, "untaught": 0.1, "chance": 0.05}
            | ({"any": any_(one, other), "untaught_any": 0.1} if any_ else {})
            | ({"unread": unread(one, other), **STATES} if unread else {})
            for one, other in itertools.product(CODES, CODES)
        ]
    )
    beside = {"any": 0.75, "any_low": 0.7, "any_high": 0.8} if any_ else {}
    margins = [
        {"language": code, "direction": direction, "accuracy": 0.5, "low": 0.4, "high": 0.6} | beside
        for direction in ("taught", "asked")
        for code in CODES
    ]
    return cells, pl.DataFrame(margins)


def texts(figure):
    """All that a figure says, one string a text."""
    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


def extent(part):
    """Where something is on its figure, laid out once more at the figure's own resolution."""
    canvas = FigureCanvasAgg(part.get_figure(root=True))
    canvas.draw()
    return part.get_window_extent(canvas.get_renderer())


def hatched(figure):
    """The places of hatched patches (their centres), over all panels."""
    boxes = [patch.get_bbox() for axis in figure.axes for patch in axis.patches if patch.get_hatch()]
    return sorted((round((box.x0 + box.x1) / 2, 3), round((box.y0 + box.y1) / 2, 3)) for box in boxes)


def crossed(figure):
    """The places of crosses on the axes, over all panels."""
    lines = [line for axis in figure.axes for line in axis.lines if line.get_marker() == "x"]
    return sorted((float(line.get_xdata()[0]), round(float(line.get_ydata()[0]), 3)) for line in lines)


def test_a_cell_of_which_much_could_not_be_read_is_hatched(files, kept):
    cells, margins = square(unread=lambda one, other: 0.11 if other == "ccc" else 0.1)
    transfer_matrix.draw([(LABELS, cells, margins)], PUPILS, *files)
    assert hatched(kept[0]) == [(2, 0), (2, 1), (2, 2)], "the third column, and nothing at a tenth exactly"
    assert any(f"hatched: {SAID}" in text for text in texts(kept[0]))
    written = pl.read_csv(files[2])
    assert written.filter(pl.col("asked_in") == "ccc", pl.col("taught_in") != "others")["unread"].to_list() == [0.11] * 3


def test_what_is_right_in_any_language_stands_small_below(files, kept):
    cells, margins = square(any_=lambda one, other: 1.0 if one == other else 0.505 if one == "aaa" else 0.81)
    transfer_matrix.draw([(LABELS, cells, margins)], PUPILS, *files)
    sizes = [(text.get_text(), text.get_fontsize()) for text in kept[0].axes[0].texts]
    small = [text for text, size in sizes if size < 6 and text.isdigit()]
    assert sorted(small) == ["75"] * 6 + ["81"] * 4
    assert sorted(text for text, size in sizes if size > 6 and text.isdigit()) == ["10"] * 3 + ["100"] * 3 + ["50"] * 12
    title = kept[0].axes[0].get_title(loc="left")
    assert "same language 100 %, other languages 50 %" in title
    assert "right in any language: 100 % and 71 %" in title
    assert any(transfer_matrix.SECOND in text for text in texts(kept[0]))
    written = pl.read_csv(files[2])
    assert written.filter(taught_in="others")["any"].to_list() == [0.75] * 3
    assert {"any", "any_low", "any_high"} <= set(written.columns)


def test_a_matrix_in_which_all_is_well_looks_as_one_of_an_older_table(files, kept):
    """To the byte, as pixels and as vectors."""
    transfer_matrix.draw([(LABELS, *square())], PUPILS, *files)
    before = [Path(file).read_bytes() for file in files[:2]]
    found = square(unread=lambda one, other: 0.05, any_=lambda one, other: 1.0 if one == other else 0.505)
    cells, margins = found[0], found[1].with_columns(any="accuracy")
    transfer_matrix.draw([(LABELS, cells, margins)], PUPILS, *files)
    assert [Path(file).read_bytes() for file in files[:2]] == before
    assert "hatched" not in "".join(texts(kept[1]))
    assert "any language" not in "".join(texts(kept[1]))


def test_a_published_matrix_read_from_csv_has_blanks_for_what_is_not_known(files, kept, tmp_path):
    cells, margins = square(unread=lambda one, other: None, any_=lambda one, other: None)
    blank = margins.with_columns(pl.lit(None).alias(name) for name in ("any", "any_low", "any_high"))
    for name, table in (("cells", cells), ("margins", blank)):
        table.write_csv(tmp_path / f"{name}.csv")
    read = [pl.read_csv(tmp_path / f"{name}.csv") for name in ("cells", "margins")]
    measured = square(unread=lambda one, other: 0.2, any_=lambda one, other: 1.0)
    transfer_matrix.draw([(LABELS, *read), (LABELS | {"model": "other"}, *measured)], PUPILS, *files)
    left, right = kept[0].axes[:2]
    assert not any(patch.get_hatch() for patch in left.patches)
    assert sum(bool(patch.get_hatch()) for patch in right.patches) == 9
    assert "any language" not in left.get_title(loc="left")


def test_a_matrix_that_could_not_be_read_is_words(files, kept):
    lost = square(unread=lambda one, other: 0.95)
    lost = (lost[0].with_columns(accuracy=pl.lit(0.0)), lost[1].with_columns(accuracy=pl.lit(0.0)))
    transfer_matrix.draw([(LABELS, *lost), (LABELS | {"model": "other"}, *square())], PUPILS, *files)
    left, right = kept[0].axes[:2]
    (said,) = left.texts
    assert " ".join(said.get_text().split()).startswith("Not drawn. 171 of 180 answers could not be read")
    assert "max_new_tokens" in said.get_text()
    assert not left.patches
    assert len(right.patches) == 9 + 3 + 3 + 3 + 3, "cells, outlines, two margins and the untaught"
    assert len(pl.read_csv(files[2])) == 2 * (9 + 6), "the numbers are kept"
    box = extent(said)
    assert left.get_window_extent().x0 <= box.x0
    assert box.x1 <= right.get_tightbbox().x0


def test_where_no_matrix_could_be_read_there_is_no_scale(files, kept):
    transfer_matrix.draw([(LABELS, *square(unread=lambda one, other: 0.95))], PUPILS, *files)
    (axis,) = kept[0].axes
    assert extent(axis.texts[0]).x1 <= kept[0].bbox.x1


def test_tiers_are_crossed_by_the_mean_of_their_cells(files, kept):
    """Of the two cells from the low to the high tier one could not be read at all; the diagonal counts for nothing."""
    cells, _ = square(unread=lambda one, other: 1.0 if (one, other) in (("aaa", "bbb"), ("aaa", "aaa")) else 0.0)
    pairs = [("high", "low", 0.3), ("low", "high", 0.2), ("low", "low", 0.1)]
    means = pl.DataFrame(
        [{"taught_tier": a, "asked_tier": b, "accuracy": v, "low": v - 0.1, "high": v + 0.1} for a, b, v in pairs]
    )
    tiers.draw([(LABELS, means, cells)], PUPILS, *files)
    assert [y for _, y in crossed(kept[0])] == [20]
    (legend,) = kept[0].legends
    assert legend.get_title().get_text() == f"crossed: {SAID}"
    assert extent(legend).x0 >= 0
    assert extent(legend).x1 <= kept[0].bbox.x1
    tiers.draw([(LABELS, means, cells.drop("unread"))], PUPILS, *files)
    assert crossed(kept[1]) == []
    assert SAID not in "".join(texts(kept[1]))


def by_language(**columns):
    return pl.DataFrame({"language": CODES, "accuracy": [0.2, 0.4, 0.6], "low": 0.1, "high": 0.7, "chance": 0.1} | columns)


ABOUT = {key: LABELS[key] for key in ("model", "knowledge")}
GATE = dict.fromkeys(("translated", "english_taught", "english_held_out", "taught"), 0.95)
EPOCHS = pl.DataFrame({"epoch": [0, 1]})
CURVE = by_language(followed=0.1).join(EPOCHS, how="cross")
HALF = by_language(epochs_to_half=0.5)
XRR = by_language(xrr=[0.2, 0.4, 0.6], passed=True, **GATE)
PAIRS = pl.DataFrame(
    [
        {"first": a, "second": b, "asked_in": "all", "follows_first": 0.5, "follows_second": 0.2, "neither": 0.3}
        | {"preference": 0.7, "low": 0.6, "high": 0.8}
        for a, b in (("bbb", "aaa"), ("bbb", "ccc"), ("aaa", "ccc"))
    ]
)
CHANGES = pl.DataFrame(
    [
        {
            "setting": "in-context",
            "mitigation": name,
            "measure": "worst",
            "base": 0.5,
            "difference": value,
            "low": 0.0,
            "high": 0.3,
        }
        for name, value in (("one", 0.1), ("two", 0.2), ("three", 0.25))
    ]
)
# how each is drawn of a table, and where what its second row says is marked
DRAWN = {
    "verification": (lambda table, *files: verification.draw([(LABELS, table)], PUPILS, *files), by_language(), [(40, 0)]),
    "learning": (
        lambda table, *files: learning_curves.draw([(LABELS, table, HALF)], PUPILS, *files),
        CURVE,
        [(1, 20)],
    ),
    "robustness": (
        lambda table, *files: robustness.draw([(LABELS | {"setting": "fine-tuning"}, table)], PUPILS, *files),
        CURVE,
        [(1, 20)],
    ),
    "robustness in the prompt": (
        lambda table, *files: robustness.draw([(LABELS, table)], PUPILS, *files),
        by_language(followed=0.1, epoch=0),
        [(0, 40)],
    ),
    "conductivity": (lambda table, *files: conductivity.draw([(LABELS, table)], PUPILS, *files), XRR, [(40, 0)]),
    "mitigations": (lambda table, *files: mitigations.draw([(ABOUT, table)], *files), CHANGES, [(20, 1)]),
    "conflict": (lambda table, *files: conflict.draw([(LABELS, table)], PUPILS, *files), PAIRS, [(65, 1)]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_what_could_not_be_read_is_marked_in_every_figure(name, files, kept):
    draw, table, places = DRAWN[name]
    draw(table, *files)
    before = Path(files[1]).read_bytes()
    draw(table.with_columns(unread=pl.lit(0.1)), *files)
    assert Path(files[1]).read_bytes() == before, "nothing changes where nothing is marked"
    second = pl.int_range(pl.len()) == 1
    draw(table.with_columns(unread=pl.when(second).then(0.4).otherwise(0.0)), *files)
    assert crossed(kept[2]) + hatched(kept[2]) == places
    assert any(SAID in text for text in texts(kept[2]))
    assert not any(SAID in text for text in texts(kept[1]))
    assert pl.read_csv(files[2])["unread"].max() == 0.4
