"""Stamp duty on shares and capital: the days after and before, increases, capital that may not be paid in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.mismatches.conftest import AS_OF
from tests.mismatches.facts import cited, declare, enterprise, found_again, reasons, said, uscc

RULE = "stamp_duty_missing"
CHANGED = date(2025, 6, 10)


@pytest.fixture
def town(city):
    enterprise(city, 1, registered_capital=Decimal(1_000_000), updated_at=datetime(2024, 5, 1, tzinfo=UTC))
    enterprise(city, 9)
    declare(city, 9, "STAMP", date(2024, 1, 5), 1, 1)
    transfer(city, "X0")
    declare(city, 1, "STAMP", date(2023, 12, 31), 1, 1)
    return city


def transfer(city, record="X1", **values):
    row = {"record_id": record, "uscc": uscc(9), "transferor_name": "张伟", "changed_on": date(2024, 1, 4)}
    city.add("commerce.equity_transfer", row | values)


def raised(city, amount, day=datetime(2025, 6, 10, 9, 30, tzinfo=UTC), record="C1b"):
    """A newer record of enterprise 1."""
    row = {"record_id": record, "uscc": uscc(1), "name": "青岛甲乙1有限公司", "status": "1"}
    city.add("commerce.enterprise", row | {"registered_capital": Decimal(amount), "updated_at": day})
    city.link("E1", f"commerce.enterprise:{record}", probability=0.97)


def test_shares_sold_are_a_hit(town):
    transfer(town, uscc=uscc(1), changed_on=CHANGED, price=Decimal(5))
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "medium", "2025-06")
    assert (found["master_id"], found["estimate_likely"]) == ("E1", None)
    assert cited(found) == [
        ("equity_transfer", "X1", "subject"),
        ("enterprise", "C1", "support"),
        ("taxpayer", "T1", "support"),
    ]
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(("days", "hits"), [(-31, 1), (-30, 0), (0, 0), (60, 0), (61, 1)])
def test_the_days_around_a_transfer(town, days, hits):
    transfer(town, uscc=uscc(1), changed_on=CHANGED)
    declare(town, 1, "STAMP", CHANGED + timedelta(days=days), 0)
    assert town.check().counts(RULE) == (hits, 2 - hits, 0)


@pytest.mark.parametrize(("days", "hits"), [(60, 0), (61, 1)])
def test_there_is_time_to_file(town, days, hits):
    transfer(town, uscc=uscc(1), changed_on=AS_OF - timedelta(days=days))
    assert town.check().counts(RULE) == (hits, 2 - hits, 0)


def test_capital_raised_weighs_less_because_it_may_not_be_paid_in(town):
    raised(town, 3_000_000)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "low", "2025-06")
    assert cited(found) == [
        ("enterprise", "C1b", "subject"),
        ("enterprise", "C1", "support"),
        ("taxpayer", "T1", "support"),
    ]
    assert found_again(town, found) == said(found)
    assert reasons(town, RULE)["C1b"][1] == "capital_raised"


@pytest.mark.parametrize(("amount", "hits"), [(1_000_000, 0), (999_999, 0), ("1000000.01", 1)])
def test_only_an_increase_is_a_change(town, amount, hits):
    raised(town, amount)
    assert town.check().counts(RULE) == (hits, 1, 0)


def test_stamp_duty_filed_on_an_increase(town):
    raised(town, 3_000_000)
    declare(town, 1, "STAMP", date(2025, 8, 9), 2_000_000, 500)
    assert town.check().counts(RULE) == (0, 2, 0)


def test_each_increase_stands_alone(town):
    raised(town, 3_000_000)
    raised(town, 4_000_000, datetime(2025, 10, 10, 9, tzinfo=UTC), "C1c")
    declare(town, 1, "STAMP", date(2025, 11, 1), 1_000_000, 250)
    assert list(reasons(town, RULE)) == ["C1b"]


def test_what_cannot_be_compared(town):
    town.add("tax.taxpayer", {"record_id": "T3", "name": "丙", "taxpayer_id": uscc(1)})
    town.link("E3", "tax.taxpayer:T3")
    declare(town, 1, "STAMP", date(2025, 8, 9), 2_000_000, 500)
    raised(town, 3_000_000)
    transfer(town, "X1", changed_on=None)
    transfer(town, "X2", uscc=uscc(8))
    transfer(town, "X3", uscc=uscc(1), changed_on=CHANGED)
    assert {record: told[:2] for record, told in reasons(town, RULE).items()} == {
        "X1": ("not_comparable", "no_date"),
        "X2": ("not_comparable", "enterprise_unresolved"),
        "X3": ("not_comparable", "number_shared"),
        "C1b": ("not_comparable", "number_shared"),
    }


def test_what_was_due_before_the_data_begin_weighs_less(town):
    transfer(town, "X1", changed_on=date(2023, 10, 31))
    transfer(town, "X2", changed_on=date(2023, 11, 1))
    assert [told[1] for told in reasons(town, RULE).values()] == ["before_data", "shares_sold"]
