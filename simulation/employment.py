"""Who works where, for what wage, and what that leaves in social security, the provident fund and the tax office."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation.enterprises import ACTIVE, Enterprises
from simulation.people import DECEASED, People
from simulation.randomness import Floats, Ints, chosen, planted, stream, weighted
from simulation.records import Records, date_column, moments, money, record_ids
from simulation.settings import CitySettings
from simulation.values import Coded

LOWEST, HIGHEST = 0.6, 3.0  # of the city mean wage: mismatch-rules.md


@dataclass(frozen=True)
class Employment:
    """By person: employer (-1: none), monthly wage in yuan, months worked in the latest tax year."""

    employer: Ints
    wage: Floats
    months: Ints


def employment(settings: CitySettings, city: People, firms: Enterprises, seed: int) -> Employment:
    """Spread the employed over the active enterprises in proportion to their size."""
    rng = stream(seed, "employment")
    fit = np.flatnonzero((city.age >= 18) & (city.age < 60) & (city.status < DECEASED))
    employed = chosen(rng, min(0.95, settings.employed * city.count / max(len(fit), 1)), fit)
    year_start = int(np.datetime64(f"{settings.latest_tax_year}-01-01", "D").astype(np.int64))
    open_firms = np.flatnonzero((firms.status == ACTIVE) & (firms.established < year_start - 200))
    employer = np.full(city.count, -1)
    employer[employed] = open_firms[weighted(rng, firms.size[open_firms] + 0.02, len(employed))]
    drawn = rng.lognormal(8.896, 0.5, city.count)  # median 7,300 yuan a month
    wage = np.round(np.clip(drawn, 2_300, 90_000), 2).astype(np.float64)
    months = np.where(rng.random(city.count) < 0.13, rng.integers(1, 12, city.count), 12)
    return Employment(employer, wage, months)


def fair_base(settings: CitySettings, wage: Floats) -> Floats:
    """The monthly wage within the least and the greatest contribution base."""
    return np.clip(wage, LOWEST * settings.city_mean_wage, HIGHEST * settings.city_mean_wage)


def insure(
    settings: CitySettings, records: Records, city: People, work: Employment, employer_record: Coded, seed: int
) -> None:
    """Employer, base and status of the insured; `employer_record` holds the employer's record id by enterprise."""
    rng, subject, count = stream(seed, "insured"), records.subject, records.count
    employer = work.employer[subject]
    fair = fair_base(settings, work.wage[subject])
    base = fair * rng.uniform(0.93, 1.06, count)
    least = LOWEST * settings.city_mean_wage
    employed = np.flatnonzero(employer >= 0)
    under = planted(rng, settings.base_underdeclared, employed)
    base[under] = np.where(fair[under] * 0.88 > least, least, fair[under] * rng.uniform(0.5, 0.86, len(under)))
    over = chosen(rng, settings.base_overdeclared, employed)
    base[over] = fair[over] * rng.uniform(1.25, 1.8, len(over))
    flexible = employer < 0
    base[flexible] = least
    retired = (city.age[subject] >= 60) | (city.status[subject] >= DECEASED)
    status = np.where(rng.random(count) < 0.96, 1, 2)
    status[retired] = 3
    records.columns["employer_no"] = employer_record.taken(np.maximum(employer, 0))
    records.coded("employer_no").clear(np.flatnonzero(flexible))
    for rows, kind in records.wrong:
        if kind == "duplicate":
            status[rows] = 3
    records.columns["contribution_base"] = money(base)
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    since = today - rng.integers(500, 9000, count)
    records.columns["insured_from"] = date_column(np.maximum(since, city.homes.birth[subject] + 6000))
    records.columns["status"] = pa.array(["", "1", "2", "3"]).take(pa.array(status))


def save_for_housing(settings: CitySettings, records: Records, work: Employment, firms: Enterprises, seed: int) -> None:
    """Employer, base and rate of the provident fund's accounts."""
    rng, subject, count = stream(seed, "provident"), records.subject, records.count
    employer = work.employer[subject]
    nobody = np.flatnonzero(employer < 0)
    for column, values in (("employer_uscc", firms.uscc), ("employer_name", firms.name)):
        records.columns[column] = Coded(values, np.maximum(employer, 0))
        records.coded(column).clear(nobody)
        records.coded(column).clear(chosen(rng, 0.03, count))
    cap = HIGHEST * settings.city_mean_wage
    base = np.minimum(work.wage[subject] * rng.uniform(0.9, 1.05, count), cap)
    above = chosen(rng, 0.004, np.flatnonzero(work.wage[subject] > cap))
    base[above] = work.wage[subject][above]
    records.columns["contribution_base"] = money(base)
    rate = rng.choice(np.array([0.05, 0.08, 0.10, 0.12]), count)
    rate[chosen(rng, 0.002, count)] = 0.15
    records.columns["contribution_rate"] = pa.array(rate)
    records.columns["status"] = pa.array(["1", "2"]).take(pa.array((employer < 0).astype(np.int64)))


def wages(
    settings: CitySettings, tax_persons: Records, city: People, work: Employment, taxpayers: Coded, seed: int
) -> Records:
    """`tax.wage`; `taxpayers` holds the taxpayer id by enterprise, null where the tax office knows none."""
    rng = stream(seed, "tax.wage")
    subject = tax_persons.subject
    works = (work.employer[subject] >= 0) & (taxpayers.codes[np.maximum(work.employer[subject], 0)] >= 0)
    main = planted(rng, settings.wage_record / 0.93, np.flatnonzero(works))
    _, first = np.unique(subject[main], return_index=True)
    main = main[np.sort(first)]
    known = np.flatnonzero(taxpayers.codes >= 0)
    employer = work.employer[subject[main]]
    year = settings.latest_tax_year
    parts = [(main, employer, np.full(len(main), year), work.months[subject[main]])]
    split = np.flatnonzero((rng.random(len(main)) < 0.03) & (parts[0][3] > 2))
    half = parts[0][3][split] // 2
    parts[0][3][split] -= half
    parts.append((main[split], employer[split], np.full(len(split), year), half))
    second = chosen(rng, 0.02, main)
    parts.append((second, rng.choice(known, len(second)), np.full(len(second), year), np.full(len(second), 4)))
    dead = planted(rng, 0.1, np.flatnonzero(city.recorded_dead[subject] & (city.death[subject] < 19_900)))
    parts.append((dead, rng.choice(known, len(dead)), np.full(len(dead), year), np.full(len(dead), 6)))
    before = chosen(rng, settings.earlier_wage_record, main)
    elsewhere = rng.choice(known, len(before))
    differs = elsewhere != work.employer[subject[before]]
    before, elsewhere = before[differs], elsewhere[differs]
    parts.append((before, elsewhere, np.full(len(before), year - 1), np.full(len(before), 12)))
    row, employer, years, months = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _wage_records(settings, tax_persons, work, taxpayers, (row, employer, years, months), rng)


def _wage_records(
    settings: CitySettings,
    tax_persons: Records,
    work: Employment,
    taxpayers: Coded,
    rows: tuple[Ints, Ints, Ints, Ints],
    rng: np.random.Generator,
) -> Records:
    row, employer, years, months = rows
    records = Records("tax.wage", tax_persons.subject[row])
    records.other = employer
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    record_id = tax_persons.columns["record_id"]
    paid = work.wage[records.subject] * months
    records.columns = {
        "record_id": record_ids(rng, "TW", records.count),
        "taxpayer_id": taxpayers.taken(employer),
        "person_record_id": record_id.take(pa.array(row)) if isinstance(record_id, pa.Array) else record_id,
        "tax_year": pa.array(years),
        "months": pa.array(months, mask=(months == 12) & (rng.random(len(months)) < 0.03)),
        "wages": money(paid),
        "tax_withheld": money(np.maximum(0, paid - 5_000.0 * months) * 0.03),
        "updated_at": moments(rng, records.count, today, 1.0),
    }
    return records
