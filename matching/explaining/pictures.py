"""Explanations as pictures: the waterfall of a pair's bits, and the graph of a cluster."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from matching.explaining.cluster import ClusterGraph, GraphEdge, GraphNode
from matching.explaining.pair import PairExplanation
from matching.explaining.text import level_text
from matching.explaining.wording import (
    DUPLICATE,
    EDGES,
    FORBIDDEN,
    PRIOR,
    THRESHOLD,
    TOTAL,
    bits,
    chance,
    field_name,
)
from schemas.bilingual import Bilingual, Language
from schemas.rendering.fonts import FAMILY
from schemas.rendering.pictures import to_svg

_INK, _SOFT, _GRID = "#1f2d3d", "#5b6b7b", "#e3e8ee"
_FOR, _AGAINST, _TOTAL, _PRIOR = "#2f6f73", "#b3261e", "#1f3a5f", "#7a93ac"
_EDGE_COLOURS: Final = {"link": _FOR, "weak": "#c4cdd6", "contradiction": _AGAINST, "cut": "#d98324", "near": "#c9a227"}
_WIDTH, _STEP, _SIDE = 620, 34, 520
_AXIS: Final = Bilingual("权重（比特）", "match weight (bits)")
_LABELLED: Final = 24
"""Nodes of a graph up to which each carries its records' names."""

Row = dict[str, Any]
Point = tuple[float, float]
_SPAN_X, _SPAN_Y = 2.3, 1.7


@dataclass(frozen=True)
class _Bar:
    label: str
    start: float
    end: float
    colour: str
    text: str


def waterfall(explanation: PairExplanation, language: Language) -> str:
    """The chart of a pair as SVG: from the prior, field by field, to the total; the rule is the link threshold."""
    bars = _bars(explanation, language)
    rows = [
        {"label": bar.label, "start": bar.start, "end": bar.end, "colour": bar.colour, "text": bar.text,
         "edge": max(bar.start, bar.end)}
        for bar in bars
    ]  # fmt: skip
    order = [bar.label for bar in bars]
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=300, ticks=False, domain=False))
    x = alt.X(
        "start:Q", title=Bilingual("权重（比特）", "match weight (bits)").say(language), axis=alt.Axis(gridColor=_GRID)
    )
    base = alt.Chart(alt.InlineData(values=rows))
    drawn = base.mark_bar(height={"band": 0.6}).encode(
        x=x, x2="end:Q", y=y, color=alt.Color("colour:N", scale=None, legend=None)
    )
    texts = base.mark_text(align="left", dx=5, color=_INK).encode(x="edge:Q", y=y, text="text:N")
    label = f"{THRESHOLD.say(language)} {bits(explanation.link_bits)}"
    mark = alt.Chart(alt.InlineData(values=[{"at": explanation.link_bits, "label": label}]))
    rule = mark.mark_rule(strokeDash=[4, 3], color=_SOFT).encode(x="at:Q")
    name = mark.mark_text(align="left", dx=4, y=-8, color=_SOFT).encode(x="at:Q", text="label:N")
    chart = alt.LayerChart(layer=[drawn, texts, rule, name]).properties(width=_WIDTH, height=len(bars) * _STEP)
    return _svg(chart, f"waterfall-{language}")


def _bars(explanation: PairExplanation, language: Language) -> list[_Bar]:
    e, at = explanation, explanation.prior_bits
    bars = [_Bar(PRIOR.say(language), 0.0, at, _PRIOR, bits(at))]
    steps = [
        (f"{field_name(field.field).say(language)} · {level_text(field, language)}", field.bits,
         bits(field.bits) if field.level else "—")
        for field in e.fields
    ]  # fmt: skip
    steps += [
        (text.say(language), value, bits(value))
        for text, value in ((DUPLICATE, e.duplicate_bits), (FORBIDDEN, e.forbidden_bits))
        if value
    ]
    for label, value, text in steps:
        bars.append(_Bar(label, at, at + value, _FOR if value > 0 else _AGAINST, text))
        at += value
    said = f"{bits(e.total_bits)}  ({chance(e.match_probability)})"
    return [*bars, _Bar(TOTAL.say(language), 0.0, e.total_bits, _TOTAL, said)]


def graph(cluster: ClusterGraph, language: Language) -> str:
    """The chart of a cluster as SVG: nodes on a circle in order, those of other clusters on one around it."""
    at = _places(cluster.nodes)
    shown = [edge for edge in cluster.edges if edge.kind != "weak" or len(cluster.nodes) <= _LABELLED]
    edges = [_edge(edge, at[edge.left], at[edge.right], language) for edge in shown]
    kinds = [kind for kind in EDGES if any(edge.kind == kind for edge in shown)]
    scale = alt.Scale(domain=[EDGES[k].say(language) for k in kinds], range=[_EDGE_COLOURS[k] for k in kinds])
    base = alt.Chart(alt.InlineData(values=edges))
    lines = base.mark_rule(strokeWidth=2.5).encode(
        x=_x("x"), y=_y("y"), x2="x2:Q", y2="y2:Q",
        color=alt.Color("kind:N", scale=scale, legend=alt.Legend(title=None, orient="top", columns=3, labelLimit=300)),
        strokeDash=alt.condition("datum.dash", alt.value([6, 4]), alt.value([1, 0])),
    )  # fmt: skip
    halo = base.mark_text(fontSize=11, stroke="white", strokeWidth=4).encode(x=_x("mx"), y=_y("my"), text="text:N")
    text = base.mark_text(fontSize=11, color=_INK).encode(x=_x("mx"), y=_y("my"), text="text:N")
    weights = [halo, text] if len(edges) <= 60 else []
    drawn = [lines, *weights] if edges else []  # a legend without kinds leaves the whole picture empty
    layers = [*drawn, *_node_marks(cluster, at)]
    return _svg(alt.LayerChart(layer=layers).properties(width=_WIDTH + 180, height=_SIDE), f"graph-{language}")


def _edge(edge: GraphEdge, one: Point, other: Point, language: Language) -> Row:
    """An edge to draw, and where its weight stands: off the middle, so that crossing edges keep theirs apart."""
    return {
        "x": one[0], "y": one[1], "x2": other[0], "y2": other[1],
        "mx": 0.58 * one[0] + 0.42 * other[0], "my": 0.58 * one[1] + 0.42 * other[1],
        "kind": EDGES[edge.kind].say(language), "text": bits(edge.bits), "dash": edge.kind in {"cut", "near"},
    }  # fmt: skip


def _x(name: str) -> alt.X:
    return alt.X(f"{name}:Q", axis=None, scale=alt.Scale(domain=[-_SPAN_X, _SPAN_X]))


def _y(name: str) -> alt.Y:
    return alt.Y(f"{name}:Q", axis=None, scale=alt.Scale(domain=[-_SPAN_Y, _SPAN_Y]))


def _node_marks(cluster: ClusterGraph, at: Mapping[int, Point]) -> list[alt.Chart]:
    rows = [
        {"x": at[node.node][0], "y": at[node.node][1], "fill": _TOTAL if node.inside else "#ffffff",
         "size": 260 + 120 * min(len(node.records), 8), "count": str(len(node.records)),
         "ink": "#ffffff" if node.inside else _SOFT}
        for node in cluster.nodes
    ]  # fmt: skip
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=_x("x"), y=_y("y"))
    dots = base.mark_circle(opacity=1, stroke=_TOTAL, strokeWidth=1.5).encode(
        size=alt.Size("size:Q", scale=None, legend=None), color=alt.Color("fill:N", scale=None, legend=None)
    )
    counts = base.mark_text(fontSize=12).encode(text="count:N", color=alt.Color("ink:N", scale=None, legend=None))
    return [dots, counts, *_names(cluster, at)] if len(cluster.nodes) <= _LABELLED else [dots, counts]


def _names(cluster: ClusterGraph, at: Mapping[int, Point]) -> list[alt.Chart]:
    """The names of nodes, on the side that looks away from the middle."""
    sides: dict[str, dict[str, Any]] = {
        "top": {"baseline": "line-bottom", "align": "center", "dy": -22},
        "bottom": {"baseline": "line-top", "align": "center", "dy": 22},
        "right": {"baseline": "middle", "align": "left", "dx": 22},
        "left": {"baseline": "middle", "align": "right", "dx": -22},
    }
    out = []
    for side, places in sides.items():
        rows = [
            {"x": at[node.node][0], "y": at[node.node][1], "label": _label(node, upward=side == "top")}
            for node in cluster.nodes
            if _side(at[node.node]) == side
        ]
        base = alt.Chart(alt.InlineData(values=rows))
        mark = base.mark_text(fontSize=11, lineBreak="\n", color=_INK, **places)
        out.append(mark.encode(x=_x("x"), y=_y("y"), text="label:N"))
    return out


def _side(point: Point) -> str:
    x, y = point
    if abs(y) >= 0.75 * math.hypot(x, y):
        return "top" if y > 0 else "bottom"
    return "right" if x > 0 else "left"


def _label(node: GraphNode, *, upward: bool) -> str:
    """The first records of a node, one a line; `upward` where the text grows from below and so must not be long."""
    most = 2 if upward else 3
    shown = [str(address) for address in node.records[:most]]
    return "\n".join([*shown, f"+ {len(node.records) - most}"] if len(node.records) > most else shown)


def _places(nodes: Sequence[GraphNode]) -> dict[int, Point]:
    """Where nodes stand: own ones on a circle of radius 1 from the top clockwise, others outside of it."""
    out = {}
    for inside, radius in ((True, 1.0), (False, 1.5)):
        ring = [node for node in nodes if node.inside == inside]
        turn = 0.0 if inside else math.pi / max(len(ring), 1)
        alone = inside and len(ring) == 1
        for place, node in enumerate(ring):
            angle = turn + 2 * math.pi * place / len(ring)
            out[node.node] = (0.0, 0.0) if alone else (radius * math.sin(angle), radius * math.cos(angle))
    return out


def _svg(chart: alt.LayerChart, name: str) -> str:
    finished = (
        chart.properties(background="white")
        .configure(font=FAMILY)
        .configure_view(stroke=None)
        .configure_axis(labelFont=FAMILY, titleFont=FAMILY, labelFontSize=12, titleFontSize=12, labelColor=_INK)
        .configure_legend(labelFont=FAMILY, labelFontSize=12, labelColor=_INK)
        .configure_text(font=FAMILY)
    )
    spec: str = finished.to_json(indent=None)
    return to_svg(spec, name, spec)
