"""Charts of a report as inline SVG, in either language, drawn offline by Vega through `vl_convert`.

Text in them is set in `fonts.FAMILY`, which the page embeds; widths are measured with a face that has the glyphs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import altair as alt

from mismatches.engine import RuleRun
from schemas.bilingual import Bilingual, Language
from schemas.rendering.fonts import FAMILY
from schemas.rendering.pictures import to_svg

INK, _GRID = "#1f2d3d", "#e3e8ee"
_SEVERITY_COLOURS = {"high": "#b3261e", "medium": "#d98324", "low": "#7a93ac"}
_OUTCOME_COLOURS = {"hit": "#b3261e", "not_comparable": "#c9a227", "clear": "#9bb7a5"}
_SEVERITIES = {"high": Bilingual("高", "high"), "medium": Bilingual("中", "medium"), "low": Bilingual("低", "low")}
_OUTCOMES = {
    "hit": Bilingual("疑点", "hit"),
    "not_comparable": Bilingual("不可比", "not comparable"),
    "clear": Bilingual("无异常", "clear"),
}
_WIDTH, _STEP, _DISTRICTS = 500, 30, 12  # pixels with the labels, pixels a bar, bars
_LABEL_ROOM = 1.15  # of the longest bar
_FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
_HITS, _OUTCOME_TITLE = Bilingual("疑点数", "hits"), Bilingual("占比", "share of subjects")
YUAN = Bilingual("万元", "10,000 yuan")
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
Drawing: TypeAlias = Callable[[Sequence[Any], Language], alt.LayerChart]
Wanted: TypeAlias = tuple[Bilingual, Drawing, Sequence[Any]]  # title, how it is drawn, of what


@dataclass(frozen=True)
class Chart:
    """A titled picture; `svg` holds no reference to anything outside."""

    title: Bilingual
    svg: Mapping[Language, str]


def report_charts(
    runs: Sequence[RuleRun], districts: Sequence[tuple[str, int]], more: Sequence[Wanted] = ()
) -> list[Chart]:
    """The charts that have something to show: hits, estimates, outcomes, districts, and `more`."""
    ran = [run for run in runs if run.ran]
    found = [run for run in ran if run.counts["hit"]]
    compared = [run for run in ran if run.findings or run.counts["clear"]]
    wanted: list[Wanted] = [
        (Bilingual("各规则疑点数（按严重程度）", "Hits by rule and severity"), _hits, found),
        (Bilingual("核对结果构成", "Outcomes"), _outcomes, compared),
        (Bilingual("估算区间（万元）", "Estimated range (10,000 yuan)"), _estimates, [r for r in found if r.estimate]),
        (Bilingual("各区市疑点数", "Hits by district"), _districts, districts[:_DISTRICTS]),
        *more,
    ]
    drawn = [
        (title, {language: draw(of, language).to_json(indent=None) for language in _LANGUAGES})
        for title, draw, of in wanted
        if of
    ]
    alphabet = "".join(spec for _, specs in drawn for spec in specs.values())
    return [
        Chart(title, {language: to_svg(specs[language], f"c{position}{language}", alphabet) for language in _LANGUAGES})
        for position, (title, specs) in enumerate(drawn)
    ]


def _hits(runs: Sequence[RuleRun], language: Language) -> alt.LayerChart:
    rows = [
        {
            "rule": run.rule.title.say(language),
            "severity": _SEVERITIES[level].say(language),
            "hits": hits,
            "order": order,
        }
        for run in runs
        for order, level in enumerate(_SEVERITIES)
        if (hits := run.severities.get(level, 0))
    ]
    totals = [{"rule": run.rule.title.say(language), "total": run.counts["hit"]} for run in runs]
    ranked = [run.rule.title.say(language) for run in sorted(runs, key=lambda run: -run.counts["hit"])]
    bars = (
        data(rows)
        .mark_bar(height={"band": 0.62})
        .encode(
            x=alt.X("sum(hits):Q", title=None, axis=no_axis(), scale=_room(run.counts["hit"] for run in runs)),
            y=names("rule", ranked),
            color=_colours(_SEVERITIES, _SEVERITY_COLOURS, "severity", language),
            order="order:O",
        )
    )
    return finished(bars + _labels(totals, "total", "rule", ranked), len(runs))


def _estimates(runs: Sequence[RuleRun], language: Language) -> alt.LayerChart:
    rows = [
        {
            "rule": run.rule.title.say(language),
            "low": float(run.estimate.low) / 1e4,
            "likely": float(run.estimate.likely) / 1e4,
            "high": float(run.estimate.high) / 1e4,
        }
        for run in runs
        if run.estimate
    ]
    base = data(rows).encode(y=names("rule"))
    axis = alt.Axis(title=YUAN.say(language), grid=True, tickCount=4, format=",.4~r")
    span = base.mark_rule(strokeWidth=6, color="#d98324", opacity=0.45, strokeCap="round").encode(
        x=alt.X("low:Q", axis=axis, scale=alt.Scale(zero=True)), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=90, color="#b3261e", opacity=1).encode(x="likely:Q")
    text = base.mark_text(dy=-14, fontSize=12, color=INK).encode(x="likely:Q", text=alt.Text("likely:Q", format=",.1f"))
    return finished(span + point + text, len(rows), step=46)


def _outcomes(runs: Sequence[RuleRun], language: Language) -> alt.LayerChart:
    rows = [
        {
            "rule": run.rule.title.say(language),
            "outcome": _OUTCOMES[outcome].say(language),
            "subjects": run.counts[outcome],  # type: ignore[index]
            "order": order,
        }
        for run in runs
        for order, outcome in enumerate(_OUTCOMES)
    ]
    axis = alt.Axis(title=_OUTCOME_TITLE.say(language), format="%", tickCount=5, grid=False)
    bars = (
        data(rows)
        .mark_bar(height={"band": 0.62})
        .encode(
            x=alt.X("sum(subjects):Q", stack="normalize", axis=axis),
            y=names("rule"),
            color=_colours(_OUTCOMES, _OUTCOME_COLOURS, "outcome", language),
            order="order:O",
        )
    )
    return finished(alt.LayerChart(layer=[bars]), len(runs))


def _districts(districts: Sequence[tuple[str, int]], language: Language) -> alt.LayerChart:
    rows = [{"district": name, "hits": hits} for name, hits in districts]
    ranked = [name for name, _ in districts]
    bars = (
        data(rows)
        .mark_bar(height={"band": 0.62}, color="#2f6f73")
        .encode(
            x=alt.X("hits:Q", title=_HITS.say(language), axis=no_axis(), scale=_room(hits for _, hits in districts)),
            y=names("district", ranked),
        )
    )
    return finished(bars + _labels(rows, "hits", "district", ranked), len(rows))


def _labels(rows: Iterable[Mapping[str, object]], value: str, name: str, ranked: Sequence[str]) -> alt.Chart:
    labels: alt.Chart = (
        data(rows)
        .mark_text(align="left", dx=5, fontSize=12, color=INK)
        .encode(x=f"{value}:Q", y=names(name, ranked), text=alt.Text(f"{value}:Q", format=",d"))
    )
    return labels


def _room(counts: Iterable[int]) -> alt.Scale:
    """A scale on which the label of the longest bar has room beside it."""
    return alt.Scale(domain=[0, max(counts) * _LABEL_ROOM])


def data(rows: Iterable[Mapping[str, object]]) -> alt.Chart:
    """A chart over rows that are written into it."""
    return alt.Chart(alt.InlineData(values=list(rows)))


def names(field: str, ranked: Sequence[str] | None = None) -> alt.Y:
    """Names down the side, in the order given."""
    return alt.Y(
        f"{field}:N",
        title=None,
        sort=list(ranked) if ranked else None,
        axis=alt.Axis(labelLimit=260, ticks=False, domain=False),
    )


def no_axis() -> alt.Axis:
    """No axis: the bars are labelled."""
    return alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)


def _colours(words: Mapping[str, Bilingual], colours: Mapping[str, str], field: str, language: Language) -> alt.Color:
    scale = alt.Scale(domain=[text.say(language) for text in words.values()], range=[colours[name] for name in words])
    return alt.Color(f"{field}:N", scale=scale, legend=alt.Legend(title=None, orient="top", direction="horizontal"))


def finished(chart: alt.LayerChart, bars: int, step: int = _STEP) -> alt.LayerChart:
    """The chart in the size and the letters of the report; `bars` of `step` pixels say how high it is."""
    done: alt.LayerChart = (
        chart.properties(width=_WIDTH, height=max(bars, 1) * step, background="transparent", autosize=_FIT)
        .configure(font=FAMILY)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            labelColor=INK,
            titleColor=INK,
            gridColor=_GRID,
            labelFont=FAMILY,
            titleFont=FAMILY,
        )
        .configure_legend(labelFontSize=12, labelColor=INK, labelFont=FAMILY, symbolType="square")
        .configure_text(font=FAMILY)
    )
    return done
