"""Income tax on shares sold: the days around, who may have filed, kin, nominees, companies that sell."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.mismatches.conftest import AS_OF
from tests.mismatches.facts import cited, declare, enterprise, found_again, reasons, said, uscc

RULE = "equity_transfer_without_iit"
CHANGED = date(2025, 6, 10)
SELLER = "11010519491231002X"


@pytest.fixture
def town(city):
    enterprise(city, 1)
    enterprise(city, 9)
    declare(city, 9, "IIT", date(2024, 1, 5), 1, 1)
    return city


def transfer(city, record="X1", **values):
    row = {
        "record_id": record,
        "uscc": uscc(1),
        "transferor_name": "张伟",
        "transferor_id_number": SELLER,
        "transferee_name": "王芳",
        "price": Decimal(100_000),
        "changed_on": CHANGED,
    }
    city.add("commerce.equity_transfer", row | values)


def test_no_filing_is_a_hit(town):
    transfer(town)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "medium", "2025-06")
    assert (found["master_id"], found["estimate_likely"]) == ("E1", None)
    assert cited(found)[0] == ("equity_transfer", "X1", "subject")
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(("days", "hits"), [(-91, 1), (-90, 0), (0, 0), (90, 0), (91, 1)])
def test_the_days_around(town, days, hits):
    transfer(town)
    declare(town, 1, "IIT", CHANGED + timedelta(days=days), 0)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


@pytest.mark.parametrize(("days", "hits"), [(90, 0), (91, 1)])
def test_there_is_time_to_file(town, days, hits):
    transfer(town, changed_on=AS_OF - timedelta(days=days))
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


@pytest.mark.parametrize(("number", "hits"), [(SELLER, 0), (SELLER + "01", 0), ("110105194912310038", 1)])
def test_the_seller_may_have_filed(town, number, hits):
    transfer(town)
    declare(town, 1, "IIT", CHANGED, 100, 20, taxpayer_id=number)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_another_tax_and_another_company_do_not_count(town):
    transfer(town)
    declare(town, 1, "VAT", CHANGED, 100, 20)
    declare(town, 9, "IIT", CHANGED, 100, 20)
    assert town.check().counts(RULE) == (1, 0, 0)


def test_kin_and_nominees_weigh_less(town):
    for record, name in (("R1", "张伟"), ("R2", "王芳")):
        number = SELLER if record == "R1" else None
        town.add("police.resident", {"record_id": record, "name": name, "household_id": "H1", "id_number": number})
    transfer(town, "X1")
    transfer(town, "X2", transferee_name="李娜", price=Decimal(1))
    transfer(town, "X3", transferee_name="李娜", price=Decimal("1.01"))
    transfer(town, "X4", transferee_name="李娜", price=None)
    assert reasons(town, RULE) == {
        "X1": ("hit", "kin", "low"),
        "X2": ("hit", "nominee", "low"),
        "X3": ("hit", "no_filing", "medium"),
        "X4": ("hit", "no_filing", "medium"),
    }


@pytest.mark.parametrize(
    ("seller", "number", "hits"),
    [
        ("青岛丙丁投资有限公司", None, 0),
        ("青岛甲乙9有限公司", None, 0),
        ("张伟", None, 1),
        ("青岛丙丁有限公司", SELLER, 1),
    ],
)
def test_a_company_that_sells_owes_no_tax_of_persons(town, seller, number, hits):
    transfer(town, transferor_name=seller, transferor_id_number=number)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_what_cannot_be_compared(town):
    enterprise(town, 2)
    town.add("tax.taxpayer", {"record_id": "T3", "name": "丙", "taxpayer_id": uscc(2)})
    town.link("E3", "tax.taxpayer:T3")
    declare(town, 2, "IIT", CHANGED, 100, 20)
    transfer(town, "X1", changed_on=None)
    transfer(town, "X2", uscc=uscc(8))
    transfer(town, "X3", uscc=uscc(2))
    assert {record: told[:2] for record, told in reasons(town, RULE).items()} == {
        "X1": ("not_comparable", "no_date"),
        "X2": ("not_comparable", "enterprise_unresolved"),
        "X3": ("not_comparable", "number_shared"),
    }


def test_what_was_due_before_the_data_begin_weighs_less(town):
    transfer(town, "X1", changed_on=date(2023, 10, 6))
    transfer(town, "X2", changed_on=date(2023, 10, 8))
    assert [told[1] for told in reasons(town, RULE).values()] == ["before_data", "no_filing"]
