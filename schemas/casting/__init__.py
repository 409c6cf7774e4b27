"""Received columns made into the types of their contract, with the rows that could not be read.

Owns no rule about what becomes of such a row; `schemas.validation` does.
"""

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

from schemas.casting.dates import cast_dates, cast_timestamps
from schemas.casting.numbers import MONEY, cast_integers, cast_money, cast_numbers
from schemas.casting.result import Cast, none_bad
from schemas.contract import ValueType
from schemas.text import as_text, tidy

__all__ = ["ARROW_TYPES", "BAD_RULES", "Cast", "cast"]

ARROW_TYPES: Final[Mapping[ValueType, pa.DataType]] = {
    ValueType.STRING: pa.string(),
    ValueType.INTEGER: pa.int64(),
    ValueType.MONEY: MONEY,
    ValueType.NUMBER: pa.float64(),
    ValueType.DATE: pa.date32(),
    ValueType.TIMESTAMP: pa.timestamp("us"),
}
"""The type of an accepted column."""

BAD_RULES: Final[Mapping[ValueType, str]] = {
    ValueType.INTEGER: "bad_number",
    ValueType.MONEY: "bad_number",
    ValueType.NUMBER: "bad_number",
    ValueType.DATE: "bad_date",
    ValueType.TIMESTAMP: "bad_date",
}
"""The rule that a text breaks which is not such a value."""

_CASTS: Final[Mapping[ValueType, Callable[[pa.Array], Cast]]] = {
    ValueType.STRING: lambda array: none_bad(tidy(as_text(array))),
    ValueType.INTEGER: cast_integers,
    ValueType.MONEY: cast_money,
    ValueType.NUMBER: cast_numbers,
    ValueType.DATE: cast_dates,
    ValueType.TIMESTAMP: cast_timestamps,
}


def cast(array: pa.Array, value_type: ValueType) -> Cast:
    """Cast a received column of any flat Arrow type.

    Raises:
        TypeError: the column is nested, or holds bytes that are not text.
    """
    return _CASTS[value_type](array)
