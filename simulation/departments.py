"""The person records of the five departments."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation import person_errors, places
from simulation.households import CHILD, FATHER, HEAD, MOTHER, SECOND_CHILD, SPOUSE
from simulation.numbers import digits, texts
from simulation.people import DECEASED, MOVED_OUT, REGISTERED, People
from simulation.randomness import Bools, Floats, Ints, chosen, stream, weighted
from simulation.records import NO_DAY, Records, date_column, moments, record_ids
from simulation.settings import CitySettings
from simulation.values import Coded


@dataclass(frozen=True)
class Department:
    """How one department keeps persons."""

    dataset: str
    prefix: str
    dates: str
    styles: tuple[float, ...]
    registered_address: float


DEPARTMENTS = (
    Department("police.resident", "PR", "date", (0.86, 0.06, 0.0, 0.0, 0.07, 0.01), 1.0),
    Department("social_security.insured", "SI", "%Y-%m-%d", (0.25, 0.40, 0.12, 0.13, 0.06, 0.04), 0.45),
    Department("tax.natural_person", "TN", "%Y%m%d", (0.10, 0.35, 0.30, 0.20, 0.02, 0.03), 0.30),
    Department("family_planning.person", "FP", "%Y/%m/%d", (0.30, 0.30, 0.20, 0.05, 0.13, 0.02), 0.60),
    Department("provident_fund.account", "PF", "date", (0.0, 0.5, 0.3, 0.2, 0.0, 0.0), 0.3),
)
# GB/T 4761 by role and sex: male, female
RELATIONS = {HEAD: ("02", "02"), SPOUSE: ("11", "12"), CHILD: ("20", "30"), SECOND_CHILD: ("20", "30"),
             FATHER: ("51", "51"), MOTHER: ("52", "52")}  # fmt: skip


def person_records(settings: CitySettings, city: People, employed: Bools, seed: int) -> dict[str, Records]:
    """The five person datasets by name, without the columns that speak of an employer."""
    return {one.dataset: _department(one, settings, city, employed, seed) for one in DEPARTMENTS}


def _department(one: Department, settings: CitySettings, city: People, employed: Bools, seed: int) -> Records:
    rng = stream(seed, one.dataset)
    subject, duplicates = _members(one, settings, city, employed, rng)
    records = Records(one.dataset, subject)
    records.note(duplicates, "duplicate")
    factor = settings.police_error_factor if one.dataset == "police.resident" else 1.0
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    records.columns["record_id"] = record_ids(rng, one.prefix, records.count)
    records.columns["id_number"] = Coded(city.identity.id_number, subject)
    records.columns["name"] = city.names.name.taken(subject)
    person_errors.spoil_ids(records, city, settings, factor, rng)
    person_errors.spoil_names(records, city, settings, factor, rng)
    records.columns["sex"] = person_errors.spoil_sexes(records, city, settings, factor, rng)
    birth = person_errors.spoil_births(records, city, settings, factor, rng)
    records.columns["birth_date"] = person_errors.written_dates(birth, one.dates)
    _mobiles(records, city, settings, factor, rng)
    if one.dataset != "provident_fund.account":
        _addresses(one, records, city, settings, factor, rng)
    records.columns["updated_at"] = moments(rng, records.count, today)
    if one.dataset == "police.resident":
        _register(records, city)
    if one.dataset == "family_planning.person":
        division = city.dwellings.division
        records.columns["division_code"] = division.take(pa.array(city.living[subject]))
    if one.dataset == "tax.natural_person":
        records.columns["id_type"] = pa.array(["201"]).take(pa.array(np.zeros(records.count, np.int64)))
    return records


def _members(
    one: Department, settings: CitySettings, city: People, employed: Bools, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Persons of a department, some twice; and the rows that are second records."""
    share = getattr(settings, one.dataset.split(".")[0] + "_coverage")
    weight = _likelihood(one.dataset, city, employed)
    scale = np.float64(1.0)
    for _ in range(12):  # so that the mean of min(1, weight x scale) meets the coverage
        scale *= share / max(np.minimum(1.0, weight * scale).mean(), 1e-9)
    members = np.flatnonzero(rng.random(city.count) < weight * scale)
    twice = chosen(rng, settings.duplicates, members)
    both = np.concatenate([members, twice])
    order = rng.permutation(len(both))
    return both[order], np.sort(np.flatnonzero(order >= len(members)))


def _likelihood(dataset: str, city: People, employed: Bools) -> Floats:
    age, female = city.age, city.homes.sex == 2
    if dataset == "police.resident":
        return np.where(city.status == MOVED_OUT, 0.8, 1.0)
    if dataset == "social_security.insured":
        return np.where(employed, 1.6, np.where(age >= 60, 0.8, np.where(age >= 18, 0.7, 0.25)))
    if dataset == "tax.natural_person":
        return np.where(employed, 1.9, np.where((age >= 18) & (age < 70), 0.4, 0.01))
    if dataset == "family_planning.person":
        return np.where((age >= 18) & (age < 50), np.where(female, 1.0, 0.5), np.where(age < 18, 0.35, 0.15))
    return np.where(employed, 1.0, 0.0005)


def _mobiles(records: Records, city: People, settings: CitySettings, factor: float, rng: np.random.Generator) -> None:
    subject, count = records.subject, city.count
    values = pa.concat_arrays([city.mobile, city.other_mobile])
    second = city.has_other_mobile[subject] & (rng.random(len(subject)) < 0.4)
    column = Coded(values, subject + np.where(second, count, 0))
    records.columns["mobile"] = column
    child = np.flatnonzero(city.age[subject] < 12)
    relative = np.concatenate([child, chosen(rng, settings.mobile_of_relative, records.count)])
    column.codes[relative] = person_errors.relatives(city, subject[relative])
    outdated = chosen(rng, settings.mobile_outdated, records.count)
    column.put(outdated, texts(digits(rng.integers(13_000_000_000, 19_000_000_000, len(outdated)), 11)).to_pylist())
    records.note(relative, "mobile_of_relative")
    records.note(outdated, "mobile_outdated")
    records.blank("mobile", chosen(rng, settings.mobile_missing * factor, records.count), "mobile_missing")


def _addresses(
    one: Department,
    records: Records,
    city: People,
    settings: CitySettings,
    factor: float,
    rng: np.random.Generator,
) -> None:
    subject = records.subject
    registered = rng.random(records.count) < one.registered_address
    dwelling = np.where(registered, city.home[subject], city.living[subject])
    style = weighted(rng, one.styles, records.count)
    records.columns["address"] = Coded.of(places.addresses(city.dwellings, dwelling, style))
    records.note(np.flatnonzero(dwelling != city.home[subject]), "address_elsewhere")
    records.blank("address", chosen(rng, settings.address_missing * factor, records.count), "address_missing")


def _register(records: Records, city: People) -> None:
    """The columns that only the police register has."""
    subject, homes = records.subject, city.homes
    records.columns["former_name"] = city.names.former.taken(subject)
    records.columns["ethnicity"] = city.names.ethnicity.take(pa.array(subject))
    records.columns["division_code"] = city.dwellings.division.take(pa.array(city.home[subject]))
    number = digits(homes.household + 370_000_000, 9)
    records.columns["household_id"] = texts(number).take(pa.array(subject))
    labels = [RELATIONS[role][sex] for role in range(6) for sex in (0, 1)]
    relation = homes.role[subject] * 2 + homes.sex[subject] - 1
    records.columns["household_relation"] = pa.array(labels).take(pa.array(relation))
    dead = city.recorded_dead[subject]
    known = np.where((city.status[subject] == DECEASED) & ~dead, REGISTERED, city.status[subject])
    records.columns["status"] = pa.array(["1", "2", "3"]).take(pa.array(known - 1))
    records.columns["death_date"] = date_column(np.where(dead, city.death[subject], NO_DAY))
    records.note(np.flatnonzero((city.status[subject] == DECEASED) & ~dead), "death_unrecorded")
