"""What happens to enterprises on a day: foundings, new names and representatives, ends, mergers, registrations."""

import numpy as np

from simulation import company_names, numbers, places, tables
from simulation.draws import Draws
from simulation.layout import ENTERPRISE_DATASETS
from simulation.person_events import Event, how_many, number_of
from simulation.randomness import weighted
from simulation.settings import CitySettings
from simulation.state import ENTERPRISES, PERSONS, Changing, Day, Row

COMMERCE, TAX, EMPLOYER = "commerce.enterprise", "tax.taxpayer", "social_security.employer"
ACTIVE, CANCELLED = "1", "3"


def _some(day: Day, rng: np.random.Generator, share: float, kind: str | None = None, size: int = 1) -> list[list[int]]:
    """Groups of active enterprises, as row numbers."""
    table = day.tables[ENTERPRISES].table
    fits = np.asarray(table["status"]) == ACTIVE
    if kind:
        fits &= np.asarray(table["kind"]) == kind
    rows = np.flatnonzero(fits)
    count = min(how_many(rng, share, len(rows)), len(rows) // (2 * size))
    groups: list[list[int]] = rng.choice(rows, (count, size), replace=False).tolist() if count else []
    return groups


def foundings(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """New companies enter the commercial register; the tax office follows on a later day, if at all."""
    for _ in range(how_many(rng, settings.enterprise_foundings_a_day, day.tables[ENTERPRISES].table.num_rows)):
        true, home = _company(day, rng)
        day.tables[ENTERPRISES].added.append(true)
        owner = day.tables[PERSONS].table.slice(number_of(true["representative"]) - 1, 1).to_pylist()[0]
        copied = {name: true[name] for name in ("uscc", "registration_number", "name", "established_on", "status")}
        own = {
            "record_id": day.record_id("CE"), "former_name": None, "enterprise_type": "有限责任公司(自然人投资或控股)",
            "legal_representative": owner["name"], "legal_representative_id_number": owner["id_number"],
            "registered_capital": int(rng.integers(1, 50)) * 100_000, "ended_on": None, "industry_code": "5199",
            "division_code": home.division[0].as_py(), "phone": f"0532{int(rng.integers(80_000_000, 90_000_000))}",
            "address": places.addresses(home, np.array([0]), np.array([places.FULL]))[0].as_py(),
            "updated_at": day.moment(), "_person": None, "_enterprise": true["enterprise"], "_errors": [],
        }  # fmt: skip
        day.tables[COMMERCE].added.append(copied | own)
        day.log("enterprise_founded", true["enterprise"], true["representative"])


def _company(day: Day, rng: np.random.Generator) -> tuple[Row, places.Dwellings]:
    firms, draws = day.tables[ENTERPRISES], Draws(rng)
    part = weighted(rng, places.parts().shares, 1)
    home = places.dwellings(int(rng.integers(1 << 31)), "founded", part)
    count = firms.table.num_rows + len(firms.added)
    serial = np.array([900_000 + count * 31 + 5])
    organization = numbers.lettered_organization_codes(serial)
    division = np.array([int(home.division[0].as_py()[:6])])
    authority = np.frombuffer(b"91", dtype=np.uint8).reshape(1, 2)
    word = draws.one([row["word"] for row in tables.rows("industries") if row["forms"] == "company"])
    born = day.tables[PERSONS].table["birth_date"].cast("int32").to_numpy()
    age = (np.datetime64(day.today, "D").astype(np.int64) - born) / 365.25
    alive = np.asarray(day.tables[PERSONS].table["status"]) == "1"
    owner = int(rng.choice(np.flatnonzero(alive & (age > 22) & (age < 65)))) + 1
    true = {
        "enterprise": f"E{count + 1:08d}", "kind": "company", "parent": None, "former_name": None,
        "name": company_names.company(company_names.trade_name(draws) + "新", word, home.district[0].as_py(), draws),
        "uscc": numbers.texts(numbers.credit_codes(authority, division, organization))[0].as_py(),
        "organization_code": numbers.texts(organization)[0].as_py(),
        "registration_number": numbers.texts(numbers.registration_numbers(division, serial))[0].as_py(),
        "representative": f"P{owner:08d}", "established_on": day.today, "status": ACTIVE, "ended_on": None,
    }  # fmt: skip
    return true, home


def renames(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Companies change their name: the commercial register on the day, the tax office in half of the cases."""
    firms, draws = day.tables[ENTERPRISES], Draws(rng)
    for (row,) in _some(day, rng, settings.enterprise_renames_a_day, "company"):
        before = firms.value("name", row)
        start = 2 if before.startswith(("青岛", "山东")) else 0
        after = before[:start] + company_names.trade_name(draws) + before[start + 2 :]
        firms.change(row, name=after, former_name=before)
        for name in (COMMERCE, TAX):
            table = day.tables[name]
            for record in table.of([row + 1]):
                if name == COMMERCE:
                    table.change(
                        record, name=after, former_name=before, updated_at=day.moment(), _errors=_unnamed(table, record)
                    )
                elif rng.random() < 0.5:
                    table.change(record, name=after, updated_at=day.moment(), _errors=_unnamed(table, record))
                else:
                    table.note(record, [*_unnamed(table, record), "name_former"])
        day.log("enterprise_renamed", firms.value("enterprise", row))


def _unnamed(table: Changing, record: int) -> list[str]:
    return [one for one in table.value("_errors", record) if not one.startswith("name_")]


def new_representatives(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Companies change their representative; only the commercial register knows at once."""
    firms, persons = day.tables[ENTERPRISES], day.tables[PERSONS]
    alive = np.flatnonzero(np.asarray(persons.table["status"]) == "1")
    for (row,) in _some(day, rng, settings.representative_changes_a_day, "company"):
        person = int(rng.choice(alive))
        firms.change(row, representative=persons.value("person", person))
        for record in day.tables[COMMERCE].of([row + 1]):
            day.tables[COMMERCE].change(
                record,
                legal_representative=persons.value("name", person),
                legal_representative_id_number=persons.value("id_number", person),
                updated_at=day.moment(),
            )
        for name in ENTERPRISE_DATASETS[1:]:
            for record in day.tables[name].of([row + 1]):
                errors = day.tables[name].value("_errors", record)
                day.tables[name].note(record, sorted({*errors, "representative_stale"}))
        day.log("representative_changed", firms.value("enterprise", row), persons.value("person", person))


def endings(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Enterprises are cancelled in the commercial register, and mostly at the tax office."""
    for (row,) in _some(day, rng, settings.enterprise_endings_a_day):
        _end(day, rng, row)
        day.log("enterprise_cancelled", day.tables[ENTERPRISES].value("enterprise", row))


def _end(day: Day, rng: np.random.Generator, row: int) -> None:
    day.tables[ENTERPRISES].change(row, status=CANCELLED, ended_on=day.today)
    for record in day.tables[COMMERCE].of([row + 1]):
        day.tables[COMMERCE].change(record, status=CANCELLED, ended_on=day.today, updated_at=day.moment())
    for record in day.tables[TAX].of([row + 1]):
        if rng.random() < 0.9:
            day.tables[TAX].change(record, status=CANCELLED, cancelled_on=day.today, updated_at=day.moment())
    for record in day.tables[EMPLOYER].of([row + 1]):
        day.tables[EMPLOYER].change(record, status="3", updated_at=day.moment())


def mergers(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """One company takes over another one: the other is cancelled, its insured people change the employer."""
    firms, employers, insured = day.tables[ENTERPRISES], day.tables[EMPLOYER], day.tables["social_security.insured"]
    for kept, absorbed in _some(day, rng, settings.enterprise_merges_a_day, "company", 2):
        _end(day, rng, absorbed)
        old = {employers.value("record_id", record) for record in employers.of([absorbed + 1])}
        new = [employers.value("record_id", record) for record in employers.of([kept + 1])]
        if old and new:
            staff = np.flatnonzero(np.isin(np.asarray(insured.table["employer_no"].fill_null("")), list(old))).tolist()
            for record in staff:
                insured.change(record, employer_no=new[0], updated_at=day.moment())
        day.log("enterprise_merged", firms.value("enterprise", absorbed), firms.value("enterprise", kept))


def registrations(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """The tax office registers enterprises that it did not know."""
    commerce, tax = day.tables[COMMERCE], day.tables[TAX]
    active = np.asarray(commerce.table["status"]) == ACTIVE
    unknown = np.flatnonzero(active & ~np.isin(commerce.subject, tax.subject))
    count = min(how_many(rng, settings.enterprise_foundings_a_day * 5, len(unknown)), len(unknown) // 2)
    for record in rng.choice(unknown, count, replace=False).tolist() if count else []:
        known = commerce.table.slice(record, 1).to_pylist()[0]
        copied = {name: known.get(name) for name in tax.table.column_names if name in known}
        own = {
            "record_id": day.record_id("TT"), "taxpayer_id": known["uscc"] or known["registration_number"],
            "registered_on": day.today, "cancelled_on": None, "status": "1", "updated_at": day.moment(), "_errors": [],
        }  # fmt: skip
        tax.added.append(copied | own)
        day.log("taxpayer_registered", known["_enterprise"])


def corrections(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Departments correct codes and names of enterprises."""
    firms = day.tables[ENTERPRISES]
    columns = {"uscc_": "uscc", "organization_code_": "organization_code", "name_": "name"}
    for name in ENTERPRISE_DATASETS:
        table = day.tables[name]
        wrong = np.flatnonzero(table.table["_errors"].combine_chunks().value_lengths().to_numpy(zero_copy_only=False))
        count = min(how_many(rng, settings.corrections_a_day, len(wrong)), len(wrong))
        for record in rng.choice(wrong, count, replace=False).tolist() if count else []:
            errors, fixed = table.value("_errors", record), dict[str, object]()
            for prefix, column in columns.items():
                if any(one.startswith(prefix) for one in errors) and record not in table.removed:
                    fixed[column] = firms.value(column, number_of(table.value("_enterprise", record)) - 1)
                    errors = [one for one in errors if not one.startswith(prefix)]
            if fixed:
                table.change(record, updated_at=day.moment(), _errors=errors, **fixed)
                day.log("correction", table.value("_enterprise", record))


EVENTS: tuple[Event, ...] = (foundings, renames, new_representatives, endings, mergers, registrations, corrections)
