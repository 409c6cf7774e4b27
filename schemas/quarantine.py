"""Refused rows as evidence: what was received, as text, with the rules that it broke."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.flags import joined_names
from schemas.text import Mask, as_text, whole

ROW: Final = "_row"
RULES: Final = "_rules"


def quarantine_rows(source: pa.Table, refusals: Mapping[str, Mask], before: int) -> pa.Table:
    """One row per refused row of `source`, which begins after `before` rows of its file.

    Columns: the received ones as text, `_row` (1-based position in the file), `_rules`.
    """
    refused = np.zeros(len(source), bool)
    for rows in refusals.values():
        refused |= rows
    places = np.flatnonzero(refused)
    few = source.take(pa.array(places)) if len(places) else source.slice(0, 0)
    columns = {name: _texts(few.column(place)) for place, name in enumerate(few.column_names)}
    columns[ROW] = pa.array(places + before + 1, pa.int64())
    named = joined_names({name: rows[places] for name, rows in refusals.items()}, len(places))
    columns[RULES] = named.dictionary_decode()
    return pa.table(columns)


def _texts(column: pa.ChunkedArray) -> pa.StringArray:
    """Text of any column at all; bytes that are not UTF-8 are shown as U+FFFD."""
    array = whole(column)
    try:
        text = as_text(array)
        text.validate(full=True)
    except (TypeError, pa.ArrowInvalid):
        return pa.array([_shown(value) for value in _objects(array)], pa.string())
    return text


def _objects(array: pa.Array) -> list[object]:
    text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    return list((array.cast(pa.large_binary()) if text else array).to_pylist())


def _shown(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)
