"""The queue of uncertain links: the pairs of the newest match that nobody has decided, the most instructive first.

A pair has a place in the queue of a match, which says nothing of its records and so may stand in an address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

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
_LIMITS: Final[dict[str, str | bool | int | float | list[str]]] = {"threads": 1, "memory_limit": "512MB"}
_MOST_MODELS: Final = 8  # one an entity, and those of runs that readers still have open

_WAITING: Final = """
    from read_parquet(?, file_row_number = true) as pair
    anti join decided using (left_source, left_dataset, left_record_id, right_source, right_dataset, right_record_id)
    anti join out as one on (left_source, left_dataset, left_record_id) = (one.source, one.dataset, one.record_id)
    anti join out as other on (right_source, right_dataset, right_record_id) = (other.source, other.dataset, other.record_id)
"""  # noqa: E501 - one condition a line


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
    path = str(folder_of(zones, run) / _FILE)
    with duckdb.connect(config=_LIMITS) as connection:
        connection.register("decided", _pairs(settled[0]))
        connection.register("out", _records(settled[1]))
        [(counted,)] = connection.execute(f"select count(*) {_WAITING}", [path]).fetchall()
        found: pa.Table = connection.sql(
            f"select pair.* {_WAITING} where file_row_number >= ? order by file_row_number limit 1",
            params=[path, start],
        ).to_arrow_table()
        rows = found.to_pylist()
    return Queue(_waiting(run, rows[0]) if rows else None, counted)


def waiting_at(zones: Zones, run: Manifest, place: int) -> Waiting | None:
    """The pair at a place of a match's queue, decided or not; None where it has no such place."""
    path = str(folder_of(zones, run) / _FILE)
    with duckdb.connect(config=_LIMITS) as connection:
        found: pa.Table = connection.sql(
            "select * from read_parquet(?, file_row_number = true) where file_row_number = ?", params=[path, place]
        ).to_arrow_table()
        rows = found.to_pylist()
    return _waiting(run, rows[0]) if rows else None


def model_of(zones: Zones, run: Manifest) -> tuple[MatchModel, Parameters]:
    """The trained model of a match."""
    return _model(folder_of(zones, run) / "model.json")


@lru_cache(maxsize=_MOST_MODELS)
def _model(path: Path) -> tuple[MatchModel, Parameters]:
    return read(path)


def folder_of(zones: Zones, run: Manifest) -> Path:
    """The folder of a match."""
    return zones.matching(run.name, run.version)


def _waiting(run: Manifest, row: Mapping[str, Any]) -> Waiting:
    left, right = (RecordKey(*(str(row[f"{side}_{name}"]) for name in _KEY)) for side in _SIDES)
    return Waiting(
        run, row["file_row_number"], left, right, row["match_probability"], row["reason"], row["record_pairs"],
        row["alike"], row["weights"], row["levels"],
    )  # fmt: skip


def _pairs(decided: Iterable[Pair]) -> pa.Table:
    """Each pair both ways round: the queue names the two as they stand in the match."""
    both = [pair for one, other in decided for pair in ((one, other), (other, one))]
    columns = {
        f"{side}_{name}": pa.array([getattr(pair[place], name) for pair in both], pa.string())
        for place, side in enumerate(_SIDES)
        for name in _KEY
    }
    return pa.table(columns)


def _records(records: Iterable[RecordKey]) -> pa.Table:
    found: Sequence[RecordKey] = list(records)
    return pa.table({name: pa.array([getattr(one, name) for one in found], pa.string()) for name in _KEY})
