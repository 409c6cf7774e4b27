"""The graph of the clusters of two records from the state that a match keeps: nothing is compared or weighed anew.

Owns the short way for readers who wait: pairs with the bits that they had, without those of fields. Cost: a pass over
the match's pairs, which are mapped and not loaded.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.explaining.cluster import ClusterGraph, EdgeKind, GraphEdge, GraphNode
from matching.explaining.finished import Address
from matching.incremental.arrays import ArrayFolder
from matching.incremental.state import FOLDER, FORMAT
from matching.model import MatchModel
from matching.weighing import probability
from storage.errors import BadSpecification

MOST_RECORDS: Final = 2000
"""Of both clusters, in the order of the crosswalk; a cluster of more is a fault of the data."""

_MEMBERS: Final = """
    with named as (
        select distinct master_id from read_parquet($crosswalk)
        where source || '.' || dataset || '/' || record_id in (select unnest($records))
    )
    select file_row_number as row, master_id, source || '.' || dataset as dataset, record_id
    from read_parquet($crosswalk, file_row_number = true) join named using (master_id)
    order by file_row_number limit $most
"""


@dataclass(frozen=True)
class _Member:
    row: int
    master_id: str
    address: Address


def kept_graph(folder: Path, model: MatchModel, records: Sequence[Address]) -> ClusterGraph:
    """The clusters of some records and what was weighed in and between them; edges from the strongest.

    `inside` are the nodes of the first record's cluster; records that the match lacks are passed over. Edges below the
    review window are kept inside a cluster only; whether one contradicts is not told. Bits by field are left empty.

    Raises:
        BadSpecification: the match keeps no state, or one of another format, or none of the records.
    """
    arrays = _arrays(folder)
    members = _members(folder / "crosswalk.parquet", records)
    masters = {member.address: member.master_id for member in members}
    own = next((masters[one] for one in records if one in masters), None)
    if own is None:
        raise BadSpecification("the match has no such record", expected="a record of its crosswalk.parquet")
    of_record = arrays.load("nodes.of_record")
    grouped: dict[int, list[_Member]] = {}
    for member in members:
        grouped.setdefault(int(of_record[member.row]), []).append(member)
    nodes = [
        GraphNode(node, found[0].master_id == own, found[0].master_id, tuple(one.address for one in found))
        for node, found in grouped.items()
    ]
    return ClusterGraph(model.model, own, len(members), tuple(nodes), _edges(arrays, model, nodes))


def _arrays(folder: Path) -> ArrayFolder:
    try:
        manifest = json.loads((folder / FOLDER / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSpecification("the match keeps no state", str(folder), "the folder of a whole match") from error
    if manifest.get("format") != FORMAT:
        raise BadSpecification("the state is of another format", str(folder), f"format {FORMAT}", "match anew")
    return ArrayFolder(folder / FOLDER)


def _members(crosswalk: Path, records: Sequence[Address]) -> list[_Member]:
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as connection:
        found: pa.Table = connection.sql(
            _MEMBERS,
            params={"crosswalk": str(crosswalk), "records": [str(one) for one in records], "most": MOST_RECORDS},
        ).to_arrow_table()
    return [
        _Member(row["row"], row["master_id"], Address(row["dataset"], row["record_id"])) for row in found.to_pylist()
    ]


def _edges(arrays: ArrayFolder, model: MatchModel, nodes: Sequence[GraphNode]) -> tuple[GraphEdge, ...]:
    left, right = arrays.load("pairs.left"), arrays.load("pairs.right")
    chosen = np.zeros(len(arrays.load("clusters.root")), bool)
    chosen[[node.node for node in nodes]] = True
    places: npt.NDArray[np.int64] = np.flatnonzero(chosen[left] & chosen[right])
    bits = arrays.load("pairs.bits")[places]
    chances = probability(bits)
    master = {node.node: node.master_id for node in nodes}
    edges = []
    for place, weight, chance in zip(places, bits, chances, strict=True):
        one, other = int(left[place]), int(right[place])
        kind = _kind(model, float(chance), together=master[one] == master[other])
        if kind is not None:
            edges.append(GraphEdge(one, other, kind, float(weight), float(chance), {}))
    return tuple(sorted(edges, key=lambda edge: (-edge.bits, edge.left, edge.right)))


def _kind(model: MatchModel, chance: float, *, together: bool) -> EdgeKind | None:
    enough = chance >= model.link
    if together:
        return "link" if enough else "weak"
    return "cut" if enough else "near" if chance >= model.review[0] else None
