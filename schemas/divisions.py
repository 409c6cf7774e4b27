"""Division codes of GB/T 2260 with their history: which ones were ever in force, what they were called, what followed.

Source: `codes/division.csv`, derived by `codes/derive_divisions.py`. A code of any revision counts as known, since
identifiers keep the division of the year in which they were given.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas import characters
from schemas.text import Mask

_DIVISIONS = resources.files("schemas") / "codes" / "division.csv"
_ALIASES = resources.files("schemas") / "codes" / "division_alias.csv"
_ZONES = range(71, 81)  # GB/T 2260: last two digits of development zones, which overlap districts
_NO_DISTRICT = ("00", "01")  # a province or a city as a whole, and its urban districts together


@dataclass(frozen=True)
class Division:
    """One name that a code bore. `start` and `end` are months (YYYY-MM) of revisions; `end` is None in force."""

    code: str
    name_zh: str
    start: str | None
    end: str | None
    successor: str | None
    source: str


@lru_cache(maxsize=1)
def divisions() -> Mapping[str, tuple[Division, ...]]:
    """Everything that is known of each code, the latest name last."""
    found: dict[str, list[Division]] = {}
    with _DIVISIONS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            division = Division(
                row["code"],
                row["name_zh"],
                row["from"] or None,
                row["to"] or None,
                row["successor"] or None,
                row["source"],
            )
            found.setdefault(division.code, []).append(division)
    return {code: tuple(sorted(rows, key=lambda row: row.end or "9999")) for code, rows in found.items()}


def division_name(code: str) -> str | None:
    """The latest name of the county, city, or province that a code of 6 or more digits begins with."""
    known = divisions().get(code[:6])
    return known[-1].name_zh if known else None


def current_district(code: str | None) -> str | None:
    """The district or county of today that a code of 6 or more digits of any revision belongs to.

    None for a code that no revision has, for whole cities and provinces, and for development zones. Where a retired
    district was divided, it is the one that took most of it.

    >>> current_district("370205001"), current_district("370284"), current_district("370200")
    ('370203', '370211', None)
    """
    seen: set[str] = set()
    code = (code or "")[:6]
    while code in divisions() and code not in seen:
        seen.add(code)
        follower = next((row.successor for row in reversed(divisions()[code]) if row.successor), None)
        in_force = any(row.end is None for row in divisions()[code])
        if in_force or follower is None:
            whole = code.endswith(_NO_DISTRICT) or int(code[4:]) in _ZONES
            return None if whole else code
        code = follower
    return None


@lru_cache(maxsize=8)
def district_names(city: str) -> Mapping[str, str]:
    """Every name, today's and former, of the districts and counties of a city (first 4 digits) → its code of today."""
    names = {
        row.name_zh: current
        for code, rows in divisions().items()
        if code.startswith(city) and (current := current_district(code))
        for row in rows
    }
    with _ALIASES.open(encoding="utf-8") as file:
        names |= {row["name_zh"]: row["code"] for row in csv.DictReader(file) if row["code"].startswith(city)}
    return names


@lru_cache(maxsize=1)
def known_numbers() -> Mask:
    """Whether a six-digit number was a division in any revision; index it with numbers below one million."""
    table = np.zeros(1_000_000, bool)
    with _DIVISIONS.open(encoding="utf-8") as file:
        rows = csv.reader(file)
        place = next(rows).index("code")
        table[[int(row[place]) for row in rows]] = True
    return table


def unknown_divisions(codes: pa.StringArray) -> Mask:
    """Codes that are neither null nor 6, 9, or 12 digits beginning with a division of any revision."""
    widths = characters.lengths(codes)
    unknown: Mask = (widths != 0) | np.asarray(pc.equal(codes, "").fill_null(False))
    for width in (6, 9, 12):
        rows = np.flatnonzero(widths == width)
        spelled = characters.matrix(codes.take(pa.array(rows)), width)
        digits = characters.are_digits(spelled)
        numbers = np.where(digits, characters.number(spelled[:6]), 0)
        unknown[rows] = ~(digits & known_numbers()[numbers])
    return unknown
