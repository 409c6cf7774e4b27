"""A finished match opened again: its records, nodes, frequencies and parameters, and any of its pairs weighed anew.

Owns the only contact of explanation and evaluation with the steps of a match. It refuses tables that are not those of
the match. Invariant: a pair weighs here what it weighed there. Cost: reading, standardising and collapsing all records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching import frozen, parameters, weighing
from matching.blocking import Pairs, candidate_pairs
from matching.evidence import Evidence, compare
from matching.incremental import state
from matching.judgements import NONE, Judgements, applied
from matching.model import MatchModel
from matching.nodes import Nodes, Places, collapse
from matching.parameters import Parameters
from matching.placeholders import collapse_without_placeholders
from matching.records import Records, Tables, read, some
from matching.weighing import Bits, Frequencies
from storage.errors import BadSpecification, ContractBroken


@dataclass(frozen=True, order=True)
class Address:
    """One source record. `table` is `department.dataset`, or the name of a table of a declared model."""

    table: str
    record_id: str

    def __str__(self) -> str:
        return f"{self.table}/{self.record_id}"

    @staticmethod
    def parse(text: str) -> "Address":
        """`police.resident/PR01`; the record id may hold further slashes.

        Raises:
            BadSpecification: it has no slash.
        """
        table, slash, record_id = text.partition("/")
        if not slash or not table or not record_id:
            raise BadSpecification("a record is named by its dataset and its id", expected="dataset/record_id",
                                   remedy="write for example police.resident/PR000115788")  # fmt: skip
        return Address(table, record_id)


@dataclass(frozen=True)
class Weighed:
    """Pairs with the levels that they reach, their bits by field and in all, and their match probability."""

    pairs: Pairs
    evidence: Evidence
    weights: Bits
    bits: Bits
    chances: Bits


@dataclass(frozen=True)
class Small:
    """Some records of a match as a match of their own: `rows` are their places in it, values and codes are its."""

    rows: Places
    records: Records
    nodes: Nodes


@dataclass(frozen=True)
class FinishedMatch:
    """What a match knew when it weighed its pairs, and what it decided.

    Attributes:
        tables: the accepted tables.
        common: how common values are, over all nodes.
        masters: master id by record, in the order of `records`.
        judgements: what stewards had decided, as the match honoured it.
    """

    model: MatchModel
    trained: Parameters
    tables: Tables
    records: Records
    nodes: Nodes
    common: Mapping[str, Frequencies]
    masters: pa.ChunkedArray
    judgements: Judgements = NONE

    def row(self, address: Address) -> int:
        """Place of a record.

        Raises:
            BadSpecification: the match has no such record.
        """
        if address.table in self.records.datasets:
            place = self.records.datasets.index(address.table)
            start, stop = np.searchsorted(self.records.dataset, [place, place + 1])
            found: int = pc.index(self.records.record_ids.slice(start, stop - start), address.record_id).as_py()
            if found >= 0:
                return int(start) + found
        if (address.table, address.record_id) in self.judgements.suppressed:
            raise BadSpecification("a steward left the record out of the base", str(address),
                                   remedy="`sitong judge list` says who and why")  # fmt: skip
        known = ", ".join(self.records.datasets)
        raise BadSpecification(
            "the match has no such record", address.table, f"a record of {known}", "check dataset and record id"
        )

    def address(self, row: int) -> Address:
        """Address of a record."""
        return Address(self.records.datasets[self.records.dataset[row]], self.records.record_ids[int(row)].as_py())

    def small(self, rows: Places, *, collapsed: bool = True) -> Small:
        """A few records alone, in the order of the match; `collapsed` makes the same nodes of them as the match."""
        rows = np.unique(rows)
        part = some(self.records, rows)
        model = self.model if collapsed else self.model.model_copy(update={"collapse": ()})
        return Small(rows, part, collapse(part, model))

    def members(self, nodes: Places) -> Places:
        """Records of some nodes."""
        return np.flatnonzero(np.isin(self.nodes.of_record, nodes))

    def candidates(self) -> Pairs:
        """All pairs that blocking finds. Cost: that of the block stage."""
        return candidate_pairs(self.records, self.nodes, self.model, self.trained.bounds)[0]

    def weigh(self, pairs: Pairs, small: Small | None = None) -> Weighed:
        """Weigh pairs of nodes, those of the match or those of a few of its records."""
        records, nodes = (small.records, small.nodes) if small else (self.records, self.nodes)
        evidence = compare(records, nodes, self.model, pairs)
        weights = weighing.weigh(self.model, self.trained, self.common, evidence)
        bits = weighing.total(self.model, self.trained, weights, evidence, records.datasets)
        return Weighed(pairs, evidence, weights, bits, weighing.probability(bits))

    def weigh_freely(self, weighed: Weighed, small: Small) -> Bits:
        """The bits of pairs in all if no constraint kept them apart."""
        free = replace(weighed.evidence, apart=np.zeros(len(weighed.pairs), bool))
        return weighing.total(self.model, self.trained, weighed.weights, free, small.records.datasets)


def reopen(folder: Path, tables: Tables) -> FinishedMatch:
    """Open the folder of a finished match together with the tables that it matched.

    Args:
        folder: holds model.json and crosswalk.parquet.
        tables: the same accepted tables.

    Raises:
        ContractBroken: a file is missing or unreadable, or the tables hold other records than the crosswalk.
    """
    model, trained = trained_model(folder)
    crosswalk = pq.read_table(
        _there(folder, "crosswalk.parquet"), columns=["master_id", "source", "dataset", "record_id"], partitioning=None
    )
    known = frozen.read(folder)
    judgements = state.judgements_of(folder / state.FOLDER)
    accepted = applied(read(tables, model), judgements)
    collapsed = collapse_without_placeholders(accepted, model, known.placeholders if known else None)
    records, nodes = collapsed.records, collapsed.nodes
    if not _same_records(crosswalk, records):
        raise ContractBroken(
            f"the tables hold {len(records):,} records, not those of the {len(crosswalk):,} rows of the crosswalk",
            str(folder), "the tables that were matched", "name the same drop and day as for the match, or match again",
        )  # fmt: skip
    common = weighing.frequencies(nodes, records, model, known)
    return FinishedMatch(model, trained, tables, records, nodes, common, crosswalk.column("master_id"), judgements)


def trained_model(folder: Path) -> tuple[MatchModel, Parameters]:
    """The model of a finished match with its parameters.

    Raises:
        ContractBroken: model.json is missing or cannot be read.
    """
    try:
        return parameters.read(_there(folder, "model.json"))
    except (BadSpecification, ValueError) as error:
        raise ContractBroken(str(error), str(folder)) from error


def _there(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise ContractBroken(f"{name} is missing", str(folder), "the folder of a finished match",
                             "name the --out folder of sitong match")  # fmt: skip
    return folder / name


def _same_records(crosswalk: pa.Table, records: Records) -> bool:
    """Whether a crosswalk has one row a record, in the order of the records."""
    if len(crosswalk) != len(records):
        return False
    parts = [name.partition(".") if "." in name else ("", "", name) for name in records.datasets]
    place = pa.array(records.dataset)
    return all(
        bool(pc.all(pc.equal(crosswalk.column(column), pa.chunked_array([array]) if column != "record_id" else array),
                    min_count=0).as_py())
        for column, array in (
            ("source", pa.array([part[0] for part in parts], pa.string()).take(place)),
            ("dataset", pa.array([part[2] for part in parts], pa.string()).take(place)),
            ("record_id", records.record_ids),
        )
    )  # fmt: skip


def every_pair(size: int) -> Pairs:
    """All pairs of the first nodes; the square of their number."""
    left, right = np.triu_indices(size, 1)
    return Pairs(left.astype(np.int32), right.astype(np.int32))


def pairs_of(left: Sequence[int] | npt.NDArray[np.int32], right: Sequence[int] | npt.NDArray[np.int32]) -> Pairs:
    """Some pairs of nodes, each turned so that left < right."""
    one, other = np.asarray(left, np.int32), np.asarray(right, np.int32)
    return Pairs(np.minimum(one, other), np.maximum(one, other))
