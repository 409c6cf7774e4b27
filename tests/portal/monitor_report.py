"""What the monitors of a made-up city kept, in the reports of its home."""

import json
import shutil
from contextlib import contextmanager
from datetime import date

from mismatches.monitors.keeping import FILE

QUARTER = {"quarter": "2025-Q4", "tax": "1000.00", "unassigned": "5.00", "payers": 1234, "carriers": 20,
           "carried_tax": "800.00", "entries": 2, "exits": None, "largest_share": 0.61234}  # fmt: skip
PROJECT = {"record_id": "J1", "name": "<b>厂房</b>", "owner_name": "甲公司", "master_id": "E1",
           "started_on": "2025-04-01", "seen_from": "2025-04", "total": "30000000.00", "completed": "10000000.00",
           "paid": "100.00", "unknown_parties": 0, "low_tax": "200000.00", "high_tax": "300000.00"}  # fmt: skip
TOLD = {
    "as_of": "2026-03-31", "settings": {"key_share": "0.80", "least_investment": "30000000"}, "absent": {},
    "quarters": [QUARTER | {"quarter": "2025-Q3", "carriers": 10, "entries": None}, QUARTER],
    "moves": [
        {"move": "in", "master_id": "E1", "name": "甲公司", "paid": "70.00", "paid_before": "0.00"},
        {"move": "out", "master_id": "E2", "name": "乙公司", "paid": "0.00", "paid_before": "60.00"},
        {"move": "out", "master_id": "E3", "name": "丙公司", "paid": "0.00", "paid_before": "50.00"},
    ],
    "projects": [
        PROJECT,
        PROJECT | {"record_id": "J2", "name": "桥", "owner_name": "乙公司", "master_id": "E2", "paid": "250000.00"},
        PROJECT | {"record_id": "J3", "name": "路", "owner_name": "—", "master_id": None, "low_tax": None,
                   "high_tax": None, "completed": None, "started_on": None},
    ],
    "divisions": {"E1": "370202", "E2": "370203"},
}  # fmt: skip


@contextmanager
def reported(hall, name="甲公司"):
    """The folder of a day's report; that of the day before has no monitors. `name`: of the enterprise in 370202."""
    newest = hall.workplace.zones.reports(date(2026, 3, 31))
    folders = (newest.with_name("2026-03-30"), newest)
    for folder in folders:
        folder.mkdir()
    (newest / FILE).write_text(json.dumps(TOLD, ensure_ascii=False).replace("甲公司", name), "utf-8")
    yield newest
    for folder in folders:
        shutil.rmtree(folder)
