"""Who lives in a city: families with their names, numbers, houses and telephones as they truly are.

Owns the truth; `departments` writes it down wrongly. Everything is an array with one row per person.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cities.digits import Matrix, Whole, citizen_check, citizen_ids, mobiles
from benchmarks.cities.lettering import Lettering, falling
from benchmarks.cities.places import DISTRICTS, ELSEWHERE, Houses, draw_houses

Array = np.ndarray[Any, np.dtype[Any]]
TODAY = np.datetime64("2026-03-31")


@dataclass(frozen=True)
class Population:
    """The persons.

    Attributes:
        name: four places in the lettering: surname, two characters, an end (a dot and a second segment for some).
        earlier_name: the name before a change; equal to `name` where there was none.
        born: days; `id_born` the days that the number holds, which differ for a few.
        number: the citizen id; `earlier_number` another that the same person had; equal for most.
        homes: houses by time, newest first; `telephones` likewise. A family shares both in part.
        household: equal for the members of a family.
    """

    name: Array
    earlier_name: Array
    male: Array
    born: Array
    number: Matrix
    earlier_number: Matrix
    homes: Array
    telephones: tuple[Matrix, Matrix]
    no_telephone: Array
    household: Array
    adult: Array
    houses: Houses

    def __len__(self) -> int:
        """Persons."""
        return len(self.born)


def draw_population(count: int, letters: Lettering, rng: np.random.Generator) -> Population:
    """Families of one to five: a couple and its children, twins among them."""
    household, role = _households(count, rng)
    male = np.where(role == 0, rng.random(count) < 0.8, rng.random(count) < 0.52)
    male[1:] = np.where(role[1:] == 1, ~male[:-1], male[1:])
    born, twin = _births(household, role, rng)
    name = _names(household, role, male, born, letters, rng)
    number = _numbers(household, male, born, rng)
    number, born = _shared_numbers(number, born, twin, rng)
    earlier_number = _earlier(number, rng)
    age = (TODAY - born).astype(np.int64) // 365
    houses = draw_houses(int(count * 0.75) + 10, rng)
    homes = _homes(household, age, len(houses), rng)
    no_telephone, new, old = _telephones(household, role, age, rng)
    changed = (rng.random(count) < 0.004) & (name[:, 3] == letters.empty)
    earlier_name = name.copy()
    other = _names(household, role, male, born, letters, rng)
    keeps = rng.random(count) < 0.7
    earlier_name[changed, 1:] = other[changed, 1:]
    earlier_name[changed & ~keeps, 0] = other[changed & ~keeps, 0]
    return Population(
        name, earlier_name, male, born, number, earlier_number, homes, (new, old), no_telephone, household, age >= 18,
        houses,
    )  # fmt: skip


def _households(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    sizes = rng.choice([1, 2, 3, 4, 5], count, p=[0.25, 0.29, 0.28, 0.13, 0.05])
    household = np.repeat(np.arange(count), sizes)[:count]
    first = np.r_[True, household[1:] != household[:-1]]
    return household, np.arange(count) - np.maximum.accumulate(np.where(first, np.arange(count), 0))


def _births(household: Array, role: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Days of birth, and who is the second of two twins."""
    count = len(household)
    head = np.datetime64("1932-01-01") + rng.integers(0, 72 * 365, household[-1] + 1).astype("timedelta64[D]")
    gap = np.select(
        [role == 0, role == 1], [np.zeros(count), rng.normal(300, 900, count)], 365 * rng.normal(26, 3.5, count)
    )
    gap = np.where(role >= 3, gap + 800 * (role - 2), gap)
    born = head[household] + gap.astype(np.int64).astype("timedelta64[D]")
    twin = np.r_[False, (role[1:] == 3) & (household[1:] == household[:-1]) & (rng.random(count - 1) < 0.05)]
    born[twin] = born[np.flatnonzero(twin) - 1]
    late = born > TODAY
    born[late] = TODAY - rng.integers(1, 6000, int(late.sum())).astype("timedelta64[D]")
    born[twin] = born[np.flatnonzero(twin) - 1]
    return born, twin


def _names(
    household: Array, role: Array, male: Array, born: Array, letters: Lettering, rng: np.random.Generator
) -> Array:
    """Children bear the head's surname; fashions of given names move with the decade."""
    count = len(household)
    surname = rng.choice(letters.surnames, count, p=falling(len(letters.surnames), 1.0))
    compound = rng.random(count) < 0.002
    surname[compound] = rng.choice(letters.compounds, int(compound.sum()))
    of_head = surname[np.maximum(np.arange(count) - role, 0)]
    surname = np.where(role >= 2, of_head, surname)
    name = np.full((count, 4), letters.empty, np.int32)
    name[:, 0] = surname
    shift = (born.astype("datetime64[Y]").astype(np.int64) // 10) * 5
    for letter in (1, 2):
        for sex, pool in ((True, letters.male), (False, letters.female)):
            drawn = rng.choice(len(pool), count, p=falling(len(pool), 0.75))
            name[:, letter] = np.where(male == sex, pool[(drawn + shift) % len(pool)], name[:, letter])
    name[rng.random(count) < 0.14, 2] = letters.empty
    rare = rng.random(count) < 0.003
    name[rare, 1] = rng.choice(letters.rare, int(rare.sum()))
    dotted = rng.random(count) < 0.003
    many = int(dotted.sum())
    name[dotted, 0], name[dotted, 1] = rng.choice(letters.segments, many), letters.dots[0]
    name[dotted, 2], name[dotted, 3] = letters.empty, rng.choice(letters.segments, many)
    return name


def _numbers(household: Array, male: Array, born: Array, rng: np.random.Generator) -> Matrix:
    """No two alike: those of one division, day and sex are counted through from a start that differs by division."""
    count = len(household)
    early = born < np.datetime64("1994-01-01")
    districts = np.array([row[1:3] for row in DISTRICTS])
    home = rng.choice(len(DISTRICTS), household[-1] + 1, p=[row[4] for row in DISTRICTS])[household]
    code = np.where(early, districts[home, 1], districts[home, 0]).astype(np.int64)
    away = rng.random(household[-1] + 1)[household] < 0.25
    code = np.where(away, rng.choice(ELSEWHERE, household[-1] + 1)[household], code)
    day = _as_number(born)
    order = np.lexsort((np.arange(count), male, day, code))
    key = np.stack([code[order], day[order], male[order].astype(np.int64)])
    new = np.r_[True, (key[:, 1:] != key[:, :-1]).any(axis=0)]
    place = np.arange(count) - np.maximum.accumulate(np.where(new, np.arange(count), 0))
    sequence = np.empty(count, np.int64)
    sequence[order] = 2 * ((place + 1 + 11 * (code[order] % 17)) % 499) + key[2]
    return citizen_ids(code, day, sequence)


def _as_number(days: Array) -> Whole:
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    return np.asarray(year * 10000 + month * 100 + day)


def _shared_numbers(number: Matrix, born: Array, twin: Array, rng: np.random.Generator) -> tuple[Matrix, Array]:
    """0.12 % of persons bear a number that another bears: half of them were born on its day, half were not."""
    number, born = number.copy(), born.copy()
    who = rng.choice(len(born), int(len(born) * 0.0012) + 1, replace=False)
    who = who[~twin[who]]
    other = rng.integers(0, len(born), len(who))
    male = number[:, 16] % 2 == 1
    fits = (male[who] == male[other]) & (who != other)
    who, other = who[fits], other[fits]
    number[who] = number[other]
    same_day = rng.random(len(who)) < 0.5
    born[who[same_day]] = born[other[same_day]]
    return number, born


def _earlier(number: Matrix, rng: np.random.Generator) -> Matrix:
    """0.3 % of persons had another number: another sequence, or another division."""
    earlier = number.copy()
    who = np.flatnonzero(rng.random(len(number)) < 0.003)
    earlier[who, 14:16] = (number[who, 14:16] - 48 + rng.integers(1, 10, (len(who), 2))) % 10 + 48
    moved = who[rng.random(len(who)) < 0.3]
    earlier[moved, 4:6] = (number[moved, 4:6] - 48 + rng.integers(1, 4, (len(moved), 2))) % 10 + 48
    earlier[who, 17] = citizen_check(earlier[who])
    return earlier


def _homes(household: Array, age: Array, houses: int, rng: np.random.Generator) -> Array:
    """Three houses a person, newest first. Families move together, and grown children alone."""
    families = household[-1] + 1
    homes = rng.integers(0, houses, (families, 3))
    stays = rng.random((families, 2)) < [0.6, 0.7]
    homes[:, 1] = np.where(stays[:, 0], homes[:, 0], homes[:, 1])
    homes[:, 2] = np.where(stays[:, 1], homes[:, 1], homes[:, 2])
    mine = homes[household].astype(np.int32)
    alone = (rng.random(len(household)) < 0.25) & (age > 20)
    mine[alone, 0] = rng.integers(0, houses, int(alone.sum()))
    return mine


def _telephones(household: Array, role: Array, age: Array, rng: np.random.Generator) -> tuple[Array, Matrix, Matrix]:
    """Who has none, the newest and the number before; children and some old people use that of the family's head."""
    count = len(household)
    new, old = mobiles(count, rng), mobiles(count, rng)
    kept = rng.random(count) < 0.65
    old[kept] = new[kept]
    head = np.arange(count) - role
    lends = (age < 16) | (rng.random(count) < np.where(age > 68, 0.4, 0.03))
    new[lends], old[lends] = new[head[lends]], old[head[lends]]
    return rng.random(count) < np.where(age < 10, 0.5, 0.04), new, old
