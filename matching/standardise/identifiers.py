"""Citizen ids as evidence: valid ones with their birth date and sex, wrong ones for what is right in them.

Owns the reading of a number for comparison, not its validation for publication. It refuses nothing.
Source: GB 11643-1999; check digit ISO 7064 MOD 11-2.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.codepoints import flat, matrix
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered

WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
CHECKS: Final = np.frombuffer(b"10X98765432", np.uint8)
WIDTH: Final = 18
LONGEST: Final = 24

Digits = npt.NDArray[np.int64]


def citizen_id(texts: pa.StringArray) -> Standardised:
    """Numbers to canonical 18 characters where the check digit holds, else the cleaned text.

    15 digits become 18 by inserting 19 and appending the check digit. One character repeated is a placeholder: null.
    """
    codes, values = distinct(_cleaned(texts))
    points, lengths = matrix(flat(values.fill_null("").to_pylist()), WIDTH)
    repeated = (points == points[:, :1]).sum(axis=1) == np.minimum(lengths, WIDTH)
    codes = np.where(np.append(repeated, False)[codes], np.int32(-1), codes)
    digits = points.astype(np.int64) - 48
    numeric = (digits >= 0) & (digits <= 9)
    numeric[:, 17] |= points[:, 17] == ord("X")
    whole = (lengths == WIDTH) & numeric.all(axis=1)
    check = CHECKS[np.where(numeric[:, :17], digits[:, :17], 0) @ WEIGHTS % 11]
    valid = whole & (check == points[:, 17]) & _is_date(digits)
    birth, sex = _birth_texts(digits, whole), _sex_texts(digits, whole)
    features = {"points": points, "length": lengths, "valid": valid}
    keys = {"value": np.where(lengths > 8, numbered(len(values)), 0).astype(np.uint64)} | _parts(points, whole)
    return Standardised(codes, ValueTable(values, keys, features, {"birth_date": birth, "sex": sex}))


def _cleaned(texts: pa.StringArray) -> pa.StringArray:
    upper = pc.utf8_upper(pc.utf8_slice_codeunits(texts, 0, LONGEST))
    odd = pc.fill_null(pc.invert(pc.match_substring_regex(upper, "^[0-9]{17}[0-9X]$")), False)
    if not pc.any(odd).as_py():
        return upper
    cleaned = pc.replace_substring_regex(pc.utf8_normalize(upper.filter(odd), form="NFKC"), "[^0-9A-Z?*]", "")
    cleaned = pa.array([_lengthened(text) for text in cleaned.to_pylist()], pa.string())
    return pc.replace_with_mask(upper, odd, cleaned)


def _lengthened(text: str | None) -> str | None:
    """15 digits to 18; anything else as it is."""
    if not text or len(text) != 15 or not (text.isascii() and text.isdigit()):
        return text
    longer = f"{text[:6]}{'18' if text[12:] >= '996' else '19'}{text[6:]}"
    return longer + chr(CHECKS[sum(int(digit) * int(w) for digit, w in zip(longer, WEIGHTS, strict=True)) % 11])


def _is_date(digits: Digits) -> npt.NDArray[np.bool_]:
    year, month, day = _number(digits, 6, 10), _number(digits, 10, 12), _number(digits, 12, 14)
    return np.asarray((year >= 1800) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31))


def _number(digits: Digits, start: int, stop: int) -> Digits:
    powers = 10 ** np.arange(stop - start - 1, -1, -1, dtype=np.int64)
    return np.asarray(digits[:, start:stop] @ powers)


def _birth_texts(digits: Digits, whole: npt.NDArray[np.bool_]) -> pa.StringArray:
    numbers = pa.array(_number(digits, 6, 14), mask=~(whole & _is_date(digits)))
    encoded = numbers.dictionary_encode()
    texts = [f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string())).dictionary_decode()


def _sex_texts(digits: Digits, whole: npt.NDArray[np.bool_]) -> pa.StringArray:
    texts = pa.array(["2", "1"])
    return texts.take(pa.array(digits[:, 16] % 2, mask=~whole))


def _parts(points: npt.NDArray[np.uint32], whole: npt.NDArray[np.bool_]) -> dict[str, Keys]:
    """Halves of a number: one wrong character leaves one of them whole."""
    tail = mixed(*(points[:, place] for place in range(10, WIDTH)))
    head = mixed(*(points[:, place] for place in range(12)))
    middle = mixed(*(points[:, place] for place in range(6, 17)))
    return {name: np.where(whole, key, 0).astype(np.uint64) for name, key in
            (("tail", tail), ("head", head), ("birth_and_sequence", middle))}  # fmt: skip
