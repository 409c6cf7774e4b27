"""Cases of many enterprises: one representative, one address, one person's or address's turnover split up."""

from typing import Any

import numpy as np

from benchmarks.cities.facts.town import Town, days_ago
from benchmarks.cities.facts.truth import CLEAR, HIT, OPEN, Verdict

Array = np.ndarray[Any, np.dtype[Any]]


def plant_hubs(town: Town) -> None:
    """All cases of these rules."""
    _persons(town)
    _addresses(town)
    _split(town)


def _groups(town: Town, groups: int, size: int, level: float, *, one_owner: bool, shops: bool | None = None) -> Array:
    """`groups` × `size` enterprises with small sales; those of a group have one owner, or each its own."""
    firms = town.take(groups * size, shops=shops).reshape(groups, size)
    town.sell(firms.ravel(), np.full(firms.size, level), 0.02)
    if one_owner:
        for column in (town.firms.owner, town.firms.previous_owner):
            column[firms] = column[firms[:, :1]]
    return firms


def _persons(town: Town) -> None:
    few = town.few
    for kind, verdict, size, gaps in (
        ("five within 180 days", HIT, 5, (0, 30, 80, 120, 170)),
        ("five, 180 days to the day", HIT, 5, (0, 1, 90, 179, 180)),
        ("five of seven", HIT, 7, (0, 40, 90, 130, 175, 900, 1500)), ("four", CLEAR, 4, (0, 10, 20, 30)),
        ("five within 181 days", CLEAR, 5, (0, 45, 90, 135, 181)),
        ("five over years", CLEAR, 5, (0, 150, 300, 450, 600)),
        ("one of five ended", CLEAR, 5, (0, 30, 60, 90, 120)), ("namesakes", CLEAR, 5, (0, 30, 60, 90, 120)),
    ):  # fmt: skip
        groups = few if kind.startswith("five within 180") else max(few // 4, 4)
        firms = _groups(town, groups, size, 1.5e4, one_owner=kind != "namesakes")
        start = days_ago(town.rng, 2600, 5000, groups)
        town.established[firms] = start[:, None] + np.array(gaps).astype("timedelta64[D]")
        if kind == "one of five ended":
            town.status[firms[:, 0]], town.ended[firms[:, 0]] = 2, np.datetime64("2023-05-05")
            town.sales[firms[:, 0]] = town.revenue[firms[:, 0]] = np.nan
        if kind == "namesakes":
            persons = town.owner_person[town.firms.owner[firms]]
            for names in (town.people.name, town.people.earlier_name):
                names[persons] = names[persons[:, :1]]
        _plant_groups(town, "hub_person", (kind, verdict), firms)


def _plant_groups(town: Town, rule: str, said: tuple[str, Verdict], firms: Array) -> None:
    """One case for each group: its person and all its enterprises."""
    numbers = town.truth.plant(rule, *said, len(firms))
    town.truth.cite("enterprise", np.repeat(numbers, firms.shape[1]), firms.ravel())
    owners = town.owner_person[town.firms.owner[firms[:, 0]]]
    town.truth.cite("person", numbers, owners)
    town.truth.rest_on(numbers, owners)


def _addresses(town: Town) -> None:
    """The catalogue counts enterprises and does not say whether ended ones count."""
    hubs = max(town.few // 12, 2)
    for kind, verdict, count, size in (
        ("twenty-four at one address", HIT, hubs, 24), ("twenty", HIT, 1, 20), ("nineteen", CLEAR, 1, 19),
        ("rooms of one building", CLEAR, 1, 24), ("three of twenty-two ended", OPEN, 1, 22),
    ):  # fmt: skip
        firms = _groups(town, count, size, 1e4, one_owner=False)
        house = town.firms.house[firms[:, :1]]
        if kind.startswith("rooms"):
            house = _rooms(town, firms)
        town.move(firms.ravel(), np.broadcast_to(house, firms.shape).ravel())
        if verdict == OPEN:
            town.status[firms[:, :3]], town.ended[firms[:, :3]] = 3, np.datetime64("2022-02-02")
            town.sales[firms[:, :3]] = town.revenue[firms[:, :3]] = np.nan
        town.plant("hub_address", kind, verdict, firms.ravel())


def _rooms(town: Town, firms: Array) -> Array:
    """Their houses become rooms of one building, above those that stand there."""
    houses, at = town.firms.houses, town.firms.house[firms]
    for column in (houses.district, houses.road, houses.number, houses.estate, houses.building, houses.unit):
        column[at] = column[at[:, :1]]
    houses.rural[at] = False
    houses.room[at] = 2001 + np.arange(firms.shape[1])
    return at


def _split(town: Town) -> None:
    few = max(town.few // 2, 16)
    for kind, verdict, levels, one_owner, one_house in (
        ("two of one person", HIT, (2.6e5, 2.7e5), True, False),
        ("three of one person", HIT, (1.6e5, 1.7e5, 1.8e5), True, False),
        ("two at one address", HIT, (2.6e5, 2.8e5), False, True),
        ("five million not reached", CLEAR, (1.7e5, 1.6e5), True, False),
        ("one is large by itself", CLEAR, (6e5, 2e5), True, False),
        ("franchise: neither person nor address", CLEAR, (2.6e5, 2.7e5), False, False),
    ):  # fmt: skip
        groups = few if verdict == HIT else few // 2
        firms = _groups(town, groups, len(levels), 1.0, one_owner=one_owner, shops=False)
        for place, level in enumerate(levels):
            town.sell(firms[:, place], np.full(groups, level), 0.02)
        if one_house:
            town.move(firms[:, 1], town.firms.house[firms[:, 0]])
        town.plant("split_to_stay_small", kind, verdict, firms.ravel())
