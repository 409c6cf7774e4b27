"""The price of shares: exactly 0.9 of the net assets, kin, staff plans, what cannot be compared."""

from datetime import date
from decimal import Decimal

import pytest

from tests.mismatches.facts import cited, enterprise, found_again, reasons, said, uscc

RULE = "underpriced_equity_transfer"


@pytest.fixture
def town(city):
    enterprise(city, 1)
    return city


def transfer(city, record="X1", **values):
    row = {
        "record_id": record,
        "uscc": uscc(1),
        "transferor_name": "张伟",
        "transferor_id_number": "11010519491231002X",
        "transferee_name": "王芳",
        "share_ratio": 0.3,
        "price": Decimal(100_000),
        "net_assets": Decimal(1_000_000),
        "changed_on": date(2025, 5, 6),
    }
    city.add("commerce.equity_transfer", row | values)


def resident(city, record, name, household, number=None):
    row = {"record_id": record, "name": name, "household_id": household, "id_number": number}
    city.add("police.resident", row)


def test_a_low_price_is_a_hit(town):
    transfer(town)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"], found["master_id"]) == (
        "hit",
        "medium",
        "2025-05",
        "E1",
    )
    assert (found["estimate_low"], found["estimate_likely"], found["estimate_high"]) == (40000, 40000, 40000)
    assert cited(found)[0] == ("equity_transfer", "X1", "subject")
    assert found["link_probability"] == pytest.approx(0.93)
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(("price", "hits"), [("269999.99", 1), ("270000", 0), ("300000", 0), ("0", 1)])
def test_the_share_of_the_net_assets(town, price, hits):
    transfer(town, price=Decimal(price))
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_sums_of_ten_thousand_million_are_exact(town):
    transfer(town, share_ratio=0.7517, net_assets=Decimal("139307323150.10"), price=Decimal("1.01"))
    worth = (Decimal("0.7517") * Decimal("139307323150.10")).quantize(Decimal("0.01"))
    [found] = town.check().of(RULE)
    assert found["estimate_likely"] == pytest.approx(float((worth - Decimal("1.01")) / 5), abs=0.01)


def test_the_whole_company_and_a_thousandth(town):
    transfer(town, "X1", share_ratio=1.0, price=Decimal(899_999))
    transfer(town, "X2", share_ratio=0.001, price=Decimal(900))
    assert [cited(found)[0][1] for found in town.check().of(RULE)] == ["X1"]


@pytest.mark.parametrize("assets", [Decimal(0), Decimal(-5_000_000)])
def test_a_company_without_net_assets_is_clear(town, assets):
    transfer(town, net_assets=assets, price=Decimal(0))
    assert town.check().counts(RULE) == (0, 1, 0)


def test_kin(town):
    resident(town, "R1", "张伟", "H1", "11010519491231002X")
    resident(town, "R2", "王芳", "H1")
    resident(town, "R3", "李娜", "H2")
    transfer(town, "X1")
    transfer(town, "X2", transferee_name="李娜")
    transfer(town, "X3", transferor_id_number=None)
    transfer(town, "X4", transferee_name="张伟")
    assert reasons(town, RULE) == {
        "X1": ("hit", "kin", "low"),
        "X2": ("hit", "underpriced", "medium"),
        "X3": ("hit", "underpriced", "medium"),
        "X4": ("hit", "kin", "low"),
    }
    [found] = [one for one in town.check().of(RULE) if cited(one)[0][1] == "X1"]
    assert cited(found)[-2:] == [("resident", "R1", "support"), ("resident", "R2", "support")]


def test_a_number_of_two_households_tells_no_kin(town):
    resident(town, "R1", "张伟", "H1", "11010519491231002X")
    resident(town, "R2", "张玮", "H2", "11010519491231002X")
    resident(town, "R3", "王芳", "H2")
    transfer(town)
    assert reasons(town, RULE)["X1"][1] == "underpriced"


@pytest.mark.parametrize(
    ("buyer", "severity"),
    [("青岛甲乙员工持股企业（有限合伙）", "low"), ("青岛甲乙投资有限公司", "medium"), (None, "medium")],
)
def test_staff_plans(town, buyer, severity):
    transfer(town, transferee_name=buyer)
    assert reasons(town, RULE)["X1"][2] == severity


def test_what_cannot_be_compared(town):
    transfer(town, "X1", price=None)
    transfer(town, "X2", net_assets=None)
    transfer(town, "X3", share_ratio=None)
    transfer(town, "X4", share_ratio=30.0)
    transfer(town, "X5", share_ratio=0.0)
    transfer(town, "X6", uscc=uscc(8))
    transfer(town, "X7", uscc=None)
    assert {record: told[1] for record, told in reasons(town, RULE).items()} == {
        **dict.fromkeys(("X1", "X2", "X3"), "amount_missing"),
        **dict.fromkeys(("X4", "X5"), "share_impossible"),
        **dict.fromkeys(("X6", "X7"), "enterprise_unresolved"),
    }


def test_a_code_on_two_enterprises_is_not_comparable(town):
    enterprise(town, 2, uscc=uscc(1))
    transfer(town)
    assert reasons(town, RULE)["X1"][:2] == ("not_comparable", "enterprise_unresolved")


def test_without_net_assets_anywhere_it_does_not_run(town):
    transfer(town, net_assets=None)
    assert not town.check().rule(RULE)["ran"]
