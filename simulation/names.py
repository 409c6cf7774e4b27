"""Names of persons: surnames by share, given names by cohort and sex.

A name is worked on as a row of four code points: one or two of the surname, one or two given.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulation import tables
from simulation.households import CHILD, FATHER, HEAD, SECOND_CHILD, Households
from simulation.randomness import Bools, Ints, chosen, planted, stream, weighted
from simulation.settings import CitySettings
from simulation.values import Coded

Points = NDArray[np.uint32]

COHORTS = ("1900", "1950", "1960", "1970", "1980", "1990", "2000", "2010")
# share of two-character names by cohort before scaling; 27.6 % at the peak and 6.3 % in 2020: names report 2020
SINGLE_SHAPE = np.array([0.08, 0.10, 0.13, 0.20, 0.276, 0.22, 0.12, 0.063])
WHOLE_NAME = 0.06


@dataclass(frozen=True)
class Names:
    """`name` and `former` (null for most) by person; `rare` and `dotted` say which persons have such names."""

    name: Coded
    former: Coded
    rare: Bools
    dotted: Ints
    ethnicity: pa.StringArray


def names(settings: CitySettings, homes: Households, seed: int) -> Names:
    """One name a person: children bear their father's surname, siblings sometimes share a character."""
    rng, count = stream(seed, "names"), len(homes.role)
    surname = _surnames(rng, settings, homes)
    year = 1970 + homes.birth // 365.2425
    cohort = np.clip((year - 1940) // 10, 0, 7).astype(np.int64)
    given = given_names(rng, settings, cohort, homes.sex)
    _share_generation(rng, settings, homes, given)
    rare = np.zeros(count, dtype=bool)
    rows = planted(rng, settings.rare_character_names, np.arange(count))
    rare[rows] = True
    characters = points(tables.column("rare_characters", "character"), 1)[:, 0]
    place = np.where(given[rows, 1] > 0, rng.integers(0, 2, len(rows)), 0)
    given[rows, place] = characters[weighted(rng, tables.weights("rare_characters"), len(rows))]
    full = assembled(surname, given)
    name = Coded.of(pa.array(full))
    dotted, ethnicity = _minorities(rng, settings, homes, name)
    former = Coded(name.values, np.full(count, -1))
    renamed = chosen(rng, settings.former_names, np.flatnonzero(dotted < 0))
    other = given_names(rng, settings, cohort[renamed], homes.sex[renamed])
    former.put(renamed, assembled(surname[renamed], other).tolist())
    return Names(name, former, rare, dotted, ethnicity)


def points(texts: tuple[str, ...], width: int) -> Points:
    """Texts as rows of code points, padded with zeros."""
    return np.array(texts, dtype=f"<U{width}").view(np.uint32).reshape(len(texts), width)


def assembled(surname: Points, given: Points) -> np.ndarray:
    """Surname and given name side by side as strings."""
    full = np.zeros((len(surname), 4), dtype=np.uint32)
    full[:, :2] = surname
    short = surname[:, 1] == 0
    full[short, 1:3] = given[short]
    full[~short, 2:4] = given[~short]
    return full.view("<U4")[:, 0]


def _surnames(rng: np.random.Generator, settings: CitySettings, homes: Households) -> Points:
    count = len(homes.role)
    drawn = weighted(rng, tables.weights("surnames"), count)
    first = np.zeros(homes.count, dtype=np.int64)
    mothers = np.zeros(homes.count, dtype=np.int64)
    male = homes.sex == 1
    adults = homes.role <= 1
    first[homes.household[adults]] = drawn[adults]
    fathers = first.copy()
    fathers[homes.household[adults & male]] = drawn[adults & male]
    mothers[homes.household[adults & ~male]] = drawn[adults & ~male]
    child = (homes.role == CHILD) | (homes.role == SECOND_CHILD)
    after_mother = (rng.random(homes.count) < settings.mothers_surname) & (mothers > 0)
    drawn[child] = np.where(after_mother, mothers, fathers)[homes.household[child]]
    heads = np.zeros(homes.count, dtype=np.int64)
    heads[homes.household[homes.role == HEAD]] = drawn[homes.role == HEAD]
    drawn[homes.role == FATHER] = heads[homes.household[homes.role == FATHER]]
    return points(tables.column("surnames", "surname"), 2)[drawn]


def given_names(rng: np.random.Generator, settings: CitySettings, cohort: Ints, sex: Ints) -> Points:
    """Given names as two code points, by cohort (index into `COHORTS`) and sex (1, 2)."""
    given = np.zeros((len(cohort), 2), dtype=np.uint32)
    if not len(cohort):
        return given
    factor = settings.two_character_names / SINGLE_SHAPE[cohort].mean()
    kind = rng.random(len(cohort))
    single = kind < SINGLE_SHAPE[cohort] * factor
    whole = kind > 1 - WHOLE_NAME
    for number, label in enumerate(COHORTS):
        for one in (1, 2):
            group = (cohort == number) & (sex == one)
            for mask, position, first, width in (
                (group & single, "single", 0, 1),
                (group & whole & ~single, "whole", 0, 2),
                (group & ~whole & ~single, "first", 0, 1),
                (group & ~whole & ~single, "last", 1, 1),
            ):
                rows = np.flatnonzero(mask)
                characters, shares = _vocabulary(label, str(one), position)
                drawn = characters[weighted(rng, shares, len(rows))]
                for place in range(width):
                    given[rows, first + place] = drawn[:, place]
    return given


def _vocabulary(cohort: str, sex: str, position: str) -> tuple[Points, list[float]]:
    field, table = ("name", "given_names") if position == "whole" else ("character", "given_characters")
    rows = [
        row
        for row in tables.rows(table)
        if row["cohort"] == cohort and row["sex"] == sex and row.get("position", "whole") == position
    ]
    return points(tuple(row[field] for row in rows), 2), [float(row["weight"]) for row in rows]


def _share_generation(rng: np.random.Generator, settings: CitySettings, homes: Households, given: Points) -> None:
    second = np.flatnonzero(homes.role == SECOND_CHILD)
    share = np.where(homes.twin[second], 0.5, settings.generation_character)
    rows = second[rng.random(len(second)) < share]
    rows = rows[(given[rows, 1] > 0) & (given[rows - 1, 1] > 0)]
    given[rows, 0] = given[rows - 1, 0]


def _minorities(
    rng: np.random.Generator, settings: CitySettings, homes: Households, name: Coded
) -> tuple[Ints, pa.StringArray]:
    """Ethnicity by household; persons with names of several segments as rows of `dotted_names` (-1: none)."""
    codes = ("01", *tables.column("ethnicities", "code"))
    of_home = np.zeros(homes.count, dtype=np.int64)
    rows = chosen(rng, settings.minorities, homes.count)
    of_home[rows] = 1 + weighted(rng, tables.weights("ethnicities"), len(rows))
    ethnicity = of_home[homes.household]
    dotted = np.full(len(homes.role), -1, dtype=np.int64)
    table = tables.rows("dotted_names")
    picked = planted(rng, settings.dotted_names, np.arange(len(homes.role)))
    for person in picked.tolist():
        fitting = [number for number, row in enumerate(table) if row["sex"] == str(homes.sex[person])]
        dotted[person] = fitting[int(rng.integers(len(fitting)))]
        ethnicity[person] = codes.index(table[dotted[person]]["ethnicity"])
    name.put(picked, [f"{table[row]['first']}·{table[row]['second']}" for row in dotted[picked].tolist()])
    return dotted, pa.array(codes).take(pa.array(ethnicity))
