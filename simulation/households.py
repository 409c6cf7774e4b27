"""Who lives together: roles, sexes and birth dates, household by household."""

from dataclasses import dataclass

import numpy as np

from simulation.randomness import Bools, Ints, stream, weighted
from simulation.settings import CitySettings

HEAD, SPOUSE, CHILD, SECOND_CHILD, FATHER, MOTHER = range(6)
DAYS_A_YEAR = 365.25

# kinds of households: share (assumption near the 2020 census mean of 2.6 persons), roles, ages of the head in years
KINDS: tuple[tuple[float, tuple[int, ...], tuple[tuple[float, int, int], ...]], ...] = (
    (0.24, (HEAD,), ((0.45, 20, 42), (0.55, 52, 93))),
    (0.24, (HEAD, SPOUSE), ((0.30, 24, 36), (0.70, 48, 86))),
    (0.22, (HEAD, SPOUSE, CHILD), ((1.0, 26, 56),)),
    (0.10, (HEAD, SPOUSE, CHILD, SECOND_CHILD), ((1.0, 28, 50),)),
    (0.06, (HEAD, CHILD), ((1.0, 28, 60),)),
    (0.05, (HEAD, SPOUSE, CHILD, FATHER, MOTHER), ((1.0, 30, 50),)),
    (0.09, (HEAD, SPOUSE, CHILD, MOTHER), ((1.0, 32, 54),)),
)


@dataclass(frozen=True)
class Households:
    """One entry a person, households one after the other."""

    household: Ints
    role: Ints
    sex: Ints
    birth: Ints
    twin: Bools
    count: int


def households(settings: CitySettings, persons: int, seed: int) -> Households:
    """Exactly `persons` members; the last household may be cut short. Births are days since 1970-01-01."""
    rng = stream(seed, "households")
    kind = weighted(rng, [share for share, _, _ in KINDS], persons)
    roles = np.full((len(KINDS), 5), -1, dtype=np.int64)
    for number, (_, members, _) in enumerate(KINDS):
        roles[number, : len(members)] = members
    table = roles[kind]
    household, column = np.nonzero(table >= 0)
    household, role = household[:persons], table[household, column][:persons]
    count = int(household[-1]) + 1
    today = np.datetime64(settings.as_of, "D").astype(np.int64)
    births, twins = _births(rng, settings, kind[:count], int(today))
    male_head = rng.random(count) < 0.72
    boy = rng.random((count, 2)) < 0.515
    sexes = np.stack([male_head, ~male_head, boy[:, 0], boy[:, 1], np.ones(count, bool), np.zeros(count, bool)], axis=1)
    return Households(
        household=household,
        role=role,
        sex=np.where(sexes[household, role], 1, 2),
        birth=births[household, role],
        twin=twins[household] & ((role == CHILD) | (role == SECOND_CHILD)) & (kind[household] == 3),
        count=count,
    )


def _births(rng: np.random.Generator, settings: CitySettings, kind: Ints, today: int) -> tuple[Ints, Bools]:
    count = len(kind)
    age = np.zeros(count)
    for number, (_, _, spans) in enumerate(KINDS):
        rows = np.flatnonzero(kind == number)
        span = weighted(rng, [share for share, _, _ in spans], len(rows))
        low, high = np.array([(a, b) for _, a, b in spans]).T
        age[rows] = low[span] + rng.random(len(rows)) * (high - low)[span]
    head = today - age * DAYS_A_YEAR
    spouse = head + rng.normal(0.8, 2.6, count) * DAYS_A_YEAR
    adult = today - 20 * DAYS_A_YEAR
    spouse = np.minimum(spouse, adult - rng.random(count) * 900)
    child = np.minimum(head, spouse) + np.clip(rng.normal(28.5, 3.6, count), 20, 42) * DAYS_A_YEAR
    child = np.where(child > today - 40, today - 40 - rng.random(count) * 1500, child)
    gap = rng.uniform(1.3, 7, count) * DAYS_A_YEAR
    twins = rng.random(count) < settings.twins
    second = np.where(child + gap > today - 40, child - gap, child + gap)
    second = np.where(twins, child, second)
    father = head - np.clip(rng.normal(27.5, 4, count), 20, 44) * DAYS_A_YEAR
    mother = father + rng.normal(1.0, 2.4, count) * DAYS_A_YEAR
    births = np.stack([head, spouse, child, second, father, mother], axis=1)
    return np.maximum(births, today - 108 * DAYS_A_YEAR).astype(np.int64), twins
