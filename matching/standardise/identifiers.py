"""Citizen ids as evidence: valid ones with their birth date and sex, wrong ones for what is right in them.

Owns the reading of a number for comparison, not its validation for publication. It refuses nothing.
Source: GB 11643-1999; check digit ISO 7064 MOD 11-2.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.codepoints import Bytes, ascii_matrix, counted
from matching.standardise.folding import Flags, merged
from matching.standardise.values import Keys, Standardised, ValueTable, numbered

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS: Final = np.frombuffer(b"10X98765432", np.uint8)
WIDTH: Final = 18
LONGEST: Final = 24
SLICE: Final = 1 << 14
"""Numbers whose digits are read at once: they stay within a processor's second memory."""


def citizen_id(texts: pa.StringArray) -> Standardised:
    """Numbers to canonical 18 characters where the check digit holds, else the cleaned text.

    15 digits become 18 by inserting 19 and appending the check digit. One character repeated is a placeholder: null;
    so is a number in scientific notation, which everybody of one district and birthday shares.
    """
    codes, values = merged(*_cleaned(texts))
    points, lengths = ascii_matrix(values, WIDTH)
    repeated = np.asarray(counted(points == points[:, :1]) == np.minimum(lengths, WIDTH))
    nothing = repeated | _rounded(values, points)
    if nothing.any():
        codes = np.where(np.append(nothing, False)[codes], np.int32(-1), codes)
    whole = _well_formed(points, lengths)
    birth, dated = _birth(points)
    dated &= whole
    features = {"points": points, "length": lengths.astype(np.int8), "valid": dated & _checks(points)}
    keys = {"value": np.where(lengths > 8, numbered(len(values)), 0).astype(np.uint64)} | _parts(points, whole)
    known = {"birth_date": _birth_texts(birth, dated), "sex": _sex_texts(points, whole)}
    return Standardised(codes, ValueTable(values, keys, features, known))


def _rounded(values: pa.StringArray, points: Bytes) -> Flags:
    """Numbers of which a spreadsheet has lost the end: 370202198506060E+17."""
    found = np.asarray(counted(points == ord("E")) > 0)
    places = np.flatnonzero(found)
    matched = pc.match_substring_regex(values.take(pa.array(places)), r"^[0-9.]+E\+?[0-9]{1,3}$")
    found[places] = matched.to_numpy(zero_copy_only=False)
    return found


def _well_formed(points: Bytes, lengths: npt.NDArray[np.int32]) -> Flags:
    """18 characters, digits all but the last, which may be X."""
    digit = (points - 48) <= 9
    digit[:, 17] |= points[:, 17] == ord("X")
    return np.asarray((counted(digit) == WIDTH) & (lengths == WIDTH))


def _cleaned(texts: pa.StringArray) -> tuple[pa.StringArray, Flags]:
    odd = ~_well_formed(*ascii_matrix(texts, WIDTH))
    if not odd.any():
        return texts, odd
    upper = pc.utf8_upper(pc.utf8_slice_codeunits(texts.filter(pa.array(odd)), 0, LONGEST))
    cleaned = pc.replace_substring_regex(pc.utf8_normalize(upper, form="NFKC"), "[^0-9A-Z?*]", "")
    cleaned = pa.array([_lengthened(text) for text in cleaned.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, pa.array(odd), cleaned), odd


def _lengthened(text: str | None) -> str | None:
    """15 digits to 18; anything else as it is."""
    if not text or len(text) != 15 or not (text.isascii() and text.isdigit()):
        return text
    longer = f"{text[:6]}{'18' if text[12:] >= '996' else '19'}{text[6:]}"
    return longer + chr(CHECKS[sum(int(digit) * w for digit, w in zip(longer, WEIGHTS, strict=True)) % 11])


def _checks(points: Bytes) -> Flags:
    """Whether the last character is the check character of the others."""
    total = np.zeros(len(points), np.uint16)
    for place, weight in enumerate(WEIGHTS):
        total += (points[:, place] - 48).astype(np.uint16) * np.uint16(weight)
    return np.asarray(CHECKS[total % 11] == points[:, 17])


def _birth(points: Bytes) -> tuple[npt.NDArray[np.int64], Flags]:
    """Year, month and day as a number of eight digits, and whether they may be a date."""
    year, month, day = (_number(points, start, stop) for start, stop in ((6, 10), (10, 12), (12, 14)))
    dated = (year >= 1800) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return year * 10000 + month * 100 + day, np.asarray(dated)


def _number(points: Bytes, start: int, stop: int) -> npt.NDArray[np.int64]:
    """The digits from a place to another as a number; of no meaning where they are none."""
    number = np.zeros(len(points), np.int64)
    for first in range(0, len(points), SLICE):
        part = number[first : first + SLICE]
        for place in range(start, stop):
            part *= 10
            part += points[first : first + SLICE, place] - np.uint8(48)
    return number


def _birth_texts(birth: npt.NDArray[np.int64], dated: Flags) -> pa.DictionaryArray:
    encoded = pa.array(birth, mask=~dated).dictionary_encode()
    texts = [f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string()))


def _sex_texts(points: Bytes, whole: Flags) -> pa.DictionaryArray:
    odd = (points[:, 16] % 2).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(odd, mask=~whole), pa.array(["2", "1"]))


def _parts(points: Bytes, whole: Flags) -> dict[str, Keys]:
    """Halves of a number, and it without its birth date: one wrong character leaves one of the three whole."""
    check = np.where(points[:, 17] == ord("X"), 10, points[:, 17] - 48)
    tail, head = _number(points, 10, 17) * 11 + check + 1, _number(points, 0, 12) + 1
    ends = (_number(points, 0, 6) * 1000 + _number(points, 14, 17)) * 11 + check + 1
    found = {"tail": tail, "head": head, "ends": ends}
    return {name: np.where(whole, key, 0).astype(np.uint64) for name, key in found.items()}
