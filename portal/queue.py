"""The queue of uncertain links: the pairs of the newest match that nobody has decided, the most instructive first.

A pair has a place in the queue of a match, which says nothing of its records and so may stand in an address. The pairs
of a match never change: a process reads them once, and a page looks up only what was decided since.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.model import MatchModel
from matching.parameters import Parameters, read
from registry.judgements.judgement import RecordKey
from registry.judgements.pairs import Pair
from registry.policy import Entity
from storage.manifest import Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

_FILE: Final = "review.parquet"
_SIDES: Final = ("left", "right")
_KEY: Final = ("source", "dataset", "record_id")
_MOST_MODELS: Final = 8  # one an entity, and those of runs that readers still have open
_MOST_QUEUES: Final = 2  # one an entity; of 100,000 pairs each takes 40 MB
_APART: Final = chr(31)


@dataclass(frozen=True)
class Waiting:
    """One pair of the queue.

    Attributes:
        run: the match that left it open. place: its place in that match's queue, from 0.
        match_probability: as the match weighed it.
        reason: why it waits (`matching.review.REASONS`).
        moved: record pairs that the decision joins or parts. alike: waiting pairs with the same comparison vector.
        weights: bits by field. levels: comparison level by field, null where the field says nothing.
    """

    run: Manifest
    place: int
    left: RecordKey
    right: RecordKey
    match_probability: float
    reason: str
    moved: int
    alike: int
    weights: Mapping[str, float]
    levels: Mapping[str, str | None]


@dataclass(frozen=True)
class Queue:
    """The next pair from some place on, and how many wait in all."""

    next: Waiting | None
    waiting: int


def newest_run(zones: Zones, entity: Entity) -> Manifest | None:
    """The newest whole match of an entity; None before the first."""
    folders = whole_folders(zones.matching(entity, "any").parent)
    runs = [read_manifest(folder) for folder in folders if (folder / _FILE).is_file()]
    return max(runs, key=lambda one: one.created_at, default=None)


def run_named(zones: Zones, entity: Entity, version: str) -> Manifest | None:
    """A match by its name; None where there is none any more."""
    folder = zones.matching(entity, version)
    return read_manifest(folder) if is_whole(folder) and (folder / _FILE).is_file() else None


def queue(zones: Zones, run: Manifest, settled: tuple[Iterable[Pair], Iterable[RecordKey]], start: int) -> Queue:
    """What waits in the queue of a match.

    Args:
        zones: of the home.
        run: the match.
        settled: pairs that were decided, and records that are left out of the base.
        start: the place from which the next pair is taken.
    """
    pairs = _pairs(folder_of(zones, run) / _FILE)
    places = np.flatnonzero(~pairs.settled(*settled))
    at = int(np.searchsorted(places, start))
    following = _waiting(run, pairs.rows, int(places[at])) if at < len(places) else None
    return Queue(following, len(places))


def waiting_at(zones: Zones, run: Manifest, place: int) -> Waiting | None:
    """The pair at a place of a match's queue, decided or not; None where it has no such place."""
    rows = _pairs(folder_of(zones, run) / _FILE).rows
    return _waiting(run, rows, place) if 0 <= place < len(rows) else None


@dataclass(frozen=True)
class _Pairs:
    """All pairs of a queue in order; `left`, `right`: their records as one text each."""

    rows: pa.Table
    left: pa.Array
    right: pa.Array

    def settled(self, decided: Iterable[Pair], out: Iterable[RecordKey]) -> npt.NDArray[np.bool_]:
        """Which pairs were decided, either way round, or have a record that is left out of the base."""
        known = pc.binary_join_element_wise(self.left, self.right, _APART)
        both = [_text(*pair) for one, other in decided for pair in ((one, other), (other, one))]
        gone = pa.array([_text(one) for one in out], pa.string())
        settled = pc.is_in(known, value_set=pa.array(both, pa.string()))
        for side in (self.left, self.right):
            settled = pc.or_(settled, pc.is_in(side, value_set=gone))
        return np.asarray(settled.to_numpy(zero_copy_only=False))


@lru_cache(maxsize=_MOST_QUEUES)
def _pairs(path: Path) -> _Pairs:
    rows = pq.read_table(path, partitioning=None).combine_chunks()
    sides = [
        pc.binary_join_element_wise(*(rows.column(f"{side}_{name}").combine_chunks() for name in _KEY), _APART)
        for side in _SIDES
    ]
    return _Pairs(rows, *sides)


def _text(*keys: RecordKey) -> str:
    return _APART.join(getattr(key, name) for key in keys for name in _KEY)


def model_of(zones: Zones, run: Manifest) -> tuple[MatchModel, Parameters]:
    """The trained model of a match."""
    return _model(folder_of(zones, run) / "model.json")


@lru_cache(maxsize=_MOST_MODELS)
def _model(path: Path) -> tuple[MatchModel, Parameters]:
    return read(path)


def folder_of(zones: Zones, run: Manifest) -> Path:
    """The folder of a match."""
    return zones.matching(run.name, run.version)


def _waiting(run: Manifest, rows: pa.Table, place: int) -> Waiting:
    [row] = rows.slice(place, 1).to_pylist()
    left, right = (RecordKey(*(str(row[f"{side}_{name}"]) for name in _KEY)) for side in _SIDES)
    return Waiting(
        run, place, left, right, row["match_probability"], row["reason"], row["record_pairs"], row["alike"],
        row["weights"], row["levels"],
    )  # fmt: skip
