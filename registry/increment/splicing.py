"""A sorted Parquet file with the rows of some keys replaced: everything else is copied as it stands.

Row group by row group, so memory holds one of them. Invariant: the result is what sorting all its rows would give.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROW_GROUP = 200_000

_Keys: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Replacement:
    """Rows in the stead of others.

    `key`: the column by which the file is sorted first, of ASCII text or of integers, never null. `removed`: keys whose
    rows go. `rows`: file with the new rows, of the same columns, sorted like the other; none of its keys stands among
    the rows that stay.
    """

    key: str
    removed: pa.ChunkedArray
    rows: Path


def splice(before: Path, change: Replacement, out: Path, gone: Path | None = None) -> None:
    """Write a file with some rows replaced; `gone` takes the rows that went."""
    old = pq.ParquetFile(before)
    schema = old.schema_arrow
    new = pq.read_table(change.rows).select(schema.names).cast(schema)
    keys, done, removed = _keys(new, change.key), 0, []
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in range(old.num_row_groups):
            rows = old.read_row_group(group)
            is_last = group == old.num_row_groups - 1
            end = len(keys) if is_last else _end(keys, done, _keys(rows.slice(max(rows.num_rows - 1, 0)), change.key))
            goes = pc.is_in(rows.column(change.key), value_set=change.removed).to_numpy()
            writer.write_table(_merged(rows, goes, new.slice(done, end - done), change.key), row_group_size=ROW_GROUP)
            if gone:
                removed.append(rows.filter(pa.array(goes)))
            done = end
        if not old.num_row_groups:
            writer.write_table(new, row_group_size=ROW_GROUP)
    if gone:
        pq.write_table(pa.concat_tables([schema.empty_table(), *removed]), gone)


def _end(keys: _Keys, done: int, last: _Keys) -> int:
    """How many of the new rows belong before the end of a row group."""
    return int(np.searchsorted(keys, last[0], "right")) if len(last) else done


def _merged(rows: pa.Table, goes: npt.NDArray[np.bool_], new: pa.Table, key: str) -> pa.Table:
    if not goes.any() and not new.num_rows:
        return rows
    stays = np.flatnonzero(~goes)
    places = np.searchsorted(_keys(rows, key)[stays], _keys(new, key))
    order = np.insert(stays, places, rows.num_rows + np.arange(new.num_rows))
    return pa.concat_tables([rows, new]).take(pa.array(order))


def _keys(rows: pa.Table, key: str) -> _Keys:
    values = rows.column(key).to_numpy()
    keys: _Keys = values.astype("S") if values.dtype == object else values
    return keys
