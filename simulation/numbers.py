"""Identifiers with their check characters, made by the million.

Independent of the validators in `schemas/`, so that each checks the other.
Source: GB 11643-1999 (ISO 7064 MOD 11-2), GB 32100-2015, GB 11714-1997, GS15-2006 (ISO 7064 MOD 11,10).
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulation.randomness import Ints

Digits = NDArray[np.uint8]

ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
ID_CHECK = np.frombuffer(b"10X98765432", dtype=np.uint8)
USCC_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
USCC_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
ORGANIZATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
USCC_VALUE = np.zeros(128, dtype=np.int64)
USCC_VALUE[USCC_ALPHABET] = np.arange(31)
ORGANIZATION_VALUE = np.zeros(128, dtype=np.int64)
ORGANIZATION_VALUE[ord("0") : ord("9") + 1] = np.arange(10)
ORGANIZATION_VALUE[ord("A") : ord("Z") + 1] = np.arange(10, 36)


def digits(number: Ints, width: int) -> Digits:
    """Decimal digits as ASCII, one row a number, padded with zeros."""
    written = np.empty((len(number), width), dtype=np.uint8)
    rest = number.astype(np.int64)
    for place in range(width - 1, -1, -1):
        quotient = rest // 10  # a constant divisor is many times faster than a row of powers
        written[:, place] = rest - quotient * 10 + 48
        rest = quotient
    return written


def texts(matrix: Digits) -> pa.StringArray:
    """A matrix of ASCII as a column of strings of one length."""
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix))]
    return pa.Array.from_buffers(pa.string(), rows, buffers)


def matrix(column: pa.StringArray, width: int) -> Digits:
    """The bytes of a column whose strings all have `width` ASCII characters."""
    if not len(column):
        return np.zeros((0, width), dtype=np.uint8)
    joined = column.cast(pa.binary(width))
    return np.frombuffer(joined.buffers()[1], dtype=np.uint8)[: len(column) * width].reshape(-1, width)


def citizen_ids(division: Ints, birth: Ints, sequence: Ints) -> Digits:
    """18 characters from division (6 digits), birth date (YYYYMMDD) and sequence (3 digits, odd = male)."""
    body = np.hstack([digits(division, 6), digits(birth, 8), digits(sequence, 3)])
    total = (body.astype(np.int64) - 48) @ ID_WEIGHTS
    return np.hstack([body, ID_CHECK[total % 11][:, None]])


def fifteen_digits(id_number: str) -> str:
    """The number as it was written before 1999: two-digit year and no check character."""
    return id_number[:6] + id_number[8:17]


def organization_codes(serial: Ints) -> Digits:
    """Nine characters (no hyphen) from a serial below 10**8."""
    body = digits(serial, 8)
    check = 11 - ORGANIZATION_VALUE[body] @ ORGANIZATION_WEIGHTS % 11
    letters = np.frombuffer(b"_123456789X0", dtype=np.uint8)
    return np.hstack([body, letters[check][:, None]])


def lettered_organization_codes(serial: Ints) -> Digits:
    """Nine characters of the newer series, MA and five places of base 31, with the check character."""
    places = 31 ** np.arange(5, -1, -1, dtype=np.int64)
    tail = USCC_ALPHABET[(serial[:, None] // places) % 31]
    head = np.tile(np.frombuffer(b"MA", dtype=np.uint8), (len(serial), 1))
    body = np.hstack([head, tail])
    check = 11 - ORGANIZATION_VALUE[body] @ ORGANIZATION_WEIGHTS % 11
    letters = np.frombuffer(b"_123456789X0", dtype=np.uint8)
    return np.hstack([body, letters[check][:, None]])


def credit_codes(authority: Digits, division: Ints, organization: Digits) -> Digits:
    """18 characters of a USCC from authority and category (two characters), division and organisation code."""
    body = np.hstack([authority, digits(division, 6), organization])
    total = USCC_VALUE[body] @ USCC_WEIGHTS
    return np.hstack([body, USCC_ALPHABET[(31 - total % 31) % 31][:, None]])


def registration_numbers(division: Ints, serial: Ints) -> Digits:
    """15 digits from the six of the authority and a serial below 10**8, check by MOD 11,10."""
    body = np.hstack([digits(division, 6), digits(serial, 8)]).astype(np.int64) - 48
    product = np.full(len(body), 10, dtype=np.int64)
    for place in range(14):
        total = (product + body[:, place]) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    check = (11 - product) % 10
    return (np.hstack([body, check[:, None]]) + 48).astype(np.uint8)


def mobiles(rng: np.random.Generator, count: int) -> Digits:
    """Mobile numbers of 11 digits with prefixes in use."""
    prefixes = np.array([130, 131, 132, 133, 135, 136, 137, 138, 139, 150, 151, 152, 153, 156, 158, 159, 166, 176, 178,
                         180, 182, 185, 186, 187, 188, 189, 199])  # fmt: skip
    return np.hstack([digits(rng.choice(prefixes, count), 3), digits(rng.integers(0, 10**8, count), 8)])
