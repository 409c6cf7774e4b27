"""Officers and shareholders, transfers of shares, land grants and large projects."""

from functools import partial

import numpy as np
import pyarrow as pa

from simulation import misspelling
from simulation.declarations import DEED, IIT, Lines
from simulation.draws import Draws
from simulation.enterprises import ACTIVE, COMPANY, INDIVIDUAL, Enterprises
from simulation.people import People
from simulation.randomness import Ints, chosen, planted, stream
from simulation.records import Records, date_column, moments, money, record_ids
from simulation.settings import CitySettings
from simulation.values import Coded, joined

DEED_RATE = 0.03  # mismatch-rules.md
LEAST_INVESTMENT = 30_000_000  # yuan


def _today(settings: CitySettings) -> int:
    return int(np.datetime64(settings.as_of, "D").astype(np.int64))


def officers(settings: CitySettings, commerce: Records, city: People, firms: Enterprises, seed: int) -> Records:
    """`commerce.officer`: the representative, one to four shareholders of companies, and a supervisor."""
    rng = stream(seed, "commerce.officer")
    rows = np.arange(commerce.count)
    company = rows[firms.kind[commerce.subject] == COMPANY]
    holders = rng.integers(1, 5, len(company))
    holding = np.repeat(company, holders)
    row = np.concatenate([rows, holding, company])
    role = np.concatenate([np.full(len(rows), 1), np.full(len(holding), 2), np.full(len(company), 4)])
    adults = np.flatnonzero(city.age >= 22)
    person = rng.choice(adults, len(row))
    person[: len(rows)] = firms.representative[commerce.subject]
    first = np.concatenate([[0], np.cumsum(holders)[:-1]]).astype(np.int64) + len(rows)
    person[first] = firms.representative[commerce.subject[company]]
    part = rng.random(len(holding)) + 0.05
    total = np.bincount(holding, part, commerce.count)
    share = np.full(len(row), np.nan)
    share[len(rows) : len(rows) + len(holding)] = np.round(part / total[holding], 4)
    records = Records("commerce.officer", person, other=commerce.subject[row])
    name = city.names.name.taken(person)
    number = Coded(city.identity.id_number, person)
    number.clear(chosen(rng, settings.representative_id_missing, len(row)))
    typo = partial(misspelling.another_character, kind="homophone", draws=Draws(rng))
    name.edit(chosen(rng, settings.name_homophone, len(row)), typo)
    capital = firms.capital[commerce.subject[row]] * np.nan_to_num(share)
    enterprise_record = commerce.columns["record_id"]
    records.columns = {
        "record_id": record_ids(rng, "CO", len(row)),
        "enterprise_record_id": Coded.of(enterprise_record).taken(row)
        if isinstance(enterprise_record, pa.Array)
        else name,
        "role": pa.array(["", "1", "2", "3", "4"]).take(pa.array(role)),
        "name": name,
        "id_number": number,
        "share_ratio": pa.array(share, mask=np.isnan(share)),
        "subscribed_capital": pa.array(np.round(capital, 2), mask=np.isnan(share)).cast(pa.decimal128(18, 2)),
        "updated_at": moments(rng, len(row), _today(settings)),
    }
    return records


def transfers(
    settings: CitySettings, city: People, firms: Enterprises, known: Ints, seed: int
) -> tuple[Records, Lines]:
    """`commerce.equity_transfer` and the declarations of income tax that honest sellers make."""
    rng = stream(seed, "commerce.equity_transfer")
    companies = np.flatnonzero((firms.kind == COMPANY) & (firms.status == ACTIVE))
    firm = planted(rng, settings.equity_transfers, companies)
    count = len(firm)
    seller = np.where(rng.random(count) < 0.5, firms.representative[firm], firms.former_representative[firm])
    buyer = rng.choice(np.flatnonzero(city.age >= 22), count)
    share = np.round(rng.uniform(0.05, 1.0, count), 4)
    assets = np.round(firms.capital[firm] * rng.lognormal(0.4, 0.7, count), 2)
    price = share * assets * rng.uniform(0.95, 1.3, count)
    under = planted(rng, settings.equity_underpriced, np.arange(count))
    price[under] = share[under] * assets[under] * rng.uniform(0.0, 0.85, len(under))
    day = _today(settings) - rng.integers(10, 700, count)
    number = Coded(city.identity.id_number, seller)
    number.clear(chosen(rng, 0.06, count))
    records = Records("commerce.equity_transfer", seller, other=firm)
    records.columns = {
        "record_id": record_ids(rng, "ET", count),
        "uscc": Coded(firms.uscc, firm),
        "transferor_name": city.names.name.taken(seller),
        "transferor_id_number": number,
        "transferee_name": city.names.name.taken(buyer),
        "share_ratio": pa.array(share),
        "price": money(price),
        "net_assets": money(assets),
        "changed_on": date_column(day),
    }
    files = np.flatnonzero((rng.random(count) < 0.7) & np.isin(firm, known))
    filed = day[files] + rng.integers(-20, 80, len(files))
    return records, _lines(firm[files], filed, IIT, price[files])


def _lines(firm: Ints, day: Ints, tax: int, amount: np.ndarray) -> Lines:
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    lines = Lines.of(firm, month, tax, amount)
    lines.day = day
    return lines


def land_grants(settings: CitySettings, firms: Enterprises, known: Ints, seed: int) -> tuple[Records, Lines]:
    """`natural_resources.land_grant` and the deed tax declared for most of them."""
    rng = stream(seed, "natural_resources.land_grant")
    companies = np.flatnonzero((firms.kind == COMPANY) & (firms.status == ACTIVE))
    firm = planted(rng, settings.land_grants, companies)
    count = len(firm)
    area = np.round(rng.lognormal(9, 0.9, count), 2)
    price = np.round(area * rng.uniform(400, 9_000, count), 2)
    day = _today(settings) - rng.integers(5, 900, count)
    records = Records("natural_resources.land_grant", firm)
    code = Coded(firms.uscc, firm)
    code.clear(chosen(rng, 0.1, count))
    records.columns = {
        "record_id": record_ids(rng, "LG", count),
        "grantee_name": Coded(firms.name, firm),
        "grantee_uscc": code,
        "area_m2": pa.array(area),
        "price": money(price),
        "signed_on": date_column(day),
    }
    silent = planted(rng, settings.land_without_deed_tax, np.arange(count))
    files = np.setdiff1d(np.flatnonzero(np.isin(firm, known)), silent)
    part = np.where(rng.random(len(files)) < 0.08, 0.6, 1.0)
    return records, _lines(firm[files], day[files] + rng.integers(3, 85, len(files)), DEED, price[files] * part)


def projects(settings: CitySettings, firms: Enterprises, seed: int) -> Records:
    """`development_reform.project`: investments above 30 million yuan with one to three contractors."""
    rng = stream(seed, "development_reform.project")
    count = max(3, round(settings.projects_per_person * firms.count / settings.enterprises_per_person))
    able = np.flatnonzero((firms.kind != INDIVIDUAL) & (firms.status == ACTIVE))
    weight = firms.size[able] / firms.size[able].sum()
    owner = rng.choice(able, count, p=weight)
    builders = [rng.choice(able, 1 + int(rng.integers(3)), p=weight) for _ in range(count)]
    codes = firms.uscc.to_pylist()
    total = np.round(LEAST_INVESTMENT * (1 + rng.pareto(1.2, count)), -4)
    started = _today(settings) - rng.integers(100, 1_500, count)
    done = np.round(total * np.minimum(1.0, rng.uniform(0.05, 1.2, count)), -4)
    records = Records("development_reform.project", owner)
    subject = pa.array(["产业园", "研发中心", "厂房扩建", "商业综合体", "物流基地", "改造工程", "生产线"])
    own = Coded(firms.uscc, owner)
    own.clear(chosen(rng, 0.05, count))
    records.columns = {
        "record_id": record_ids(rng, "DP", count),
        "name": joined(firms.name.take(pa.array(owner)), subject.take(pa.array(rng.integers(0, 7, count))), "项目"),
        "owner_name": Coded(firms.name, owner),
        "owner_uscc": own,
        "contractor_usccs": pa.array([";".join(codes[one] for one in some.tolist()) for some in builders]),
        "total_investment": money(total),
        "completed_investment": money(done),
        "started_on": date_column(started),
        "status": pa.array(["在建", "竣工"]).take(pa.array((done >= total).astype(np.int64))),
        "division_code": firms.dwellings.division.take(pa.array(firms.dwelling[owner])),
        "updated_at": moments(rng, count, _today(settings), 1.0),
    }
    return records
