"""Dates and times as departments write them, to date32 and local timestamps.

Read are ISO 8601, YYYYMMDD, YYYY/M/D, YYYY.M.D, YYYY年M月D日, times behind them, YYYYMMDDHHMMSS, and day numbers of
spreadsheets (20000 to 80000). 0000-00-00, 1900-01-01, and 9999-12-31 in any spelling mean "none" and are null. A time
with a zone becomes local time (UTC+8). Refused are days outside the calendar and years outside 1800 to 2999.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.calendar_days import epoch_days
from schemas.casting.result import Cast, merged, over_distinct
from schemas.characters import Bytes, are_digits, lengths, matrix, number
from schemas.text import NO_VALUE_WORDS, Mask, as_text, present, tidy

Micros = npt.NDArray[np.int64]

LOCAL_OFFSET_HOURS: Final = 8  # China Standard Time; the country has had no other since 1992
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_NO_TIME: Final = np.iinfo(np.int64).min

_NONE_DAYS: Final = tuple(
    int(np.datetime64(day, "D").astype(np.int64)) for day in ("1899-12-30", "1899-12-31", "1900-01-01", "9999-12-31")
)
"""Days that mean "none"; the first two are what spreadsheets make of zero."""

_LAYOUTS: Final = (
    "YYYY-MM-DD", "YYYYMMDD", "YYYY/MM/DD", "YYYY.MM.DD", "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DDThh:mm:ss",
    "YYYY/MM/DD hh:mm:ss", "YYYYMMDDhhmmss", "YYYY-MM-DD hh:mm:ss.ffffff", "YYYY-MM-DDThh:mm:ss.ffffff",
)  # fmt: skip
"""Layouts of fixed width, read by position; everything else goes through the patterns below."""

_TIME = r"(?P<h>\d{1,2})[:时](?P<n>\d{1,2})(?:[:分](?P<s>\d{1,2})(?:[.,](?P<f>\d{1,9}))?秒?|分)?"
_ZONE = r"\s*(?P<z>Z|z|UTC|[+-]\d{2}:?\d{2})?"
_SEPARATED: Final = (
    r"^(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*[日号]?"
    r"(?:(?:\s+|T|\s*T\s*|-)?" + _TIME + _ZONE + ")?$"
)
_COMPACT: Final = (
    r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:[T\s]*(?P<h>\d{2}):?(?P<n>\d{2})(?::?(?P<s>\d{2})"
    r"(?:\.?(?P<f>\d{1,9}))?)?" + _ZONE + ")?$"
)
_SERIAL: Final = r"^(?P<serial>[2-7]\d{4}(?:\.\d+)?|80000(?:\.0+)?)$"
_SERIAL_ZERO: Final = int(np.datetime64("1899-12-30", "D").astype(np.int64))


def cast_dates(array: pa.Array) -> Cast:
    """Days (date32) of a column of any flat type; times of day are dropped."""
    instants, bad = _instants(array)
    missing = instants == _NO_TIME
    days = np.where(missing, 0, instants // _DAY).astype(np.int32)
    return Cast(pa.array(days, mask=missing).cast(pa.date32()), bad)


def cast_timestamps(array: pa.Array) -> Cast:
    """Local times (timestamp[us]) of a column of any flat type; a day alone is its midnight."""
    instants, bad = _instants(array)
    values = pa.array(instants, mask=instants == _NO_TIME)
    return Cast(values.cast(pa.timestamp("us")), bad)


def _instants(array: pa.Array) -> tuple[Micros, Mask]:
    """Microseconds since 1970 local time, `_NO_TIME` where there are none, and the rows that could not be read."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        found = _typed(array)
        bad = np.zeros(len(array), bool)
    else:
        cast = _read(tidy(as_text(array), nulls=NO_VALUE_WORDS))
        found = cast.values.fill_null(_NO_TIME).to_numpy(zero_copy_only=False)
        bad = cast.bad
    days = found // _DAY
    none = np.isin(days, _NONE_DAYS) | (found == _NO_TIME)
    outside = ~none & ((days < _FIRST_DAY) | (days > _LAST_DAY))
    return np.where(none | outside, _NO_TIME, found), bad | outside


_FIRST_DAY: Final = int(np.datetime64("1800-01-01", "D").astype(np.int64))
_LAST_DAY: Final = int(np.datetime64("2999-12-31", "D").astype(np.int64))


def _typed(array: pa.Array) -> Micros:
    valid = present(array)
    if pa.types.is_date(array.type):
        days = array.cast(pa.date32()).cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        instants = days.astype(np.int64) * _DAY
    else:
        local = array.type.tz is None
        micros = array.cast(pa.timestamp("us", array.type.tz), safe=False).cast(pa.int64()).fill_null(0)
        instants = micros.to_numpy(zero_copy_only=False) + (0 if local else LOCAL_OFFSET_HOURS * 3600 * _SECOND)
    return np.where(valid, instants, _NO_TIME)


def _read(text: pa.StringArray) -> Cast:
    """Microseconds (int64) of tidy texts: by position first, by pattern what is left."""
    instants = np.full(len(text), _NO_TIME, np.int64)
    bad = np.zeros(len(text), bool)
    left = present(text)
    widths = lengths(text)
    for layout in _LAYOUTS:
        rows = np.flatnonzero(left & (widths == len(layout)))
        if len(rows) == 0:
            continue
        characters = matrix(text if len(rows) == len(text) else text.take(pa.array(rows)), len(layout))
        fits, found, wrong = _by_position(characters, layout)
        instants[rows[fits]] = found
        bad[rows[fits]] = wrong
        left[rows[fits]] = False
    done = Cast(pa.array(instants, mask=instants == _NO_TIME), bad)
    if not left.any():
        return done
    return merged(done, left, over_distinct(text.filter(pa.array(left)), _by_pattern))


def _by_position(characters: Bytes, layout: str) -> tuple[Mask, Micros, Mask]:
    """Columns that fit the layout, and of these the instants and which are impossible."""
    fits = np.ones(characters.shape[1], bool)
    for place, mark in enumerate(layout):
        row = characters[place]
        fits &= are_digits(row[None, :]) if mark.isalpha() and mark != "T" else row == ord(mark)
    chosen = characters[:, fits]
    fields = [_field(chosen, layout, letter) for letter in "YMDhmsf"]
    instants, bad = _assembled(fields)
    return fits, instants, bad


def _field(characters: Bytes, layout: str, letter: str) -> npt.NDArray[np.int32]:
    """A field's number; minutes are the lower-case `m`. Zero where the layout lacks it."""
    places = [place for place, mark in enumerate(layout) if mark == letter]
    return number(characters[places]) if places else np.zeros(characters.shape[1], np.int32)


def _assembled(fields: list[npt.NDArray[np.int32]]) -> tuple[Micros, Mask]:
    """Instants of year, month, day, hour, minute, second, and microsecond; no day at all is none, not bad."""
    years, months, days, hours, minutes, seconds, micros = fields
    number_of_day, possible = epoch_days(years, months, days)
    forever = (years == 9999) & (months == 12) & (days == 31)
    none = ((years == 0) & (months == 0) & (days == 0)) | forever
    in_day = (hours < 24) & (minutes < 60) & (seconds < 60)
    good = possible & in_day
    clock = (hours * 3600 + minutes * 60 + seconds).astype(np.int64) * _SECOND + micros
    return np.where(good, number_of_day.astype(np.int64) * _DAY + clock, _NO_TIME), ~good & ~none


def _by_pattern(text: pa.StringArray) -> Cast:
    folded = pc.replace_substring_regex(pc.utf8_normalize(text, "NFKC"), r"^(\d{8})\.0+$", r"\1")
    instants = np.full(len(text), _NO_TIME, np.int64)
    bad = np.ones(len(text), bool)
    for pattern in (_SEPARATED, _COMPACT):
        groups = pc.extract_regex(folded, pattern)
        rows = np.flatnonzero(present(groups) & bad)
        found, wrong = _of_groups(groups.take(pa.array(rows)))
        instants[rows] = found
        bad[rows] = wrong
    serials = pc.extract_regex(folded, _SERIAL)
    rows = np.flatnonzero(present(serials))
    numbers = pc.struct_field(serials, "serial").take(pa.array(rows)).cast(pa.float64()).to_numpy()
    instants[rows] = (np.rint((numbers + _SERIAL_ZERO) * 86_400)).astype(np.int64) * _SECOND
    bad[rows] = False
    bad &= ~pc.match_substring_regex(folded, r"^0+(\.0+)?$").to_numpy(zero_copy_only=False)
    return Cast(pa.array(instants, mask=instants == _NO_TIME), bad)


def _of_groups(groups: pa.StructArray) -> tuple[Micros, Mask]:
    fields = [_group(groups, name) for name in "ymdhns"]
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.struct_field(groups, "f"), 6, "0"), 0, 6)
    fields.append(fraction.cast(pa.int32()).to_numpy(zero_copy_only=False))
    instants, bad = _assembled(fields)
    zones = pc.struct_field(groups, "z")
    shifts = np.array([_shift(zone) for zone in zones.to_pylist()], np.int64) * 60 * _SECOND
    return np.where(instants == _NO_TIME, instants, instants + shifts), bad


def _group(groups: pa.StructArray, name: str) -> npt.NDArray[np.int32]:
    field = pc.struct_field(groups, name)
    numbers = pc.if_else(pc.equal(field, ""), "0", field).cast(pa.int32())
    return np.asarray(numbers.to_numpy(zero_copy_only=False))


def _shift(zone: str) -> int:
    """Minutes to add to a written time to make it local; 0 where no zone is written."""
    if not zone:
        return 0
    local = LOCAL_OFFSET_HOURS * 60
    if zone[0] not in "+-":
        return local
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return local - (minutes if zone[0] == "+" else -minutes)
