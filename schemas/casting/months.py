"""Months (所属期) and years as departments write them, to `YYYY-MM` and to whole numbers.

Read are 2025-03, 202503, 2025/3, 2025.03, 2025年3月, whatever `schemas.casting.dates` reads as a day, and for years
also 2025年 and 2025年度. Month 00 of year 0000, 1900-01, and 9999-12 mean "none" and are null. Refused are months
outside the calendar and the years 1800 to 2999, quarters and spans of months, and two spellings that can
mean two things: 2025.1, which is October where a spreadsheet ate the zero, and 20253, which is a day number too.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.calendar_days import epoch_days
from schemas.casting.dates import cast_dates
from schemas.casting.numbers import cast_integers
from schemas.casting.result import Cast, merged, over_distinct
from schemas.text import NO_VALUE_WORDS, Mask, as_text, present, tidy

MONTH_FORM: Final = "^[0-9]{4}-(0[1-9]|1[0-2])$"
"""What a month looks like after casting."""

_MONTH: Final = r"^(?P<y>\d{4})(?:\s*[-/.年]\s*(?P<m>\d{1,2})|(?P<c>\d{2}))\s*(?:月份?)?$"
_TWO_WAYS: Final = r"^(\d{4}\.1|20\d{3})$"
_YEAR: Final = r"^(?P<y>\d{4})\s*年度?$"
_NONE_MONTHS: Final = (0, 190_001, 999_912)
_LARGEST_YEAR: Final = 9999  # a whole number above it is a month, a day, or no year


def cast_months(array: pa.Array) -> Cast:
    """Months as text `YYYY-MM` of a column of any flat type."""
    days = _days(array, _month_days)
    return Cast(pc.strftime(days.values, format="%Y-%m"), days.bad)


def cast_years(array: pa.Array) -> Cast:
    """Years (int64) of a column of any flat type; a month or a day gives its year, any number up to 9999 stays."""
    text = _tidy(array)
    numbers = over_distinct(text, cast_integers)
    large = pc.fill_null(pc.greater(numbers.values, _LARGEST_YEAR), False).to_numpy(zero_copy_only=False)
    odd = numbers.bad | large
    if not odd.any():
        return numbers
    days = _days(text.filter(pa.array(odd)), _year_days)
    return merged(numbers, odd, Cast(pc.year(days.values), days.bad))


def _days(array: pa.Array, read: Callable[[pa.StringArray], Cast]) -> Cast:
    """Days (date32) within the months or years, read once a distinct value."""
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return cast_dates(array)
    return over_distinct(_tidy(array), read)


def _tidy(array: pa.Array) -> pa.StringArray:
    return tidy(as_text(array), nulls=NO_VALUE_WORDS)


def _month_days(text: pa.StringArray) -> Cast:
    """The first days of months; other days as they are."""
    folded = pc.utf8_normalize(text, "NFKC")
    groups = pc.extract_regex(folded, _MONTH)
    ambiguous = _matches(folded, _TWO_WAYS)
    months = present(groups) & ~ambiguous
    others = cast_dates(pc.if_else(pa.array(months | ambiguous), pa.scalar(None, pa.string()), text))
    return merged(Cast(others.values, others.bad | ambiguous), months, _first_days(groups.filter(pa.array(months))))


def _first_days(groups: pa.StructArray) -> Cast:
    """The first days of years and months; `c` is the month where nothing stands between the two."""
    apart, close = pc.struct_field(groups, "m"), pc.struct_field(groups, "c")
    numbers = [pc.struct_field(groups, "y"), pc.if_else(pc.equal(apart, ""), close, apart)]
    years, months = (field.cast(pa.int32()).to_numpy(zero_copy_only=False) for field in numbers)
    days, possible = epoch_days(years, months, np.ones_like(years))
    none = np.isin(years * 100 + months, _NONE_MONTHS)
    return Cast(pa.array(days, mask=~possible | none).cast(pa.date32()), ~possible & ~none)


def _year_days(text: pa.StringArray) -> Cast:
    """The first days of years written as such; of months and days as `_month_days`."""
    years = pc.extract_regex(pc.utf8_normalize(text, "NFKC"), _YEAR)
    first = pc.binary_join_element_wise(pc.struct_field(years, "y"), "01", "-")
    return _month_days(pc.if_else(years.is_valid(), first, text))


def _matches(text: pa.StringArray, pattern: str) -> Mask:
    found = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return np.asarray(found.to_numpy(zero_copy_only=False))
