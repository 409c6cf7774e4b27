"""Cases on land and projects: deed tax, land use tax, tax of investment projects."""

from typing import Any

import numpy as np

from benchmarks.cities.facts.events import after, build, file_land_use, file_return, grant_land
from benchmarks.cities.facts.town import Town, days_ago
from benchmarks.cities.facts.truth import CLEAR, HIT, MILD, OPEN, Verdict

Array = np.ndarray[Any, np.dtype[Any]]
_DEED = 0.03


def plant_land(town: Town) -> None:
    """All cases of these rules."""
    _deeds(town)
    _deeds_of_two(town)
    _areas(town)
    _projects(town)


def _price(town: Town, count: int) -> Array:
    return np.round(town.rng.lognormal(16, 1.2, count), -2)


def _plant(town: Town, rule: str, said: tuple[str, Verdict], ids: Array, **estimates: Array) -> None:
    numbers = town.truth.plant(rule, *said, len(ids), **estimates)
    town.truth.cite("natural_resources.land_grant", numbers, ids)


def _granted(town: Town, count: int, least: int = 300, most: int = 700) -> tuple[Array, Array, Array, Array]:
    """Companies with one grant each whose area they declare: company, price, day, record id."""
    firms, price = town.take(count, shops=False), _price(town, count)
    signed, area = days_ago(town.rng, least, most, count), np.round(town.rng.lognormal(9, 1, count))
    file_land_use(town, firms, area)
    return firms, price, signed, grant_land(town, firms, area, price, signed)


def _pay(town: Town, firms: Array, price: Array, share: Array | float, on: Array) -> Array:
    paid = np.round(price * _DEED * share, 2)
    file_return(town, firms, "DEED", on, taxable=price, paid=paid)
    return paid


def _deeds(town: Town) -> None:
    rule, few, rng = "land_grant_without_deed_tax", town.few, town.rng

    def case(verdict: Verdict, least: int = 300, most: int = 700) -> tuple[Array, Array, Array, Array]:
        return _granted(town, few if verdict == HIT else few // 2, least, most)

    for kind, least, most in (("nothing filed", 120, 700), ("91 days ago", 91, 91)):
        _, price, _, ids = case(HIT, least, most)
        _plant(town, rule, (kind, HIT), ids, low=price * _DEED, high=price * _DEED)
    firms, price, signed, ids = case(HIT)
    paid = _pay(town, firms, price, rng.uniform(0.3, 0.94, len(firms)), after(signed, 5, 80, rng))
    _plant(town, rule, ("paid short", HIT), ids, low=price * _DEED - paid, high=price * _DEED - paid)
    firms, price, signed, ids = case(HIT)
    _pay(town, firms, price, 1.0, signed - np.timedelta64(500, "D"))
    _plant(town, rule, ("filed long before for other land", HIT), ids)
    for kind, share, least, most in (
        ("paid", 1.0, 1, 85), ("paid to 95 %", 0.95, 1, 85), ("paid late", 1.0, 100, 200),
    ):  # fmt: skip
        firms, price, signed, ids = case(CLEAR)
        _pay(town, firms, price, share, after(signed, least, most, rng))
        _plant(town, rule, (kind, OPEN if kind == "paid late" else CLEAR), ids)
    firms, price, signed, ids = case(CLEAR)
    for part, days in ((0.5, 20), (0.3, 50), (0.2, 80)):
        file_return(
            town, firms, "DEED", signed + np.timedelta64(days, "D"), taxable=price * part,
            paid=np.round(price * part * _DEED, 2),
        )  # fmt: skip
    _plant(town, rule, ("instalments", CLEAR), ids)
    _, _, signed, ids = case(CLEAR, 1, 89)
    _plant(town, rule, ("signed lately", CLEAR), ids)
    _, _, _, ids = case(CLEAR)
    town.void += ids.tolist()
    _plant(town, rule, ("void contract, withdrawn", CLEAR), ids)
    firms, price, signed, ids = case(CLEAR)
    builder = town.take(len(firms), shops=False)
    for column in (town.firms.owner, town.firms.previous_owner):
        column[builder] = column[firms]
    for both in (firms, builder):
        town.sell(both, np.full(len(both), 6e4))
    _pay(town, builder, price, 1.0, after(signed, 5, 80, rng))
    _plant(town, rule, ("a project company of its owner filed", CLEAR), ids)


def _deeds_of_two(town: Town) -> None:
    """Two grants, and one deed tax return over the price of the first."""
    firms = town.take(town.few // 2, shops=False)
    one, other = _price(town, len(firms)), _price(town, len(firms)) * 1.7
    signed = days_ago(town.rng, 300, 700, len(firms))
    file_land_use(town, firms, 9000.0)
    first = grant_land(town, firms, 4000.0, one, signed)
    second = grant_land(town, firms, 5000.0, other, signed + np.timedelta64(20, "D"))
    _pay(town, firms, one, 1.0, after(signed, 30, 60, town.rng))
    rule = "land_grant_without_deed_tax"
    _plant(town, rule, ("two grants, this one paid", CLEAR), first)
    unpaid = np.round(other, 2) * _DEED
    _plant(town, rule, ("two grants, the other paid", HIT), second, low=unpaid, high=unpaid)
    firms = town.take(town.few // 2, shops=False)
    file_land_use(town, firms, 4000.0, 5000.0)
    for area in (4000.0, 5000.0):
        price, signed = _price(town, len(firms)), days_ago(town.rng, 300, 700, len(firms))
        ids = grant_land(town, firms, area, price, signed)
        _pay(town, firms, price, 1.0, after(signed, 5, 80, town.rng))
        _plant(town, rule, ("two grants, both paid", CLEAR), ids)
        _plant(town, "land_area_underdeclared", ("two parcels on two lines", CLEAR), ids)


def _areas(town: Town) -> None:
    rule, few, rng = "land_area_underdeclared", town.few, town.rng
    for kind, verdict, area, least, most in (
        ("half declared", HIT, (4000, 90_000), 0.4, 0.9), ("97 %", HIT, (4000, 90_000), 0.97, 0.979),
        ("nothing declared", HIT, (3000, 50_000), 0.0, 0.0), ("98 %", CLEAR, (4000, 90_000), 0.98, 0.98),
        ("in full", CLEAR, (4000, 90_000), 1.0, 1.02), ("50 m² of a small plot", CLEAR, (600, 1000), 0.95, 0.95),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        firms, price = town.take(count, shops=False), _price(town, count)
        signed, plot = days_ago(rng, 460, 700, count), rng.integers(*area, count) // 100 * 100.0
        ids = grant_land(town, firms, plot, price, signed)
        _pay(town, firms, price, 1.0, after(signed, 5, 80, rng))
        if most:
            file_land_use(town, firms, plot * rng.uniform(least, most, count))
        _plant(town, rule, (kind, verdict), ids)


def _projects(town: Town) -> None:
    few, rng = town.few, town.rng
    for kind, verdict, total, completed, level in (
        ("next to nothing paid", HIT, 2e8, (6e7, 1.8e8), 1.3e5), ("nothing due", HIT, 9e7, (3e7, 8e7), 4e4),
        ("paid", CLEAR, 5e7, (3e7, 4e7), 3e6), ("below thirty million", CLEAR, 2.99e7, (2.5e7, 2.9e7), 4e4),
        ("a gap below 200,000", CLEAR, 4e7, (4e6, 6e6), 4e4), ("begun lately", CLEAR, 2e8, (4e7, 6e7), 4e4),
        ("the contractor paid", CLEAR, 5e7, (3e7, 4e7), 4e4),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        firms = _builders(town, count, level)
        if kind.startswith("the contractor"):
            town.sell(firms[1], np.full(count, 3e6))
        started = days_ago(rng, 5, 80, count) if kind == "begun lately" else days_ago(rng, 450, 700, count)
        done, said = np.round(rng.uniform(*completed, count), -3), {}
        if kind == "nothing due":
            town.taxed[firms] = False
            said = {"low": 0.02 * done, "high": 0.03 * done}
        _plant_projects(town, (kind, verdict), firms, (np.full(count, total), done, started), **said)
    _paid_before(town)
    _land_within(town)


def _builders(town: Town, count: int, level: float) -> Array:
    """Owners, and a contractor for each; in two rows."""
    firms = town.take(2 * count, shops=False).reshape(2, count)
    town.sell(firms.ravel(), np.full(2 * count, level))
    return firms


def _plant_projects(
    town: Town, said: tuple[str, Verdict], firms: Array, work: tuple[Array, Array, Array], **estimates: Array
) -> None:
    """`work`: total and completed investment, and the day of the beginning."""
    ids = build(town, firms[0], firms[1:].T, *work)
    numbers = town.truth.plant("project_tax_gap", *said, len(ids), **estimates)
    town.truth.cite("development_reform.project", numbers, ids)


def _paid_before(town: Town) -> None:
    """What was paid before the project began is not for it."""
    count = town.few // 2
    firms = _builders(town, count, 2e4)
    town.sales[firms[0], :12] = 9e5
    town.tell_revenue(firms[0])
    work = np.full(count, 6e7), np.full(count, 4e7), days_ago(town.rng, 380, 400, count)
    _plant_projects(town, ("paid before it began", HIT), firms, work)


def _land_within(town: Town) -> None:
    """The investment is mostly the price of the owner's land, whose deed tax was paid before the work began."""
    count = town.few // 2
    firms, price = _builders(town, count, 2e4), np.full(count, 5.5e7)
    signed = days_ago(town.rng, 650, 700, count)
    grant_land(town, firms[0], 9000.0, price, signed)
    file_land_use(town, firms[0], 9000.0)
    _pay(town, firms[0], price, 1.0, after(signed, 5, 30, town.rng))
    work = np.full(count, 9e7), np.full(count, 6e7), days_ago(town.rng, 450, 500, count)
    _plant_projects(town, ("investment of land", MILD), firms, work)
