"""Citizen ids: the division of the year of assignment, sequence numbers, numbers that two persons share."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation import numbers, tables
from simulation.households import SECOND_CHILD, Households
from simulation.places import FIRST_YEAR, parts
from simulation.randomness import Bools, Ints, stream, weighted
from simulation.settings import CitySettings

FIRST_ASSIGNMENT = 1984
LAST_FIFTEEN = 1999
SLOTS = 497  # pairs of sequence numbers; keeps clear of 996-999, which 15-digit numbers reserve for the very old


@dataclass(frozen=True)
class Identity:
    """By person: the true number, whether somebody else bears it too, whether it was first issued with 15 digits."""

    id_number: pa.StringArray
    shared: Bools
    had_fifteen: Bools
    assigned_division: Ints
    assigned_year: Ints


def identity(settings: CitySettings, homes: Households, home_part: Ints, seed: int) -> Identity:
    """Assign a number to every person; twins get neighbouring sequences."""
    rng, count = stream(seed, "identity"), len(homes.role)
    days = homes.birth.astype("datetime64[D]")
    birth_year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    birth = compact_dates(homes.birth)
    year = np.where(birth_year >= FIRST_ASSIGNMENT, birth_year, FIRST_ASSIGNMENT + rng.integers(0, 4, count))
    division = _divisions(rng, settings, homes, home_part, year)
    twins = np.flatnonzero(homes.twin & (homes.role == SECOND_CHILD))
    division[twins] = division[twins - 1]
    order = np.lexsort((homes.household, birth, division))
    group = np.concatenate([[True], (np.diff(division[order]) != 0) | (np.diff(birth[order]) != 0)])
    rank = np.arange(count) - np.maximum.accumulate(np.where(group, np.arange(count), 0))
    slot = np.empty(count, dtype=np.int64)
    slot[order] = ((division * 31 + birth * 17)[order] % 211 + rank) % SLOTS
    matrix = numbers.citizen_ids(division, birth, slot * 2 + homes.sex)
    shared = _share(settings, homes, order, group, matrix, rng)
    return Identity(numbers.texts(matrix), shared, year < LAST_FIFTEEN, division, year)


def compact_dates(days: Ints) -> Ints:
    """Days since 1970-01-01 as YYYYMMDD."""
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64)
    day = (date - date.astype("datetime64[M]")).astype(np.int64) + 1
    compact: Ints = (1970 + month // 12) * 10_000 + (month % 12 + 1) * 100 + day
    return compact


def _divisions(
    rng: np.random.Generator, settings: CitySettings, homes: Households, home_part: Ints, year: Ints
) -> Ints:
    count, city = len(year), parts()
    part = home_part[homes.household].copy()
    moved = rng.random(count) < settings.moved_within_city
    part[moved] = weighted(rng, city.shares, int(moved.sum()))
    division = city.code_by_year[part, year - FIRST_YEAR]
    elsewhere = np.flatnonzero(rng.random(count) < settings.born_elsewhere)
    codes = np.array([int(code) for code in tables.column("outside_divisions", "code")])
    first, last = (
        np.array(tables.weights("outside_divisions", "first_year")),
        np.array(tables.weights("outside_divisions", "last_year")),
    )
    shares = np.array(tables.weights("outside_divisions"))
    pending = elsewhere
    while len(pending):
        drawn = weighted(rng, shares, len(pending))
        fits = (first[drawn] <= year[pending]) & (year[pending] <= last[drawn])
        division[pending[fits]] = codes[drawn[fits]]
        pending = pending[~fits]
    return division


def _share(
    settings: CitySettings,
    homes: Households,
    order: Ints,
    group: Bools,
    matrix: numbers.Digits,
    rng: np.random.Generator,
) -> Bools:
    """Give some persons the number of somebody born on the same day in the same division, else of any of their sex."""
    shared = np.zeros(len(order), dtype=bool)
    same_sex = homes.sex[order[1:]] == homes.sex[order[:-1]]
    apart = homes.household[order[1:]] != homes.household[order[:-1]]
    fits = np.flatnonzero(same_sex & apart)
    same_day = ~group[1:][fits]
    wanted = max(1, round(len(order) * settings.shared_id_numbers / 2)) if settings.shared_id_numbers > 0 else 0
    preference = rng.random(len(fits)) + np.where(same_day, 0.0, 0.9)
    taken: list[int] = []
    for place in fits[np.argsort(preference)].tolist():
        if len(taken) >= wanted:
            break
        one, other = int(order[place]), int(order[place + 1])
        if not shared[one] and not shared[other]:
            matrix[other] = matrix[one]
            shared[[one, other]] = True
            taken.append(other)
    return shared
