"""Cases on the registers: unregistered, ended, cancelled, silent, dead representatives, district and industry."""

from typing import Any

import numpy as np

from benchmarks.cities.facts.events import build_small
from benchmarks.cities.facts.town import MONTHS, Town, days_ago
from benchmarks.cities.facts.truth import CLEAR, HIT, MILD, OPEN
from benchmarks.cities.population import TODAY

Array = np.ndarray[Any, np.dtype[Any]]
# retired code, the district that took its place: domain.md
_RETIRED = (
    (370204, 370203), (370205, 370203), (370206, 370213), (370284, 370211), (370282, 370215), (370222, 370215),
    (370224, 370281), (370226, 370283), (370225, 370285),
)  # fmt: skip
_TODAY_CODES = (370202, 370203, 370213, 370211, 370212, 370214, 370215, 370281, 370283, 370285)
_OLD_INDUSTRY = {51: 63, 52: 65, 61: 66, 62: 67, 72: 74, 70: 72}  # of 2017: its division in the edition of 2002
_UNMOVED = (13, 14, 17, 18, 26)  # divisions with the same digits in all editions


def plant_registers(town: Town) -> None:
    """All cases of these rules."""
    for plant in (_unregistered, _ended, _cancelled_insuring, _silent, _dead_representatives, _districts, _industries):
        plant(town)


def _unknown_to_tax(town: Town, count: int, *, shops: bool | None = None) -> Array:
    firms = town.take(count, shops=shops)
    town.in_tax[firms] = False
    town.sales[firms] = town.revenue[firms] = np.nan
    return firms


def _unregistered(town: Town) -> None:
    rule, few = "unregistered_taxpayer", town.few
    for kind, shops in (("company", False), ("shop", True)):
        town.plant(rule, kind, HIT, _unknown_to_tax(town, 2 * few, shops=shops))
    staffed = _unknown_to_tax(town, few // 2, shops=False)
    town.hire(staffed, 2).wages[:] = np.nan
    town.plant(rule, "insures people", HIT, staffed)
    for kind, verdict, least, most in (("licensed 31 days ago", HIT, 31, 31), ("licensed lately", CLEAR, 0, 30)):
        firms = _unknown_to_tax(town, few // 2)
        town.established[firms] = days_ago(town.rng, least, most, len(firms))
        if verdict == CLEAR:
            town.established[firms[:2]] = TODAY - np.timedelta64(30, "D")
        town.plant(rule, kind, verdict, firms)
    ended = _unknown_to_tax(town, few // 2)
    _end(town, ended, town.rng.integers(2, 4, len(ended)))
    town.plant(rule, "ended", CLEAR, ended)
    old = town.take(few // 2, shops=False)
    town.old_number[old] = True
    town.plant(rule, "old number", CLEAR, old)


def _end(town: Town, firms: Array, status: Array | int) -> None:
    """Ended in the last month of a quarter of 2025; nothing is filed for the time after."""
    month = np.datetime64("2025-03") + 3 * town.rng.integers(0, 3, len(firms)).astype("timedelta64[M]")
    town.status[firms] = status
    town.quarterly[firms] = False
    town.ended[firms] = month.astype("datetime64[D]") + town.rng.integers(0, 28, len(firms)).astype("timedelta64[D]")
    town.sales[firms] = np.where(month[:, None] < MONTHS, np.nan, town.sales[firms])
    town.annual[firms] = False
    town.tell_revenue(firms)


def _ended(town: Town) -> None:
    rule, few = "ended_enterprise_declaring", town.few
    for kind, status in (("cancelled", 3), ("revoked", 2)):
        firms = town.take(few)
        sold = town.sales[firms].copy()
        _end(town, firms, status)
        town.sales[firms] = sold
        town.revenue[firms, 1] = np.nan
        town.tell_revenue(firms)
        town.plant(rule, kind, HIT, firms)
    once = town.take(few // 2, shops=True)
    _end(town, once, 3)
    month = (town.ended[once].astype("datetime64[M]") - MONTHS[0]).astype(int) + 1
    town.sales[once, month] = 500.0
    town.plant(rule, "a month after", HIT, once)
    for kind in ("nil returns after", "last month", "last month filed late"):
        firms = town.take(few // 2, shops=True)
        _end(town, firms, town.rng.integers(2, 4, len(firms)))
        if kind.startswith("nil"):
            town.sales[firms] = np.nan_to_num(town.sales[firms])
        if kind.endswith("late"):
            town.late[firms] = 100
        town.plant(rule, kind, CLEAR, firms)
    back = town.take(few // 2)
    town.ended[back] = days_ago(town.rng, 200, 400, len(back))
    town.plant(rule, "cancellation withdrawn", CLEAR, back)


def _silence(town: Town, firms: Array, after: str) -> None:
    """No return for a month after this one, by enterprises too small to be key taxpayers."""
    town.sell(firms, town.rng.uniform(2e4, 6e4, len(firms)))
    town.sales[firms] = np.where(np.datetime64(after) < MONTHS, np.nan, town.sales[firms])
    town.quarterly[firms] = town.annual[firms] = False
    town.revenue[firms, 1] = np.nan


def _cancelled_insuring(town: Town) -> None:
    rule, few = "cancelled_taxpayer_insuring", town.few
    for kind, verdict, status, commerce in (
        ("paying", HIT, 1, 1), ("cancelled in commerce too", HIT, 1, 3), ("arrears: insurance ended", CLEAR, 3, 1),
        ("insurance suspended", CLEAR, 2, 3),
    ):  # fmt: skip
        firms = town.take(few if verdict == HIT else few // 2, shops=False)
        _silence(town, firms, "2025-05")
        town.tax_status[firms] = 3
        town.tax_cancelled[firms] = np.datetime64("2025-06-15")
        if commerce == 3:
            town.status[firms], town.ended[firms] = 3, np.datetime64("2025-06-20")
        jobs = town.hire(firms, town.rng.integers(1, 4, len(firms)))
        jobs.wages[:, 1] = np.nan
        jobs.status[:] = status
        town.plant(rule, kind, verdict, firms)
        town.plant("abnormal_taxpayer_active", f"tax cancelled, {kind}", OPEN if status == 1 else CLEAR, firms)


def _silent(town: Town) -> None:
    rule, few = "abnormal_taxpayer_active", town.few
    for kind, verdict, last, status, heads in (
        ("abnormal and insuring", HIT, "2025-07", 2, 2), ("normal, silent for four months", HIT, "2025-10", 1, 3),
        ("filed two months ago", CLEAR, "2025-12", 2, 2), ("nobody insured", CLEAR, "2025-05", 2, 0),
    ):  # fmt: skip
        firms = town.take(few if verdict == HIT else few // 2, shops=False)
        _silence(town, firms, last)
        town.tax_status[firms] = status
        if heads:
            town.hire(firms, heads).wages[:, 1] = np.nan
        town.plant(rule, kind, verdict, firms)
    silent, other = town.take(few // 2, shops=False), town.take(few // 2, shops=False)
    _silence(town, silent, "2025-08")
    town.plant(rule, "a project award", HIT, silent)
    build_small(town, other, silent[:, None])
    owner = town.take(few // 2, shops=False)
    _silence(town, owner, "2025-08")
    town.plant(rule, "a project of its own", OPEN, owner)
    build_small(town, owner, np.zeros((len(owner), 0), np.int64))
    moved = town.take(few // 2, shops=False)
    town.hire(moved, 2)
    town.second_tax.append((moved, _code(town, moved), np.full(len(moved), 2)))
    town.plant(rule, "moved: another number files", CLEAR, moved)


def _code(town: Town, firms: Array) -> Array:
    """Codes of the districts where they sit."""
    return np.array(_TODAY_CODES)[town.firms.district[firms]]


def _dead_representatives(town: Town) -> None:
    rule, few = "deceased_legal_representative", town.few
    born, rng = town.people.born, town.rng

    def case(kind: str, verdict: Any, count: int, least: int, most: int) -> Array:  # noqa: ANN401
        firms = town.take(count, shops=None)
        town.dead[_owner(town, firms)] = days_ago(rng, least, most, count)
        town.plant(rule, kind, verdict, firms)
        return firms

    case("dead for months", HIT, few, 31, 900)
    case("dead for 30 days", HIT, few // 2, 30, 30)
    short = case("number of 15 digits", HIT, few // 2, 60, 900)
    old = born[_owner(town, short)] < np.datetime64("1985-01-01")
    town.short_ids += [*short[old].tolist()]
    case("dead for less", CLEAR, few // 2, 1, 29)
    ended = case("enterprise ended", CLEAR, few // 2, 100, 900)
    _end(town, ended, rng.integers(2, 4, len(ended)))
    followed = case("successor in post", CLEAR, few // 2, 100, 900)
    firms = town.firms
    firms.previous_owner[followed] = firms.owner[followed]
    firms.owner[followed] = town.spare_owner + np.arange(len(followed))
    town.spare_owner += len(followed)
    typed = town.take(few // 2, shops=False)
    dead, town.elders = town.elders[: len(typed)], town.elders[len(typed) :]
    town.dead[dead] = days_ago(rng, 100, 900, len(typed))
    town.typed_ids |= dict(zip(typed.tolist(), dead.tolist(), strict=True))
    town.plant(rule, "number typed wrongly", CLEAR, typed)


def _owner(town: Town, firms: Array) -> Array:
    """The persons who own them."""
    return town.owner_person[town.firms.owner[firms]]


def _districts(town: Town) -> None:
    rule, few, rng = "address_mismatch", town.few, town.rng
    away = town.take(few)
    codes, here = np.array(_TODAY_CODES), town.firms.district[away]
    there = (here + rng.integers(1, len(codes), len(away))) % len(codes)
    town.tax_code[away] = codes[there]
    of = [np.flatnonzero(town.firms.houses.district == place) for place in range(len(codes))]
    town.tax_house[away] = [rng.choice(of[place]) for place in there]
    town.plant(rule, "another district", HIT, away)
    table = np.array(_RETIRED)
    for kind, verdict in (("retired code elsewhere", HIT), ("retired code of here", CLEAR)):
        firms = town.take(few)
        code = _code(town, firms)
        same = [table[table[:, 1] == one] for one in code]
        if verdict == HIT:
            town.tax_code[firms] = [rng.choice(table[table[:, 1] != one][:, 0]) for one in code]
            town.plant(rule, kind, HIT, firms)
        else:
            fit = np.array([len(rows) > 0 for rows in same])
            town.tax_code[firms[fit]] = [rng.choice(rows[:, 0]) for rows in same if len(rows)]
            town.plant(rule, kind, CLEAR, firms[fit])
    sites = town.take(few // 2, shops=False)
    other = codes[(town.firms.district[sites] + 3) % len(codes)]
    town.second_tax.append((sites, other, np.ones(len(sites), np.int64)))
    town.plant(rule, "several sites", CLEAR, sites)
    registered = town.take(few // 2, shops=False)
    town.tax_code[registered] = codes[(town.firms.district[registered] + 2) % len(codes)]
    town.old_number[registered] = True
    town.plant("unregistered_taxpayer", "registered in another district", CLEAR, registered)
    town.plant(rule, "registered in another district by an old number", HIT, registered)


def _industries(town: Town) -> None:
    rule, few, rng = "industry_mismatch", town.few, town.rng
    apart = town.take(2 * few)
    town.industry[apart] = rng.choice(_UNMOVED, len(apart))
    other = rng.choice([51, 52, 61, 62, 65, 70, 72], len(apart))
    near = np.array(_UNMOVED)[(np.searchsorted(_UNMOVED, town.industry[apart]) + 1) % len(_UNMOVED)]
    town.tax_industry[apart] = np.where(rng.random(len(apart)) < 0.6, other, near)
    town.plant(rule, "another division", HIT, apart)
    former = town.take(few)
    town.industry[former] = rng.choice(list(_OLD_INDUSTRY), len(former))
    town.tax_industry[former] = [_OLD_INDUSTRY[one] for one in town.industry[former]]
    town.plant(rule, "edition of 2002", MILD, former)
    silent = town.take(few // 2)
    town.tax_industry[silent] = 0
    town.plant(rule, "not said", CLEAR, silent)
