"""What happens to persons on a day: births, deaths, moves, new names, households that join, corrections, departures."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from simulation import numbers, places
from simulation.departments import DEPARTMENTS
from simulation.layout import PERSON_DATASETS
from simulation.names import COHORTS, assembled, given_names, points
from simulation.randomness import weighted
from simulation.settings import CitySettings
from simulation.state import PERSONS, Day, Row

Event = Callable[[Day, CitySettings, np.random.Generator], None]
DATE_FORMS = {one.dataset: one.dates for one in DEPARTMENTS}
STYLES = {one.dataset: one.styles for one in DEPARTMENTS}
POLICE = "police.resident"
LIVING, DEAD = "1", "2"


def how_many(rng: np.random.Generator, share: float, among: int) -> int:
    """A Poisson number with the mean share x among, at least one."""
    return max(1, int(rng.poisson(share * among))) if among and share > 0 else 0


def number_of(key: str) -> int:
    """The number in a true key."""
    return int(key[1:])


def births(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Children are registered in the household of a parent of the police register."""
    police, persons = day.tables[POLICE], day.tables[PERSONS]
    for _ in range(how_many(rng, settings.births_a_day, persons.table.num_rows)):
        row = _adult(day, rng)
        if row is None:
            return
        parent = police.table.slice(row, 1).to_pylist()[0]
        father = persons.table.slice(number_of(parent["_person"]) - 1, 1).to_pylist()[0]
        sex = 1 if rng.random() < 0.515 else 2
        child = _child(day, settings, rng, father, sex)
        persons.added.append(child)
        truth = {"_person": child["person"], "_enterprise": None, "_errors": []}
        copied = {name: parent[name] for name in ("division_code", "household_id", "address", "ethnicity")}
        true = {name: child[name] for name in ("id_number", "name", "sex", "birth_date")}
        head = parent["household_relation"] in ("02", "11", "12")
        own = {
            "record_id": day.record_id("PR"), "former_name": None, "mobile": None, "status": LIVING, "death_date": None,
            "household_relation": ("20", "30")[sex - 1] if head else "97", "updated_at": day.moment(),
        }  # fmt: skip
        police.added.append(copied | true | own | truth)
        day.log("birth", child["person"], parent["_person"])


def _adult(day: Day, rng: np.random.Generator) -> int | None:
    police = day.tables[POLICE]
    for row in rng.integers(0, police.table.num_rows, 300).tolist():
        born = police.value("birth_date", row)
        alive = police.value("status", row) == LIVING and row not in police.removed
        if alive and born and 22 <= day.today.year - born.year <= 44:
            return int(row)
    return None


def _child(day: Day, settings: CitySettings, rng: np.random.Generator, father: Row, sex: int) -> Row:
    persons = day.tables[PERSONS]
    born = day.today - timedelta(days=int(rng.integers(2, 29)))
    surname = father["name"].split("·")[0][:1]
    given = given_names(rng, settings, np.array([len(COHORTS) - 1]), np.array([sex]))
    name = str(assembled(points((surname,), 2), given)[0])
    key = f"P{persons.table.num_rows + len(persons.added) + 1:08d}"
    same_day = {row["id_number"] for row in persons.added}
    index = persons.table.schema.get_field_index("id_number")
    recent = persons.table.column(index).slice(max(0, persons.table.num_rows - 5_000)).to_pylist()
    division = np.array([int(father["division_code"][:6])])
    birth = np.array([int(f"{born:%Y%m%d}")])
    while True:
        sequence = np.array([int(rng.integers(350, 495)) * 2 + sex])
        number = numbers.texts(numbers.citizen_ids(division, birth, sequence))[0].as_py()
        if number not in same_day and number not in recent:
            break
    return {
        "person": key, "id_number": number, "name": name, "former_name": None, "sex": str(sex), "birth_date": born,
        "household": father["household"], "mobile": father["mobile"], "address": father["address"],
        "division_code": father["division_code"], "status": LIVING, "death_date": None,
        "id_assigned_in": born.year, "id_shared": False,
    }  # fmt: skip


def deaths(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Old people die: the police register says so, social security ends, the provident fund deletes the account."""
    persons = day.tables[PERSONS]
    born = persons.table["birth_date"].cast("int32").to_numpy()
    alive = np.flatnonzero(np.asarray(persons.table["status"]) == LIVING)
    age = (np.datetime64(day.today, "D").astype(np.int64) - born[alive]) / 365.25
    for place in weighted(rng, np.exp(age / 14.0), how_many(rng, settings.deaths_a_day, len(alive))).tolist():
        row = int(alive[place])
        died = day.today - timedelta(days=int(rng.integers(0, 12)))
        persons.change(row, status=DEAD, death_date=died)
        for record in day.tables[POLICE].of([row + 1]):
            day.tables[POLICE].change(record, status=DEAD, death_date=died, updated_at=day.moment())
        for record in day.tables["social_security.insured"].of([row + 1]):
            day.tables["social_security.insured"].change(record, status="3", updated_at=day.moment())
        fund = day.tables["provident_fund.account"]
        fund.removed.update(fund.of([row + 1]))
        day.log("death", persons.value("person", row))


def renames(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Persons change their given name: police on the day, each other department with one chance in three."""
    persons = day.tables[PERSONS]
    for row in _some(day, rng, settings.renames_a_day):
        before = persons.value("name", row)
        if "·" in before:
            continue
        sex = np.array([int(persons.value("sex", row))])
        given = given_names(rng, settings, np.array([int(rng.integers(4, 8))]), sex)
        after = str(assembled(points((before[:1],), 2), given)[0])
        if after == before:
            continue
        persons.change(row, name=after, former_name=before)
        for name in PERSON_DATASETS:
            table = day.tables[name]
            for record in table.of([row + 1]):
                told = name == POLICE or rng.random() < 1 / 3
                errors = [one for one in table.value("_errors", record) if not one.startswith("name_")]
                if told:
                    own = {"former_name": before} if name == POLICE else {}
                    table.change(record, name=after, updated_at=day.moment(), _errors=errors, **own)
                elif "name_former" not in table.value("_errors", record):
                    table.note(record, [*table.value("_errors", record), "name_former"])
        day.log("person_renamed", persons.value("person", row))


def _some(day: Day, rng: np.random.Generator, share: float) -> list[int]:
    persons = day.tables[PERSONS]
    alive = np.flatnonzero(np.asarray(persons.table["status"]) == LIVING)
    return [int(row) for row in rng.choice(alive, min(len(alive), how_many(rng, share, len(alive))), replace=False)]


def moves(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Households move their registration within the city; half of the other departments hear of it."""
    household = day.tables[PERSONS].table["household"].to_numpy()
    for chosen in _households(rng, household, settings.household_moves_a_day, 1):
        members = np.flatnonzero(household == chosen[0]).tolist()
        part = weighted(rng, places.parts().shares, 1)
        home = places.dwellings(int(rng.integers(1 << 31)), "move", part)
        division = home.division[0].as_py()
        _settle(day, rng, members, home, division)
        for row in members:
            day.log("move", day.tables[PERSONS].value("person", row))


def _households(rng: np.random.Generator, household: np.ndarray, share: float, size: int) -> list[list[int]]:
    distinct = np.unique(household)
    count = min(how_many(rng, share, len(distinct)), len(distinct) // (2 * size))
    return rng.choice(distinct, (count, size), replace=False).tolist() if count else []


def _settle(day: Day, rng: np.random.Generator, members: list[int], home: places.Dwellings, division: str) -> None:
    def written(name: str) -> str:
        style = weighted(rng, STYLES[name], 1)
        return str(places.addresses(home, np.array([0]), style)[0].as_py())

    full = str(places.addresses(home, np.array([0]), np.array([places.FULL]))[0].as_py())
    for row in members:
        day.tables[PERSONS].change(row, address=full, division_code=division)
    numbers_of = [row + 1 for row in members]
    for name in PERSON_DATASETS:
        table = day.tables[name]
        for record in table.of(numbers_of):
            if name == POLICE:
                table.change(record, address=full, division_code=division, updated_at=day.moment())
            elif name != "provident_fund.account" and rng.random() < 0.5:
                table.change(record, address=written(name), updated_at=day.moment())


def household_merges(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """The members of one household join another one in the police register."""
    persons, police = day.tables[PERSONS], day.tables[POLICE]
    household = persons.table["household"].to_numpy()
    for kept, joining in _households(rng, household, settings.household_merges_a_day, 2):
        hosts = np.flatnonzero(household == kept).tolist()
        guests = np.flatnonzero(household == joining).tolist()
        at_home = police.of([row + 1 for row in hosts])
        if not at_home:
            continue
        place = {name: police.value(name, at_home[0]) for name in ("household_id", "address", "division_code")}
        for record in police.of([row + 1 for row in guests]):
            police.change(record, household_relation="97", updated_at=day.moment(), **place)
        for row in guests:
            persons.change(row, household=kept, division_code=place["division_code"])
            day.log("household_merged", persons.value("person", row), persons.value("person", hosts[0]))


def corrections(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Departments correct wrong numbers, names, birth dates and sexes."""
    for name in PERSON_DATASETS:
        table = day.tables[name]
        wrong = np.flatnonzero(table.table["_errors"].combine_chunks().value_lengths().to_numpy(zero_copy_only=False))
        count = min(how_many(rng, settings.corrections_a_day, len(wrong)), len(wrong))
        for record in rng.choice(wrong, count, replace=False).tolist():
            if record not in table.removed:
                _correct(day, name, int(record))


def _correct(day: Day, name: str, record: int) -> None:
    table, persons = day.tables[name], day.tables[PERSONS]
    errors = table.value("_errors", record)
    row = number_of(table.value("_person", record)) - 1
    fixed: dict[str, object] = {}
    for prefix, column in (("id_", "id_number"), ("name_", "name"), ("birth_", "birth_date"), ("sex_", "sex")):
        if any(one.startswith(prefix) and one != "id_shared" for one in errors):
            true = persons.value(column, row)
            fixed[column] = written_date(true, name) if column == "birth_date" else true
            errors = [one for one in errors if not one.startswith(prefix) or one == "id_shared"]
    if fixed:
        table.change(record, updated_at=day.moment(), _errors=errors, **fixed)
        day.log("correction", table.value("_person", record))


def written_date(day: date, dataset: str) -> date | str:
    """A date as the dataset writes it."""
    form = DATE_FORMS[dataset]
    return day if form == "date" else day.strftime(form)


def departures(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Duplicates are struck out, and persons who moved out leave the police register."""
    for name in PERSON_DATASETS:
        table = day.tables[name]
        twice = _with_error(table.table["_errors"].combine_chunks(), "duplicate")
        count = min(how_many(rng, settings.duplicates_removed_a_day, len(twice)), len(twice))
        for row in rng.choice(twice, count, replace=False).tolist() if count else []:
            if name == "tax.natural_person":
                _repoint_wages(day, int(row))
            table.removed.add(int(row))
            day.log("duplicate_removed", table.value("_person", int(row)))
    police = day.tables[POLICE]
    gone = np.flatnonzero(np.asarray(police.table["status"]) == "3")
    count = min(how_many(rng, settings.departures_a_day * 20, len(gone)), len(gone))
    for row in rng.choice(gone, count, replace=False).tolist() if count else []:
        police.removed.add(int(row))
        day.log("departure", police.value("_person", int(row)))


def _repoint_wages(day: Day, row: int) -> None:
    """Wage records of a tax record that is struck out go to the other record of its person."""
    persons, wages = day.tables["tax.natural_person"], day.tables["tax.wage"]
    others = [one for one in persons.of([number_of(persons.value("_person", row))]) if one != row]
    old = persons.value("record_id", row)
    for wage in np.flatnonzero(np.asarray(wages.table["person_record_id"]) == old).tolist() if others else []:
        wages.change(wage, person_record_id=persons.value("record_id", others[0]), updated_at=day.moment())


def _with_error(errors: Any, kind: str) -> np.ndarray:  # noqa: ANN401 - an Arrow list array
    hit = np.flatnonzero(np.asarray(errors.flatten()) == kind)
    return np.searchsorted(errors.offsets.to_numpy(), hit, side="right") - 1


EVENTS: tuple[Event, ...] = (births, deaths, renames, moves, household_merges, corrections, departures)
