"""Cases on wages: contribution bases, heads, the provident fund, the dead who are paid, many payers."""

from typing import Any

import numpy as np

from benchmarks.cities.facts.town import CAP, CITY_MEAN, FLOOR, Jobs, Town, days_ago
from benchmarks.cities.facts.truth import CLEAR, HIT, MILD, OPEN, Verdict

Array = np.ndarray[Any, np.dtype[Any]]
_RATE = 0.26  # of unit and person
_STAFF = 8  # of the employers whose staff is planted on


def plant_payroll(town: Town) -> None:
    """All cases of these rules."""
    for plant in (_low_bases, _high_bases, _heads, _fund, _paid_dead, _many_payers):
        plant(town)


def _staff(town: Town, count: int) -> Jobs:
    """`count` persons in companies of eight."""
    return town.hire(town.take(-(-count // _STAFF), shops=False), _STAFF)


def _cite(town: Town, numbers: Array, jobs: Jobs, at: Array) -> None:
    town.truth.cite("tax.wage", numbers, jobs.wage_ids(2025)[at])
    town.truth.cite("social_security.insured", numbers, jobs.insured_ids()[at])


def _set(jobs: Jobs, at: Array, monthly: Array | float, base: Array, months: int = 12) -> None:
    """Wages of 2025 (and of 2024, for as long) and the base."""
    jobs.wages[at] = np.round(np.asarray(monthly) * months, 2)[..., None] * np.ones(2)
    jobs.months[at], jobs.base[at] = months, np.round(base, 2)
    jobs.fund_base[at] = np.nan


def _low_bases(town: Town) -> None:
    rule, few, rng = "underdeclared_contribution_base", town.few, town.rng
    jobs = _staff(town, 9 * few)
    places = iter(np.split(rng.permutation(len(jobs))[: 9 * few], 9))

    def case(
        kind: str, verdict: Verdict, monthly: tuple[float, float], share: tuple[float, float], months: int = 12
    ) -> Array:
        at = next(places)
        mean = np.round(rng.uniform(*monthly, few), 0)
        fair = np.clip(mean, FLOOR, CAP)
        _set(jobs, at, mean, fair * rng.uniform(*share, few), months)
        if "cent" in kind:
            jobs.base[at] = np.round(0.9 * fair, 2) - 0.01
        base = jobs.base[at]
        said = {name: (part * fair - base) * months * _RATE for name, part in (("low", 0.9), ("high", 1.0))}
        _cite(town, town.truth.plant(rule, kind, verdict, few, **said if verdict == HIT else {}), jobs, at)
        return at

    case("far below", HIT, (7000, 20_000), (0.5, 0.85))
    case("joined in the year", HIT, (9000, 20_000), (0.5, 0.85), 5)
    case("above the cap", HIT, (26_000, 90_000), (0.4, 0.88))
    case("below the floor", HIT, (4200, 4600), (0.6, 0.88))
    case("a cent below nine tenths", HIT, (8000, 20_000), (0.9, 0.9))
    case("nine tenths", CLEAR, (8000, 20_000), (0.9, 0.9))
    case("cap reached", CLEAR, (30_000, 90_000), (0.9, 1.0))
    paused = case("not paying", CLEAR, (8000, 20_000), (0.3, 0.5))
    jobs.status[paused] = rng.integers(2, 4, few)
    risen = case("July reset: base of the year before", MILD, (9000, 20_000), (0.6, 0.75))
    jobs.wages[risen, 0] = np.round(12 * jobs.base[risen], 2)
    _two_rows(town)
    _halves(town)
    _unsaid_months(town)
    _dispatched(town)


def _two_rows(town: Town) -> None:
    """Two insurances at one employer add up."""
    few = town.few // 2
    for kind, verdict, share in (("two bases too low together", HIT, 0.35), ("two bases add up", CLEAR, 0.5)):
        jobs = _staff(town, few)
        at = np.arange(few)
        mean = np.full(few, 12_000.0)
        _set(jobs, at, mean, mean * share)
        more = town.employ(jobs.person[at], jobs.firm[at])
        more.base[:] = jobs.base[at]
        more.wages[:], more.fund_base[:] = np.nan, np.nan
        fair = {name: (part * mean - 2 * jobs.base[at]) * 12 * _RATE for name, part in (("low", 0.9), ("high", 1.0))}
        numbers = town.truth.plant(
            "underdeclared_contribution_base", kind, verdict, few, **fair if verdict == HIT else {}
        )
        _cite(town, numbers, jobs, at)
        town.truth.cite("social_security.insured", numbers, more.insured_ids())


def _halves(town: Town) -> None:
    """Two wage records of half a year each add up."""
    few = town.few // 2
    for kind, verdict, share in (("wages in two halves", HIT, 0.7), ("wages in two halves, enough", CLEAR, 0.95)):
        jobs, at = _staff(town, few), np.arange(few)
        mean = np.full(few, 14_000.0)
        _set(jobs, at, mean, mean * share, 6)
        more = town.employ(jobs.person[at], jobs.firm[at])
        more.base[:] = more.fund_base[:] = np.nan
        more.wages[:], more.months[:] = jobs.wages[at], 6
        fair = {name: (part - share) * mean * 12 * _RATE for name, part in (("low", 0.9), ("high", 1.0))}
        numbers = town.truth.plant(
            "underdeclared_contribution_base", kind, verdict, few, **fair if verdict == HIT else {}
        )
        _cite(town, numbers, jobs, at)


def _unsaid_months(town: Town) -> None:
    """Months that are not said are twelve."""
    few = town.few // 2
    jobs, at = _staff(town, few), np.arange(few)
    _set(jobs, at, np.full(few, 10_000.0), np.full(few, 6000.0))
    jobs.months[at] = 0
    numbers = town.truth.plant(
        "underdeclared_contribution_base", "months not said", HIT, few, low=3000 * 12 * _RATE, high=4000 * 12 * _RATE
    )
    _cite(town, numbers, jobs, at)


def _dispatched(town: Town) -> None:
    """Paid by one, insured by an agency: no pair of employer and person has both."""
    few = town.few // 2
    users, agency = town.take(few, shops=False), town.take(max(few // 6, 1), shops=False)
    there = town.hire(users, 3)
    there.base[:] = there.fund_base[:] = np.nan
    lent = town.employ(there.person, np.repeat(agency, -(-len(there) // len(agency)))[: len(there)])
    lent.wages[:], lent.base[:], lent.fund_base[:] = np.nan, 5000.0, np.nan
    numbers = town.truth.plant("underdeclared_contribution_base", "dispatched", CLEAR, len(there))
    town.truth.cite("tax.wage", numbers, there.wage_ids(2025))
    town.truth.cite("social_security.insured", numbers, lent.insured_ids())
    town.plant("headcount_gap", "agency of dispatched staff", MILD, agency)


def _high_bases(town: Town) -> None:
    rule, few, rng = "overdeclared_contribution_base", town.few, town.rng
    jobs = _staff(town, 7 * few)
    places = iter(np.split(rng.permutation(len(jobs))[: 7 * few], 7))
    for kind, verdict, share, months in (
        ("far above", HIT, (1.25, 1.8), 12), ("three months", HIT, (1.3, 1.6), 3),
        ("a little above", HIT, (1.201, 1.21), 12),
        ("two months", CLEAR, (1.3, 1.6), 2), ("a fifth above", CLEAR, (1.2, 1.2), 12),
        ("maternity: base of the year before", MILD, (1.4, 1.9), 12),
    ):  # fmt: skip
        at = next(places)
        mean = rng.integers(52, 130, few) * 100.0
        _set(jobs, at, mean, mean * rng.uniform(*share, few), months)
        if kind.startswith("maternity"):
            jobs.wages[at, 0] = np.round(12 * jobs.base[at], 2)
        _cite(town, town.truth.plant(rule, kind, verdict, few), jobs, at)
    at = next(places)  # the law asks for the floor; the formula does not know it
    _set(jobs, at, rng.uniform(2500, 3900, few).round(), np.full(few, FLOOR))
    _cite(town, town.truth.plant(rule, "insured at the floor", MILD, few), jobs, at)


def _heads(town: Town) -> None:
    rule, few, rng = "headcount_gap", town.few, town.rng
    for kind, verdict, paid, insured in (
        ("paid and not insured", HIT, 14, 6), ("insured and not paid", HIT, 5, 12), ("five of forty", HIT, 40, 35),
        ("four of twelve", CLEAR, 12, 8), ("six of sixty", CLEAR, 66, 60), ("rehired retirees", MILD, 6, 6),
        ("dispatched", MILD, 6, 6),
    ):  # fmt: skip
        count = few if verdict == HIT and paid < 40 else few // 2 if paid < 40 else max(few // 8, 2)
        firms = town.take(count, shops=False)
        jobs = town.hire(firms, max(paid, insured))
        place = np.arange(len(jobs)) % max(paid, insured)
        jobs.wages[place >= paid] = np.nan
        jobs.base[place >= insured] = jobs.fund_base[place >= insured] = np.nan
        said = {}
        if kind in {"paid and not insured", "five of forty"}:
            said = dict.fromkeys(("low", "high"), (paid - insured) * 0.6 * CITY_MEAN * 12 * _RATE)
        town.plant(rule, kind, verdict, firms, **said)
        if kind == "rehired retirees":
            town.pay_elders(firms, 6)
        if kind == "dispatched":
            agency = town.take(max(count // 6, 1), shops=False)
            lent = town.hire(firms, 6)
            lent.base[:] = lent.fund_base[:] = np.nan
            again = town.employ(lent.person, rng.choice(agency, len(lent)))
            again.wages[:], again.fund_base[:] = np.nan, np.nan
            town.plant(rule, "agency", MILD, agency)


def _fund(town: Town) -> None:
    rule, few, rng = "fund_base_cap", town.few, town.rng
    jobs = _staff(town, 6 * few)
    places = iter(np.split(rng.permutation(len(jobs))[: 6 * few], 6))
    for kind, verdict, base, rate in (
        ("base above the cap", HIT, (24_500, 60_000), 0.1), ("a cent above", HIT, (24_000.01, 24_000.01), 0.12),
        ("rate above", HIT, (6000, 20_000), 0.15), ("at the cap", CLEAR, (24_000, 24_000), 0.12),
        ("below", CLEAR, (20_000, 23_999), 0.12), ("no wage record", OPEN, (30_000, 40_000), 0.12),
    ):  # fmt: skip
        at = next(places)
        monthly = rng.uniform(7000, 50_000, few).round()
        _set(jobs, at, monthly, np.clip(monthly, FLOOR, CAP))
        jobs.fund_base[at], jobs.fund_rate[at] = np.round(rng.uniform(*base, few), 2), rate
        if verdict == OPEN:
            jobs.wages[at] = jobs.base[at] = np.nan
        town.truth.cite("provident_fund.account", town.truth.plant(rule, kind, verdict, few), jobs.fund_ids()[at])


def _paid_dead(town: Town) -> None:
    rule, few, rng = "deceased_payee", town.few, town.rng
    for kind, first, last, hits, clears in (
        ("dead for a year and more", "2022-01-01", "2023-12-31", (2024, 2025), ()),
        ("died in the year before", "2024-01-01", "2024-12-31", (2025,), (2024,)),
        ("died in the year", "2025-01-01", "2025-12-31", (), (2024, 2025)),
    ):
        jobs = town.pay_elders(town.take(-(-few // 2), shops=False), 2)
        span = int((np.datetime64(last) - np.datetime64(first)).astype(int))
        town.dead[jobs.person] = np.datetime64(first) + rng.integers(0, span + 1, len(jobs)).astype("timedelta64[D]")
        for years, verdict in ((hits, HIT), (clears, CLEAR)):
            for year in years:
                numbers = town.truth.plant(rule, kind, verdict, len(jobs), period=str(year))
                town.truth.cite("tax.wage", numbers, jobs.wage_ids(year))
    jobs = town.hire(town.take(-(-few // 2), shops=False), 1)
    dead, town.elders = town.elders[: len(jobs)], town.elders[len(jobs) :]
    town.dead[dead] = days_ago(rng, 900, 1500, len(jobs))
    town.stolen |= dict(zip(jobs.person.tolist(), dead.tolist(), strict=True))
    town.truth.cite("tax.wage", town.truth.plant(rule, "stolen number", CLEAR, len(jobs)), jobs.wage_ids(2025))


def _many_payers(town: Town) -> None:
    rule, few = "many_payers", town.few
    for kind, verdict, amounts in (
        ("three payers", HIT, (20_000, 55_000, 40_000)), ("four payers", HIT, (30_000, 30_000, 30_000, 30_000)),
        ("a cent below", HIT, (59_999.99, 59_999.99, 59_999.99)),
        ("three payers in 2024", OPEN, (20_000, 45_000, 50_000)),
        ("two payers", CLEAR, (30_000, 45_000)), ("one pays 60,000", CLEAR, (60_000, 45_000, 30_000)),
        ("two of three are sisters", CLEAR, (30_000, 45_000, 30_000)),
        ("not in one year", CLEAR, (30_000, 45_000, 30_000)),
        ("a fourth pays more", OPEN, (30_000, 45_000, 30_000, 90_000)),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        payers = _payers(town, count, len(amounts), sisters="sisters" in kind)
        who, town.idle = town.idle[:count], town.idle[count:]
        numbers = town.truth.plant(rule, kind, verdict, count)
        town.truth.cite("person", numbers, who)
        for place, amount in enumerate(amounts):
            jobs = town.employ(who, payers[place])
            jobs.base[:] = jobs.fund_base[:] = jobs.wages[:] = np.nan
            year = 2024 if "2024" in kind or ("not in" in kind and place == 0) else 2025
            jobs.wages[:, year - 2024] = amount
            town.truth.cite("tax.wage", numbers, jobs.wage_ids(year))


def _payers(town: Town, count: int, each: int, *, sisters: bool) -> Array:
    """`each` × `count` enterprises; none pays more than `each` of these persons. The first two may have one owner."""
    if not sisters:
        firms = town.take(count + each, shops=False)
        return np.stack([firms[place : place + count] for place in range(each)])
    firms = town.take(count * each, shops=False).reshape(each, count)
    for column in (town.firms.owner, town.firms.previous_owner):
        column[firms[1]] = column[firms[0]]
    town.sell(firms[:2].ravel(), np.full(2 * count, 6e4))
    return firms
