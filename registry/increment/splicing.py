"""A sorted Parquet file with some rows replaced: everything else is copied as it stands.

Row group by row group: one is read while the one before is written, and memory holds the two. Invariant: the result is
what sorting all its rows would give.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROW_GROUP = 200_000

Keys: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Replacement:
    """Rows in the stead of others.

    `keys`: what the rows of a table are sorted by, as an array. `goes`: which rows of a table go. `rows`: file with the
    new rows, of the same columns and sorted likewise; none of its keys stands among the rows that stay.
    """

    keys: Callable[[pa.Table], Keys]
    goes: Callable[[pa.Table], Mask]
    rows: Path


def by_column(name: str, removed: pa.ChunkedArray, rows: Path) -> Replacement:
    """A replacement in a file that is sorted first by a column of text or of integers, never null.

    Args:
        name: the column.
        removed: its values whose rows go.
        rows: as in `Replacement`.
    """
    return Replacement(
        lambda table: as_keys(table.column(name)),
        lambda table: pc.is_in(table.column(name), value_set=removed).to_numpy(),
        rows,
    )


def as_keys(column: pa.ChunkedArray) -> Keys:
    """A column of text or of integers as an array that sorts as it does: texts as UTF-8, in the order of characters."""
    values = (column.cast(pa.binary()) if pa.types.is_string(column.type) else column).to_numpy()
    keys: Keys = values.astype("S") if values.dtype == object else values
    return keys


def splice(before: Path, change: Replacement, out: Path, gone: Path | None = None) -> None:
    """Write a file with some rows replaced; `gone` takes the rows that went."""
    old = pq.ParquetFile(before)
    new = pq.read_table(change.rows)
    schema = _common(old.schema_arrow, new)
    new = new.select(schema.names).cast(schema)
    keys, done, removed = change.keys(new), 0, []
    writing: list[Future[None]] = []
    with pq.ParquetWriter(out, schema, compression="zstd") as writer, ThreadPoolExecutor(1) as background:
        for group in range(old.num_row_groups):
            rows = old.read_row_group(group).cast(schema)
            is_last = group == old.num_row_groups - 1
            end = len(keys) if is_last else _end(keys, done, change.keys(rows.slice(max(rows.num_rows - 1, 0))))
            goes = change.goes(rows)
            merged = _merged(rows, goes, new.slice(done, end - done), change.keys)
            for one in writing:  # the group before, so that memory holds two
                one.result()
            writing = [background.submit(writer.write_table, merged, row_group_size=ROW_GROUP)]
            if gone:
                removed.append(rows.filter(pa.array(goes)))
            done = end
        for one in writing:
            one.result()
        if not old.num_row_groups:
            writer.write_table(new, row_group_size=ROW_GROUP)
    if gone:
        pq.write_table(pa.concat_tables([schema.empty_table(), *removed]), gone)


def _common(old: pa.Schema, new: pa.Table) -> pa.Schema:
    """The columns of the old file; null is allowed too where a new row has one: DuckDB says so where it finds one."""
    fields = [one.with_nullable(one.nullable or new.column(one.name).null_count > 0) for one in old]
    return pa.schema(fields, old.metadata)


def _end(keys: Keys, done: int, last: Keys) -> int:
    """How many of the new rows belong before the end of a row group."""
    return int(np.searchsorted(keys, last[0], "right")) if len(last) else done


def _merged(rows: pa.Table, goes: Mask, new: pa.Table, keys: Callable[[pa.Table], Keys]) -> pa.Table:
    if not goes.any() and not new.num_rows:
        return rows
    stays = np.flatnonzero(~goes)
    places = np.searchsorted(keys(rows)[stays], keys(new))
    order = np.insert(stays, places, rows.num_rows + np.arange(new.num_rows))
    return pa.concat_tables([rows, new]).take(pa.array(order))
