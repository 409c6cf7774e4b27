"""The rest of a town, on which nothing is planted: its staff, its dormant and ended enterprises, its dead."""

from dataclasses import replace

import numpy as np

from benchmarks.cities.facts.town import Town, days_ago

_LARGEST = (0.12, 0.08, 0.05, 0.03, 0.02)  # shares of the workforce of the largest employers


def fill(town: Town) -> None:
    """Nothing of it gives a finding."""
    _end_and_sleep(town)
    _staff(town)
    old, rng = town.elders, town.rng
    died = old[rng.random(len(old)) < 0.3]
    town.dead[died] = days_ago(rng, 3, 4000, len(died))
    owners = town.owner_person
    town.firms = replace(
        town.firms, owner_names=town.people.name[owners], owner_ids=town.people.number[owners]
    )  # planting moved some owners


def _end_and_sleep(town: Town) -> None:
    """Of those that are left, 4 % have ended long ago and 4 % sleep: registered, and neither filing nor insuring."""
    rng, free = town.rng, np.flatnonzero(town.free & (town.firms.branch == 0))
    kind = rng.random(len(free))
    ended, asleep = free[kind < 0.04], free[(kind >= 0.04) & (kind < 0.08)]
    town.established[ended] = days_ago(rng, 3000, 9000, len(ended))
    town.ended[ended] = days_ago(rng, 900, 2900, len(ended))
    town.status[ended] = rng.integers(2, 4, len(ended))
    town.tax_status[ended] = 3
    town.tax_cancelled[ended] = town.ended[ended]
    town.in_tax[ended[::3]] = False
    town.tax_status[asleep] = 2
    for firms in (ended, asleep):
        town.sales[firms] = town.revenue[firms] = np.nan


def _staff(town: Town) -> None:
    """A few employ a large part of those who are left; most enterprises have a handful, shops often none."""
    rng, shop = town.rng, town.firms.shop
    selling = ~np.isnan(town.sales).any(axis=1) & (town.sales.min(axis=1) > 0)
    fit = rng.permutation(np.flatnonzero(town.free & town.in_commerce & selling & ~shop & (town.firms.branch == 0)))
    workforce = len(town.idle)
    largest = fit[: len(_LARGEST)]
    town.hire(largest, (np.array(_LARGEST) * workforce).astype(np.int64))
    others = fit[len(_LARGEST) :]
    heads = np.minimum(rng.geometric(0.35, len(others)) - 1, 30)
    heads = np.where(np.cumsum(heads) < 0.8 * len(town.idle), heads, 0)
    town.hire(others[heads > 0], heads[heads > 0])
