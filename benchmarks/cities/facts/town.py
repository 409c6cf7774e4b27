"""A town before its departments write it down: who owns and works in which enterprise, what is sold, granted, filed.

Owns what is true. Cases are planted on enterprises of their own: `take` hands one out once, with an owner and a house
that no other enterprise has, so that a case of one rule is no case of another unless it is said to be.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.cities.facts.truth import Truth, Verdict
from benchmarks.cities.firms import Firms, draw_firms
from benchmarks.cities.lettering import Lettering, lettering
from benchmarks.cities.places import Houses, draw_houses
from benchmarks.cities.population import TODAY, Population, draw_population

Array = np.ndarray[Any, np.dtype[Any]]
MONTHS = np.arange("2024-01", "2026-03", dtype="datetime64[M]")  # months whose returns are in by TODAY
YEARS = (2024, 2025)
CITY_MEAN = 8000.0  # yuan a month, 2025
FLOOR, CAP = 0.6 * CITY_MEAN, 3 * CITY_MEAN
_SEASON = np.array([1.15, 0.6, 0.9, 0.95, 1.0, 1.05, 0.95, 0.9, 1.05, 1.0, 1.2, 1.35])
_NONE = np.datetime64("NaT", "D")
_PERSONS_A_FIRM = 4
_OLDEST, RETIRED, _YOUNGEST = (np.datetime64(day) for day in ("1976-01-01", "1958-01-01", "2003-01-01"))
INDUSTRIES = (13, 14, 17, 18, 26, 33, 34, 47, 48, 51, 52, 54, 61, 62, 65, 70, 72, 80)  # divisions, edition of 2017
OWNER_RULES = ("deceased_legal_representative", "split_to_stay_small")


@dataclass
class Jobs:
    """Employments, one row each.

    Attributes:
        number: running; record ids are made of it.
        wages: yuan in 2024 and 2025, NaN where none were paid. `months` of 2025, 0 where they are not said.
        base: contribution base, yuan a month; NaN where this employer does not insure. `status` of the insurance.
        fund_base, fund_rate: of the provident fund; NaN where there is no account.
    """

    number: Array
    person: Array
    firm: Array
    wages: Array
    months: Array
    base: Array
    status: Array
    fund_base: Array
    fund_rate: Array

    def __len__(self) -> int:
        """Employments."""
        return len(self.number)

    def wage_ids(self, year: int) -> Array:
        """Record ids of the wage records of a year."""
        return np.array([f"W{year}-{number:08d}" for number in self.number])

    def insured_ids(self) -> Array:
        """Record ids of the insured."""
        return np.array([f"SI{number:08d}" for number in self.number])

    def fund_ids(self) -> Array:
        """Record ids of the fund's accounts."""
        return np.array([f"PF{number:08d}" for number in self.number])


@dataclass
class Town:
    """Arrays with one row per enterprise where nothing else is said; NaT and NaN are none.

    Attributes:
        owner_person: the person of each owner.
        sales: yuan by month of `MONTHS`, NaN where nothing is filed. `quarterly` filers add three months up.
        late: days by which a return is filed after its turn.
        revenue: of the corporate income tax by year, NaN where none is filed; `annual` filers file once a year.
        taxed: whether its returns show tax. `halved`: each month is filed in two returns.
        tax_code: division in the tax register; `tax_house` the house there.
        dead: day of death, one row per person.
        idle, elders: adults of working age, and beyond it, who own and work in nothing.
        typed_ids: enterprise to the person whose number commerce holds for its representative by mistake.
        stolen: person to the dead person under whose number the tax office pays it.
        void: land grants that a later batch no longer holds.
        short_ids: enterprises whose representative's number commerce holds in the 15-digit form.
        second_tax: enterprises with a further tax record, its division code and status.
        corrected: enterprises whose income tax return of 2025 a later batch corrects, and the amount told before.
    """

    people: Population
    firms: Firms
    letters: Lettering
    rng: np.random.Generator
    owner_person: Array
    in_commerce: Array
    in_tax: Array
    status: Array
    ended: Array
    established: Array
    tax_status: Array
    tax_cancelled: Array
    industry: Array
    tax_industry: Array
    tax_code: Array
    tax_house: Array
    old_number: Array
    sales: Array
    late: Array
    quarterly: Array
    revenue: Array
    annual: Array
    taxed: Array
    dead: Array
    halved: Array
    free: Array
    staffed: Array
    idle: Array
    elders: Array
    spare_owner: int
    spare_house: int
    truth: Truth = field(default_factory=Truth)
    jobs: list[Jobs] = field(default_factory=list)
    facts: dict[str, list[dict[str, Array]]] = field(default_factory=dict)
    hired: int = 0
    typed_ids: dict[int, int] = field(default_factory=dict)
    stolen: dict[int, int] = field(default_factory=dict)
    void: list[str] = field(default_factory=list)
    short_ids: list[int] = field(default_factory=list)
    second_tax: list[tuple[Array, Array, Array]] = field(default_factory=list)
    corrected: list[tuple[Array, Array]] = field(default_factory=list)

    def __len__(self) -> int:
        """Enterprises."""
        return len(self.firms)

    @property
    def few(self) -> int:
        """Cases of a kind that is found; kinds that are not have half as many."""
        return max(24, len(self) // 240)

    def take(self, count: int, *, shops: bool | None = None) -> Array:
        """Enterprises for a case, companies or shops or either; each registered, with an owner and a house of its own.

        Raises:
            ValueError: the town is too small for its cases.
        """
        fit = self.free if shops is None else self.free & (self.firms.shop == shops)
        fit = np.flatnonzero(fit & (self.firms.branch == 0))
        if len(fit) < count:
            raise ValueError(f"{count} enterprises wanted, {len(fit)} are left; draw a larger town")
        taken = self.rng.permutation(fit)[:count]
        self.free[taken] = False
        self.in_commerce[taken] = self.in_tax[taken] = True
        self.status[taken], self.ended[taken], self.tax_status[taken] = 1, _NONE, 1
        firms = self.firms
        firms.owner[taken] = firms.previous_owner[taken] = self.spare_owner + np.arange(count)
        self.spare_owner += count
        self.move(taken, self.spare_house + np.arange(count))
        self.spare_house += count
        firms.earlier_phone[taken] = firms.phone[taken]
        self.established[taken] = days_ago(self.rng, 900, 6000, count)
        self.sell(taken, np.clip(self.rng.lognormal(11.3, 1.0, count), 2e4, 1.2e6))
        return taken

    def move(self, firms: Array, houses: Array) -> None:
        """They sit in these houses, and the tax register knows it."""
        for column in (self.firms.house, self.firms.earlier_house, self.tax_house):
            column[firms] = houses
        self.firms.district[firms] = self.firms.houses.district[houses]
        self.tax_code[firms] = 0

    def sell(self, firms: Array, level: Array, noise: float = 0.12) -> None:
        """Sales with a season and some growth around `level` (yuan a month), and the revenue that goes with them.

        Nothing lies near the 100,000 yuan a month from which the tax is due: who sits there is planted.
        """
        count, season = len(firms), _SEASON[np.arange(len(MONTHS)) % 12]
        trend = 1.04 ** (np.arange(len(MONTHS)) / 12)
        sales = level[:, None] * season * trend * self.rng.lognormal(0, noise, (count, len(MONTHS)))
        sales = np.where((sales > 93_000) & (sales < 102_000), sales * 1.12, sales)
        self.sales[firms] = np.round(sales, 2)
        self.tell_revenue(firms)

    def tell_revenue(self, firms: Array, wobble: float = 0.03) -> None:
        """Companies tell as revenue of the income tax what they sold, give or take `wobble`; shops file none."""
        for place in range(len(YEARS)):
            sold = np.nansum(self.sales[firms, 12 * place : 12 * place + 12], axis=1)
            told = np.round(sold * self.rng.uniform(1 - wobble, 1 + wobble, len(firms)), 2)
            self.revenue[firms, place] = np.where(self.firms.shop[firms] | (self.firms.branch[firms] > 0), np.nan, told)

    def hire(self, firms: Array, heads: int | Array) -> Jobs:
        """Staff with wages of both years, insured on a base that fits; one row per head, in the order of the firms."""
        heads = np.broadcast_to(heads, len(firms))
        firm = np.repeat(firms, heads)
        if len(self.idle) < len(firm):
            raise ValueError(f"{len(firm)} persons wanted, {len(self.idle)} are idle; draw a larger town")
        person, self.idle = self.idle[: len(firm)], self.idle[len(firm) :]
        return self.employ(person, firm)

    def employ(self, person: Array, firm: Array) -> Jobs:
        """These persons work in these enterprises."""
        count, rng = len(firm), self.rng
        monthly = np.clip(rng.lognormal(8.95, 0.5, count), 1.05 * FLOOR, 150_000)
        before = np.clip(monthly / rng.uniform(1.0, 1.07, count), 1.05 * FLOOR, None)
        wages = np.round(12 * np.stack([before, monthly], axis=1), 2)
        base = np.round(np.clip(wages[:, 0] / 12, FLOOR, CAP), 2)
        saves = rng.random(count) < 0.5
        fund = np.where(saves, base, np.nan)
        rate = np.where(saves, rng.choice([0.05, 0.08, 0.1, 0.12], count), np.nan)
        made = Jobs(
            self.hired + np.arange(count), person, firm, wages, np.full(count, 12), base, np.ones(count, np.int64),
            fund, rate,
        )  # fmt: skip
        self.hired += count
        self.jobs.append(made)
        self.staffed[firm] = True
        return made

    def pay_elders(self, firms: Array, heads: int) -> Jobs:
        """Persons beyond working age who are paid and not insured."""
        count = len(firms) * heads
        person, self.elders = self.elders[:count], self.elders[count:]
        if len(person) < count:
            raise ValueError(f"{count} elders wanted, {len(person)} are left; draw a larger town")
        jobs = self.employ(person, np.repeat(firms, heads))
        jobs.base[:] = jobs.fund_base[:] = np.nan
        return jobs

    def tell(self, dataset: str, **columns: Array) -> None:
        """Facts of a dataset, by column."""
        self.facts.setdefault(dataset, []).append(columns)

    def plant(self, rule: str, kind: str, verdict: Verdict, firms: Array, **said: Any) -> None:  # noqa: ANN401
        """One case for each of these enterprises."""
        numbers = self.truth.plant(rule, kind, verdict, len(firms), **said)
        self.truth.cite("enterprise", numbers, firms)
        if rule in OWNER_RULES:
            self.truth.rest_on(numbers, self.owner_person[self.firms.owner[firms]])


def days_ago(rng: np.random.Generator, least: int, most: int, count: int) -> Array:
    """Days from `least` to `most` before today, both possible."""
    return TODAY - rng.integers(least, most + 1, count).astype("timedelta64[D]")


def draw_town(persons: int, rng: np.random.Generator) -> Town:
    """A town in which no rule finds anything yet; every enterprise stands in the tax register."""
    letters = lettering()
    people = draw_population(persons, letters, rng)
    count = persons // _PERSONS_A_FIRM
    drawn = draw_firms(count, letters, rng)
    houses = _distinct(draw_houses(4 * count + 200, rng), rng)
    owners, spare = len(drawn.owner_names), int(0.8 * count)
    worker = people.adult & (people.born > _OLDEST) & (people.born < _YOUNGEST)
    owner_person = rng.permutation(np.flatnonzero(people.adult))[: owners + spare]
    worker[owner_person] = False
    elder = people.adult & (people.born < RETIRED)
    elder[owner_person] = False
    district = houses.district[:count].copy()
    firms = replace(
        drawn, owner_names=people.name[owner_person], owner_ids=people.number[owner_person], houses=houses,
        house=np.arange(count), earlier_house=_near(houses, district, rng), district=district,
    )  # fmt: skip
    firms.previous_owner[firms.shop] = firms.owner[firms.shop]  # a shop is its owner's: it is registered anew
    sister = np.bincount(firms.owner)[firms.owner]
    level = np.where(sister > 1, rng.uniform(5e3, 7e4, count), np.clip(rng.lognormal(10.9, 2.1, count), 3e3, 8e7))
    industry = rng.choice(INDUSTRIES, count)
    town = Town(
        people=people, firms=firms, letters=letters, rng=rng, owner_person=owner_person,
        in_commerce=rng.random(count) < 0.97, in_tax=np.ones(count, bool),
        status=np.ones(count, np.int8), ended=np.full(count, _NONE), established=days_ago(rng, 900, 9000, count),
        tax_status=np.ones(count, np.int8), tax_cancelled=np.full(count, _NONE),
        industry=industry, tax_industry=industry.copy(), tax_code=np.zeros(count, np.int64),
        tax_house=firms.earlier_house.copy(), old_number=np.zeros(count, bool),
        sales=np.full((count, len(MONTHS)), np.nan), late=np.zeros((count, len(MONTHS)), np.int64),
        quarterly=firms.shop & (rng.random(count) < 0.6) & (level < 8e4),
        revenue=np.full((count, len(YEARS)), np.nan), annual=rng.random(count) < 0.3, taxed=np.ones(count, bool),
        dead=np.full(persons, _NONE), halved=np.zeros(count, bool),
        free=np.ones(count, bool), staffed=np.zeros(count, bool),
        idle=rng.permutation(np.flatnonzero(worker)), elders=rng.permutation(np.flatnonzero(elder)),
        spare_owner=owners, spare_house=count,
    )  # fmt: skip
    town.sell(np.arange(count), level)
    return town


def _distinct(houses: Houses, rng: np.random.Generator) -> Houses:
    """In another order, without houses that would be written alike where the estate is left out."""
    names = ("district", "road", "number", "building", "unit", "room")
    flat = [np.where(houses.rural, 0, getattr(houses, name)) for name in ("unit", "room")]
    key = np.stack([*(getattr(houses, name) for name in names[:4]), *flat, houses.rural.astype(np.int32)])
    kept = rng.permutation(np.unique(key, axis=1, return_index=True)[1])
    return Houses(**{name: getattr(houses, name)[kept] for name in Houses.__dataclass_fields__})


def _near(houses: Houses, district: Array, rng: np.random.Generator) -> Array:
    """For each a house of its district."""
    order = np.argsort(houses.district, kind="stable")
    start = np.searchsorted(houses.district[order], district)
    end = np.searchsorted(houses.district[order], district, side="right")
    return order[start + (rng.random(len(district)) * (end - start)).astype(np.int64)]
