"""The graph of a cluster: its records, the weights between them, and the links that were not followed.

Records that identical evidence made one stand in one node. Invariant: every record of the cluster is in one node of
it, and every link at or above the threshold that touches the cluster is an edge.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow.compute as pc

from matching.blocking import Pairs
from matching.contradictions import against
from matching.explaining.finished import Address, FinishedMatch, Weighed, every_pair
from matching.nodes import Places
from storage.errors import BadSpecification

WHOLE: Final = 40
"""Nodes of a cluster up to which every pair inside it is weighed; above, only those that blocking finds."""

EdgeKind = Literal["link", "weak", "contradiction", "cut", "near"]
"""link: at or above the threshold, inside; weak: below it, inside; contradiction: so far below that two members speak
against each other; cut: at or above the threshold, to another cluster; near: in the review window, to another."""


@dataclass(frozen=True)
class GraphNode:
    """A node: records that collapse made one. `inside` is false for those of other clusters."""

    node: int
    inside: bool
    master_id: str
    records: tuple[Address, ...]


@dataclass(frozen=True)
class GraphEdge:
    """What two nodes weigh: total bits, match probability, bits by field (0 where a field says nothing)."""

    left: int
    right: int
    kind: EdgeKind
    bits: float
    match_probability: float
    fields: dict[str, float]


@dataclass(frozen=True)
class ClusterGraph:
    """The graph of a cluster; nodes in the order of their first records, edges from the strongest."""

    model: str
    master_id: str
    records: int
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def explain_cluster(match: FinishedMatch, master_id: str) -> ClusterGraph:
    """The graph of one cluster of a finished match. Cost: the block stage over all records.

    Raises:
        BadSpecification: the match has no such cluster.
    """
    members = np.flatnonzero(pc.equal(match.masters, master_id).to_numpy(zero_copy_only=False))
    if not len(members):
        raise BadSpecification("the match has no such cluster", expected="a master_id of its crosswalk.parquet")
    own = np.unique(match.nodes.of_record[members]).astype(np.int64)
    inner, outer = _pairs(match.candidates(), own)
    edges = [*_edges(match, _inside(match, own, inner), inside=True), *_edges(match, match.weigh(outer), inside=False)]
    shown = np.unique(np.concatenate([own, [e.left for e in edges], [e.right for e in edges]]).astype(np.int64))
    return ClusterGraph(
        match.model.model,
        master_id,
        len(members),
        tuple(_node(match, int(node), bool(np.isin(node, own))) for node in shown),
        tuple(sorted(edges, key=lambda edge: (-edge.bits, edge.left, edge.right))),
    )


def _pairs(candidates: Pairs, own: Places) -> tuple[Pairs, Pairs]:
    """Candidate pairs inside a cluster, and those between it and others."""
    ours, theirs = np.isin(candidates.left, own), np.isin(candidates.right, own)
    both, one = ours & theirs, ours ^ theirs
    return Pairs(candidates.left[both], candidates.right[both]), Pairs(candidates.left[one], candidates.right[one])


def _inside(match: FinishedMatch, own: Places, found: Pairs) -> Weighed:
    if len(own) > WHOLE:
        return match.weigh(found)
    every = every_pair(len(own))
    return match.weigh(Pairs(own[every.left].astype(np.int32), own[every.right].astype(np.int32)))


def _edges(match: FinishedMatch, weighed: Weighed, *, inside: bool) -> list[GraphEdge]:
    fields = [spec.field for spec in match.model.comparisons]
    hostile = against(match.model, match.trained, weighed.evidence.levels, weighed.bits)
    out = []
    for place in range(len(weighed.pairs)):
        kind = _kind(match, float(weighed.chances[place]), inside=inside, hostile=bool(hostile[place]))
        if kind is not None:
            out.append(
                GraphEdge(
                    int(weighed.pairs.left[place]), int(weighed.pairs.right[place]), kind,
                    float(weighed.bits[place]), float(weighed.chances[place]),
                    dict(zip(fields, map(float, weighed.weights[place]), strict=True)),
                )
            )  # fmt: skip
    return out


def _kind(match: FinishedMatch, chance: float, *, inside: bool, hostile: bool) -> EdgeKind | None:
    enough = chance >= match.model.link
    if inside:
        return "link" if enough else "contradiction" if hostile else "weak"
    return "cut" if enough else "near" if chance >= match.model.review[0] else None


def _node(match: FinishedMatch, node: int, inside: bool) -> GraphNode:
    rows = match.members(np.array([node]))
    return GraphNode(node, inside, match.masters[int(rows[0])].as_py(), tuple(match.address(int(row)) for row in rows))
