"""Numbers, counts, and amounts of money as departments write them.

Read are decimal points, exponents, thousands separators, full-width digits, currency signs, and negatives in
parentheses; a percentage is read where a ratio is due. Refused are numbers with words of size such as 12.5万, which two
readers would read in two ways, infinities, and amounts beyond 16 digits of yuan. Money is rounded half to even.
"""

import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.casting.result import Cast, merged, none_bad, over_distinct
from schemas.contract import ValueType
from schemas.rendering.arrow import ARROW_TYPES
from schemas.text import NO_VALUE_WORDS, Mask, as_text, present, tidy

MONEY: Final = ARROW_TYPES[ValueType.MONEY]
_WORKING: Final = pa.decimal128(38, 10)
_LARGEST_YUAN: Final = 9_999_999_999_999_999
_EXACT_CENTS: Final = 2.0**53 / 200  # below it, a float's cents are exact and its ties can be seen
_CENT: Final = decimal.Decimal("0.01")

_PLAIN: Final = r"^[+-]?\d{1,15}(\.\d{0,10})?$"
_GROUPED: Final = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
_ANY_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?%?$"


def cast_numbers(array: pa.Array) -> Cast:
    """float64 of a column of any flat type."""
    array = _decoded(array)
    if _is_number(array.type):
        values = array.cast(pa.float64(), safe=False)
        return _finite(values, present(array) & ~_not_a_number(values))
    return _from_text(array, _FLOATS)


def cast_integers(array: pa.Array) -> Cast:
    """int64 of a column of any flat type; `2025.0` is 2025 and `2025.5` is bad."""
    array = _decoded(array)
    if pa.types.is_integer(array.type) and not pa.types.is_uint64(array.type):
        return none_bad(array.cast(pa.int64()))
    return _from_text(as_text(array), _INTEGERS)


def cast_money(array: pa.Array) -> Cast:
    """Yuan, decimal128(18, 2), of a column of any flat type."""
    array = _decoded(array)
    if pa.types.is_floating(array.type):
        return _money_of_floats(array.cast(pa.float64()))
    if pa.types.is_integer(array.type) or pa.types.is_decimal(array.type):
        return _money_of_exact(array)
    return _from_text(array, _MONEY)


def _decoded(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _not_a_number(values: pa.DoubleArray) -> Mask:
    return np.asarray(pc.fill_null(pc.is_nan(values), False).to_numpy(zero_copy_only=False))


def _finite(values: pa.DoubleArray, said: Mask) -> Cast:
    """NaN and infinity out; `said` are the rows where that is bad."""
    finite = pc.fill_null(pc.is_finite(values), False).to_numpy(zero_copy_only=False)
    if finite.all():
        return none_bad(values)
    return Cast(pc.if_else(pa.array(finite), values, pa.scalar(None, pa.float64())), said & ~finite)


@dataclass(frozen=True)
class _Reading:
    """How text becomes one kind of number: plain texts by the column, others one exact value at a time."""

    type: pa.DataType
    plain: Callable[[pa.StringArray], Cast]
    exact: Callable[[decimal.Decimal], object]  # None where the value does not fit
    percent: bool = False


def _from_text(array: pa.Array, reading: _Reading) -> Cast:
    text = tidy(as_text(array), nulls=NO_VALUE_WORDS)
    said = present(text)
    plain = said & _matches(text, _PLAIN)
    first = reading.plain(text if plain.all() else _only(text, plain))
    odd = said & ~plain
    if not odd.any():
        return first
    return merged(first, odd, over_distinct(text.filter(pa.array(odd)), lambda values: _odd(values, reading)))


def _odd(values: pa.StringArray, reading: _Reading) -> Cast:
    """Distinct texts with marks, exponents, or too many digits."""
    found = [_exact(value, reading) for value in _unmarked(values).to_pylist()]
    return Cast(pa.array(found, reading.type), np.array([value is None for value in found], bool))


def _exact(text: str | None, reading: _Reading) -> object:
    if text is None:
        return None
    factor = decimal.Decimal(1)
    if text.endswith("%"):
        if not reading.percent:
            return None
        text, factor = text[:-1], decimal.Decimal("0.01")
    return reading.exact(decimal.Decimal(text) * factor)


def _unmarked(values: pa.StringArray) -> pa.StringArray:
    """Marks of currency, grouping, and negation taken off; null where no number is left."""
    text = pc.utf8_normalize(values, "NFKC")
    text = pc.replace_substring_regex(text, r"[\s\x{200b}]", "")
    text = pc.replace_substring_regex(text, "[−–—]", "-")
    text = pc.replace_substring_regex(text, r"^\(([^-+()]+)\)$", r"-\1")
    text = pc.replace_substring_regex(text, r"^([+-]?)(?:[¥$]|RMB|CNY|人民币)", r"\1")
    text = pc.replace_substring_regex(text, r"(?:元整|元)$", "")
    grouped = pc.match_substring_regex(text, _GROUPED)
    text = pc.if_else(grouped, pc.replace_substring(text, ",", ""), text)
    return _only(text, _matches(text, _ANY_NUMBER))


def _matches(text: pa.StringArray, pattern: str) -> Mask:
    found = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _only(text: pa.StringArray, rows: Mask) -> pa.StringArray:
    return text if rows.all() else pc.if_else(pa.array(rows), text, pa.scalar(None, pa.string()))


def _plain_floats(text: pa.StringArray) -> Cast:
    return none_bad(text.cast(pa.float64()))


def _exact_float(value: decimal.Decimal) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None


def _plain_integers(text: pa.StringArray) -> Cast:
    whole = pc.replace_substring_regex(text, r"\.0*$", "")
    fractions = _matches(whole, r"\.")
    return Cast(pc.replace_substring(_only(whole, ~fractions), "+", "").cast(pa.int64()), fractions)


def _exact_integer(value: decimal.Decimal) -> int | None:
    fits = value.adjusted() < 19 and value == value.to_integral_value() and abs(value) < 2**63
    return int(value) if fits else None


def _plain_money(text: pa.StringArray) -> Cast:
    return none_bad(_rounded(text.cast(_WORKING)))


def _rounded(amounts: pa.Array) -> pa.Array:
    return pc.round(amounts, ndigits=2, round_mode="half_to_even").cast(MONEY)


def _exact_money(value: decimal.Decimal) -> decimal.Decimal | None:
    if abs(value) > _LARGEST_YUAN:
        return None
    return value.quantize(_CENT, decimal.ROUND_HALF_EVEN)


_FLOATS: Final = _Reading(pa.float64(), _plain_floats, _exact_float, percent=True)
_INTEGERS: Final = _Reading(pa.int64(), _plain_integers, _exact_integer)
_MONEY: Final = _Reading(MONEY, _plain_money, _exact_money)


def _money_of_exact(array: pa.Array) -> Cast:
    """Integers and decimals; amounts that need more than 16 digits before the point are bad."""
    if pa.types.is_decimal(array.type) and array.type.scale <= 2 and array.type.precision - array.type.scale <= 16:
        return none_bad(array.cast(MONEY))
    if pa.types.is_integer(array.type) and _few_digits(array):
        yuan = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return none_bad(_of_cents(yuan * 100, present(array)))
    wide = pa.decimal256(76, max(array.type.scale, 0) if pa.types.is_decimal(array.type) else 0)
    amounts = array.cast(wide)
    limit = pa.scalar(decimal.Decimal(_LARGEST_YUAN), wide)
    fits = pc.fill_null(pc.less_equal(pc.abs(amounts), limit), True)
    kept = pc.if_else(fits, amounts, pa.scalar(None, amounts.type))
    return Cast(_rounded(kept), ~fits.to_numpy(zero_copy_only=False))


def _few_digits(whole: pa.Array) -> bool:
    ends = pc.min_max(whole).as_py()
    return (ends["min"] or 0) >= -_LARGEST_YUAN and (ends["max"] or 0) <= _LARGEST_YUAN


def _money_of_floats(array: pa.DoubleArray) -> Cast:
    """Floats by their shortest decimal form, so that 2.675 is the tie it looks like."""
    values = array.fill_null(np.nan).to_numpy(zero_copy_only=False)
    said = ~np.isnan(values)
    hundredfold = np.where(said & (np.abs(values) < _EXACT_CENTS), values, 0.0) * 100
    ties = np.abs(np.abs(hundredfold - np.trunc(hundredfold)) - 0.5) < 1e-4
    slow = said & (ties | (np.abs(values) >= _EXACT_CENTS))
    cents = np.rint(hundredfold).astype(np.int64)
    amounts = _of_cents(cents, said & ~slow)
    if not slow.any():
        return none_bad(amounts)
    distinct, places = np.unique(values[slow], return_inverse=True)
    found = [_exact_money(decimal.Decimal(repr(value))) if np.isfinite(value) else None for value in distinct.tolist()]
    few = Cast(pa.array(found, MONEY).take(pa.array(places)), np.array([value is None for value in found])[places])
    return merged(none_bad(amounts), slow, few)


def _of_cents(cents: npt.NDArray[np.int64], said: Mask) -> pa.Array:
    """A decimal column from whole cents: the 128-bit integers are written directly."""
    words = np.empty((len(cents), 2), np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    validity = None if said.all() else pa.py_buffer(np.packbits(said, bitorder="little"))
    return pa.Array.from_buffers(MONEY, len(cents), [validity, pa.py_buffer(words)])
