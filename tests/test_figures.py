"""What figures need to be printed: fonts that are embedded, and a glyph for every name."""

from pathlib import Path

import polars as pl
import pytest
from matplotlib import pyplot as plt
from pypdf import PdfReader

from isogloss.figures import verification
from isogloss.figures.style import save


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
