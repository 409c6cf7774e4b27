"""Check characters of the national standards, over matrices of bytes (rows are positions)."""

from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.characters import Bytes
from schemas.text import Mask

CITIZEN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I O S V Z
USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANIZATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)

_CITIZEN_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_ORGANIZATION_CHECKS = np.frombuffer(b"0X987654321", np.uint8)  # by sum mod 11: 11 minus it, 10 is X, 11 is 0
_USCC_CHECKS = np.frombuffer(USCC_ALPHABET.encode(), np.uint8)

_OUTSIDE: Final = 255
_BASE_36 = np.full(256, _OUTSIDE, np.uint8)
_BASE_36[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = np.arange(36)
_USCC_VALUES = np.full(256, _OUTSIDE, np.uint8)
_USCC_VALUES[list(USCC_ALPHABET.encode())] = np.arange(31)


def _weighted(values: npt.NDArray[np.uint8], weights: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    total = np.zeros(values.shape[1], np.uint16)
    for row, weight in zip(values, weights, strict=True):
        total += row.astype(np.uint16) * np.uint16(weight)
    return total


def citizen_check(first17: Bytes) -> Bytes:
    """The 18th character of a citizen id. Source: GB 11643-1999, ISO 7064 MOD 11-2."""
    return np.asarray(_CITIZEN_CHECKS[_weighted(first17 - np.uint8(48), CITIZEN_WEIGHTS) % 11])


def in_uscc_alphabet(characters: Bytes) -> Mask:
    """Columns made only of the 31 characters of GB 32100."""
    return np.asarray((_USCC_VALUES[characters] != _OUTSIDE).all(axis=0))


def uscc_check(first17: Bytes) -> Bytes:
    """The 18th character of a unified social credit code. Source: GB 32100-2015."""
    values = np.where(_USCC_VALUES[first17] == _OUTSIDE, 0, _USCC_VALUES[first17]).astype(np.uint8)
    return np.asarray(_USCC_CHECKS[(31 - _weighted(values, USCC_WEIGHTS) % 31) % 31])


def organization_check(first8: Bytes) -> Bytes:
    """The 9th character of an organisation code. Source: GB 11714-1997."""
    values = np.where(_BASE_36[first8] == _OUTSIDE, 0, _BASE_36[first8]).astype(np.uint8)
    return np.asarray(_ORGANIZATION_CHECKS[_weighted(values, ORGANIZATION_WEIGHTS) % 11])


def registration_check(first14: Bytes) -> Bytes:
    """The 15th digit of a registration number. Source: GS15-2006, ISO 7064 MOD 11,10."""
    product = np.full(first14.shape[1], 10, np.uint16)
    for row in first14 - np.uint8(48):
        total = (product + row) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return ((11 - product) % 10 + 48).astype(np.uint8)


def machine_zone_check(first14: Bytes) -> Bytes:
    """The 15th digit of the old foreign permanent resident card. Source: ICAO 9303, weights 7 3 1."""
    values = np.where(_BASE_36[first14] == _OUTSIDE, 0, _BASE_36[first14]).astype(np.uint8)
    weights = ((7, 3, 1) * 5)[: len(first14)]
    return (_weighted(values, weights) % 10 + 48).astype(np.uint8)
