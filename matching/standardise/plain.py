"""Standardisers of fields without Chinese knowledge: dates, sex, telephone numbers, codes and free Latin text.

Owns nothing but their cleaning. They refuse nothing: what cannot be read becomes null.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.codepoints import ascii_matrix, counted
from matching.standardise.folding import Flags, merged
from matching.standardise.sightings import hashes
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered

DIGITS = re.compile(r"\d+")
PUNCTUATION = re.compile(r"[^\w]+")
LONGEST = 200
NUMBER: Final = 11
"""Digits of a telephone number that count: the last."""

SHORTEST_NUMBER: Final = 7


def date(texts: pa.StringArray) -> Standardised:
    """Calendar days from `YYYY-MM-DD`, `YYYYMMDD` and their like, as year, month and day and days since 1970."""
    codes, values = distinct([_day(text) for text in texts.to_pylist()])
    days = values.to_pylist()
    parts = np.array([(int(day[:4]), int(day[5:7]), int(day[8:])) for day in days], np.int32).reshape(-1, 3)
    since = np.array([np.datetime64(day) for day in days], "datetime64[D]").astype(np.int64)
    year, month, day = parts[:, 0], parts[:, 1], parts[:, 2]
    near = np.stack([mixed(year, month, 1), mixed(year, day, 2), mixed(month, day, 3),
                     mixed(year, np.minimum(month, day), np.maximum(month, day))], axis=1)  # fmt: skip
    keys = {"value": numbered(len(days)), "year_month": near[:, 0], "month_day": near[:, 2], "near": near}
    return Standardised(codes, ValueTable(values, keys, {"parts": parts, "since": since}))


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
