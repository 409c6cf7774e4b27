"""Record ids that stand more than once in a batch: which row counts."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.key_order import Places, is_ascending, sorted_places
from schemas.text import Mask, whole


def repeated(record_ids: pa.ChunkedArray, cursor: pa.ChunkedArray | None, eligible: Mask) -> Mask:
    """Rows that must give way to another row with their record id.

    The row with the latest cursor counts, of equal ones the first; a null cursor is the earliest. Rows that are not
    `eligible`, being refused already, neither count nor give way.
    """
    gone = np.zeros(len(eligible), bool)
    able = np.flatnonzero(eligible)
    if len(able) < 2 or is_ascending(record_ids):
        return gone
    rows, groups = _shared(record_ids, able)
    if len(rows) == 0:
        return gone
    order = np.lexsort((rows, -_ranks(cursor, rows), groups))
    ordered = groups[order]
    gone[rows[order[1:]]] = ordered[1:] == ordered[:-1]
    return gone


def _shared(record_ids: pa.ChunkedArray, rows: Places) -> tuple[Places, Places]:
    """Those of some rows whose record id another of them has, and a number for each id."""
    keys = whole(record_ids)
    keys = keys if len(rows) == len(keys) else keys.take(pa.array(rows))
    order = sorted_places(keys)
    ordered = keys.take(pa.array(order))
    equal = pc.equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False)
    shared = np.append(equal, False) | np.append(False, equal)
    groups = np.append(0, np.cumsum(~equal))
    return rows[order[shared]], groups[shared]


def _ranks(cursor: pa.ChunkedArray | None, rows: Places) -> npt.NDArray[np.int64]:
    """Order of the cursor values of some rows, 0 for null; of any type that Arrow can sort."""
    if cursor is None:
        return np.zeros(len(rows), np.int64)
    values = cursor.take(pa.array(rows)).combine_chunks()
    ordered = pc.drop_null(pc.unique(values)).sort()
    places: npt.NDArray[np.int64] = pc.fill_null(pc.index_in(values, ordered), -1).to_numpy(zero_copy_only=False)
    return places.astype(np.int64) + 1
