"""Standardisers of fields without Chinese knowledge: dates, sex, telephone numbers, codes and free Latin text.

Owns nothing but their cleaning. They refuse nothing: what cannot be read becomes null.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.codepoints import Bytes, ascii_matrix, counted
from matching.standardise.folding import Flags, merged
from matching.standardise.sightings import hashes
from matching.standardise.values import Codes, Keys, Standardised, ValueTable, distinct, mixed, numbered

DIGITS = re.compile(r"\d+")
PUNCTUATION = re.compile(r"[^\w]+")
LONGEST = 200
Days = npt.NDArray[np.datetime64]

NUMBER: Final = 11
"""Digits of a telephone number that count: the last."""

SHORTEST_NUMBER: Final = 7


def date(texts: pa.StringArray) -> Standardised:
    """Calendar days from `YYYY-MM-DD`, `YYYYMMDD` and their like, as year, month and day and days since 1970."""
    days = _days(texts)
    values, places = np.unique(days, return_inverse=True)
    codes: Codes = np.where(np.isnat(days), -1, places).astype(np.int32)
    values = values[~np.isnat(values)]
    since, months = values.astype(np.int64), values.astype("datetime64[M]")
    year, month = np.divmod(months.astype(np.int32) + np.int32(12 * 1970), np.int32(12))
    month, day = month + np.int32(1), (values - months.astype("datetime64[D]")).astype(np.int32) + np.int32(1)
    near = np.stack([mixed(year, month, 1), mixed(year, day, 2), mixed(month, day, 3),
                     mixed(year, np.minimum(month, day), np.maximum(month, day))], axis=1)  # fmt: skip
    keys = {"value": numbered(len(values)), "year_month": near[:, 0], "month_day": near[:, 2], "near": near}
    features = {"parts": np.stack([year, month, day], axis=1), "since": since}
    return Standardised(codes, ValueTable(pa.array(np.datetime_as_string(values), pa.string()), keys, features))


def _days(texts: pa.StringArray) -> Days:
    """The day that each text tells, NaT for none."""
    points, lengths = ascii_matrix(texts, len("YYYY-MM-DD"))
    days = np.full(len(texts), "NaT", "datetime64[D]")
    plain, dashed = lengths == 8, (lengths == 10) & (points[:, [4, 7]] == ord("-")).all(axis=1)
    for chosen, places in ((plain, [0, 1, 2, 3, 4, 5, 6, 7]), (dashed, [0, 1, 2, 3, 5, 6, 8, 9])):
        days[chosen] = _calendar_days(points[chosen][:, places])
    odd = np.flatnonzero(np.isnat(days))
    days[odd] = [np.datetime64(_day(text) or "NaT") for text in texts.take(pa.array(odd)).to_pylist()]
    return days


def _calendar_days(eight: Bytes) -> Days:
    """Days from year, month and day in eight digits; NaT where these are none or name no day."""
    digit = eight - np.uint8(48)
    year, month, day = (
        digit[:, start:stop] @ 10 ** np.arange(stop - start - 1, -1, -1, dtype=np.int64)
        for start, stop in ((0, 4), (4, 6), (6, 8))
    )
    first = (year * 12 + month - 1 - 12 * 1970).astype("datetime64[M]").astype("datetime64[D]")
    days = first + (day - 1)
    sound = (counted(digit <= 9) == 8) & (year > 0) & (month >= 1) & (month <= 12) & (day >= 1)
    sound &= days.astype("datetime64[M]") == first.astype("datetime64[M]")
    return np.where(sound, days, np.datetime64("NaT"))


def _day(text: str | None) -> str | None:
    numbers = DIGITS.findall(text or "")
    if len(numbers) < 3:
        joined = numbers[0] if numbers else ""
        numbers = [joined[:4], joined[4:6], joined[6:8]] if len(joined) == 8 else []
    if len(numbers) < 3 or not all(len(number) <= 4 for number in numbers[:3]):
        return None
    day = f"{int(numbers[0]):04d}-{int(numbers[1]):02d}-{int(numbers[2]):02d}"
    try:
        np.datetime64(day)
    except ValueError:
        return None
    return day if len(day) == 10 and numbers[0] != "0" else None


def code(texts: pa.StringArray) -> Standardised:
    """Codes as they are, without blanks and in capitals."""
    codes, values = distinct(pc.utf8_upper(pc.utf8_trim_whitespace(texts)))
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))}))


def sex(texts: pa.StringArray) -> Standardised:
    """GB/T 2261.1: 1 male, 2 female; unknown and not stated are null."""
    stated = pc.if_else(pc.is_in(texts, pa.array(["1", "2"])), texts, pa.scalar(None, pa.string()))
    return code(stated)


def digits(texts: pa.StringArray) -> Standardised:
    """Telephone numbers: their digits, the last eleven; fewer than seven or one digit repeated is null."""
    codes, values = merged(*_only_digits(texts))
    points, lengths = ascii_matrix(values, NUMBER)
    repeated = np.asarray(counted(points == points[:, :1]) == lengths)
    if repeated.any():
        codes = np.where(np.append(repeated, False)[codes], np.int32(-1), codes)
    features = {"points": points, "length": lengths.astype(np.int8)}
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))}, features))


def _only_digits(texts: pa.StringArray) -> tuple[pa.StringArray, Flags]:
    """Seven to eleven digits as they are, other texts by their digits; and which those are."""
    points, lengths = ascii_matrix(texts, NUMBER)
    digit = counted((points - 48) <= 9)
    odd = np.asarray((digit != lengths) | (lengths < SHORTEST_NUMBER))
    if not odd.any():
        return texts, odd
    only = pc.utf8_slice_codeunits(pc.replace_substring_regex(texts.filter(pa.array(odd)), "[^0-9]", ""), -NUMBER, None)
    only = pc.if_else(pc.greater_equal(pc.binary_length(only), SHORTEST_NUMBER), only, pa.scalar(None, pa.string()))
    return pc.replace_with_mask(texts, pa.array(odd), only), odd


def text(texts: pa.StringArray) -> Standardised:
    """Free text for languages with words: NFKC, lower case, accents and punctuation off."""
    codes, values = distinct([plain_text(value) for value in texts.to_pylist()])
    words = values.to_pylist()
    keys = {"value": numbered(len(words))}
    for length in (1, 3, 4):
        keys[f"first_{length}"] = _keys_of(word[:length] if len(word) >= length else None for word in words)
    keys["soundex"] = _keys_of(soundex(word) for word in words)
    keys["sorted"] = _keys_of("".join(sorted(word)) for word in words)
    return Standardised(codes, ValueTable(values, keys))


def _keys_of(texts: Iterable[str | None]) -> Keys:
    return hashes(pa.array(texts, pa.string()))


def plain_text(value: str | None) -> str | None:
    """One text as `text` compares it.

    >>> plain_text(" O'Brien-Sméth ")
    'o brien smeth'
    """
    if value is None:
        return None
    decomposed = unicodedata.normalize("NFKD", value[:LONGEST]).casefold()
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return PUNCTUATION.sub(" ", letters).strip() or None


def soundex(word: str) -> str | None:
    """American Soundex of the Latin letters of a word; null without any. Source: US National Archives, GIL 55."""
    letters = [character for character in word if "a" <= character <= "z"]
    if not letters:
        return None
    groups = {c: str(n) for n, row in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for c in row}
    out, last = letters[0], groups.get(letters[0], "")
    for letter in letters[1:]:
        group = groups.get(letter, "")
        if group and group != last:
            out += group
        if letter not in "hw":
            last = group
    return (out + "000")[:4]
