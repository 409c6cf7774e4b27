"""Declaring after the end: months after it, revoked against cancelled, withdrawn ends, shared taxpayer ids."""

from datetime import date
from decimal import Decimal

import pytest

RULE = "ended_enterprise_declaring"
USCC = "91350100M000100Y43"


@pytest.fixture
def town(city):
    city.add("commerce.enterprise", ended("C1", status="3", ended_on=date(2025, 6, 15)))
    city.link("E1", "commerce.enterprise:C1", probability=0.98)
    city.add("tax.taxpayer", {"record_id": "T1", "name": "甲公司", "taxpayer_id": USCC})
    city.link("E1", "tax.taxpayer:T1", probability=0.91)
    return city


def ended(record, **values):
    return {"record_id": record, "name": "甲公司", "uscc": USCC} | values


def declare(city, record, period, amount=Decimal("100.50"), number=USCC):
    city.add(
        "tax.declaration",
        {"record_id": record, "taxpayer_id": number, "period": period, "tax_type": "VAT", "taxable_amount": amount},
    )


def test_a_cancelled_enterprise_that_declares_is_hit_once(town):
    declare(town, "D2", "2025-09")
    declare(town, "D1", "2025-07")
    declare(town, "D0", "2025-05")
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "high", "2025-07")
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("enterprise", "C1", "subject"),
        ("taxpayer", "T1", "support"),
        ("declaration", "D1", "support"),
        ("declaration", "D2", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.91)
    assert found["estimate_low"] is None


@pytest.mark.parametrize(
    ("ended_on", "period", "outcome"),
    [
        (date(2025, 6, 1), "2025-06", "clear"),
        (date(2025, 6, 30), "2025-06", "clear"),
        (date(2025, 6, 30), "2025-07", "hit"),
        (date(2025, 7, 1), "2025-07", "clear"),
        (date(2025, 12, 31), "2026-01", "hit"),
    ],
)
def test_a_period_counts_when_its_first_day_is_later_than_the_end(town, ended_on, period, outcome):
    town.rows["commerce.enterprise"][0]["ended_on"] = ended_on
    declare(town, "D1", period)
    assert town.check().counts(RULE) == ((1, 0, 0) if outcome == "hit" else (0, 1, 0))


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-5)])
def test_a_declaration_of_nothing_is_clear(town, amount):
    declare(town, "D1", "2025-09", amount)
    declare(town, "D2", "2025-09", None)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_the_smallest_amount_is_a_hit(town):
    declare(town, "D1", "2025-09", Decimal("0.01"))
    assert town.check().counts(RULE) == (1, 0, 0)


def test_revoked_is_not_cancelled(town):
    town.rows["commerce.enterprise"][0]["status"] = "2"
    declare(town, "D1", "2025-09")
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"]) == ("hit", "low")


def test_a_withdrawn_cancellation_is_no_subject(town):
    town.add("commerce.enterprise", ended("C2", status="1"))
    town.link("E1", "commerce.enterprise:C2")
    declare(town, "D1", "2025-09")
    assert town.check().counts(RULE) == (0, 0, 0)


def test_an_active_enterprise_is_no_subject(town):
    town.rows["commerce.enterprise"][0] |= {"status": "1"}
    declare(town, "D1", "2025-09")
    assert town.check().of(RULE) == []


def test_an_end_without_a_date_is_not_comparable_only_where_something_was_declared(town):
    town.rows["commerce.enterprise"][0]["ended_on"] = None
    town.add("commerce.enterprise", ended("C2", status="3", uscc=None))
    town.link("E2", "commerce.enterprise:C2")
    town.add("commerce.enterprise", ended("C3", status="3", uscc=None, ended_on=date(2025, 1, 1)))
    town.link("E3", "commerce.enterprise:C3")
    declare(town, "D1", "2025-09")
    checked = town.check()
    assert checked.counts(RULE) == (0, 2, 1)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_end_date": 1}


def test_the_number_leads_to_the_enterprise_without_a_tax_register(town):
    del town.rows["tax.taxpayer"]
    declare(town, "D1", "2025-09", number="350100" + USCC[8:17])  # the old 15 characters
    declare(town, "D2", "2025-10")
    [found] = town.check().of(RULE, "hit")
    assert [e["record_id"] for e in found["evidence"]] == ["C1", "D1", "D2"]


def test_an_id_that_fails_its_check_still_joins_by_what_was_written(town):
    town.rows["tax.taxpayer"][0] |= {"taxpayer_id": None, "taxpayer_id_raw": "91350211m0000XUF4x"}
    town.add(
        "tax.declaration",
        {
            "record_id": "D1",
            "taxpayer_id_raw": " 91350211M0000XUF4X",
            "period": "2025-09",
            "taxable_amount": Decimal(1),
        },
    )
    declare(town, "D0", "2024-01")
    assert town.check().counts(RULE) == (1, 0, 0)


def test_an_id_that_two_enterprises_hold_is_not_comparable(town):
    town.add("tax.taxpayer", {"record_id": "T2", "name": "乙公司", "taxpayer_id": USCC})
    town.link("E2", "tax.taxpayer:T2")
    declare(town, "D1", "2025-09")
    checked = town.check()
    assert checked.counts(RULE) == (0, 0, 1)
    [found] = checked.of(RULE)
    assert found["link_probability"] is None
    assert found["severity"] == "low"


def test_a_placeholder_for_an_id_leads_nowhere(town):
    town.rows["tax.taxpayer"][0] |= {"taxpayer_id": None, "taxpayer_id_raw": "无"}
    declare(town, "D0", "2024-01")
    town.add(
        "tax.declaration",
        {"record_id": "D1", "taxpayer_id_raw": "无", "period": "2025-09", "taxable_amount": Decimal(1)},
    )
    assert town.check().counts(RULE) == (0, 1, 0)


def test_another_ones_declarations_do_not_count(town):
    declare(town, "D1", "2025-09", number="91350211M0000XUF46")
    assert town.check().counts(RULE) == (0, 1, 0)
