"""A drop read straight into memory: the accepted rows of its datasets, nothing landed, nothing remembered.

For work from file to file. The same reading, validation, floors and order of batches as in the intake, so the same
rows come out; the first batch of a dataset stands on nothing.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.checking import check
from connectors.drops import DropFile, scan
from connectors.readers import read
from connectors.refusals import Rejection, rejected
from connectors.state import NOTHING, Batch, State, advance
from schemas.contract import Contract, source_contract
from storage.errors import SourceRejected

logger = logging.getLogger(__name__)


def read_drop(folder: Path, datasets: Collection[str], *, as_of: date) -> Mapping[str, pa.Table]:
    """The accepted rows of those of the datasets that the folder holds.

    Columns as in the accepted zone. Memory holds all of them at once; `write_drop` holds one dataset at a time.

    Raises:
        SourceUnavailable: the folder is missing.
        SourceRejected: it holds none of the datasets, or files of them are rejected or held; all of these are named.
    """
    return dict(_accepted(folder, datasets, as_of))


def write_drop(folder: Path, datasets: Collection[str], out: Path, *, as_of: date) -> Mapping[str, Path]:
    """The same as `read_drop`, one Parquet file per dataset in a folder that is there."""
    paths = {}
    for dataset, table in _accepted(folder, datasets, as_of):
        paths[dataset] = out / f"{dataset}.parquet"
        pq.write_table(table, paths[dataset], compression="lz4", row_group_size=1 << 18)
    return paths


def _accepted(folder: Path, datasets: Collection[str], as_of: date) -> Iterator[tuple[str, pa.Table]]:
    drop = scan(folder)
    for warning in drop.warnings:
        logger.warning("drop warning", extra={"warning": warning})
    chosen = {name: files for name, files in drop.by_dataset().items() if name in datasets}
    if not chosen:
        raise SourceRejected(
            "the drop holds none of the datasets that are needed",
            str(folder),
            f"at least one of {', '.join(sorted(datasets))}",
            "check the folder and the names of the files",
        )
    refused: list[Rejection] = []
    for name, files in chosen.items():
        table = _fold(source_contract(name), files, as_of, refused)
        if table is not None and not refused:
            yield name, table
    if refused:
        raise rejected(refused)


def _fold(contract: Contract, files: Sequence[DropFile], as_of: date, refused: list[Rejection]) -> pa.Table | None:
    """The state after all batches; what stands in its way goes to `refused`."""
    state = NOTHING
    for file in files:
        try:
            state = _advance(state, file, contract, as_of)
        except SourceRejected as error:
            refused.append(Rejection(contract.name, file.path.name, str(error)))
    refused += [Rejection(contract.name, held.batch, str(held)) for held in state.held]
    return state.load()


def _advance(state: State, file: DropFile, contract: Contract, as_of: date) -> State:
    received = read(file, contract, drift=False)
    mode = file.mode or contract.mode
    checked = check(received, contract, batch=file.batch, mode=mode, as_of=as_of)
    logger.info(
        "batch read",
        extra={
            "dataset": contract.name,
            "file": file.path.name,
            "received": checked.received,
            "accepted": checked.accepted.num_rows,
            "quarantined": checked.quarantined.num_rows,
            "drift": len(received.drift),
        },
    )
    return advance(state, Batch(file.batch or file.path.name, file.path.name, mode), checked, contract).state
