"""Identifiers of organisations: credit code, organisation code, registration number, taxpayer id.

Codes were issued that fail their own check; so a failed check is flagged and the code kept. Only what cannot be such a
code by its length or its characters becomes null.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.characters import Bytes, are_digits, cleaned_numbers, lengths, matrix, number
from schemas.divisions import known_numbers
from schemas.identifiers.check_digits import (
    in_uscc_alphabet,
    organization_check,
    registration_check,
    uscc_check,
)
from schemas.identifiers.citizen import in_blocks, upgraded_characters
from schemas.identifiers.parts import are_citizen_15, are_citizen_ids, uscc_shaped
from schemas.identifiers.result import IdentifierResult
from schemas.identifiers.words import placeholders
from schemas.text import Mask

Flags = dict[str, Mask]
Column: TypeAlias = pa.Array | pa.ChunkedArray

_NULLING: Final = ("length", "alphabet", "placeholder", "citizen_id")


def usccs(array: Column) -> IdentifierResult:
    """Unified social credit codes. Source: GB 32100-2015.

    Become null: `length`, `alphabet`, `placeholder`, `citizen_id` (a person's number in the code's place). Stay:
    `check_digit`, `unknown_division`.
    """
    return in_blocks(array, lambda block: _result(cleaned_numbers(block), (18,), _uscc_flags))


def organization_codes(array: Column) -> IdentifierResult:
    """Organisation codes, 9 characters without the hyphen. Source: GB 11714-1997.

    Become null: `length`, `alphabet`, `placeholder`. Stays: `check_digit`.
    """
    return in_blocks(array, lambda block: _result(cleaned_numbers(block), (9,), _organization_flags))


def registration_numbers(array: Column) -> IdentifierResult:
    """Registration numbers, 15 digits, and the older free forms. Source: GS15-2006.

    Becomes null: `placeholder`. Stay: `check_digit`, `free_form` (not 15 digits).
    """
    return in_blocks(array, lambda block: _registration(cleaned_numbers(block)))


def taxpayer_ids(array: Column) -> IdentifierResult:
    """Taxpayer ids: 18 (credit code or citizen id), 15 (division, organisation code), 17 or 20 (citizen id and 2).

    Become null: `length`, `alphabet`, `placeholder`. Stay: `check_digit`, `unknown_division`.
    """
    return in_blocks(array, lambda block: _result(cleaned_numbers(block), (15, 17, 18, 20), _taxpayer_flags))


def _result(cleaned: pa.StringArray, widths: tuple[int, ...], flags_of: Callable[[Bytes], Flags]) -> IdentifierResult:
    sizes = lengths(cleaned)
    flags: Flags = {"length": (sizes != 0) & ~np.isin(sizes, widths)}
    for width in widths:
        rows = np.flatnonzero(sizes == width)
        for name, found in flags_of(matrix(cleaned.take(pa.array(rows)), width)).items():
            flags.setdefault(name, np.zeros(len(cleaned), bool))[rows] = found
    suspects = np.flatnonzero(np.logical_or.reduce(list(flags.values())))
    flags["placeholder"] = np.zeros(len(cleaned), bool)
    flags["placeholder"][suspects] = placeholders(cleaned.take(pa.array(suspects)))
    for name in flags.keys() - {"placeholder"}:
        flags[name] = flags[name] & ~flags["placeholder"]
    return _nulled(cleaned, flags)


def _nulled(cleaned: pa.StringArray, flags: Flags) -> IdentifierResult:
    invalid = np.logical_or.reduce([flags[name] for name in _NULLING if name in flags])
    canonical = pc.if_else(pa.array(invalid), pa.scalar(None, pa.string()), cleaned) if invalid.any() else cleaned
    return IdentifierResult(canonical, invalid, {name: rows for name, rows in flags.items() if rows.any()})


def _uscc_flags(characters: Bytes) -> Flags:
    alphabet = ~in_uscc_alphabet(characters)
    failed = ~alphabet & (uscc_check(characters[:17]) != characters[17])
    persons = ~uscc_shaped(characters)
    return {
        "alphabet": alphabet & ~persons,
        "citizen_id": persons,
        "check_digit": failed & ~persons,
        "unknown_division": ~alphabet & ~persons & _unknown_division(characters[2:8]),
    }


def _unknown_division(six: Bytes) -> Mask:
    """Divisions of no revision; 100000 stands for the national authorities."""
    digits = are_digits(six)
    numbers = np.where(digits, number(six), 0)
    return np.asarray(~(known_numbers()[numbers] | (digits & (numbers == 100_000))))


def _organization_flags(characters: Bytes) -> Flags:
    letters = ((characters >= ord("A")) & (characters <= ord("Z"))).all(axis=0)
    check = are_digits(characters[8:]) | (characters[8] == ord("X"))
    alphabet = ~(_alphanumeric(characters) & check) | letters
    return {"alphabet": alphabet, "check_digit": ~alphabet & (organization_check(characters[:8]) != characters[8])}


def _alphanumeric(characters: Bytes) -> Mask:
    digits = (characters >= ord("0")) & (characters <= ord("9"))
    return np.asarray((digits | ((characters >= ord("A")) & (characters <= ord("Z")))).all(axis=0))


def _registration(cleaned: pa.StringArray) -> IdentifierResult:
    sizes = lengths(cleaned)
    rows = np.flatnonzero(sizes == 15)
    characters = matrix(cleaned.take(pa.array(rows)), 15)
    digits = are_digits(characters)
    regular = np.zeros(len(cleaned), bool)
    regular[rows] = digits
    failed = np.zeros(len(cleaned), bool)
    failed[rows] = digits & (registration_check(characters[:14]) != characters[14])
    free = (sizes != 0) & ~regular
    suspects = np.flatnonzero(free | failed)
    words = np.zeros(len(cleaned), bool)
    words[suspects] = placeholders(cleaned.take(pa.array(suspects)))
    return _nulled(cleaned, {"placeholder": words, "check_digit": failed & ~words, "free_form": free & ~words})


def _taxpayer_flags(characters: Bytes) -> Flags:
    width = len(characters)
    if width == 18:
        flags = _uscc_flags(characters)
        persons = flags.pop("citizen_id")
        return {name: rows & ~persons for name, rows in flags.items()}
    if width == 15:
        return _old_taxpayer_flags(characters)
    alphabet = ~_alphanumeric(characters)
    person = upgraded_characters(characters[:15]) if width == 17 else characters[:18]
    return {"alphabet": alphabet, "check_digit": ~alphabet & ~(are_citizen_ids(person) & are_digits(characters[:15]))}


def _old_taxpayer_flags(characters: Bytes) -> Flags:
    organization = _organization_flags(characters[6:])
    persons = organization["check_digit"] & are_citizen_15(characters)
    alphabet = organization["alphabet"] | ~are_digits(characters[:6])
    return {
        "alphabet": alphabet,
        "check_digit": organization["check_digit"] & ~persons & ~alphabet,
        "unknown_division": ~alphabet & ~persons & _unknown_division(characters[:6]),
    }
