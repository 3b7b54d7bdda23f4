"""The interactive transfer matrix as a Vega-Lite chart, and the JavaScript that draws it, both from packages: no network."""

import json

import altair as alt
import vl_convert

from isogloss.figures.style import INK, TIER_COLOURS, by_tier
from isogloss.languages import Language

CELLS = "cells"  # the name under which the page gives the chart its data
HATCHES = "M-1,0L0,-1M-1,1L1,-1M0,1L1,0"  # across a square from -1 to 1
STEP = 28  # width of a cell in pixels; the page changes it to what fits


def chart(languages: list[Language]) -> dict:
    """A Vega-Lite specification without its data: rows of the dataset `CELLS` as `isogloss.report.answers.matrices` makes them.

    It has two parameters: step (width of a cell) and wide (whether there is room for the languages' names).
    """
    codes = [language.iso639_3 for language in by_tier(languages)]
    names = json.dumps({language.iso639_3: language.name for language in languages})
    colours = [
        {"test": f"indexof({[c.iso639_3 for c in languages if c.tier == tier]}, datum.value) >= 0", "value": colour}
        for tier, colour in TIER_COLOURS.items()
    ]
    look = {"labelColor": {"condition": colours, "value": INK}, "domain": False, "ticks": False, "labelFontSize": 12}
    same = alt.datum.taught_in == alt.datum.asked_in
    base = alt.Chart(alt.NamedData(CELLS)).encode(
        x=alt.X(
            "asked_in:N", scale=alt.Scale(domain=codes), title="asked in", axis=alt.Axis(orient="top", labelAngle=-90, **look)
        ),
        y=alt.Y(
            "taught_in:N",
            scale=alt.Scale(domain=codes),
            title="taught in",
            axis=alt.Axis(labelExpr=f"wide ? {names}[datum.value] + '  ' + datum.value : datum.value", labelLimit=200, **look),
        ),
        tooltip=[
            alt.Tooltip("taught:N", title="taught in"),
            alt.Tooltip("asked:N", title="asked in"),
            alt.Tooltip("accuracy:N", title="right"),
            alt.Tooltip("interval:N", title="95 % interval"),
            alt.Tooltip("any:N", title="right in any language"),
            alt.Tooltip("n:N", title="answers"),
            alt.Tooltip("chance:N", title="guessing"),
            alt.Tooltip("untaught:N", title="untaught"),
            alt.Tooltip("unfinished:N", title="without a verdict"),
            alt.Tooltip("unread:N", title="could not be read"),
        ],
    )
    squares = base.mark_rect(cursor="pointer", strokeWidth=1.5).encode(
        color=alt.Color(
            "percent:Q",
            scale=alt.Scale(scheme="yellowgreenblue", domain=[0, 100]),
            legend=alt.Legend(title="right, %", orient="bottom", gradientLength=160),
        ),
        stroke=alt.condition(same, alt.value(INK), alt.value("white")),
    )
    numbers = base.mark_text(cursor="pointer", fontSize=alt.ExprRef("step < 20 ? 0 : step * 0.4")).encode(
        text=alt.Text("label:N"),
        color=alt.condition(alt.datum.percent > 55, alt.value("white"), alt.value(INK)),
    )
    hatching = base.transform_filter("datum.hatched").mark_point(
        shape=HATCHES, filled=False, strokeWidth=1, opacity=0.6, cursor="pointer", size=alt.ExprRef("step * step")
    )
    hatching = hatching.encode(color=alt.condition(alt.datum.percent > 55, alt.value("white"), alt.value(INK)))
    layers = alt.layer(squares, hatching, numbers).add_params(alt.param("step", value=STEP), alt.param("wide", value=True))
    return layers.properties(width=alt.Step(STEP), height=alt.Step(STEP)).configure_view(stroke=None).to_dict(validate=True)


def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed, all they need included, as one script that may stand inside a script element."""
    major, minor = alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2]
    code = vl_convert.javascript_bundle(vl_version=f"{major}.{minor}")
    if "</script" in code.lower() or "<!--" in code:
        raise ValueError("the bundle of vl-convert-python cannot stand inside a page; install another version of it")
    return code
