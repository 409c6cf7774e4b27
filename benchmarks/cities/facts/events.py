"""Returns of single events, land, projects and share transfers of a town: the facts that cases are planted on."""

from typing import Any

import numpy as np

from benchmarks.cities.digits import text
from benchmarks.cities.facts.town import Town, days_ago
from benchmarks.cities.population import TODAY

Array = np.ndarray[Any, np.dtype[Any]]


def file_return(town: Town, who: Array, tax: str, on: Array, **amounts: Array | float) -> None:
    """Returns outside the monthly round; `who` are enterprises, or persons as -1 - person.

    `amounts`: taxable, quantity, paid. The period is the month of filing.
    """
    count = len(who)
    told = {name: np.broadcast_to(np.asarray(value, float), count) for name, value in amounts.items()}
    none = np.full(count, np.nan)
    town.tell(
        "tax.declaration", who=np.asarray(who), tax=np.full(count, tax), on=np.asarray(on),
        period=np.asarray(on).astype("datetime64[M]"), taxable=told.get("taxable", none),
        quantity=told.get("quantity", none), paid=told.get("paid", none),
    )  # fmt: skip


def grant_land(town: Town, firms: Array, area: Array | float, price: Array | float, signed: Array) -> Array:
    """Land grants; their record ids. Nothing is filed for them yet."""
    count = len(firms)
    ids = _ids(town, "natural_resources.land_grant", "LG", count)
    town.tell(
        "natural_resources.land_grant", record_id=ids, firm=firms, area_m2=np.broadcast_to(np.round(area, 1), count),
        price=np.broadcast_to(np.round(price, 2), count), signed_on=np.asarray(signed),
    )  # fmt: skip
    return ids


def file_land_use(town: Town, firms: Array, *areas: Array | float) -> None:
    """Each quarter of 2025 the whole area that is declared, a line for each parcel."""
    for month in ("2025-04", "2025-07", "2025-10", "2026-01"):
        on = np.datetime64(f"{month}-01") + town.rng.integers(4, 19, len(firms)).astype("timedelta64[D]")
        for area in areas:
            file_return(town, firms, "LAND_USE", on, quantity=np.round(area, 1), paid=np.round(np.multiply(area, 2), 2))


def build(town: Town, owners: Array, contractors: Array, total: Array, completed: Array, started: Array) -> Array:
    """Put up investment projects, one for each owner, with a row of contractors for each; their record ids."""
    ids = _ids(town, "development_reform.project", "PJ", len(owners))
    town.tell(
        "development_reform.project", record_id=ids, firm=owners, contractors=contractors,
        total_investment=np.broadcast_to(total, len(owners)), started_on=np.asarray(started),
        completed_investment=np.broadcast_to(completed, len(owners)),
    )  # fmt: skip
    return ids


def build_small(town: Town, owners: Array, contractors: Array) -> Array:
    """Projects below 30 million yuan, begun some months ago."""
    worth = town.rng.uniform(5e6, 2e7, len(owners)).round()
    return build(town, owners, contractors, worth, worth / 4, days_ago(town.rng, 100, 220, len(owners)))


def transfer(
    town: Town,
    firms: Array,
    worth: tuple[Array, Array, Array],
    changed: Array,
    transferee: Array | None = None,
    *,
    by_company: bool = False,
) -> Array:
    """Transfers of shares by the owner of each company, or by a company without a number; their record ids.

    `worth`: price, net assets, share. Transferees are strangers where no names are given.
    """
    count = len(firms)
    ids = _ids(town, "commerce.equity_transfer", "ET", count)
    owner = town.owner_person[town.firms.owner[firms]]
    price, net_assets, share = worth
    if transferee is None:
        transferee = names(town, town.rng.integers(0, len(town.people), count))
    town.tell(
        "commerce.equity_transfer", record_id=ids, firm=firms, person=owner,
        transferee_name=transferee, by_company=np.full(count, by_company), share_ratio=np.asarray(share),
        price=np.round(price, 2), net_assets=np.round(net_assets, 2), changed_on=np.asarray(changed),
    )  # fmt: skip
    return ids


def names(town: Town, persons: Array) -> Array:
    """How persons are called."""
    words = np.array(town.letters.text.to_pylist())
    places = town.people.name[persons]
    return np.array(["".join(words[row]) for row in places])


def citizen_numbers(town: Town, persons: Array) -> Array:
    """Their numbers as texts."""
    return np.array(text(town.people.number[persons]).to_pylist())


def after(days: Array, least: int, most: int, rng: np.random.Generator) -> Array:
    """Days that come from `least` to `most` after these, none later than today."""
    return np.minimum(days + rng.integers(least, most + 1, len(days)).astype("timedelta64[D]"), TODAY)


def _ids(town: Town, dataset: str, letters: str, count: int) -> Array:
    before = sum(len(chunk["record_id"]) for chunk in town.facts.get(dataset, []))
    return np.array([f"{letters}{before + place:07d}" for place in range(count)])
