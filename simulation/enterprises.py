"""The true enterprises: companies, sisters, branches, public institutions and individual businesses."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation import numbers, places, tables
from simulation.draws import Draws
from simulation.naming import Naming
from simulation.people import DECEASED, People
from simulation.randomness import Floats, Ints, chosen, planted, stream, weighted
from simulation.records import NO_DAY
from simulation.settings import CitySettings

COMPANY, INDIVIDUAL, INSTITUTION, BRANCH = range(4)
ACTIVE, REVOKED, CANCELLED = 1, 2, 3
LEAST = 12  # the smallest city still has every kind
UNIFIED_CODE = 2015  # year in which the unified code replaced registration number and organisation code
GRACE = 30  # days; mismatch-rules.md


@dataclass(frozen=True)
class Enterprises:
    """One entry an enterprise; days are days since 1970-01-01; persons and dwellings are indexes."""

    kind: Ints
    parent: Ints
    name: pa.StringArray
    former: pa.StringArray
    industry: pa.StringArray
    representative: Ints
    former_representative: Ints
    established: Ints
    status: Ints
    ended: Ints
    capital: Ints
    part: Ints
    dwelling: Ints
    dwellings: places.Dwellings
    phone: pa.StringArray
    organization_code: pa.StringArray
    uscc: pa.StringArray
    registration_number: pa.StringArray
    retired_division: Ints
    size: Floats

    @property
    def count(self) -> int:
        """Number of enterprises."""
        return len(self.kind)


def enterprise_keys(enterprise: Ints) -> pa.StringArray:
    """`E` and eight digits."""
    matrix = numbers.digits(enterprise + 1, 9)
    matrix[:, 0] = ord("E")
    return numbers.texts(matrix)


@dataclass
class _Outline:
    """What is drawn before names and numbers."""

    kind: Ints
    parent: Ints
    sister: Ints
    part: Ints
    dwelling: Ints
    representative: Ints
    industry: Ints


def enterprises(settings: CitySettings, city: People, seed: int) -> Enterprises:
    """Draw the enterprises of a city, at least a dozen."""
    rng = stream(seed, "enterprises")
    count = max(LEAST, round(city.count * settings.enterprises_per_person))
    outline = _outline(rng, settings, city, count)
    homes = places.dwellings(seed, "enterprises", outline.part)
    established, status, ended = _lives(rng, settings, outline, count)
    _plant_dead(rng, settings, city, outline, status)
    name, former = _names(rng, settings, city, outline, homes)
    year = 1970 + (established // 365.2425).astype(np.int64)
    code_by_year = places.parts().code_by_year
    retired = code_by_year[outline.part, np.clip(year - places.FIRST_YEAR, 4, places.YEARS - 1)]
    organization, uscc, registration = _codes(rng, outline, year, retired, count)
    scale = np.array([1.0, 0.04, 3.0, 0.8])[outline.kind]
    adults = np.flatnonzero((city.age >= 25) & (city.age < 72))
    landline = numbers.digits(80_000_000 + rng.integers(0, 9_999_999, count), 8)
    prefix = np.tile(np.frombuffer(b"0532", dtype=np.uint8), (count, 1))
    return Enterprises(
        kind=outline.kind,
        parent=outline.parent,
        name=name,
        former=former,
        industry=pa.array(tables.column("industries", "code")).take(pa.array(outline.industry)),
        representative=outline.representative,
        former_representative=rng.choice(adults, count),
        established=established,
        status=status,
        ended=ended,
        capital=np.where(outline.kind == INDIVIDUAL, 2, rng.choice([10, 30, 50, 100, 200, 500, 1000, 5000], count))
        * 10_000,
        part=outline.part,
        dwelling=outline.dwelling,
        dwellings=homes,
        phone=numbers.texts(np.hstack([prefix, landline])).take(pa.array(outline.dwelling)),
        organization_code=organization,
        uscc=uscc,
        registration_number=registration,
        retired_division=retired,
        size=rng.lognormal(0.0, 1.6, count) * scale,
    )


def _outline(rng: np.random.Generator, settings: CitySettings, city: People, count: int) -> _Outline:
    spread = rng.random(count)
    edges = np.cumsum([settings.individual_businesses, settings.institutions, settings.branches])
    kind = np.select(
        [spread < edges[0], spread < edges[1], spread < edges[2]], [INDIVIDUAL, INSTITUTION, BRANCH], COMPANY
    )
    kind[:LEAST] = [COMPANY] * 6 + [INDIVIDUAL] * 3 + [INSTITUTION, BRANCH, COMPANY]
    companies = np.flatnonzero(kind == COMPANY)
    parent = np.full(count, -1)
    branches = np.flatnonzero(kind == BRANCH)
    parent[branches] = rng.choice(companies, len(branches))
    sister = np.full(count, -1)
    younger = planted(rng, settings.sisters / max(len(companies) / count, 0.1), companies[len(companies) // 3 :])
    sister[younger] = rng.choice(companies[: max(1, len(companies) // 3)], len(younger))
    adults = np.flatnonzero((city.age >= 22) & (city.age < 72) & (city.status != DECEASED))
    representative = rng.choice(adults, count)
    part = weighted(rng, places.parts().shares, count)
    dwelling = np.arange(count)
    industry = _industries(rng, kind)
    same = np.flatnonzero(sister >= 0)
    for column in (representative, part, dwelling):
        column[same] = column[sister[same]]
    clash = same[industry[same] == industry[sister[same]]]
    industry[clash] = (industry[clash] + 1) % _companies()
    return _Outline(kind, parent, sister, part, dwelling, representative, industry)


def _companies() -> int:
    return tables.column("industries", "forms").count("company")


def _industries(rng: np.random.Generator, kind: Ints) -> Ints:
    shares, split = np.array(tables.weights("industries")), _companies()
    company = weighted(rng, shares[:split], len(kind))
    return np.where(kind == INDIVIDUAL, split + weighted(rng, shares[split:], len(kind)), company)


def _lives(rng: np.random.Generator, settings: CitySettings, outline: _Outline, count: int) -> tuple[Ints, Ints, Ints]:
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    established = today - 5 - (rng.random(count) ** 1.7 * 34 * 365).astype(np.int64)
    old = chosen(rng, 0.02, count)
    established[old] = today - rng.integers(0, 29, len(old))
    status = np.full(count, ACTIVE)
    candidates = np.flatnonzero((established < today - 800) & (outline.kind != INSTITUTION))
    status[planted(rng, settings.revoked, candidates)] = REVOKED
    status[planted(rng, settings.cancelled, candidates[status[candidates] == ACTIVE])] = CANCELLED
    ended = np.full(count, NO_DAY)
    over = np.flatnonzero(status != ACTIVE)
    span = np.minimum(today - 70 - (established[over] + 365), 2200)
    ended[over] = today - 70 - (rng.random(len(over)) ** 1.4 * span).astype(np.int64)
    return established, status, ended


def _plant_dead(
    rng: np.random.Generator, settings: CitySettings, city: People, outline: _Outline, status: Ints
) -> None:
    """Give some active enterprises a representative who died, most of them more than thirty days ago."""
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    adult = city.recorded_dead & (city.age >= 25)
    dead = np.flatnonzero(adult & (city.death <= today - GRACE))
    recent = np.flatnonzero(adult & (city.death > today - GRACE))
    registered = np.flatnonzero((status == ACTIVE) & (outline.kind != INSTITUTION) & (outline.sister < 0))
    for among, share in ((dead, settings.dead_representatives), (recent, settings.dead_representatives / 4)):
        if len(among):
            rows = planted(rng, share, registered)
            outline.representative[rows] = rng.choice(among, len(rows))


def _names(
    rng: np.random.Generator, settings: CitySettings, city: People, outline: _Outline, homes: places.Dwellings
) -> tuple[pa.StringArray, pa.StringArray]:
    """Names and former names by enterprise; sisters are named after their elders, branches after their parents."""
    words = tables.column("industries", "word")
    naming = Naming(
        Draws(rng),
        [words[industry] for industry in outline.industry.tolist()],
        homes.district.to_pylist(),
        [owner or "王" for owner in city.names.name.texts(outline.representative)],
    )
    renamed = set(planted(rng, settings.renamed_enterprises, np.flatnonzero(outline.kind == COMPANY)).tolist())
    order = np.argsort((outline.sister >= 0) + 2 * (outline.kind == BRANCH), kind="stable").tolist()
    for place in order:
        kind = outline.kind[place]
        if kind == COMPANY:
            naming.company(place, int(outline.sister[place]), place in renamed)
        elif kind == INDIVIDUAL:
            naming.shop(place)
        elif kind == INSTITUTION:
            naming.institution(place)
        else:
            naming.branch(place, int(outline.parent[place]))
    return pa.array(naming.names, pa.string()), pa.array(naming.former, pa.string())


def _codes(
    rng: np.random.Generator, outline: _Outline, year: Ints, retired: Ints, count: int
) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    step = 80_000_000 // count
    serial = 10_000_000 + rng.permutation(count).astype(np.int64) * step + rng.integers(0, step, count)
    new = (year >= UNIFIED_CODE) | (outline.kind == INDIVIDUAL)
    organization = np.where(
        new[:, None], numbers.lettered_organization_codes(serial), numbers.organization_codes(serial)
    ).astype(np.uint8)
    code_by_year = places.parts().code_by_year
    issued = code_by_year[outline.part, np.maximum(year, UNIFIED_CODE) - places.FIRST_YEAR]
    issued = np.where(rng.random(count) < 0.3, 370200, issued)
    heads = np.frombuffer(b"91921291", dtype=np.uint8).reshape(4, 2)
    uscc = numbers.credit_codes(heads[outline.kind], issued, organization)
    registration = numbers.registration_numbers(np.where(rng.random(count) < 0.3, 370200, retired), serial)
    return numbers.texts(organization), numbers.texts(uscc), numbers.texts(registration)
