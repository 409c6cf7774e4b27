"""Tax declarations by enterprise, period and tax, honest ones and those that a cross-check should find."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation.enterprises import ACTIVE, INDIVIDUAL, Enterprises
from simulation.randomness import Floats, Ints, chosen, planted, stream
from simulation.records import Records, date_column, money, record_ids
from simulation.settings import CitySettings
from simulation.values import Coded

TAXES = ("VAT", "CIT", "IIT", "DEED", "LVAT", "STAMP", "PROPERTY", "LAND_USE")
VAT, CIT, IIT, DEED, LVAT, STAMP, PROPERTY, LAND_USE = range(8)
RATES = np.array([0.03, 0.05, 0.03, 0.03, 0.02, 0.0003, 0.012, 0.0])
LAND_USE_RATE = 8.0  # yuan a square metre; assumption
CLUSTER = (95_000.0, 100_000.0)  # mismatch-rules.md, threshold_clustering


@dataclass
class Lines:
    """Declarations under construction: enterprise, month (months since 1970-01), tax, taxable yuan, m2 and the day."""

    firm: Ints
    month: Ints
    tax: Ints
    amount: Floats
    quantity: Floats
    day: Ints

    @classmethod
    def of(cls, firm: Ints, month: Ints, tax: int, amount: Floats) -> "Lines":
        """Lines of one tax, declared in the middle of the following month."""
        day = (month + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 4 + firm % 11
        return cls(firm, month, np.full(len(firm), tax), amount, np.full(len(firm), np.nan), day)


def last_month(settings: CitySettings) -> int:
    """The latest period that has been declared: the month before the as-of day's."""
    return int(np.datetime64(settings.as_of, "M").astype(np.int64)) - 1


def declarations(
    settings: CitySettings, firms: Enterprises, taxpayers: Coded, extra: list[Lines], seed: int
) -> Records:
    """`tax.declaration`; `extra` are lines that other facts bring along (deed tax, tax on transfers)."""
    rng = stream(seed, "tax.declaration")
    known = np.flatnonzero(taxpayers.codes >= 0)
    turnover = np.round(firms.size * 42_000 * rng.lognormal(0, 0.8, firms.count) + 800, 2)
    lines = [*_regular(rng, settings, firms, known, turnover), *_ended(rng, settings, firms, known), *extra]
    firm = np.concatenate([one.firm for one in lines])
    month = np.concatenate([one.month for one in lines])
    tax = np.concatenate([one.tax for one in lines])
    amount = np.round(np.concatenate([one.amount for one in lines]), 2)
    quantity = np.concatenate([one.quantity for one in lines])
    day = np.concatenate([one.day for one in lines])
    due = np.where(tax == LAND_USE, np.nan_to_num(quantity) * LAND_USE_RATE, amount * RATES[tax])
    late = rng.random(len(firm)) < 0.01
    records = Records("tax.declaration", firm)
    records.columns = {
        "record_id": record_ids(rng, "TD", len(firm)),
        "taxpayer_id": taxpayers.taken(firm),
        "period": pa.compute.strftime(
            date_column(month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)), "%Y-%m"
        ),
        "tax_type": pa.array(TAXES).take(pa.array(tax)),
        "taxable_amount": money(amount),
        "quantity": pa.array(np.round(quantity, 2), mask=np.isnan(quantity)),
        "tax_due": money(due),
        "tax_paid": money(np.where(late, 0.0, due)),
        "declared_on": date_column(day),
    }
    return records


def _regular(
    rng: np.random.Generator, settings: CitySettings, firms: Enterprises, known: Ints, turnover: Floats
) -> list[Lines]:
    final = last_month(settings)
    born = firms.established.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    over = firms.ended.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    ends = np.where(firms.status == ACTIVE, final, over)
    filing = known[rng.random(len(known)) < np.where(firms.kind[known] == INDIVIDUAL, 0.55, 0.97)]
    big = rng.random(len(filing)) < np.where(firms.size[filing] > 3, 0.85, 0.3)
    zero = chosen(rng, 0.02, filing)
    amount = turnover.copy()
    amount[zero] = 0.0
    lines = []
    for back in range(12):
        month = final - back
        quarter = (month % 12) % 3 == 2
        due = filing if quarter else filing[big]
        due = due[(born[due] <= month) & (ends[due] >= month)]
        span = np.where(np.isin(due, filing[big]), 1.0, 3.0)
        lines.append(Lines.of(due, np.full(len(due), month), VAT, amount[due] * span * rng.uniform(0.8, 1.2, len(due))))
    _cluster(rng, lines, filing[big], amount)
    year_end = int(np.datetime64(f"{settings.latest_tax_year}-12", "M").astype(np.int64))
    annual = filing[(firms.kind[filing] != INDIVIDUAL) & (ends[filing] >= year_end) & (born[filing] < year_end - 11)]
    annual = annual[rng.random(len(annual)) < 0.8]
    gap = np.where(rng.random(len(annual)) < 0.03, 0.7, rng.uniform(0.97, 1.03, len(annual)))
    lines.append(Lines.of(annual, np.full(len(annual), year_end), CIT, turnover[annual] * 12 * gap))
    for tax, share, factor in ((STAMP, 0.25, 3.0), (IIT, 0.3, 1.0), (PROPERTY, 0.08, 20.0), (LVAT, 0.01, 30.0)):
        some = chosen(rng, share, annual)
        lines.append(Lines.of(some, np.full(len(some), year_end), tax, turnover[some] * factor))
    holders = planted(rng, 0.06, annual)
    land = Lines.of(holders, np.full(len(holders), year_end), LAND_USE, np.zeros(len(holders)))
    land.quantity = np.round(rng.lognormal(8, 1, len(holders)), 2)
    return [*lines, land]


def _cluster(rng: np.random.Generator, lines: list[Lines], monthly: Ints, amount: Floats) -> None:
    """Let a few monthly filers stay just below the threshold for half a year."""
    few = planted(rng, 0.02, monthly[amount[monthly] > 0]) if len(monthly) else monthly
    for line in lines[3:9]:
        rows = np.flatnonzero(np.isin(line.firm, few))
        line.amount[rows] = rng.uniform(*CLUSTER, len(rows))


def _ended(rng: np.random.Generator, settings: CitySettings, firms: Enterprises, known: Ints) -> list[Lines]:
    """Some ended enterprises go on declaring; others declare nothing but zeros, which is no finding."""
    final = last_month(settings)
    over = firms.ended.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    ended = known[(firms.status[known] != ACTIVE) & (over[known] < final)]
    still = planted(rng, settings.ended_still_declaring, ended)
    lines = []
    for back in range(3):
        month = final - back * 2
        due = still[over[still] < month]
        lines.append(Lines.of(due, np.full(len(due), month), VAT, rng.uniform(5_000, 400_000, len(due))))
    zero = chosen(rng, 0.1, np.setdiff1d(ended, still))
    lines.append(Lines.of(zero, np.full(len(zero), final), VAT, np.zeros(len(zero))))
    return lines
