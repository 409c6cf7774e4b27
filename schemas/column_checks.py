"""One column of a batch checked against its contract: typed values, raw evidence, flags, and refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas import casting, code_tables, identifiers
from schemas.contract import Column, ValueType
from schemas.errors import ContractBroken
from schemas.rendering.arrow import ARROW_TYPES
from schemas.text import NO_VALUE_WORDS, Mask, are_words, as_text, is_ascii, present, tidy, with_nul

MOST_KEY_BYTES: Final = 500
"""Bytes of a department's key: of a longer one columns have run together, and no database can index it."""

_KEYS: Final = ("_id", "_no")  # end the names of columns that hold one


@dataclass(frozen=True)
class Checked:
    """A column after its check.

    `raw`: text as received where it must be kept, None for columns that keep none. `flags`: rule → rows that stay.
    `refusals`: rule → rows that go to quarantine.
    """

    values: pa.Array
    raw: pa.StringArray | None = None
    flags: Mapping[str, Mask] = field(default_factory=dict)
    refusals: Mapping[str, Mask] = field(default_factory=dict)


def absent(column: Column, rows: int) -> Checked:
    """A column that was not received: all null, nothing to say."""
    raw = pa.nulls(rows, pa.string()) if column.keeps_raw else None
    return Checked(pa.nulls(rows, ARROW_TYPES[column.type]), raw)


def check(column: Column, array: pa.Array, *, as_of: date, where: str) -> Checked:
    """Check a received column.

    Raises:
        ContractBroken: its Arrow type cannot hold such values, or its bytes are not text.
    """
    try:
        _refuse_other_bytes(array)
        return _check(column, array, as_of)
    except (TypeError, pa.ArrowInvalid) as error:
        raise _broken(column, array, where) from error


def look_at(column: Column, array: pa.Array, *, where: str) -> Checked:
    """Look at a received column of which nothing is kept: it can refuse the file, and no row.

    Raises:
        ContractBroken: as `check`.
    """
    try:
        _refuse_other_bytes(array)
        as_text(array if pa.types.is_binary(array.type) else array.slice(0, 0))
    except (TypeError, pa.ArrowInvalid) as error:
        raise _broken(column, array, where) from error
    return Checked(pa.nulls(len(array)))


def may_refuse(column: Column) -> bool:
    """Whether a value of the column can send its row to quarantine."""
    return not column.nullable or (column.type is not ValueType.STRING and not column.lenient)


def _broken(column: Column, array: pa.Array, where: str) -> ContractBroken:
    return ContractBroken(
        f"column {column.name} of type {array.type} cannot be read as {column.type}",
        where=where,
        expected="text in UTF-8, a number, a date, or a dictionary of these",
        remedy="ask the sender to write the column as text",
    )


def _refuse_other_bytes(array: pa.Array) -> None:
    """Look at bytes that Arrow takes for UTF-8 without looking."""
    kind = array.type
    if pa.types.is_string(kind) and is_ascii(array):
        return
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        array.validate(full=True)


def _check(column: Column, array: pa.Array, as_of: date) -> Checked:
    if column.identifier is not None:
        found = identifiers.checked(column.identifier, array, as_of=as_of)
        return Checked(found.canonical, _kept(array, found.raw_kept), found.flags)
    if column.codes is not None:
        values, unknown = code_tables.judged(column.codes, array)
        return Checked(values, None, {"unknown_code": unknown})
    if column.type is ValueType.STRING:
        return _text(column, as_text(array))
    cast = casting.cast(array, column.type)
    rules = {casting.BAD_RULES[column.type]: cast.bad}
    raw = _kept(array, present(array) & ~present(cast.values)) if column.keeps_raw else None
    if not column.lenient:
        return Checked(cast.values, raw, {}, rules)
    return Checked(cast.values, raw, {**rules, **_future(column, cast.values, as_of)})


def _text(column: Column, text: pa.StringArray) -> Checked:
    values, flags = tidy(text), {"nul_removed": with_nul(text)}
    if column.name == "record_id":
        return Checked(values, None, flags, {"empty": ~present(values), "too_long": _too_long(values)})
    if column.nullable:
        if column.name.endswith(_KEYS) and (long := _too_long(values)).any():
            values = pc.if_else(pa.array(long), pa.scalar(None, pa.string()), values)
            flags["too_long"] = long
        return Checked(values, None, flags)
    flags["placeholder"] = are_words(values, NO_VALUE_WORDS)
    return Checked(values, None, flags, {"empty": ~present(values)})


def _too_long(values: pa.StringArray) -> Mask:
    """Keys that are longer than any department's."""
    long = pc.greater(pc.binary_length(values), MOST_KEY_BYTES)
    return np.asarray(pc.fill_null(long, False).to_numpy(zero_copy_only=False))


def _future(column: Column, values: pa.Array, as_of: date) -> dict[str, Mask]:
    """Birth dates after the day on which the batch is judged."""
    if column.type is not ValueType.DATE or column.name != "birth_date":
        return {}
    later = pc.fill_null(pc.greater(values, pa.scalar(as_of, pa.date32())), False)
    return {"future_birth": later.to_numpy(zero_copy_only=False)}


def _kept(array: pa.Array, rows: Mask) -> pa.StringArray:
    """The text as received at `rows`, null elsewhere and where nothing but blanks was received."""
    if not rows.any():
        return pa.nulls(len(array), pa.string())
    places = np.full(len(array), -1, np.int64)
    places[rows] = np.arange(np.count_nonzero(rows))
    text = as_text(array.filter(pa.array(rows)))
    blank = pc.equal(pc.utf8_trim_whitespace(text), "")
    text = pc.if_else(blank, pa.scalar(None, pa.string()), text)
    return text.take(pa.array(places, mask=places < 0))
