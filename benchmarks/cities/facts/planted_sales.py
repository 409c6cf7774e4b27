"""Cases on returns: revenue told twice, sales at the threshold, nil returns, key taxpayers that fall."""

from typing import Any

import numpy as np

from benchmarks.cities.facts.events import build_small, file_return
from benchmarks.cities.facts.town import MONTHS, YEARS, Town
from benchmarks.cities.facts.truth import CLEAR, HIT, MILD, OPEN, Verdict

Array = np.ndarray[Any, np.dtype[Any]]


def plant_sales(town: Town) -> None:
    """All cases of these rules."""
    _revenue(town)
    _threshold(town)
    _nil(town)
    _key_taxpayers(town)


def _revenue(town: Town) -> None:
    rule, few, rng = "vat_cit_revenue_gap", town.few, town.rng
    for kind, verdict, ratio, year in (
        ("less told than sold", HIT, (0.4, 0.88), 2025), ("more told than sold", HIT, (1.13, 2.5), 2025),
        ("a tenth to the cent", HIT, (0.9, 0.9), 2025), ("in the year before", HIT, (0.4, 0.85), 2024),
        ("less than a tenth", CLEAR, (0.901, 0.93), 2025), ("corrected by a later return", CLEAR, (1.0, 1.0), 2025),
        ("founded in the year", CLEAR, (0.95, 1.0), 2025), ("two years even out", MILD, (0.8, 0.8), 2024),
        ("no income tax filed", OPEN, (1.0, 1.0), 2025),
    ):  # fmt: skip
        count, place = few if verdict == HIT else few // 2, YEARS.index(year)
        firms = town.take(count, shops=False)
        if "cent" in kind:
            town.sales[firms] = np.round(town.sales[firms], -3) + 1e3
        if kind.startswith("founded"):
            town.established[firms] = np.datetime64("2025-05-10")
            town.sales[firms, :16] = np.nan
            town.revenue[firms, 0] = np.nan
        sold = np.round(np.nansum(town.sales[firms, 12 * place : 12 * place + 12], axis=1), 2)
        told = np.round(sold * rng.uniform(*ratio, count), 2)
        if "cent" in kind:
            told = np.round(sold * 0.9, 2)
            town.annual[firms] = True
        town.revenue[firms, place] = told
        if kind.startswith("two years"):
            town.revenue[firms, 1] = np.round(town.sales[firms, 12:24].sum(axis=1) + sold - told, 2)
        if kind.startswith("no income"):
            town.revenue[firms, 1] = np.nan
        if kind.startswith("corrected"):
            town.annual[firms] = True
            town.corrected.append((firms, np.round(told * 0.5, 2)))
        gap = np.abs(sold - told) * 0.03
        town.plant(rule, kind, verdict, firms, period=str(year), **{"low": gap, "high": gap} if verdict == HIT else {})


def _threshold(town: Town) -> None:
    rule, few, rng = "threshold_clustering", town.few, town.rng
    for kind, verdict, months in (
        ("four of six", HIT, (0, 2, 3, 5)), ("six of six", HIT, (0, 1, 2, 3, 4, 5)),
        ("at both ends", HIT, (0, 1, 4, 5)),
        ("in two returns a month", HIT, (0, 2, 3, 5)), ("three of six", CLEAR, (0, 2, 5)),
        ("four of seven", CLEAR, (0, 2, 4, 6)), ("a cent outside", CLEAR, (0, 1, 2, 3, 4, 5)),
        ("assessed at one amount", MILD, tuple(range(26))),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        firms = town.take(count)
        town.quarterly[firms] = False
        town.sell(firms, rng.choice([4.5e4, 2.5e5], count), 0.05)
        begin = rng.integers(0, len(MONTHS) - max(months), count)
        at = begin[:, None] + np.array(months)
        near = np.round(rng.uniform(95_001, 99_999, at.shape), 2)
        if kind == "at both ends":
            near = np.where(rng.random(at.shape) < 0.5, 95_000.0, 100_000.0)
        if kind == "a cent outside":
            near = np.where(rng.random(at.shape) < 0.5, 94_999.99, 100_000.01)
        if kind.startswith("assessed"):
            near = np.full(at.shape, 98_000.0)
        town.sales[firms[:, None], at] = near
        town.tell_revenue(firms)
        if "two returns" in kind:
            town.halved[firms] = True
        town.plant(rule, kind, verdict, firms)


def _nil(town: Town) -> None:
    rule, few, rng = "zero_filer_active", town.few, town.rng
    for kind, verdict, months, heads in (
        ("insures people", HIT, slice(-6, None), 2), ("for a year", HIT, slice(-12, None), 3),
        ("has a project", HIT, slice(-8, None), 0), ("five months", CLEAR, slice(-5, None), 2),
        ("sold again in the last month", CLEAR, slice(-6, -1), 2), ("nobody insured", CLEAR, slice(-8, None), 0),
        ("small sales free of tax", CLEAR, slice(0, 0), 2), ("six months of 2024", OPEN, slice(2, 8), 2),
        ("builds", MILD, slice(-12, None), 2),
    ):  # fmt: skip
        firms = town.take(few if verdict == HIT else few // 2, shops=False)
        town.sell(firms, rng.uniform(2e4, 6e4, len(firms)))
        town.sales[firms, months] = 0.0
        town.tell_revenue(firms)
        if heads:
            town.hire(firms, heads)
        if kind == "has a project":
            build_small(town, town.take(len(firms), shops=False), firms[:, None])
        if kind == "builds":
            build_small(town, firms, np.zeros((len(firms), 0), np.int64))
        town.plant(rule, kind, verdict, firms)


def _key_taxpayers(town: Town) -> None:
    """Sales that fall at the turn of 2025 and stay low fall by any reading of the year."""
    rule, few, rng = "key_taxpayer_drop", town.few, town.rng

    def case(kind: str, verdict: Verdict, count: int, level: float, left: float) -> Array:
        firms = town.take(count, shops=False)
        town.sell(firms, level * rng.uniform(1, 3, count), 0.04)
        town.sales[firms, 12:] = np.round(town.sales[firms, 12:] * left, 2)
        town.tell_revenue(firms, 0.0)
        town.plant(rule, kind, verdict, firms)
        return firms

    for kind, verdict, count, left, stay in (
        ("fell by six tenths", HIT, few, 0.4, 10), ("fell by nearly half", HIT, few // 2, 0.55, 10),
        ("fell by a fifth", CLEAR, few // 2, 0.85, 10), ("half of the staff left", CLEAR, few // 2, 0.4, 5),
    ):  # fmt: skip
        firms = case(kind, verdict, count, 6e6, left)
        jobs = town.hire(firms, 10)
        gone = np.arange(len(jobs)) % 10 >= stay
        jobs.wages[gone, 1] = jobs.fund_base[gone] = np.nan
        jobs.status[gone] = 3
    town.hire(case("as large as ever", CLEAR, few // 2, 6e6, 1.0), 10)
    refunded = case("refunded", MILD, few // 2, 6e6, 1.0)
    town.hire(refunded, 10)
    year = 0.03 * town.sales[refunded, 14:].sum(axis=1) + 0.02 * town.revenue[refunded, 1]
    day = np.full(len(refunded), np.datetime64("2025-09-20"))
    file_return(town, refunded, "VAT", day, taxable=0.0, paid=np.round(-0.5 * year, 2))
    small = case("no key taxpayer", CLEAR, few // 2, 3e4, 0.4)
    town.hire(small, 4)
