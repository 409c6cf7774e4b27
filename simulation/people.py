"""The true persons of the city, before any office writes them down."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation import numbers, places
from simulation.households import DAYS_A_YEAR, HEAD, SPOUSE, Households, households
from simulation.identity import Identity, identity
from simulation.names import Names, names
from simulation.randomness import Bools, Ints, chosen, stream, weighted
from simulation.settings import CitySettings

REGISTERED, DECEASED, MOVED_OUT = 1, 2, 3


@dataclass(frozen=True)
class People:
    """One entry a person in every column; `home` and `living` index `dwellings`."""

    homes: Households
    names: Names
    identity: Identity
    dwellings: places.Dwellings
    home: Ints
    living: Ints
    mobile: pa.StringArray
    other_mobile: pa.StringArray
    has_other_mobile: Bools
    age: Ints
    status: Ints
    recorded_dead: Bools
    death: Ints

    @property
    def count(self) -> int:
        """Number of persons."""
        return len(self.age)

    def keys(self) -> pa.StringArray:
        """The true person keys."""
        return person_keys(np.arange(self.count))


def person_keys(person: Ints) -> pa.StringArray:
    """`P` and eight digits."""
    matrix = numbers.digits(person + 1, 9)
    matrix[:, 0] = ord("P")
    return numbers.texts(matrix)


def people(settings: CitySettings, persons: int, seed: int) -> People:
    """Draw the whole population."""
    rng = stream(seed, "people")
    homes = households(settings, persons, seed)
    city = places.parts()
    home_part = weighted(rng, city.shares, homes.count)
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    age = ((today - homes.birth) // DAYS_A_YEAR).astype(np.int64)
    living, other_part = _living(rng, settings, homes, age, home_part)
    status, death, recorded = _statuses(rng, settings, homes, age, today)
    return People(
        homes=homes,
        names=names(settings, homes, seed),
        identity=identity(settings, homes, home_part, seed),
        dwellings=places.dwellings(seed, "homes", np.concatenate([home_part, other_part])),
        home=homes.household,
        living=living,
        mobile=numbers.texts(numbers.mobiles(rng, persons)),
        other_mobile=numbers.texts(numbers.mobiles(rng, persons)),
        has_other_mobile=rng.random(persons) < settings.two_mobiles,
        age=age,
        status=status,
        recorded_dead=recorded,
        death=death,
    )


def _living(
    rng: np.random.Generator, settings: CitySettings, homes: Households, age: Ints, home_part: Ints
) -> tuple[Ints, Ints]:
    """Dwelling lived in by person, and the parts of the dwellings beyond the registered ones."""
    together = settings.lives_apart * 0.82
    alone = 1 - (1 - settings.lives_apart) / (1 - together)
    moved = chosen(rng, together, homes.count)
    dwelling = np.arange(homes.count)
    dwelling[moved] = homes.count + np.arange(len(moved))
    living = dwelling[homes.household]
    single = chosen(rng, alone, np.flatnonzero((age >= 18) & (homes.role != HEAD) | (homes.role == SPOUSE)))
    living[single] = homes.count + len(moved) + np.arange(len(single))
    origin = np.concatenate([home_part[moved], home_part[homes.household[single]]])
    elsewhere = rng.random(len(origin)) < 0.45
    shares = places.parts().shares
    return living, np.where(elsewhere, weighted(rng, shares, len(origin)), origin)


def _statuses(
    rng: np.random.Generator, settings: CitySettings, homes: Households, age: Ints, today: int
) -> tuple[Ints, Ints, Bools]:
    """Status, day of death (days since 1970, -1: alive) and whether the register knows of the death."""
    count = len(age)
    status = np.full(count, REGISTERED)
    status[chosen(rng, settings.moved_out, np.flatnonzero(age < 60))] = MOVED_OUT
    hazard = np.exp((age - 40) / 14.0)
    dead = np.flatnonzero(rng.random(count) < hazard * (settings.deceased * count / hazard.sum()))
    death = np.full(count, -1)
    if len(dead) < 2:
        dead = np.union1d(dead, np.argsort(-age, kind="stable")[:2])
    death[dead] = np.maximum(today - 1 - (rng.random(len(dead)) ** 1.5 * 2400).astype(np.int64), homes.birth[dead] + 1)
    status[dead] = DECEASED
    recorded = np.zeros(count, dtype=bool)
    unknown = settings.dead_not_recorded / max(settings.deceased, 1e-9)
    recorded[dead] = rng.random(len(dead)) >= unknown
    oldest = dead[np.argmax(age[dead])]
    recorded[oldest], death[oldest] = True, min(death[oldest], today - 60)  # every city has a death long recorded
    return status, death, recorded
