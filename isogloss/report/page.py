"""The page itself: everything in one file, and everything that is not ours escaped."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from isogloss.languages import TIERS, Language
from isogloss.paths import CAPTION
from isogloss.report.answers import ANSWERED, as_script, matrices
from isogloss.report.chart import CELLS, chart, javascript
from isogloss.report.headlines import ABOUT, Tables, headlines

TABLES = ("cells", "inequality", "speed", "preference", "regression", "coefficients", "quality")
TABLES += ("xrr", "contrasts", "controls", "mitigations")
MOST_BYTES = 10_000_000  # of answers; figures and the charting library come on top


def page(
    scores: pl.DataFrame,
    untaught: pl.DataFrame,
    items: dict[tuple[str, str], pl.DataFrame],
    tables: Tables,
    figures: Iterable[str],
    run: dict,
    languages: list[Language],
    resamples: int,
    template: str | Path,
) -> str:
    """The page as HTML, the same for the same inputs.

    `scores` and `untaught` are scored answers (all, and the untaught model's); `items` knowledge sets by name and language;
    `tables` those of TABLES by name, each with what it is about; `figures` PNG files. `run` has
    what was run and is shown as it is: models, knowledge, studies and settings (rows of text), seeds, versions, config (text),
    costs (rows). The `template` is a Jinja2 file; style and script stand beside it.
    """
    data = matrices(tables["cells"], scores, items, languages, MOST_BYTES)
    folder = Path(template).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "figure": inline}
    found = headlines(scores, untaught, tables, languages, resamples)
    return environment.get_template(Path(template).name).render(
        run=run,
        languages=languages,
        tiers=TIERS,
        answers=len(scores),
        questions={
            question: [one for one in found if one.question == question] for question in dict.fromkeys(h.question for h in found)
        },
        figures=[(title_of(path), caption_of(path), path) for path in figures],
        quality=tables["quality"],
        states=states(scores),
        sampled=[panel for panel in data["panels"] if len(panel["items"]) < panel["asked"]],
        panels=data["panels"],
        hatched=any(cell["hatched"] for panel in data["panels"] for cell in panel["cells"]),
        library=Markup(javascript()) if data["panels"] else "",
        data=Markup(as_script({"chart": chart(languages), "dataset": CELLS, **data})),
        style=Markup((folder / "page.css").read_text(encoding="utf-8")),
        script=Markup((folder / "page.js").read_text(encoding="utf-8")),
    )


def states(scores: pl.DataFrame) -> list[dict]:
    """Answers by study, and of them those that have no verdict (which count as wrong), by why: one row a study."""
    lost = sorted(set(scores["state"]) - {ANSWERED})
    table = scores.group_by("study", *ABOUT, maintain_order=True).agg(
        pl.len().alias("answers"), *((pl.col("state") == state).sum().alias(state) for state in lost)
    )
    return table.to_dicts()


def shown(value: Any) -> str:
    """A value of a table for people; blank where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def title_of(figure: str) -> str:
    """What a figure is called."""
    return Path(figure).stem.replace("_", " ")


def caption_of(figure: str) -> list[str]:
    """The paragraphs of a figure's caption; none if nobody wrote one. `quality_general` has that of `quality`."""
    stem = Path(figure).stem
    names = ["_".join(stem.split("_")[:end]) for end in range(stem.count("_") + 1, 0, -1)]
    written = [Path(CAPTION.format(name=name)) for name in names if Path(CAPTION.format(name=name)).exists()]
    return (
        [" ".join(part.split()) for part in re.split(r"\n\s*\n", written[0].read_text(encoding="utf-8").strip())]
        if written
        else []
    )


def inline(path: str) -> Markup:
    """The attributes of a PNG as part of the page, half as large as it has pixels."""
    image = Path(path).read_bytes()
    width, height = (int.from_bytes(image[at : at + 4], "big") // 2 for at in (16, 20))
    return Markup(f'src="data:image/png;base64,{base64.b64encode(image).decode()}" width="{width}" height="{height}"')
