"""The graph of the clusters of two records from the state that a match keeps: nothing is compared or weighed anew.

Owns the short way for readers who wait: pairs with the bits that they had, without those of fields. Cost: a pass over
the nodes of the match, whose arrays are mapped and not loaded; records and pairs are found by their order.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.explaining.cluster import ClusterGraph, EdgeKind, GraphEdge, GraphNode
from matching.explaining.finished import Address
from matching.incremental.arrays import ArrayFolder
from matching.incremental.state import FOLDER, FORMAT
from matching.model import MatchModel
from matching.nodes import Places
from matching.records import Records
from matching.weighing import probability
from storage.errors import BadSpecification

MOST_RECORDS: Final = 2000
"""Of both clusters, in the order of the match; a cluster of more is a fault of the data."""

Mapped = npt.NDArray[Any]


@dataclass(frozen=True)
class _Kept:
    """What a state keeps of records, nodes and clusters; `starts`: first record of each dataset, and of none after."""

    arrays: ArrayFolder
    records: Records
    starts: tuple[int, ...]
    of_record: Mapped
    root: Mapped

    def row(self, address: Address) -> int | None:
        """Where a record stands: within its dataset records are in the order of their ids."""
        if address.table not in self.records.datasets:
            return None
        place = self.records.datasets.index(address.table)
        rows = range(self.starts[place], self.starts[place + 1])
        at = bisect_left(rows, address.record_id, key=self._record_id)
        return rows[at] if at < len(rows) and self._record_id(rows[at]) == address.record_id else None

    def address(self, row: int) -> Address:
        return Address(self.records.datasets[self.records.dataset[row]], self._record_id(row))

    def rows(self, nodes: Places) -> Places:
        """Records of some nodes, at most `MOST_RECORDS`."""
        wanted = np.zeros(len(self.root), bool)
        wanted[nodes] = True
        return np.flatnonzero(wanted[self.of_record])[:MOST_RECORDS]

    def masters(self, roots: Places) -> dict[int, str]:
        """The name of each cluster."""
        names = self.arrays.load("nodes.names")[roots].astype(str)
        return dict(zip(roots.tolist(), names.tolist(), strict=True))

    def _record_id(self, row: int) -> str:
        return str(self.records.record_ids[row].as_py())


def kept_graph(folder: Path, model: MatchModel, records: Sequence[Address]) -> ClusterGraph:
    """The clusters of some records and what was weighed in and between them; edges from the strongest.

    `inside` are the nodes of the first record's cluster; records that the match lacks are passed over. Edges below the
    review window are kept inside a cluster only; whether one contradicts is not told. Bits by field are left empty.

    Raises:
        BadSpecification: the match keeps no state, or one of another format, or none of the records.
    """
    kept = _kept(folder)
    asked = [row for one in records if (row := kept.row(one)) is not None]
    if not asked:
        raise BadSpecification("the match has no such record", expected="a record of its crosswalk.parquet")
    roots = np.unique(kept.root[kept.of_record[asked]]).astype(np.int64)
    rows = kept.rows(np.flatnonzero(np.isin(kept.root, roots)))
    masters = kept.masters(roots)
    own = int(kept.root[kept.of_record[asked[0]]])
    grouped: dict[int, list[Address]] = {}
    for row in rows.tolist():
        grouped.setdefault(int(kept.of_record[row]), []).append(kept.address(row))
    cluster = {node: int(kept.root[node]) for node in grouped}
    nodes = tuple(
        GraphNode(node, cluster[node] == own, masters[cluster[node]], tuple(found)) for node, found in grouped.items()
    )
    return ClusterGraph(model.model, masters[own], len(rows), nodes, _edges(kept.arrays, model, nodes))


def _kept(folder: Path) -> _Kept:
    try:
        manifest = json.loads((folder / FOLDER / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSpecification("the match keeps no state", str(folder), "the folder of a whole match") from error
    if manifest.get("format") != FORMAT:
        raise BadSpecification("the state is of another format", str(folder), f"format {FORMAT}", "match anew")
    arrays = ArrayFolder(folder / FOLDER)
    datasets, ids = tuple(manifest["datasets"]), arrays.load_texts("records.ids")
    records = Records(datasets, arrays.load("records.dataset"), ids, {}, {}, {}, {})
    starts = (0, *np.cumsum(manifest["rows"]).tolist())
    return _Kept(arrays, records, starts, arrays.load("nodes.of_record"), arrays.load("clusters.root"))


def _edges(arrays: ArrayFolder, model: MatchModel, nodes: Sequence[GraphNode]) -> tuple[GraphEdge, ...]:
    places = _places(arrays, np.array(sorted(node.node for node in nodes), np.int32))
    left, right, bits = (arrays.load(f"pairs.{name}")[places] for name in ("left", "right", "bits"))
    master = {node.node: node.master_id for node in nodes}
    edges = []
    for one, other, weight, chance in zip(left.tolist(), right.tolist(), bits, probability(bits), strict=True):
        kind = _kind(model, float(chance), together=master[one] == master[other])
        if kind is not None:
            edges.append(GraphEdge(one, other, kind, float(weight), float(chance), {}))
    return tuple(sorted(edges, key=lambda edge: (-edge.bits, edge.left, edge.right)))


def _places(arrays: ArrayFolder, nodes: npt.NDArray[np.int32]) -> Places:
    """Where the pairs among some nodes stand; pairs are in the order of their left nodes."""
    left, right = arrays.load("pairs.left"), arrays.load("pairs.right")
    starts, stops = np.searchsorted(left, nodes, "left"), np.searchsorted(left, nodes, "right")
    of_nodes = [np.arange(start, stop) for start, stop in zip(starts, stops, strict=True)]
    places = np.concatenate(of_nodes) if of_nodes else np.zeros(0, np.int64)
    return np.asarray(places[np.isin(right[places], nodes)])


def _kind(model: MatchModel, chance: float, *, together: bool) -> EdgeKind | None:
    enough = chance >= model.link
    if together:
        return "link" if enough else "weak"
    return "cut" if enough else "near" if chance >= model.review[0] else None
