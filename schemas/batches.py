"""The accepted state of a dataset and the batches that change it.

Invariant: a state has one row per record id and is sorted by it, so that it does not depend on the order of arrival.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import Mode
from schemas.key_order import is_ascending, sorted_places
from schemas.received import OPERATION
from schemas.text import whole
from schemas.threads import mapped

KEY = "record_id"


@dataclass(frozen=True)
class Changes:
    """Record ids that a batch adds, replaces, and deletes; `unknown_deletes` were not in the state."""

    added: int
    replaced: int
    deleted: int
    unknown_deletes: int


def apply_batch(state: pa.Table | None, accepted: pa.Table, mode: Mode) -> pa.Table:
    """The state after a batch of accepted rows, sorted by record id.

    A snapshot replaces the state. A delta upserts by record id and deletes the rows whose `op` is D; to delete what is
    not there changes nothing. The columns are those of `accepted` without `op`.
    """
    rows, _ = _split(accepted)
    if mode == "snapshot" or state is None:
        return _sorted(rows)
    before = _aligned(state, rows.schema)
    touched = whole(accepted.column(KEY))
    stay = np.flatnonzero(~pc.is_in(before.column(KEY), touched).to_numpy())
    return _merged(before, stay, _sorted(rows))


def compose(before: pa.Table | None, accepted: pa.Table, mode: Mode) -> pa.Table:
    """Changes followed by a batch, as changes: one row a record id, sorted, with `op` U or D as text.

    To apply what comes out to any state is to apply first `before` and then the batch. After a snapshot only what the
    snapshot holds and what followed it is left.
    """
    rows = _with_operation(accepted)
    if mode == "snapshot" or before is None:
        return _sorted(rows)
    stay = np.flatnonzero(~pc.is_in(before.column(KEY), whole(rows.column(KEY))).to_numpy())
    return _merged(before, stay, _sorted(rows))


def _with_operation(accepted: pa.Table) -> pa.Table:
    if OPERATION not in accepted.column_names:
        return accepted.append_column(OPERATION, pa.repeat(pa.scalar("U"), len(accepted)))
    return accepted.select([*(name for name in accepted.column_names if name != OPERATION), OPERATION])


def changes(state: pa.Table | None, accepted: pa.Table, mode: Mode) -> Changes:
    """What a batch does to the state; record ids of a snapshot that are absent count as deleted."""
    rows, deletes = _split(accepted)
    before = whole(state.column(KEY)) if state is not None else pa.array([], pa.string())
    known = _count(rows.column(KEY), before)
    if mode == "snapshot":
        return Changes(len(rows) - known, known, len(before) - known, 0)
    found = _count(pa.chunked_array([deletes]), before)
    return Changes(len(rows) - known, known, found, len(deletes) - found)


def _split(accepted: pa.Table) -> tuple[pa.Table, pa.StringArray]:
    """The rows to keep, without `op`, and the record ids to delete."""
    if OPERATION not in accepted.column_names:
        return accepted, pa.array([], pa.string())
    deletes = pc.equal(accepted.column(OPERATION), "D")
    rows = accepted.drop_columns([OPERATION])
    if not pc.any(deletes).as_py():
        return rows, pa.array([], pa.string())
    return rows.filter(pc.invert(deletes)), whole(accepted.column(KEY).filter(deletes))


def _count(keys: pa.ChunkedArray, among: pa.Array) -> int:
    return int(pc.sum(pc.is_in(keys, among)).as_py() or 0)


def _sorted(table: pa.Table) -> pa.Table:
    if is_ascending(table.column(KEY)):
        return table
    return _taken(table, sorted_places(whole(table.column(KEY))))


def _aligned(state: pa.Table, schema: pa.Schema) -> pa.Table:
    """A state of an earlier contract version under today's columns: new ones null, retired ones dropped."""
    columns = [
        state.column(field.name) if field.name in state.column_names else pa.nulls(len(state), field.type)
        for field in schema
    ]
    return pa.table(columns, names=schema.names).cast(schema)


def _merged(state: pa.Table, stay: npt.NDArray[np.intp], changed: pa.Table) -> pa.Table:
    """The rows of a sorted state that stay, and changed rows, each before the first greater key; one copy in all."""
    if len(changed) == 0 and len(stay) == len(state):
        return state
    keys = whole(state.column(KEY))
    before = pc.search_sorted(keys, whole(changed.column(KEY))).to_numpy()
    places = np.searchsorted(stay, before)
    order = np.insert(stay, places, len(state) + np.arange(len(changed)))
    return _taken(pa.concat_tables([state, changed]).unify_dictionaries(), order)


def _taken(table: pa.Table, places: npt.NDArray[np.intp]) -> pa.Table:
    rows = pa.array(places)
    return pa.table(mapped(lambda column: whole(column).take(rows), table.columns), names=table.column_names)
