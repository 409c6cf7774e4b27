"""Lists, boards, pages and yields: what is counted, in which order, and what is hidden."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from mismatches.cases.queries.board import board, tallies
from mismatches.cases.queries.listing import Filter, Page, find
from mismatches.cases.queries.pages import finding_page
from mismatches.cases.queries.subjects import subject_findings
from mismatches.cases.queries.yields import rule_yields, suspended_rules
from mismatches.declarations import shipped_rules
from mismatches.rule import Floor
from storage.errors import BadSpecification
from tests.mismatches.cases.conftest import CHIEF, LI, NOON, NUMBER, TODAY, Office

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shelf(new_engine):
    """Ten findings of one rule: estimates 0 to 900, every third high."""
    office = Office(new_engine())
    ids = [office.plant(likely=100 * n, severity="low" if n % 3 else "high", master=f"P{n}") for n in range(10)]
    office.plant(outcome="not_comparable", master="P0")
    return office, ids


def test_the_list_shows_the_gravest_first_and_totals_of_all_pages(shelf):
    office, ids = shelf
    pages = [office.ask(find, LI, Filter(), Page(limit=4, offset=at), today=TODAY) for at in (0, 4, 8)]
    assert [row.finding_id for page in pages for row in page.rows] == [ids[n] for n in (9, 6, 3, 0, 8, 7, 5, 4, 2, 1)]
    assert {(page.total, page.estimate_likely) for page in pages} == {(10, Decimal(4500))}


def test_the_list_follows_any_order_and_refuses_unknown_ones(shelf):
    office, ids = shelf
    rising = office.ask(find, LI, Filter(), Page("estimate"), today=TODAY)
    assert [row.finding_id for row in rising.rows] == ids
    for page in (Page("nonsense"), Page(limit=0), Page(offset=-1)):
        with pytest.raises(BadSpecification):
            office.ask(find, LI, Filter(), page, today=TODAY)


def test_the_board_adds_up_to_the_list(shelf):
    office, _ = shelf
    cells = office.ask(board, LI, today=TODAY)
    assert {(cell.severity, cell.findings, cell.estimate_likely) for cell in cells} == {
        ("high", 4, Decimal(1800)),
        ("low", 6, Decimal(2700)),
    }
    [one] = office.ask(board, LI, today=TODAY, by=("rule",))
    assert (one.findings, one.estimate_likely, one.state) == (10, Decimal(4500), None)


def test_the_tallies_add_up_to_the_board_for_each_key(shelf):
    office, _ = shelf
    office.plant(division=None, master="P99", month="2026-01")
    found = office.ask(tallies, CHIEF, today=TODAY)
    cells = office.ask(board, CHIEF, today=TODAY)
    slow = {}
    for cell in cells:
        for key in ("rule", "state", "division", "month"):
            at = (key, getattr(cell, key), cell.severity)
            count, likely = slow.get(at, (0, 0))
            slow[at] = (count + cell.findings, likely + cell.estimate_likely)
    assert {(one.key, one.value, one.severity): (one.findings, one.estimate_likely) for one in found} == slow
    assert ("division", None, "medium") in slow


def test_a_suppressed_finding_is_not_new_until_its_expiry(office):
    finding = office.plant(master="P50")
    office.act(LI, finding, "suppress", 0, reason_code="appeal_pending", until=TODAY + 10 * DAY)
    wanted = Filter(subject="P50", states=("new",))
    assert office.ask(find, LI, wanted, today=TODAY + 9 * DAY).total == 0
    assert office.ask(find, LI, wanted, today=TODAY + 10 * DAY).total == 1
    assert office.ask(find, LI, Filter(subject="P50", suppressed=True), today=TODAY).total == 1
    [cell] = office.ask(board, LI, Filter(subject="P50"), today=TODAY)
    assert cell.state == "suppressed"


def test_what_is_overdue_is_found(office):
    finding = office.plant(master="P51")
    office.act(LI, finding, "take", 0, due_on=TODAY + DAY)
    wanted = Filter(subject="P51", overdue=True)
    assert office.ask(find, LI, wanted, today=TODAY + DAY).total == 0
    assert office.ask(find, LI, wanted, today=TODAY + 2 * DAY).total == 1


def test_a_page_masks_the_numbers_of_persons_unless_a_logged_look_reveals_them(office):
    values = {"name": "张三", "id_number": NUMBER, "contribution_base": "5000.00", "mobile": "13800001234"}
    cited = {"source": "social_security", "dataset": "insured", "record_id": "I1", "role": "subject", "values": values}
    finding = office.plant(evidence=json.dumps([cited]))
    page = office.ask(finding_page, LI, finding, at=NOON)
    assert page.evidence[0].values == values | {"id_number": "1101************2X", "mobile": "1380*****34"}
    assert page.parameters == {"rate": Decimal("0.26")}
    assert page.evidence[0].version == "b1"
    assert office.ask(finding_page, LI, finding, at=NOON, reveal=True).evidence[0].values["id_number"] == NUMBER
    with office.engine.connect() as connection:
        query = text("SELECT actor, what FROM mismatches.look WHERE finding_id = :id")
        looks = connection.execute(query, {"id": finding}).all()
    assert [tuple(look) for look in looks] == [("li", "identifiers revealed")]


def test_a_subject_shows_what_is_open_and_what_is_under_way(office):
    open_one, gone, gone_at_work = (office.plant(master="P60") for _ in range(3))
    merged = office.plant(master="P61", subject="P60")
    office.act(LI, gone_at_work, "take", 0)
    with office.engine.begin() as connection:
        query = text("UPDATE mismatches.finding SET gone_on = now(), last_seen = now() WHERE finding_id = ANY(:ids)")
        connection.execute(query, {"ids": [gone, gone_at_work]})
    shown = {row.finding_id for row in office.ask(subject_findings, LI, "P60")}
    assert shown == {open_one, gone_at_work, merged}


def judge(office, verdict, **given):
    finding = office.plant(rule="headcount_gap", **given)
    office.act(LI, finding, "take", 0)
    if verdict == "excluded":
        office.act(LI, finding, "exclude", 1, reason_code="source_error")
        return office.act(LI, finding, "close", 2, at=NOON + 2 * DAY)
    office.act(LI, finding, "notify", 1)
    office.act(LI, finding, "record_reply", 2, text="属实")
    office.act(LI, finding, "confirm", 3, reason_code="underpaid")
    office.act(LI, finding, "assess", 4, amount=Decimal(100))
    office.act(LI, finding, "record_payment", 5, amount=Decimal("99.50"), voucher=finding)
    return office.act(LI, finding, "close", 6, reason_code="remitted", at=NOON + 4 * DAY)


def test_precision_and_yield_come_from_closed_cases_and_a_rule_below_its_floor_stops(new_engine):
    office = Office(new_engine())
    judge(office, "confirmed")
    judge(office, "excluded")
    judge(office, "excluded")
    office.act(LI, office.plant(rule="headcount_gap"), "take", 0)
    [found] = office.ask(rule_yields, CHIEF)
    assert (found.confirmed, found.excluded, found.recovered, found.median_days) == (1, 2, Decimal("99.50"), 2.0)
    assert found.precision == Decimal(1) / 3
    shipped = shipped_rules()[0]
    for floor, stopped in (
        (Floor(Decimal("0.34"), 3), True),
        (Floor(Decimal("0.33"), 3), False),
        (Floor(Decimal("0.34"), 4), False),
    ):
        rule = type(shipped)(**{**vars(shipped), "id": "headcount_gap", "version": "1.0.0", "floor": floor})
        assert bool(office.ask(suspended_rules, [rule])) is stopped
        corrected = type(shipped)(**{**vars(rule), "version": "1.1.0"})
        assert not office.ask(suspended_rules, [corrected])
