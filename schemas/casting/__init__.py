"""Received columns made into the types of their contract, with the rows that could not be read.

Owns no rule about what becomes of such a row; `schemas.validation` does.
"""

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

from schemas.casting.dates import cast_dates, cast_timestamps
from schemas.casting.months import cast_months, cast_years
from schemas.casting.numbers import cast_integers, cast_money, cast_numbers
from schemas.casting.result import Cast, none_bad, of_dictionary
from schemas.contract import ValueType
from schemas.text import as_text, repeats, tidy

__all__ = ["BAD_RULES", "Cast", "cast"]

BAD_RULES: Final[Mapping[ValueType, str]] = {
    ValueType.INTEGER: "bad_number",
    ValueType.MONEY: "bad_number",
    ValueType.NUMBER: "bad_number",
    ValueType.DATE: "bad_date",
    ValueType.TIMESTAMP: "bad_date",
    ValueType.MONTH: "bad_month",
    ValueType.YEAR: "bad_year",
}
"""The rule that a text breaks which is not such a value."""

_CASTS: Final[Mapping[ValueType, Callable[[pa.Array], Cast]]] = {
    ValueType.STRING: lambda array: none_bad(tidy(as_text(array))),
    ValueType.INTEGER: cast_integers,
    ValueType.MONEY: cast_money,
    ValueType.NUMBER: cast_numbers,
    ValueType.DATE: cast_dates,
    ValueType.TIMESTAMP: cast_timestamps,
    ValueType.MONTH: cast_months,
    ValueType.YEAR: cast_years,
}


def cast(array: pa.Array, value_type: ValueType) -> Cast:
    """Cast a received column of any flat Arrow type to the contract's (`schemas.rendering.arrow.ARROW_TYPES`).

    Raises:
        TypeError: the column is nested, or holds bytes that are not text.
    """
    if repeats(array):
        return of_dictionary(array, _CASTS[value_type])
    return _CASTS[value_type](array)
