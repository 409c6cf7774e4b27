"""Charts of an evaluation as SVG in either language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import altair as alt

from matching.evaluation.agreement import PairCounts
from matching.evaluation.calibration import Calibration
from matching.evaluation.weighed import BlockingRecall, Threshold
from schemas.bilingual import Bilingual, Language
from schemas.rendering.fonts import FAMILY
from schemas.rendering.pictures import to_svg

_INK, _SOFT, _GRID = "#1f2d3d", "#5b6b7b", "#e3e8ee"
_WRONG, _MISSED, _THIRD = "#b3261e", "#d98324", "#2f6f73"
_WIDTH, _HEIGHT, _STEP = 440, 250, 24
_ERRORS: Final = 14
"""Kinds of error that the chart shows: those that cost most pairs."""

Rows = list[dict[str, Any]]

_BITS = Bilingual("合并阈值（比特）", "link threshold (bits)")
_FORCE = Bilingual("现行阈值", "in force")
_MEASURES = (Bilingual("准确率", "precision"), Bilingual("召回率", "recall"), Bilingual("F1", "F1"))
_KINDS = (Bilingual("误合并", "wrong"), Bilingual("漏合并", "missed"))
_RATE = Bilingual("每万真实对漏合并", "missed per 10,000 true pairs")


def threshold_chart(thresholds: Sequence[Threshold]) -> Bilingual:
    """Precision, recall and F1 against the threshold."""

    def draw(language: Language) -> alt.LayerChart:
        rows: Rows = [
            {"bits": one.bits, "measure": name.say(language), "share": share}
            for one in thresholds
            for name, share in zip(_MEASURES, (one.pairs.precision, one.pairs.recall, one.pairs.f1), strict=True)
        ]
        colour = _colours([name.say(language) for name in _MEASURES], [_WRONG, _MISSED, _THIRD], "measure")
        low = min(0.999, *(float(row["share"]) for row in rows))
        lines = _data(rows).mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=28)).encode(
            x=alt.X("bits:Q", title=_BITS.say(language)),
            y=alt.Y("share:Q", title=None, scale=alt.Scale(domain=[low, 1]), axis=alt.Axis(format=".2~%")),
            color=colour,
        )  # fmt: skip
        return alt.LayerChart(layer=[lines, *_in_force(thresholds, language, _HEIGHT - 10)])

    return _pictures(draw, "threshold")


def error_chart(thresholds: Sequence[Threshold]) -> Bilingual:
    """Wrong and missed pairs by threshold: the lowest bar is the best choice."""

    def draw(language: Language) -> alt.LayerChart:
        rows: Rows = [
            {"bits": one.bits, "kind": name.say(language), "pairs": pairs, "order": order}
            for one in thresholds
            for order, (name, pairs) in enumerate(zip(_KINDS, (one.pairs.wrong, one.pairs.missed), strict=True))
        ]
        bars = _data(rows).mark_bar(size=11).encode(
            x=alt.X("bits:Q", title=_BITS.say(language)),
            y=alt.Y("pairs:Q", title=Bilingual("记录对", "pairs of records").say(language)),
            color=_colours([name.say(language) for name in _KINDS], [_WRONG, _MISSED], "kind"),
            order="order:O",
        )  # fmt: skip
        return alt.LayerChart(layer=[bars, *_in_force(thresholds, language, 8)])

    return _pictures(draw, "errors")


def reliability_chart(found: Calibration, name: str) -> Bilingual:
    """For each row of a reliability table the stated probability, and the share that is true with its interval."""

    def draw(language: Language) -> alt.LayerChart:
        stated, true = Bilingual("给出的概率", "stated").say(language), Bilingual("实际比例", "true").say(language)
        rows: Rows = [
            {"bin": f"{one.low:g}–{one.high:g}", "stated": one.stated, "true": one.true, "low": one.low_true,
             "high": one.high_true, "count": f"{one.count:,}", "a": stated, "b": true}
            for one in found.bins
        ]  # fmt: skip
        order = [row["bin"] for row in rows]
        x = alt.X("bin:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40))
        scale = alt.Scale(domain=[0, 1.08])
        base = _data(rows)
        colours = alt.Scale(domain=[stated, true], range=[_SOFT, _THIRD])
        colour = alt.Color("a:N", scale=colours, legend=alt.Legend(title=None, orient="top"))
        spans = base.mark_rule(color=_THIRD, strokeWidth=2).encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q")
        axis = alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
        ticks = base.mark_tick(size=22, thickness=3).encode(
            x=x, y=alt.Y("stated:Q", scale=scale, title=None, axis=axis), color=colour
        )
        dots = base.mark_circle(size=70, opacity=1).encode(
            x=x, y=alt.Y("true:Q", scale=scale), color=alt.Color("b:N", scale=colours)
        )
        counts = base.mark_text(fontSize=10, color=_SOFT).encode(x=x, y=alt.datum(1.06), text="count:N")
        return alt.LayerChart(layer=[spans, ticks, dots, counts])

    return _pictures(draw, name)


def kinds_chart(by_error: Mapping[str, PairCounts]) -> Bilingual | None:
    """Missed pairs per 10,000 true ones by kind of error, the worst first; none where nothing was missed."""
    worst = sorted(by_error.items(), key=lambda one: (-one[1].missed / max(one[1].true, 1), one[0]))
    rows: Rows = [
        {"error": error, "rate": 1e4 * counts.missed / counts.true, "text": f"{counts.missed:,} / {counts.true:,}"}
        for error, counts in worst[:_ERRORS]
        if counts.missed
    ]
    if not rows:
        return None

    def draw(language: Language) -> alt.LayerChart:
        y = alt.Y("error:N", sort=[row["error"] for row in rows], title=None, axis=_labels())
        base = _data(rows)
        bars = base.mark_bar(height={"band": 0.62}, color=_MISSED).encode(
            x=alt.X("rate:Q", title=_RATE.say(language)), y=y
        )
        texts = base.mark_text(align="left", dx=4, fontSize=11, color=_INK).encode(x="rate:Q", y=y, text="text:N")
        return alt.LayerChart(layer=[bars, texts])

    return _pictures(draw, "kinds", len(rows))


def blocking_chart(found: BlockingRecall) -> Bilingual:
    """True pairs that each blocking rule finds, and those that only it finds."""

    def draw(language: Language) -> alt.LayerChart:
        rows: Rows = [
            {"rule": rule.rule, "true": rule.true, "text": f"{rule.true:,} · {rule.only:,}"} for rule in found.rules
        ]
        y = alt.Y("rule:N", sort=[row["rule"] for row in rows], title=None, axis=_labels())
        base = _data(rows)
        title = Bilingual("找到的真实对 · 仅此规则找到", "true pairs found · found by this rule only").say(language)
        bars = base.mark_bar(height={"band": 0.62}, color=_THIRD).encode(x=alt.X("true:Q", title=title), y=y)
        texts = base.mark_text(align="left", dx=4, fontSize=11, color=_INK).encode(x="true:Q", y=y, text="text:N")
        return alt.LayerChart(layer=[bars, texts])

    return _pictures(draw, "blocking", len(found.rules))


def _in_force(thresholds: Sequence[Threshold], language: Language, y: int) -> list[alt.Chart]:
    rows: Rows = [{"at": one.bits, "label": _FORCE.say(language)} for one in thresholds if one.in_force]
    base = _data(rows)
    rule = base.mark_rule(strokeDash=[4, 3], color=_SOFT).encode(x="at:Q")
    text = base.mark_text(align="left", dx=4, y=y, color=_SOFT, fontSize=11).encode(x="at:Q", text="label:N")
    return [rule, text]


def _data(rows: Rows) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=rows))


def _labels() -> alt.Axis:
    return alt.Axis(labelLimit=320, ticks=False, domain=False)


def _colours(names: Sequence[str], colours: Sequence[str], field: str) -> alt.Color:
    scale = alt.Scale(domain=list(names), range=list(colours))
    return alt.Color(f"{field}:N", scale=scale, legend=alt.Legend(title=None, orient="top"))


def _pictures(draw: Callable[[Language], alt.LayerChart], name: str, bars: int = 0) -> Bilingual:
    height = bars * _STEP if bars else _HEIGHT
    specs = {language: _spec(draw(language), height) for language in _LANGUAGES}
    alphabet = "".join(specs.values())
    zh, en = (to_svg(specs[language], f"{name}-{language}", alphabet) for language in _LANGUAGES)
    return Bilingual(zh, en)


_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


def _spec(chart: alt.LayerChart, height: int) -> str:
    axis = {"labelFont": FAMILY, "titleFont": FAMILY, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": 400}
    finished = (
        chart.properties(width=_WIDTH, height=height, background="white")
        .configure(font=FAMILY)
        .configure_view(stroke=None)
        .configure_axis(**axis, labelColor=_INK, titleColor=_INK, gridColor=_GRID)
        .configure_legend(labelFont=FAMILY, labelFontSize=12, labelColor=_INK)
        .configure_text(font=FAMILY)
    )
    spec: str = finished.to_json(indent=None)
    return spec
