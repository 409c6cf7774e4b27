"""A drop read straight into memory: the accepted rows of its datasets, nothing landed, nothing remembered.

For work from file to file. The same reading, validation, floors and order of batches as in the intake, so the same
rows come out; the first batch of a dataset stands on nothing.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.checking import check
from connectors.drops import DropFile, scan
from connectors.readers import read
from connectors.refusals import Rejection, rejected
from connectors.state import NOTHING, Apply, Batch, State, advance
from schemas.batches import KEY, apply_batch, compose
from schemas.contract import Contract, Mode, source_contract
from schemas.received import OPERATION
from schemas.threads import mapped
from schemas.validation import Validated
from storage.errors import SourceRejected

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tally:
    """What validation made of the rows of one batch: accepted + quarantined = received.

    `rules`: `column:rule` → quarantined rows; a row can break several.
    """

    dataset: str
    batch: str
    received: int
    accepted: int
    quarantined: int
    rules: Mapping[str, int]


Report = Callable[[Tally], None]


def _unheard(_: Tally) -> None:
    """Nobody asked."""


@dataclass(frozen=True)
class _Wish:
    """On which day batches are judged, which columns are wanted (None: all), whose broken floors are waived."""

    as_of: date
    columns: Collection[str] | None = None
    released: Collection[str] = ()
    report: Report = _unheard


def read_drop(
    folder: Path,
    datasets: Collection[str],
    *,
    as_of: date,
    columns: Collection[str] | None = None,
    released: Collection[str] = (),
    report: Report = _unheard,
) -> Mapping[str, pa.Table]:
    """The accepted rows of those of the datasets that the folder holds; broken floors of `released` ones are waived.

    Columns as in the accepted zone; where `columns` are named, these, `record_id`, and those whose null share has a
    floor. `report` hears of every batch, in any order and from any thread. Memory holds all datasets at once;
    `write_drop` holds one at a time.

    Raises:
        SourceUnavailable: the folder is missing.
        SourceRejected: it holds none of the datasets, or files of them are rejected or held; all of these are named.
    """
    chosen, wish = _chosen(folder, datasets), _Wish(as_of, columns, released, report)
    folded = mapped(lambda name: _fold(source_contract(name), chosen[name], wish), chosen)
    if refused := [one for _, rejections in folded for one in rejections]:
        raise rejected(refused)
    return {name: table for name, (table, _) in zip(chosen, folded, strict=True) if table is not None}


def write_drop(
    folder: Path,
    datasets: Collection[str],
    out: Path,
    *,
    as_of: date,
    released: Collection[str] = (),
    report: Report = _unheard,
) -> Mapping[str, Path]:
    """The same as `read_drop`, one Parquet file per dataset in a folder that is there."""
    paths: dict[str, Path] = {}
    refused: list[Rejection] = []
    wish = _Wish(as_of, None, released, report)
    for name, files in _chosen(folder, datasets).items():
        table, rejections = _fold(source_contract(name), files, wish)
        refused += rejections
        if table is not None and not refused:
            paths[name] = out / f"{name}.parquet"
            pq.write_table(table, paths[name], compression="lz4", row_group_size=1 << 18)
    if refused:
        raise rejected(refused)
    return paths


@dataclass(frozen=True)
class DatasetChanges:
    """What a drop does to one dataset: rows to put in the place of those of their ids, and ids to take away.

    `whole`: a snapshot was among the batches, so that every record that is not in `rows` is gone.
    """

    rows: pa.Table
    deleted: pa.StringArray
    whole: bool


def read_changes(
    folder: Path,
    datasets: Mapping[str, int],
    *,
    as_of: date,
    columns: Collection[str],
    released: Collection[str] = (),
    report: Report = _unheard,
) -> Mapping[str, DatasetChanges]:
    """What a drop does to accepted states that are not read: the columns of `read_drop`, one row a changed record.

    `datasets`: accepted rows that each has before, by which the floors of a snapshot are judged.

    Raises:
        As `read_drop`.
    """
    chosen, wish = _chosen(folder, datasets), _Wish(as_of, columns, released, report)

    def fold(name: str) -> tuple[pa.Table | None, list[Rejection]]:
        return _fold(source_contract(name), chosen[name], wish, (State(datasets[name]), compose))

    folded = mapped(fold, chosen)
    if refused := [one for _, rejections in folded for one in rejections]:
        raise rejected(refused)
    return {
        name: _changes(table, name, chosen[name])
        for name, (table, _) in zip(chosen, folded, strict=True)
        if table is not None
    }


def _changes(composed: pa.Table, name: str, files: Sequence[DropFile]) -> DatasetChanges:
    deletes = pc.equal(composed.column(OPERATION), "D")
    rows = composed.drop_columns([OPERATION])
    whole = any((file.mode or source_contract(name).mode) == "snapshot" for file in files)
    deleted = rows.column(KEY).filter(deletes).combine_chunks()
    return DatasetChanges(rows.filter(pc.invert(deletes)), deleted, whole)


def _chosen(folder: Path, datasets: Collection[str]) -> Mapping[str, Sequence[DropFile]]:
    drop = scan(folder)
    for warning in drop.warnings:
        logger.warning("drop: %s", warning)
    chosen = {name: files for name, files in drop.by_dataset().items() if name in datasets}
    if not chosen:
        raise SourceRejected(
            "the drop holds none of the datasets that are needed",
            str(folder),
            f"at least one of {', '.join(sorted(datasets))}",
            "check the folder and the names of the files",
        )
    return chosen


def _fold(
    contract: Contract, files: Sequence[DropFile], wish: _Wish, start: tuple[State, Apply] = (NOTHING, apply_batch)
) -> tuple[pa.Table | None, list[Rejection]]:
    """The state after all batches, and what stood in its way."""
    (state, apply), refused = start, list[Rejection]()
    for file in files:
        try:
            state = _advance((state, apply), file, contract, wish)
        except SourceRejected as error:
            refused.append(Rejection(contract.name, file.path.name, str(error)))
    refused += [Rejection(contract.name, held.batch, str(held)) for held in state.held]
    return state.load(), refused


def _advance(start: tuple[State, Apply], file: DropFile, contract: Contract, wish: _Wish) -> State:
    mode = file.mode or contract.mode
    checked = _checked(file, contract, mode, wish)
    batch = Batch(file.batch or file.path.name, file.path.name, mode, released=contract.name in wish.released)
    return advance(start[0], batch, checked, contract, start[1]).state


def _checked(file: DropFile, contract: Contract, mode: Mode, wish: _Wish) -> Validated:
    """The batch of a file; what was received is let go here, before the rows are sorted."""
    received = read(file, contract, drift=False)
    columns = None if wish.columns is None else {*wish.columns, *contract.floors.max_null_share}
    checked = check(received, contract, batch=file.batch, mode=mode, as_of=wish.as_of, columns=columns)
    counts = (checked.received, checked.accepted.num_rows, checked.quarantined.num_rows)
    logger.info(
        "batch read",
        extra={
            "dataset": contract.name,
            "file": file.path.name,
            **dict(zip(("received", "accepted", "quarantined"), counts, strict=True)),
            "drift": len(received.drift),
        },
    )
    wish.report(Tally(contract.name, file.batch, *counts, checked.rule_counts))
    return checked
