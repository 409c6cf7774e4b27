"""Citizen ids of 18 and 15 digits, residence permits, and permanent resident cards of foreigners.

Source: GB 11643-1999; the card forms of 2004 and 2023 for foreigners. A number is evidence and never identity: this
module says whether it can have been issued, not whose it is.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.calendar_days import epoch_days
from schemas.characters import Bytes, Integers, are_digits, cleaned_numbers, lengths, matrix, number, texts
from schemas.divisions import known_numbers
from schemas.identifiers.check_digits import citizen_check, machine_zone_check
from schemas.identifiers.faultless import NOBODYS_DIVISIONS, checked_but_faultless
from schemas.identifiers.result import IdentifierResult, joined
from schemas.identifiers.words import placeholders
from schemas.text import Mask, whole

BLOCK: Final = 1 << 17
"""Rows worked on at a time: the matrices of a block stay in the processor's cache."""

_CENTENARIANS: Final = 996
"""Sequences 996 to 999 of 15-digit numbers were kept for those born before 1900."""

_PERMITS: Final = (810_000, 820_000, 830_000)
_FAR_FUTURE: Final = date(9999, 12, 31)


def citizen_ids(array: pa.Array | pa.ChunkedArray, *, as_of: date = _FAR_FUTURE) -> IdentifierResult:
    """Canonical 18 characters of citizen ids and of numbers with the same check; 15 digits are upgraded.

    Flags of numbers that become null: `length`, `alphabet`, `impossible_date`, `check_digit`, `placeholder` (nobody's
    number). Flags of numbers that stay: `unknown_division`, `future_birth` (after `as_of`), `placeholder`
    (sequence 000), `upgraded_from_15`. The old card of foreign residents (3 letters, 12 digits) stays as it is.
    """
    return checked_but_faultless(
        array, as_of, lambda rest: in_blocks(rest, lambda block: checked_citizen_ids(cleaned_numbers(block), as_of))
    )


def in_blocks(array: pa.Array | pa.ChunkedArray, check: Callable[[pa.Array], IdentifierResult]) -> IdentifierResult:
    """Apply a check to a column piece by piece."""
    column = whole(array)
    starts = range(0, max(len(column), 1), BLOCK)
    return joined(check(column.slice(start, BLOCK)) for start in starts)


def checked_citizen_ids(cleaned: pa.StringArray, as_of: date) -> IdentifierResult:
    """As `citizen_ids`, of numbers that are cleaned already."""
    upgraded, text = _upgrade(cleaned)
    widths = lengths(text)
    reasons: dict[str, Mask] = {"length": (widths != 0) & (widths != 18)}
    full = np.flatnonzero(widths == 18)
    for name, rows in _reasons(_matrix_of(text, full), as_of).items():
        reasons[name] = np.zeros(len(text), bool)
        reasons[name][full] = rows
    old = _old_resident_cards(cleaned)
    reasons["length"] &= ~old
    reasons["upgraded_from_15"] = upgraded
    invalid = np.logical_or.reduce([reasons[name] for name in INVALID])
    _add_placeholders(reasons, cleaned, invalid)
    invalid |= reasons.pop("nobodys")
    reasons["upgraded_from_15"] &= ~invalid
    canonical = pc.if_else(pa.array(invalid), pa.scalar(None, pa.string()), text) if invalid.any() else text
    return IdentifierResult(canonical, invalid | upgraded, {name: rows for name, rows in reasons.items() if rows.any()})


INVALID: Final = ("length", "alphabet", "impossible_date", "check_digit")
"""Flags of numbers that cannot have been issued, in the order in which they are looked for; a number has one."""


def _matrix_of(text: pa.StringArray, rows: npt.NDArray[np.intp]) -> Bytes:
    """The 18 rows of characters of the full numbers; no copy where all are full."""
    return matrix(text if len(rows) == len(text) else text.take(pa.array(rows)), 18)


def _reasons(characters: Bytes, as_of: date) -> dict[str, Mask]:
    alphabet = ~are_digits(characters[:17]) | ~(are_digits(characters[17:]) | (characters[17] == ord("X")))
    born, possible = epoch_days(number(characters[6:10]), number(characters[10:12]), number(characters[12:14]))
    impossible = ~alphabet & ~possible
    check = ~alphabet & possible & (citizen_check(characters[:17]) != characters[17])
    valid = ~alphabet & possible & ~check
    divisions = np.where(alphabet, 0, number(characters[:6]))
    return {
        "alphabet": alphabet,
        "impossible_date": impossible,
        "check_digit": check,
        "unknown_division": valid & ~_known(divisions),
        "future_birth": valid & (born > (as_of - date(1970, 1, 1)).days),
        "placeholder": valid & (characters[14:17] == ord("0")).all(axis=0),
        "nobodys": valid & np.isin(divisions, NOBODYS_DIVISIONS),
    }


def _known(divisions: Integers) -> Mask:
    """Divisions of any revision; residence permits; the new foreign form `9`, province, and a numeric country."""
    known = known_numbers()[divisions] | np.isin(divisions, _PERMITS)
    foreign = divisions // 100_000 == 9
    provinces = known_numbers()[divisions // 1000 % 100 * 10_000]
    return np.asarray(known | (foreign & provinces & (divisions % 1000 > 0)))


def _upgrade(cleaned: pa.StringArray) -> tuple[Mask, pa.StringArray]:
    """Make 18 of every 15 digits: the century goes in before the year, the check behind."""
    upgraded: Mask = lengths(cleaned) == 15
    places = np.flatnonzero(upgraded)
    short = matrix(cleaned.take(pa.array(places)), 15)
    digits = are_digits(short)
    upgraded[places] = digits
    if not digits.any():
        return upgraded, cleaned
    return upgraded, pc.replace_with_mask(cleaned, pa.array(upgraded), texts(upgraded_characters(short[:, digits])))


def upgraded_characters(short: Bytes) -> Bytes:
    """The 18 characters of 15 digits; an impossible date stays impossible. Source: GB 11643-1999, annex."""
    century = np.where(number(short[12:15]) >= _CENTENARIANS, ord("8"), ord("9")).astype(np.uint8)
    one = np.full_like(century, ord("1"))
    first17 = np.vstack([short[:6], one, century, short[6:]])
    return np.vstack([first17, citizen_check(first17)])


def _old_resident_cards(cleaned: pa.StringArray) -> Mask:
    """Old cards of foreign permanent residents: 3 letters, place 4, birth 6, `1`, check digit of ICAO 9303."""
    found: Mask = lengths(cleaned) == 15
    places = np.flatnonzero(found)
    card = matrix(cleaned.take(pa.array(places)), 15)
    letters = ((card[:3] >= ord("A")) & (card[:3] <= ord("Z"))).all(axis=0)
    years = 2000 + number(card[7:9])  # a leap year of either century may have 29 February
    _, possible = epoch_days(np.where(letters, years, 0), number(card[9:11]), number(card[11:13]))
    checks = machine_zone_check(card[:14]) == card[14]
    found[places] = letters & are_digits(card[3:]) & possible & checks
    return found


def _add_placeholders(reasons: dict[str, Mask], cleaned: pa.StringArray, invalid: Mask) -> None:
    """Say `placeholder` in place of the other reasons where the text is a word for "none" or one digit repeated."""
    suspects = np.flatnonzero(invalid | reasons["upgraded_from_15"] | reasons["unknown_division"])
    words = np.zeros(len(cleaned), bool)
    words[suspects] = placeholders(cleaned.take(pa.array(suspects)))
    reasons["nobodys"] |= words
    reasons["unknown_division"] &= ~reasons["nobodys"]
    for rows in (*(reasons[name] for name in INVALID), reasons["upgraded_from_15"], reasons["unknown_division"]):
        np.logical_and(rows, ~words, out=rows)
    reasons["placeholder"] |= reasons["nobodys"]
