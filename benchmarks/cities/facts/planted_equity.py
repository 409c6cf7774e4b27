"""Cases on transfers of shares: the price, the income tax, the stamp duty."""

from typing import Any

import numpy as np

from benchmarks.cities.facts.events import after, file_return, names, transfer
from benchmarks.cities.facts.town import RETIRED, Town, days_ago
from benchmarks.cities.facts.truth import CLEAR, HIT, MILD, OPEN, Verdict

Array = np.ndarray[Any, np.dtype[Any]]
_DATASET = "commerce.equity_transfer"


def plant_equity(town: Town) -> None:
    """All cases of these rules."""
    _prices(town)
    _income_tax(town)
    _stamp(town)


def _worth(town: Town, count: int) -> tuple[Array, Array]:
    """Net assets, and the share that changes hands."""
    return np.round(town.rng.lognormal(15.5, 1.1, count), -3), np.round(town.rng.uniform(0.1, 1, count), 2)


def _file(town: Town, firms: Array, changed: Array, *taxes: str) -> None:
    """The company files these taxes in time."""
    for tax in taxes:
        file_return(town, firms, tax, after(changed, 1, 50, town.rng), taxable=1e5, paid=50.0)


def _plant(town: Town, rule: str, said: tuple[str, Verdict], ids: Array, **estimates: Array) -> None:
    numbers = town.truth.plant(rule, *said, len(ids), **estimates)
    town.truth.cite(_DATASET, numbers, ids)


def _prices(town: Town) -> None:
    rule, few, rng = "underpriced_equity_transfer", town.few, town.rng
    for kind, verdict, least, most in (
        ("far below its worth", HIT, 0.0, 0.85), ("just below", HIT, 0.89, 0.899), ("nine tenths", CLEAR, 0.9, 0.9),
        ("above its worth", CLEAR, 1.0, 1.8), ("worth less than nothing", CLEAR, 0.0, 0.0),
        ("worth not said", CLEAR, 0.5, 0.5), ("kin", MILD, 0.1, 0.5), ("staff plan", MILD, 0.1, 0.5),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        firms = _with_kin(town, count) if kind == "kin" else town.take(count, shops=False)
        net, share = _worth(town, count)
        price = net * share * rng.uniform(least, most, count)
        if "nothing" in kind:
            net = -net
        if "not said" in kind:
            net = np.full(count, np.nan)
        changed, who = days_ago(rng, 130, 700, count), None
        if kind == "kin":
            who = names(town, _kin(town, firms))
        if kind == "staff plan":
            who = np.array([f"青岛{place}号员工持股平台（有限合伙）" for place in range(count)])
        ids = transfer(town, firms, (price, net, share), changed, who)
        _file(town, firms, changed, "STAMP", "IIT")
        gap = (np.round(net, 2) * share - np.round(price, 2)) * 0.2
        _plant(town, rule, (kind, verdict), ids, **{"low": gap, "high": gap} if verdict == HIT else {})


def _kin(town: Town, firms: Array) -> Array:
    """The next member of the owner's household, the owner itself where it lives alone."""
    owner = town.owner_person[town.firms.owner[firms]]
    household = town.people.household
    for other in (np.minimum(owner + 1, len(household) - 1), owner - 1):
        if (fits := household[other] == household[owner]).all():
            return other
        owner = np.where(fits, other, owner)
    return owner


def _with_kin(town: Town, count: int) -> Array:
    """Companies whose owner lives in a household of several."""
    firms = town.take(count, shops=False)
    household = town.people.household
    several = np.flatnonzero((household[1:] == household[:-1]) & town.people.adult[:-1] & town.people.adult[1:])
    free = several[~np.isin(several, town.owner_person) & (town.people.born[several] >= RETIRED)]
    town.owner_person[town.firms.owner[firms]] = town.rng.choice(free, count, replace=False)
    return firms


def _income_tax(town: Town) -> None:
    rule, few, rng = "equity_transfer_without_iit", town.few, town.rng
    for kind, verdict in (
        ("nothing filed", HIT), ("filed half a year later", HIT), ("by the transferor", CLEAR),
        ("by the company", CLEAR), ("before the change", CLEAR), ("a company transfers", CLEAR), ("lately", CLEAR),
        ("kin", MILD), ("the company withholds on wages", OPEN),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        firms = _with_kin(town, count) if kind == "kin" else town.take(count, shops=False)
        net, share = _worth(town, count)
        changed = days_ago(rng, 5, 55, count) if kind == "lately" else days_ago(rng, 200, 650, count)
        who = names(town, _kin(town, firms)) if kind == "kin" else None
        worth = (net * share * rng.uniform(1, 1.5, count), net, share)
        ids = transfer(town, firms, worth, changed, who, by_company=kind == "a company transfers")
        _file(town, firms, changed, "STAMP")
        owner = town.owner_person[town.firms.owner[firms]]
        if kind == "by the transferor":
            file_return(
                town, -1 - owner, "IIT", after(changed, 1, 88, rng), taxable=net * share, paid=net * share * 0.2
            )
        elif kind == "by the company":
            _file(town, firms, changed, "IIT")
        elif kind == "before the change":
            file_return(town, -1 - owner, "IIT", changed - np.timedelta64(40, "D"), taxable=1e5, paid=2e4)
        elif kind == "filed half a year later":
            file_return(town, -1 - owner, "IIT", changed + np.timedelta64(180, "D"), taxable=1e5, paid=2e4)
        elif kind.endswith("wages"):
            for month in range(24):
                on = np.full(count, np.datetime64("2024-02") + month).astype("datetime64[D]") + np.timedelta64(9, "D")
                file_return(town, firms, "IIT", on, taxable=8e3, paid=90.0)
        _plant(town, rule, (kind, verdict), ids)


def _stamp(town: Town) -> None:
    """Capital that changes is left out: a drop says one capital, not two."""
    rule, few, rng = "stamp_duty_missing", town.few, town.rng
    for kind, verdict, least, most in (
        ("nothing filed", HIT, 0, 0), ("filed after three months", HIT, 85, 120), ("filed in time", CLEAR, 0, 58),
        ("on the sixtieth day", CLEAR, 60, 60), ("lately", CLEAR, 0, 0), ("by the transferor", OPEN, 5, 50),
        ("filed before the change", OPEN, -40, -5),
    ):  # fmt: skip
        count = few if verdict == HIT else few // 2
        firms = town.take(count, shops=False)
        net, share = _worth(town, count)
        changed = days_ago(rng, 1, 58, count) if kind == "lately" else days_ago(rng, 200, 650, count)
        ids = transfer(town, firms, (net * share * rng.uniform(1, 1.5, count), net, share), changed)
        if kind == "lately":
            file_return(town, firms, "IIT", changed - np.timedelta64(10, "D"), taxable=1e5, paid=2e4)
        else:
            file_return(town, firms, "IIT", after(changed, 1, 80, rng), taxable=1e5, paid=2e4)
        who = -1 - town.owner_person[town.firms.owner[firms]] if kind == "by the transferor" else firms
        if most:
            file_return(town, who, "STAMP", after(changed, least, most, rng), taxable=net * share, paid=500.0)
        _plant(town, rule, (kind, verdict), ids)
