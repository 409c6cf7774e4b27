"""The tax office's returns of a town: the monthly and quarterly round, and what was filed for single events."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.cities.facts.events import citizen_numbers
from benchmarks.cities.facts.town import MONTHS, YEARS, Town
from benchmarks.cities.population import TODAY

Array = np.ndarray[Any, np.dtype[Any]]
Rows = dict[str, Array]
_FREE = 100_000.0  # yuan of sales a month up to which no value-added tax is due
_VAT, _CIT = 0.03, 0.02  # of what is sold: after input tax, and at a margin of 8 %


def keep_books(town: Town, taxpayer_ids: tuple[Array, Array], rng: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    """The table of declarations as first sent, and the delta batch of those corrected or late.

    `taxpayer_ids`: of each enterprise, the number it files under until the end of 2024 and the one after.
    """
    parts = [*_value_added(town, rng), *_corporate(town, rng), *_noise(town, rng)]
    parts += town.facts.get("tax.declaration", [])
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    filed = (rows["who"] < 0) | town.in_tax[np.maximum(rows["who"], 0)]
    order = rng.permutation(np.flatnonzero(filed & (rows["on"] <= TODAY)))
    rows = {name: column[order] for name, column in rows.items()}
    ids = np.array([f"DC{place:09d}" for place in range(len(order))])
    now = _table(town, ids, rows, taxpayer_ids)
    told_before, late = _first_told(town, rows), rng.random(len(order)) < 0.003
    first = _table(town, ids, rows | {"taxable": told_before}, taxpayer_ids).filter(pa.array(~late))
    return first, now.filter(pa.array(late | (told_before != rows["taxable"]) & ~np.isnan(rows["taxable"])))


def _first_told(town: Town, rows: Rows) -> Array:
    """What was told of the income tax of 2025 before it was corrected."""
    told = rows["taxable"].copy()
    for firms, before in town.corrected:
        amounts = np.full(len(town), np.nan)
        amounts[firms] = before
        hit = (rows["tax"] == "CIT") & (rows["period"] == np.datetime64("2025-12")) & (rows["who"] >= 0)
        mine = amounts[np.maximum(rows["who"], 0)]
        told = np.where(hit & ~np.isnan(mine), mine, told)
    return told


def _rows(who: Array, tax: str, period: Array, taxable: Array, paid: Array, on: Array) -> Rows:
    return {
        "who": who, "tax": np.full(len(who), tax), "on": on, "period": period, "taxable": np.round(taxable, 2),
        "quantity": np.full(len(who), np.nan), "paid": np.round(paid, 2),
    }  # fmt: skip


def _filed_on(period: Array, rng: np.random.Generator, late: Array | int = 0) -> Array:
    """In the first half of the month after the period; a few are a month late."""
    slow = np.where(rng.random(len(period)) < 0.01, 20, 0)
    first = (period + np.timedelta64(1, "M")).astype("datetime64[D]")
    day = first + (rng.integers(2, 15, len(period)) + slow + late).astype("timedelta64[D]")
    return np.where(period >= np.datetime64("2026-02"), np.minimum(day, TODAY), day)


def _value_added(town: Town, rng: np.random.Generator) -> list[Rows]:
    firm, month = np.nonzero(~np.isnan(town.sales) & ~town.quarterly[:, None])
    sold = town.sales[firm, month]
    tax = np.where((sold > _FREE) & town.taxed[firm], sold * _VAT, 0.0)
    on = _filed_on(MONTHS[month], rng, town.late[firm, month])
    two = town.halved[firm]
    part = np.where(two, np.round(sold * 0.4, 2), sold)
    made = [_rows(firm, "VAT", MONTHS[month], part, tax, on)]
    made.append(_rows(firm[two], "VAT", MONTHS[month[two]], (sold - part)[two], np.zeros(int(two.sum())), on[two]))
    quarters = town.sales[town.quarterly, :24].reshape(-1, 8, 3).sum(axis=2)
    row, quarter = np.nonzero(~np.isnan(quarters))
    period = MONTHS[3 * quarter + 2]
    sold = quarters[row, quarter]
    who = np.flatnonzero(town.quarterly)[row]
    made.append(_rows(who, "VAT", period, sold, np.where(sold > 3 * _FREE, sold * 0.01, 0), _filed_on(period, rng)))
    return made


def _corporate(town: Town, rng: np.random.Generator) -> list[Rows]:
    made = []
    for place, year in enumerate(YEARS):
        told = town.revenue[:, place]
        who = np.flatnonzero(~np.isnan(told) & town.annual)
        period = np.full(len(who), np.datetime64(f"{year}-12"))
        paid = np.where(town.taxed[who], told[who] * _CIT, 0)
        on = _filed_on(period, rng, rng.integers(0, 60, len(who)))
        made.append(_rows(who, "CIT", period, told[who], paid, on))
        who = np.flatnonzero(~np.isnan(told) & ~town.annual)
        sold = np.nan_to_num(town.sales[who, 12 * place : 12 * place + 12]).reshape(-1, 4, 3).sum(axis=2)
        whole = sold.sum(axis=1, keepdims=True)
        parts = np.round(told[who, None] * np.where(whole > 0, sold / np.where(whole > 0, whole, 1), 0.25), 2)
        parts[:, 3] += np.round(told[who] - parts.sum(axis=1), 2) * (sold[:, 3] > 0)
        row, quarter = np.nonzero((sold > 0) | (whole == 0))
        period = np.datetime64(f"{year}-03") + 3 * quarter.astype("timedelta64[M]")
        part = parts[row, quarter]
        paid = np.where(town.taxed[who[row]], part * _CIT, 0)
        made.append(_rows(who[row], "CIT", period, part, paid, _filed_on(period, rng)))
    return made


def _noise(town: Town, rng: np.random.Generator) -> list[Rows]:
    """Taxes of which no case is planted on enterprises that nothing is planted on: stamp, property, withheld tax."""
    made = []
    idle = np.flatnonzero(town.free & town.in_tax & ~np.isnan(town.sales[:, -1]))
    for tax, share in (("STAMP", 0.3), ("PROPERTY", 0.1), ("IIT", 0.3)):
        firms = idle[rng.random(len(idle)) < share]
        who, quarter = np.repeat(firms, 8), np.tile(np.arange(8), len(firms))
        period = MONTHS[3 * quarter + 2]
        amount = np.nan_to_num(town.sales[who, 3 * quarter]) * 0.1
        made.append(_rows(who, tax, period, amount, amount * 0.0005, _filed_on(period, rng)))
    return made


def _table(town: Town, ids: Array, rows: Rows, taxpayer_ids: tuple[Array, Array]) -> pa.Table:
    who = rows["who"]
    before, after = taxpayer_ids
    number = np.where(rows["period"] < np.datetime64("2025-01"), before[np.maximum(who, 0)], after[np.maximum(who, 0)])
    person = who < 0
    number[person] = citizen_numbers(town, -1 - who[person])
    number[::50] = [f" {one.lower()}" for one in number[::50]]
    period = pc.strftime(pa.array(rows["period"].astype("datetime64[D]"), pa.date32()), format="%Y-%m")
    return pa.table(
        {
            "record_id": pa.array(ids.tolist()), "taxpayer_id": pa.array(number.tolist()), "period": period,
            "tax_type": pa.array(rows["tax"].tolist()), "taxable_amount": pa.array(rows["taxable"], from_pandas=True),
            "quantity": pa.array(rows["quantity"], from_pandas=True),
            "tax_due": pa.array(rows["paid"], from_pandas=True), "tax_paid": pa.array(rows["paid"], from_pandas=True),
            "declared_on": pa.array(rows["on"].astype("datetime64[D]"), pa.date32()),
        }
    )  # fmt: skip
