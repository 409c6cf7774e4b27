"""The clusters of a pair as a picture: each on a circle of its own, lines with their bits. Drawn by the template."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matching.explaining.cluster import ClusterGraph, EdgeKind, GraphEdge, GraphNode
from matching.explaining.finished import Address
from matching.explaining.wording import EDGES, bits, chance
from schemas.bilingual import Bilingual, Language
from schemas.contract import source_contract

WIDTH: Final = 1000
HEIGHT: Final = 480
MOST_DRAWN: Final = 24
"""Nodes up to which there is a picture; of more, nobody could read it."""
MOST_LINES: Final = 200
"""Edges of the table, the strongest."""

_RADIUS: Final = 165
_LABEL: Final = 34  # from the middle of a node to its label

_STEP: Final = 16  # from a label's line to the next


@dataclass(frozen=True)
class Node:
    """A node: where it stands, how many records it holds, and its label's lines; `asked`: of the pair itself."""

    x: int
    y: int
    label_y: int
    records: int
    lines: tuple[str, ...]
    inside: bool
    asked: bool


@dataclass(frozen=True)
class Line:
    """An edge: its ends, where its bits stand, and what it is; `one` and `other` name its nodes by their records."""

    x1: int
    y1: int
    x2: int
    y2: int
    text_x: int
    text_y: int
    kind: EdgeKind
    what: str
    told: str
    probability: str
    one: str
    other: str


@dataclass(frozen=True)
class Picture:
    """All of it. `drawn` is false where there is too much for a picture."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    kinds: tuple[tuple[EdgeKind, str], ...]
    records: int
    clusters: int
    drawn: bool


def graph_picture(graph: ClusterGraph, pair: Sequence[Address], language: Language) -> Picture:
    """The picture of a graph; `pair`: the two records that were asked about."""
    at = _places(graph.nodes)
    nodes = tuple(_node(node, at[node.node], pair, language) for node in graph.nodes)
    named = {node.node: _named(node, language) for node in graph.nodes}
    lines = tuple(_line(edge, at, named, language) for edge in graph.edges[:MOST_LINES])
    kinds = tuple((kind, EDGES[kind].say(language)) for kind in EDGES if any(line.kind == kind for line in lines))
    clusters = len({node.master_id for node in graph.nodes})
    return Picture(nodes, lines, kinds, graph.records, clusters, len(nodes) <= MOST_DRAWN)


def _places(nodes: Sequence[GraphNode]) -> dict[int, tuple[int, int]]:
    """The first record's cluster left, the other right; one alone in the middle."""
    sides = [[node for node in nodes if node.inside], [node for node in nodes if not node.inside]]
    middles = (WIDTH // 4 + 10, WIDTH * 3 // 4 - 10) if sides[1] else (WIDTH // 2, 0)
    out = {}
    for ring, middle in zip(sides, middles, strict=True):
        radius = 0 if len(ring) == 1 else _RADIUS
        for place, node in enumerate(ring):
            angle = 2 * math.pi * (place + 0.5) / len(ring)
            out[node.node] = (
                middle + round(radius * math.sin(angle)),
                HEIGHT // 2 - round(radius * math.cos(angle)),
            )
    return out


def _node(node: GraphNode, at: tuple[int, int], pair: Sequence[Address], language: Language) -> Node:
    lines = [_written(address, language) for address in node.records[:2]]
    if len(node.records) > len(lines):
        lines.append(f"+ {len(node.records) - len(lines)}")
    x, y = at
    asked = any(address in pair for address in node.records)
    below = y >= HEIGHT // 2  # labels stand on the outer side, where no line goes
    label_y = y + _LABEL if below else y - _LABEL + 8 - _STEP * (len(lines) - 1)
    return Node(x, y, label_y, len(node.records), tuple(lines), node.inside, asked)


def _line(
    edge: GraphEdge, at: dict[int, tuple[int, int]], named: dict[int, str], language: Language
) -> Line:  # fmt: skip
    (x1, y1), (x2, y2) = at[edge.left], at[edge.right]
    return Line(
        x1, y1, x2, y2, round(0.58 * x1 + 0.42 * x2), round(0.58 * y1 + 0.42 * y2), edge.kind,
        EDGES[edge.kind].say(language), bits(edge.bits), chance(edge.match_probability), named[edge.left],
        named[edge.right],
    )  # fmt: skip


def _named(node: GraphNode, language: Language) -> str:
    more = f" (+ {len(node.records) - 1})" if len(node.records) > 1 else ""
    return f"{_written(node.records[0], language)}{more}"


def _written(address: Address, language: Language) -> str:
    contract = source_contract(address.table)
    return f"{Bilingual(contract.title_zh, contract.title_en).say(language)} {address.record_id}"
