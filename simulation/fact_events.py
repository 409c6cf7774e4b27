"""What the fact datasets receive on a day: declarations, wage records, transfers of shares."""

from datetime import timedelta
from decimal import Decimal

import numpy as np

from simulation.declarations import RATES, TAXES
from simulation.person_events import Event, how_many
from simulation.settings import CitySettings
from simulation.state import ENTERPRISES, PERSONS, Day


def _yuan(value: float) -> Decimal:
    return Decimal(round(value * 100)) / 100


def declarations(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Known payers declare for last month; an ended enterprise now and then goes on."""
    table, firms = day.tables["tax.declaration"], day.tables[ENTERPRISES]
    period = f"{day.today.replace(day=1) - timedelta(days=1):%Y-%m}"
    status = np.asarray(firms.table["status"])
    owner = table.subject - 1
    known = np.flatnonzero(owner >= 0)
    active = known[status[owner[known]] == "1"]
    ended = known[status[owner[known]] != "1"]
    some = rng.choice(active, how_many(rng, settings.declarations_a_day, firms.table.num_rows))
    late = rng.choice(ended, 1) if len(ended) and rng.random() < 0.3 else active[:0]
    for row in np.concatenate([some, late]).tolist():
        before = table.table.slice(row, 1).to_pylist()[0]
        tax = int(rng.choice(np.array([0, 0, 0, 2, 5])))
        amount = float(rng.lognormal(10.5, 1.2))
        due = _yuan(amount * RATES[tax])
        table.added.append({
            "record_id": day.record_id("TD"), "taxpayer_id": before["taxpayer_id"], "period": period,
            "tax_type": TAXES[tax], "taxable_amount": _yuan(amount), "quantity": None, "tax_due": due, "tax_paid": due,
            "declared_on": day.today, "_person": None, "_enterprise": before["_enterprise"], "_errors": None,
        })  # fmt: skip


def wages(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Wage records are corrected, and late ones arrive for persons who worked elsewhere too."""
    table, persons = day.tables["tax.wage"], day.tables["tax.natural_person"]
    count = how_many(rng, settings.daily_change / 2, table.table.num_rows)
    for row in np.unique(rng.choice(table.table.num_rows, count)).tolist():
        before = table.value("wages", row)
        table.change(row, wages=_yuan(float(before) * float(rng.uniform(0.95, 1.1))), updated_at=day.moment())
    for row in rng.choice(table.table.num_rows, max(1, count // 10)).tolist():
        like = table.table.slice(row, 1).to_pylist()[0]
        other = persons.table.slice(int(rng.integers(persons.table.num_rows)), 1).to_pylist()[0]
        paid = _yuan(float(rng.uniform(800, 6_000)))
        table.added.append(like | {
            "record_id": day.record_id("TW"), "person_record_id": other["record_id"], "_person": other["_person"],
            "tax_year": settings.latest_tax_year, "months": 1, "wages": paid, "tax_withheld": Decimal(0),
            "updated_at": day.moment(),
        })  # fmt: skip


def transfers(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Shares change hands, one in five below their value."""
    firms, persons = day.tables[ENTERPRISES], day.tables[PERSONS]
    companies = np.flatnonzero(
        (np.asarray(firms.table["status"]) == "1") & (np.asarray(firms.table["kind"]) == "company")
    )
    for row in rng.choice(companies, how_many(rng, settings.equity_transfers / 365, len(companies))).tolist():
        seller, buyer = rng.choice(persons.table.num_rows, 2, replace=False).tolist()
        share, assets = round(float(rng.uniform(0.05, 1)), 4), _yuan(float(rng.lognormal(14, 1)))
        factor = rng.uniform(0.1, 0.85) if rng.random() < settings.equity_underpriced else rng.uniform(0.95, 1.2)
        firm, person = firms.value("enterprise", row), persons.value("person", seller)
        day.tables["commerce.equity_transfer"].added.append({
            "record_id": day.record_id("ET"), "uscc": firms.value("uscc", row),
            "transferor_name": persons.value("name", seller), "transferee_name": persons.value("name", buyer),
            "transferor_id_number": persons.value("id_number", seller), "share_ratio": share,
            "price": _yuan(float(assets) * share * float(factor)), "net_assets": assets, "changed_on": day.today,
            "_person": person, "_enterprise": firm, "_errors": None,
        })  # fmt: skip
        day.log("equity_transferred", firm, person)


EVENTS: tuple[Event, ...] = (declarations, wages, transfers)
