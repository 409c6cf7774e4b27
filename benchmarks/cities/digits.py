"""Numbers as matrices of bytes: citizen ids, telephone numbers, codes of enterprises, and slips of the pen in them.

A matrix has one row per number and one column more than the longest number; unused places hold 0.
"""

from typing import Any

import numpy as np
import pyarrow as pa

Matrix = np.ndarray[Any, np.dtype[np.uint8]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

CITIZEN_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
CREDIT_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28], np.int64)
CREDIT_LETTERS = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
ORGANIZATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], np.int64)


def written(values: Whole, width: int) -> Matrix:
    """Decimal digits with leading zeros; no column is added."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((values[:, None] // powers) % 10 + 48).astype(np.uint8)


def text(matrix: Matrix, absent: np.ndarray[Any, np.dtype[np.bool_]] | None = None) -> pa.Array:
    """Strings without the unused places; null where `absent`."""
    used = matrix != 0
    offsets = np.zeros(len(matrix) + 1, np.int32)
    np.cumsum(used.sum(axis=1), out=offsets[1:])
    array = pa.StringArray.from_buffers(len(matrix), pa.py_buffer(offsets), pa.py_buffer(matrix[used].tobytes()))
    if absent is not None:
        array = pa.compute.if_else(pa.array(absent), None, array)
    return array


def citizen_check(body: Matrix) -> Matrix:
    """The check character of 17 digits, GB 11643."""
    remainder = ((body[:, :17].astype(np.int64) - 48) * CITIZEN_WEIGHTS).sum(axis=1) % 11
    return np.asarray(np.frombuffer(b"10X98765432", np.uint8)[remainder])


def organization_check(body: Matrix) -> Matrix:
    """The check character of 8 places, GB 11714."""
    values = np.where(body[:, :8] >= 65, body[:, :8].astype(np.int64) - 55, body[:, :8].astype(np.int64) - 48)
    return np.asarray(np.frombuffer(b"0X987654321", np.uint8)[(values * ORGANIZATION_WEIGHTS).sum(axis=1) % 11])


def credit_check(body: Matrix) -> Matrix:
    """The check character of 17 places, GB 32100."""
    value = np.zeros(256, np.int64)
    value[CREDIT_LETTERS] = np.arange(31)
    return np.asarray(CREDIT_LETTERS[(31 - (value[body[:, :17]] * CREDIT_WEIGHTS).sum(axis=1) % 31) % 31])


def citizen_ids(division: Whole, birth: Whole, sequence: Whole) -> Matrix:
    """18 characters and a spare place; `birth` is YYYYMMDD."""
    made = np.zeros((len(division), 19), np.uint8)
    made[:, :6], made[:, 6:14], made[:, 14:17] = written(division, 6), written(birth, 8), written(sequence, 3)
    made[:, 17] = citizen_check(made)
    return made


def shortened(ids: Matrix) -> Matrix:
    """The 15-digit form of before 1999."""
    made = np.zeros_like(ids)
    made[:, :6], made[:, 6:15] = ids[:, :6], ids[:, 8:17]
    return made


def slip(numbers: Matrix, rng: np.random.Generator, *, first: int = 0) -> Matrix:
    """Each number with one slip: a digit changed, two exchanged, one lost, one doubled, or two changed.

    `first` is the first place that may be hit. Only a slip that exchanges equal digits leaves the number as it was.
    """
    made, rows = numbers.copy(), np.arange(len(numbers))
    length = (numbers != 0).sum(axis=1)
    at = first + (rng.random(len(rows)) * (length - 1 - first)).astype(np.int64)
    kind = rng.choice(5, len(rows), p=[0.56, 0.22, 0.08, 0.05, 0.09])
    _change(made, rows[kind == 0], at, rng)
    swap = rows[kind == 1]
    made[swap, at[swap]], made[swap, at[swap] + 1] = numbers[swap, at[swap] + 1], numbers[swap, at[swap]]
    columns = np.arange(made.shape[1])
    lost = rows[kind == 2]
    source = np.minimum(columns + (columns >= at[lost][:, None]), made.shape[1] - 1)
    made[lost] = np.where(columns == made.shape[1] - 1, 0, numbers[lost[:, None], source])
    doubled = rows[kind == 3]
    made[doubled] = numbers[doubled[:, None], columns - (columns > at[doubled][:, None])]
    twice = rows[kind == 4]
    _change(made, twice, at, rng)
    _change(made, twice, at + 1, rng)
    return made


def _change(made: Matrix, rows: Whole, at: Whole, rng: np.random.Generator) -> None:
    """Another digit at a place; one of the neighbours on the keypad in half of the cases."""
    now = made[rows, at[rows]].astype(np.int64) - 48
    step = np.where(rng.random(len(rows)) < 0.5, rng.choice([1, 9], len(rows)), rng.integers(1, 10, len(rows)))
    made[rows, at[rows]] = np.where((now >= 0) & (now <= 9), (now + step) % 10 + 48, 48 + step)


def mobiles(count: int, rng: np.random.Generator) -> Matrix:
    """Eleven digits and a spare place."""
    starts = np.array([130, 131, 132, 135, 136, 137, 138, 139, 150, 151, 152, 156, 158, 159, 178, 185, 186, 187, 188])
    made = np.zeros((count, 12), np.uint8)
    made[:, :3] = written(rng.choice(starts, count).astype(np.int64), 3)
    made[:, 3:11] = written(rng.integers(0, 10**8, count), 8)
    return made
