"""How five departments know the persons of a city, and what they get wrong.

Owns the departments' rates, all of them assumptions. An error is drawn anew for every record; an earlier name, number,
house or telephone is the same wherever a department has not heard of the change.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.cities.digits import Matrix, citizen_check, mobiles, shortened, slip, text
from benchmarks.cities.lettering import Lettering, falling
from benchmarks.cities.places import DISTRICTS, write_addresses
from benchmarks.cities.population import TODAY, Population

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Department:
    """Shares of records, where nothing else is said.

    Attributes:
        covers: share of children, of adults.
        twice: records that the department has a second time under another key.
        short: numbers of those born before 1985 that are still in the 15-digit form.
        behind: how often it holds what was true before a change (name, number, house, telephone).
        dates: how it writes days: `date`, or a strftime pattern.
    """

    name: str
    covers: tuple[float, float]
    twice: float
    wrong_id: float
    no_id: float
    short: float
    wrong_name: float
    wrong_date: float
    no_date: float
    wrong_sex: float
    no_mobile: float
    no_address: float
    behind: float
    style: int
    dates: str

    def harsh(self) -> "Department":
        """Three times the errors of names, numbers and dates, and three times the missing numbers."""
        return replace(
            self, wrong_id=3 * self.wrong_id, no_id=3 * self.no_id, wrong_name=3 * self.wrong_name,
            wrong_date=3 * self.wrong_date, no_date=3 * self.no_date,
        )  # fmt: skip


DEPARTMENTS = (
    Department(
        "police.resident", (0.9, 0.9), 0.0022, 0.004, 0.0, 0.0,
        0.008, 0.004, 0.0, 0.001, 0.45, 0.005, 0.15, 0, "date",
    ),
    Department(
        "social_security.insured", (0.2, 0.62), 0.006, 0.014, 0.006, 0.05,
        0.014, 0.008, 0.004, 0.003, 0.2, 0.08, 0.4, 1, "date",
    ),
    Department(
        "tax.natural_person", (0.01, 0.56), 0.008, 0.011, 0.006, 0.01,
        0.012, 0.007, 0.01, 0.003, 0.15, 0.12, 0.3, 2, "%Y-%m-%d",
    ),
    Department(
        "family_planning.person", (0.75, 0.44), 0.006, 0.022, 0.080, 0.12,
        0.024, 0.014, 0.004, 0.003, 0.25, 0.06, 0.5, 3, "%Y%m%d",
    ),
    Department(
        "provident_fund.account", (0.0, 0.3), 0.003, 0.011, 0.004, 0.02,
        0.012, 0.006, 0.008, 0.003, 0.12, 1.0, 0.35, 1, "%Y/%m/%d",
    ),
)  # fmt: skip


def draw_records(
    people: Population,
    letters: Lettering,
    department: Department,
    rng: np.random.Generator,
    who: Array | None = None,
) -> tuple[pa.Table, Array]:
    """One department's table, one row per record in no order, and the person of each row: `who` where it is given."""
    if who is None:
        child, grown = department.covers
        known = np.flatnonzero(rng.random(len(people)) < np.where(people.adult, grown, child))
        again = known[rng.random(len(known)) < department.twice]
        who = rng.permutation(np.concatenate([known, again]))
    behind = rng.random((4, len(who))) < department.behind
    born, day_lost = _dates(people.born[who], department, rng)
    columns: dict[str, pa.Array] = {"record_id": _keys(department.name, len(who))}
    columns["id_number"] = _ids(people, who, behind[0], department, rng)
    columns["name"] = _names(people, letters, who, behind[1], department, rng)
    columns["sex"] = _sex(people.male[who], department, rng)
    columns["birth_date"] = _days(born, day_lost, department.dates)
    home = np.where(behind[2], people.homes[who, 1], people.homes[who, 0])
    home = np.where(rng.random(len(who)) < 0.3 * department.behind, people.homes[who, 2], home)
    home = np.where(rng.random(len(who)) < department.no_address, -1, home)
    columns["address"] = write_addresses(people.houses, home, department.style, rng)
    columns["mobile"] = _mobiles(people, who, behind[3], department, rng)
    updated = TODAY.astype("datetime64[s]") - rng.integers(0, 3 * 365 * 86400, len(who)).astype("timedelta64[s]")
    columns["updated_at"] = pa.array(updated)
    if department.name == "police.resident":
        columns["former_name"] = _former_names(people, letters, who, behind[1], rng)
    return _own_columns(columns, department.name, people, (who, home), rng), who


def _keys(name: str, count: int) -> pa.Array:
    start = name.partition(".")[0][:2].upper()
    return pc.binary_join_element_wise(start, pa.array(np.arange(10**8, 10**8 + count)).cast(pa.string()), "")


def _ids(people: Population, who: Array, behind: Array, department: Department, rng: np.random.Generator) -> pa.Array:
    count = len(who)
    ids = np.where(behind[:, None], people.earlier_number[who], people.number[who])
    short = (rng.random(count) < department.short) & (people.born[who] < np.datetime64("1985-01-01"))
    ids[short] = shortened(ids[short])
    wrong = np.flatnonzero(rng.random(count) < department.wrong_id)
    relative = wrong[rng.random(len(wrong)) < 0.07]
    slipped = np.setdiff1d(wrong, relative)
    near = np.clip(who[relative] + rng.choice([-1, 1], len(relative)), 0, len(people) - 1)
    same = people.household[near] == people.household[who[relative]]
    ids[relative[same]] = people.number[near[same]]
    ids[slipped] = slip(ids[slipped], rng)
    passing = slipped[(rng.random(len(slipped)) < 0.15) & ((ids[slipped] != 0).sum(axis=1) == 18)]
    passing = passing[(ids[passing][:, :17] <= 57).all(axis=1)]
    ids[passing, 17] = citizen_check(ids[passing])
    lower = (ids[:, 17] == 88) & (rng.random(count) < 0.2)
    ids[lower, 17] = 120
    return text(ids, rng.random(count) < department.no_id)


def _names(
    people: Population, letters: Lettering, who: Array, behind: Array, department: Department, rng: np.random.Generator
) -> pa.Array:
    name = np.where(behind[:, None], people.earlier_name[who], people.name[who])
    wrong = np.flatnonzero(rng.random(len(who)) < department.wrong_name)
    kind = rng.choice(8, len(wrong), p=[0.34, 0.24, 0.10, 0.07, 0.07, 0.08, 0.04, 0.06])
    for number, table in enumerate((letters.sound, letters.look)):
        rows = wrong[kind == number]
        at = np.where((name[rows, 2] != letters.empty) & (rng.random(len(rows)) < 0.5), 2, 1)
        at = np.where(rng.random(len(rows)) < 0.12, 0, at)
        name[rows, at] = table[name[rows, at], rng.integers(0, 4, len(rows))]
    rows = wrong[kind == 2]
    at = np.where(name[rows, 2] != letters.empty, rng.integers(1, 3, len(rows)), 1)
    lost = np.where(name[rows, 2] != letters.empty, rng.choice(letters.lost, len(rows)), letters.lost[0])
    name[rows, at] = lost
    rows = wrong[kind == 3]
    name[rows] = letters.old[name[rows], 0]
    rows = wrong[kind == 4]
    name[rows, 0] = letters.twin[name[rows, 0], rng.integers(0, 4, len(rows))]
    rows = wrong[(kind == 5)]
    rows = rows[(name[rows, 2] != letters.empty)]
    name[rows, 1:3] = name[rows, 2:0:-1]
    rows = wrong[kind == 6]
    name[rows, 1:3] = np.stack([rng.choice(pool, len(rows)) for pool in (letters.male, letters.female)], axis=1)
    dotted = name[:, 1] == letters.dots[0]
    name[dotted, 1] = rng.choice(letters.dots, int(dotted.sum()), p=[0.6, 0.1, 0.1, 0.05, 0.1, 0.05])
    parts = [letters.text.take(pa.array(name[:, place])) for place in range(4)]
    note = np.zeros(len(who), np.int8)
    note[wrong[kind == 7]] = rng.integers(1, 4, int((kind == 7).sum()))
    notes = pa.array(["", "（曾用名）", " ", "(已迁)"]).take(pa.array(note))
    return pc.binary_join_element_wise(*parts, notes, "")


def _former_names(
    people: Population, letters: Lettering, who: Array, behind: Array, rng: np.random.Generator
) -> pa.Array:
    """The register notes seven in ten of the changes that it has heard of."""
    changed = (people.name[who] != people.earlier_name[who]).any(axis=1)
    noted = changed & ~behind & (rng.random(len(who)) < 0.7)
    parts = [letters.text.take(pa.array(people.earlier_name[who, place])) for place in range(4)]
    return pc.if_else(pa.array(noted), pc.binary_join_element_wise(*parts, ""), None)


def _dates(born: Array, department: Department, rng: np.random.Generator) -> tuple[Array, Array]:
    """Days as the department has them, and where it has none."""
    made = born.copy()
    wrong = np.flatnonzero(rng.random(len(born)) < department.wrong_date)
    kind = rng.choice(6, len(wrong), p=[0.28, 0.14, 0.16, 0.16, 0.16, 0.10])
    years = born.astype("datetime64[Y]")
    rows = wrong[kind == 0]
    made[rows] += (rng.choice([-20, -10, -2, -1, 1, 2, 7, 10], len(rows))).astype("timedelta64[D]")
    rows = wrong[kind == 1]
    made[rows] = made[rows] + (rng.choice([-1, 1], len(rows)) * 30).astype("timedelta64[D]")
    rows = wrong[kind == 2]
    within = made[rows] - years[rows].astype("datetime64[D]")
    step = rng.choice([-10, -1, 1, 10], len(rows)).astype("timedelta64[Y]")
    made[rows] = (years[rows] + step).astype("datetime64[D]") + within
    rows = wrong[kind == 3]
    made[rows] -= rng.integers(18, 50, len(rows)).astype("timedelta64[D]")
    rows = wrong[kind == 4]
    made[rows] = years[rows].astype("datetime64[D]")
    rows = wrong[kind == 5]
    month = born[rows].astype("datetime64[M]")
    day = (born[rows] - month.astype("datetime64[D]")).astype(np.int64)
    can = day < 12
    swapped = years[rows].astype("datetime64[M]") + day.astype("timedelta64[M]")
    at_month = (month - years[rows].astype("datetime64[M]")).astype(np.int64)
    made[rows[can]] = swapped[can].astype("datetime64[D]") + at_month[can].astype("timedelta64[D]")
    return made, rng.random(len(born)) < department.no_date


def _days(days: Array, lost: Array, form: str) -> pa.Array:
    dates = pc.if_else(pa.array(lost), None, pa.array(days.astype("datetime64[D]"), pa.date32()))
    return dates if form == "date" else pc.strftime(dates, format=form)


def _sex(male: Array, department: Department, rng: np.random.Generator) -> pa.Array:
    said = np.where(male ^ (rng.random(len(male)) < department.wrong_sex), 0, 1)
    return pa.array(["1", "2", "9"]).take(pa.array(np.where(rng.random(len(male)) < 0.004, 2, said)))


def _mobiles(
    people: Population, who: Array, behind: Array, department: Department, rng: np.random.Generator
) -> pa.Array:
    new, old = people.telephones
    number: Matrix = np.where(behind[:, None], old[who], new[who])
    office = mobiles(len(who) // 400 + 1, rng)
    by_office = np.flatnonzero(rng.random(len(who)) < 0.01)
    number[by_office] = office[rng.choice(len(office), len(by_office), p=falling(len(office), 0.9))]
    wrong = np.flatnonzero(rng.random(len(who)) < 0.006)
    number[wrong] = slip(number[wrong], rng, first=3)
    return text(number, people.no_telephone[who] | (rng.random(len(who)) < department.no_mobile))


def _own_columns(
    columns: dict[str, pa.Array], name: str, people: Population, at: tuple[Array, Array], rng: np.random.Generator
) -> pa.Table:
    """The columns that only this department has; `at` holds the person and the house of each row."""
    who, home = at
    count = len(who)
    codes = np.array([row[1] for row in DISTRICTS]) * 1000 + 1
    division = pa.array(codes[people.houses.district[np.maximum(home, 0)]]).cast(pa.string())
    employer = pa.array(10**6 + rng.choice(2000, count, p=falling(2000))).cast(pa.string())
    if name == "police.resident":
        columns |= {"division_code": division, "household_id": pa.array(people.household[who]).cast(pa.string())}
        columns |= {"status": pa.array(["1", "2", "3"]).take(pa.array(rng.choice(3, count, p=[0.95, 0.02, 0.03])))}
    elif name == "social_security.insured":
        columns |= {"employer_no": employer, "contribution_base": pa.array(rng.integers(4000, 26000, count))}
        columns |= {"status": pa.array(["1", "2", "3"]).take(pa.array(rng.choice(3, count, p=[0.8, 0.1, 0.1])))}
    elif name == "tax.natural_person":
        columns |= {"id_type": pa.array(["201"] * 1).take(pa.array(np.zeros(count, np.int8)))}
    elif name == "family_planning.person":
        columns |= {"division_code": division}
    else:
        columns |= {"employer_name": employer, "contribution_base": pa.array(rng.integers(4000, 26000, count))}
        del columns["address"]
    return pa.table(columns)
