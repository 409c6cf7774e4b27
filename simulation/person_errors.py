"""What goes wrong when a department writes persons down."""

from functools import partial

import numpy as np
import pyarrow as pa

from simulation import misspelling, numbers
from simulation.draws import Draws
from simulation.people import People
from simulation.randomness import Ints, chosen, planted
from simulation.records import NO_DAY, Records, date_column
from simulation.settings import CitySettings

LUNAR_LEAST, LUNAR_MOST = 18, 50  # domain.md: days by which a lunar date is early


def spoil_ids(records: Records, city: People, settings: CitySettings, factor: float, rng: np.random.Generator) -> None:
    """Missing, mistyped, exchanged, 15-digit, untidy numbers and those of a relative, in the column `id_number`."""
    draws, count, column = Draws(rng), records.count, "id_number"
    old = np.flatnonzero(city.identity.had_fifteen[records.subject])
    if records.dataset != "police.resident":
        records.spoil(column, chosen(rng, settings.id_15_digits, old), "id_15_digits", numbers.fifteen_digits)
    relative = chosen(rng, settings.id_of_relative * factor, count)
    records.coded(column).codes[relative] = relatives(city, records.subject[relative])
    records.note(relative[relatives(city, records.subject[relative]) != records.subject[relative]], "id_of_relative")
    typo = partial(misspelling.mistyped_digit, draws=draws)
    records.spoil(column, chosen(rng, settings.id_typo * factor, count), "id_typo", typo)
    exchange = partial(misspelling.transposed_digits, draws=draws)
    records.spoil(column, chosen(rng, settings.id_transposed * factor, count), "id_transposed", exchange)
    untidy = partial(misspelling.untidy_number, draws=draws)
    records.spoil(column, chosen(rng, settings.id_untidy * factor, count), "id_untidy", untidy)
    ends_x = chosen(rng, settings.lower_case_x * factor * 0.1, count)
    records.spoil(column, ends_x, "id_lower_case_x", str.lower)
    family_planning = records.dataset == "family_planning.person"
    missing = settings.id_missing_family_planning if family_planning else settings.id_missing * factor
    records.blank(column, chosen(rng, missing, count), "id_missing")
    shared = np.flatnonzero(city.identity.shared[records.subject])
    records.note(shared, "id_shared")


def relatives(city: People, person: Ints) -> Ints:
    """The next or the previous member of the household, or the person where there is none."""
    household = city.homes.household
    after = np.minimum(person + 1, city.count - 1)
    before = np.maximum(person - 1, 0)
    follows = np.where(household[before] == household[person], before, person)
    return np.where(household[after] == household[person], after, follows)


def spoil_names(
    records: Records, city: People, settings: CitySettings, factor: float, rng: np.random.Generator
) -> None:
    """Sounds, shapes, variants, lost rare characters, notes, former names, in the column `name`."""
    draws, count, subject = Draws(rng), records.count, records.subject
    name = records.coded("name")
    if records.dataset != "police.resident":
        former = np.flatnonzero(city.names.former.codes[subject] >= 0)
        rows = chosen(rng, settings.name_former, former)
        name.put(rows, city.names.former.texts(subject[rows]))
        records.note(rows, "name_former")
    rare = np.flatnonzero(city.names.rare[subject])
    lost = partial(misspelling.lost_character, draws=draws)
    records.spoil("name", planted(rng, settings.name_lost_character * factor, rare), "name_lost_character", lost)
    dotted = np.flatnonzero(city.names.dotted[subject] >= 0)
    records.spoil("name", chosen(rng, settings.name_spelling, dotted), "name_spelling", misspelling.other_spelling)
    dot = partial(misspelling.other_dot, draws=draws)
    records.spoil("name", chosen(rng, settings.name_dot, dotted), "name_dot", dot)
    for kind in ("homophone", "near_sound", "look_alike"):
        typo = partial(misspelling.another_character, kind=kind, draws=draws)
        share = getattr(settings, f"name_{kind}") * factor
        records.spoil("name", chosen(rng, share, count), f"name_{kind}", typo)
    heads = np.asarray(pa.compute.utf8_slice_codeunits(city.names.name.values, 0, 1).take(pa.array(subject)))
    paired = np.flatnonzero(np.isin(heads, list(misspelling.surname_pairs())))
    swap = chosen(rng, settings.name_surname_equivalent * factor, paired)
    records.spoil("name", swap, "name_surname_equivalent", misspelling.other_surname)
    for kind, change in (
        ("variant", partial(misspelling.traditional, draws=draws)),
        ("note", partial(misspelling.noted, draws=draws)),
        ("untidy", partial(misspelling.untidy_name, draws=draws)),
        ("dropped_character", misspelling.dropped_character),
    ):
        share = getattr(settings, f"name_{kind}") * factor
        records.spoil("name", chosen(rng, share, count), f"name_{kind}", change)


def spoil_births(
    records: Records, city: People, settings: CitySettings, factor: float, rng: np.random.Generator
) -> Ints:
    """Birth days as recorded (NO_DAY: none): day and month exchanged, one part mistyped, lunar dates."""
    birth = city.homes.birth[records.subject].copy()
    true = birth.copy()
    count = records.count
    rows = chosen(rng, settings.birth_swapped * factor, count)
    birth[rows] = exchanged(birth[rows])
    records.note(rows[birth[rows] != true[rows]], "birth_swapped")
    rows = chosen(rng, settings.birth_typo * factor, count)
    step = rng.choice(np.array([1, -1, 10, -10, 30, -31, 365, -365, 3652]), len(rows))
    birth[rows] -= step
    records.note(rows, "birth_typo")
    old = np.flatnonzero(true < 3652)
    rows = chosen(rng, settings.birth_lunar * factor, old)
    birth[rows] -= rng.integers(LUNAR_LEAST, LUNAR_MOST + 1, len(rows))
    records.note(rows, "birth_lunar")
    rows = chosen(rng, settings.birth_missing * factor, count)
    birth[rows] = NO_DAY
    records.forget(rows, "birth_")
    records.note(rows, "birth_missing")
    return birth


def exchanged(days: Ints) -> Ints:
    """Day and month exchanged where the result is a date."""
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64)
    day = (date - date.astype("datetime64[M]")).astype(np.int64)
    possible = day < 12
    turned = (month - month % 12 + day).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + month % 12
    return np.where(possible, turned, days)


def spoil_sexes(
    records: Records, city: People, settings: CitySettings, factor: float, rng: np.random.Generator
) -> pa.Array:
    """The column `sex` with wrong and unknown values."""
    sex = city.homes.sex[records.subject].copy()
    rows = chosen(rng, settings.sex_wrong * factor, records.count)
    sex[rows] = 3 - sex[rows]
    records.note(rows, "sex_wrong")
    rows = chosen(rng, settings.sex_missing * factor, records.count)
    sex[rows] = np.where(rng.random(len(rows)) < 0.5, 0, 9)
    records.note(rows, "sex_missing")
    return pa.array([str(code) for code in range(10)]).take(pa.array(sex))


def written_dates(days: Ints, form: str) -> pa.Array:
    """Dates as a department writes them: `date`, or text such as `%Y%m%d` with `00000000` for none."""
    dates = date_column(days)
    if form == "date":
        return dates
    text = pa.compute.strftime(dates, form)
    return pa.compute.fill_null(text, "00000000") if form == "%Y%m%d" else text
