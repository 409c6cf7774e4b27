"""Citizen ids of which there is nothing to say: 18 characters as issued. Nearly all numbers of a city are.

Owns the short way past the checks. Invariant: a number that takes it comes out of the checks as it went in, and
without a flag.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.calendar_days import epoch_days
from schemas.characters import Bytes, number
from schemas.divisions import known_numbers
from schemas.identifiers.check_digits import citizen_check
from schemas.identifiers.result import IdentifierResult
from schemas.text import Mask, as_text, offsets, present, replaced, whole

NOBODYS_DIVISIONS: Final = (0, 123_456)
WIDTH: Final = 18
_BLOCK: Final = 1 << 14
"""Rows worked on at a time: their temporary arrays stay in the fastest cache."""


def checked_but_faultless(
    array: pa.Array | pa.ChunkedArray, as_of: date, check: Callable[[pa.StringArray], IdentifierResult]
) -> IdentifierResult:
    """The result of `check` over a column; it is asked about what is neither null nor faultless only."""
    text = as_text(whole(array))
    left = ~faultless(text, as_of) & present(text)
    if left.all():
        return check(text)
    if not left.any():
        return IdentifierResult(text, left, {})
    few = text.filter(pa.array(left))
    found = check(few)
    canonical = text if found.canonical.equals(few) else replaced(text, left, found.canonical)
    flags: Mapping[str, Mask] = {name: _placed(rows, left) for name, rows in found.flags.items()}
    return IdentifierResult(canonical, _placed(found.raw_kept, left), flags)


def faultless(text: pa.StringArray, as_of: date) -> Mask:
    """Rows with a citizen id in canonical form, checked, of a known division, and not born after `as_of`."""
    found = np.zeros(len(text), bool)
    data = text.buffers()[2]
    if data is None or data.size < WIDTH:
        return found
    windows = np.ndarray((data.size - WIDTH + 1,), f"V{WIDTH}", data, strides=(1,))
    today = (as_of - date(1970, 1, 1)).days
    bounds = offsets(text)
    for start in range(0, len(text), _BLOCK):
        ends = bounds[start : start + _BLOCK + 1]
        full = np.flatnonzero(np.diff(ends) == WIDTH)
        numbers = windows[ends[full]].view(np.uint8).reshape(len(full), WIDTH)
        found[start + full] = _are_faultless(np.ascontiguousarray(numbers.T), today)
    return found


def _are_faultless(characters: Bytes, today: int) -> Mask:
    fine: Mask = np.maximum.reduce(characters[:17] - np.uint8(48)) < 10  # a character before 0 wraps round
    fine &= citizen_check(characters[:17]) == characters[17]
    born, possible = epoch_days(number(characters[6:10]), number(characters[10:12]), number(characters[12:14]))
    fine &= possible & (born <= today)
    fine &= np.maximum.reduce(characters[14:17]) > ord("0")  # sequence 000 is given to nobody
    fine &= _ordinary_divisions()[np.where(fine, number(characters[:6]), 0)]
    return fine


@lru_cache(maxsize=1)
def _ordinary_divisions() -> npt.NDArray[np.bool_]:
    table = known_numbers().copy()
    table[list(NOBODYS_DIVISIONS)] = False
    return table


def _placed(few: Mask, rows: Mask) -> Mask:
    """What holds of some rows as a mask of all."""
    mask = np.zeros(len(rows), bool)
    mask[rows] = few
    return mask
