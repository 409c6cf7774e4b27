"""Who carries the tax, by quarter, against a slow count; projects against tax; what is absent; the report."""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from mismatches.engine import Engine
from mismatches.inputs import opened
from mismatches.monitors import keeping
from mismatches.monitors.watching import watch
from tests.mismatches.facts import declare, enterprise, monthly, uscc


def seen(city, as_of=None):
    request = city.request()
    request = replace(request, as_of=as_of or request.as_of)
    with opened(request) as connection:
        return watch(connection, Engine(connection, request), request)


@pytest.fixture
def town(city):
    for key in (1, 2, 3):
        enterprise(city, key)
    return city


def pays(city, key, first, amounts):
    monthly(city, key, first, amounts, tax="VAT")
    for row in city.rows["tax.declaration"][-len(amounts) :]:
        row["tax_paid"] = row["taxable_amount"]


def test_the_smallest_set_and_who_comes_and_goes(town):
    pays(town, 1, (2025, 4), [80, 0, 0, 70, 0, 0, 10, 0, 0])
    pays(town, 2, (2025, 4), [15, 0, 0, 20, 0, 0, 80, 0, 0])
    pays(town, 3, (2025, 4), [5, 0, 0, 10, 0, 0, 10, 0, 0])
    watched = seen(town)
    assert [(q.quarter, q.tax, q.payers, q.carriers, q.entries, q.exits) for q in watched.quarters] == [
        ("2025-Q2", 100, 3, 1, None, None),
        ("2025-Q3", 100, 3, 2, 1, 0),
        ("2025-Q4", 100, 3, 1, 0, 1),
    ]
    assert [q.carried_tax for q in watched.quarters] == [80, 90, 80]
    assert [(m.move, m.master_id, m.name, m.paid, m.paid_before) for m in watched.moves] == [
        ("out", "E1", "青岛甲乙1有限公司", 10, 70)
    ]


@pytest.mark.parametrize(("second", "carriers"), [("20", 1), ("20.01", 2)])
def test_exactly_four_fifths_are_enough(town, second, carriers):
    pays(town, 1, (2025, 10), [80, 0, 0])
    pays(town, 2, (2025, 10), [second])
    assert [q.carriers for q in seen(town).quarters] == [carriers]


def test_only_whole_quarters_count(town):
    pays(town, 1, (2025, 5), [10] * 11)  # from May 2025 to March 2026, the month of the day itself
    declare(town, 1, "DEED", date(2024, 2, 1), 99, 99)  # before sales tax was declared
    assert [q.quarter for q in seen(town).quarters] == ["2025-Q3", "2025-Q4"]


@pytest.mark.parametrize(
    ("as_of", "latest"), [("2026-04-01", "2025-Q4"), ("2026-04-30", "2025-Q4"), ("2026-05-01", "2026-Q1")]
)
def test_a_quarter_counts_once_its_last_declarations_are_due(town, as_of, latest):
    pays(town, 1, (2025, 7), [100] * 8)  # up to February: March is declared in April
    assert seen(town, date.fromisoformat(as_of)).quarters[-1].quarter == latest


def test_the_oldest_quarter_of_three_years_is_whole(town):
    pays(town, 1, (2023, 1), [10] * 40)
    first = seen(town, date(2026, 5, 10)).quarters[0]
    assert (first.quarter, first.tax) == ("2023-Q3", 30)


def test_refunds_count_and_one_who_got_more_than_it_paid_is_no_payer(town):
    pays(town, 1, (2025, 10), [80, -20, 0])
    pays(town, 2, (2025, 10), [10, -10, 0])
    [quarter] = seen(town).quarters
    assert (quarter.tax, quarter.payers) == (60, 1)


def test_tax_of_unknown_payers_is_told_apart(town):
    pays(town, 1, (2025, 10), [80, 0, 0])
    declare(town, 1, "VAT", date(2025, 11, 9), 7, 7, taxpayer_id=uscc(55))
    [quarter] = seen(town).quarters
    assert (quarter.tax, quarter.unassigned) == (80, 7)


def test_against_a_slow_count(city):
    """Payments at random, several a month; every set, entry and exit is counted again one by one."""
    drawn = random.Random(7)  # noqa: S311 - test data
    paid = {}
    for key in range(1, 31):
        enterprise(city, key)
    declare(city, 1, "VAT", date(2025, 1, 20), 0, 0)
    for _ in range(400):
        key, month = drawn.randrange(1, 31), drawn.randrange(1, 13)
        amount = Decimal(int(drawn.paretovariate(1.1) * 100)) / 100
        declare(city, key, "CIT", date(2025, month, 20), amount, amount)
        quarter = paid.setdefault(f"2025-Q{(month + 2) // 3}", {})
        quarter[f"E{key}"] = quarter.get(f"E{key}", 0) + amount
    before = None
    for found in seen(city).quarters:
        amounts = paid[found.quarter]
        total, carried, carriers = sum(amounts.values()), Decimal(0), set()
        for master in sorted(amounts, key=lambda one: (-amounts[one], one)):
            if carried >= total * Decimal("0.8"):
                break
            carried += amounts[master]
            carriers.add(master)
        assert (found.tax, found.carriers, found.carried_tax) == (total, len(carriers), carried)
        if before is not None:
            assert (found.entries, found.exits) == (len(carriers - before), len(before - carriers))
        assert found.largest_share == pytest.approx(float(sum(sorted(amounts.values())[-10:]) / total))
        before = carriers
    assert len(paid) == 4


def project(city, record, **values):
    row = {"record_id": record, "name": f"项目{record}", "owner_name": "青岛甲乙1有限公司", "owner_uscc": uscc(1)}
    row |= {"total_investment": Decimal(30_000_000), "completed_investment": Decimal(10_000_000)}
    city.add("development_reform.project", row | {"contractor_usccs": uscc(2), "started_on": date(2025, 4, 1)} | values)


def test_large_projects_beside_tax(town):
    pays(town, 1, (2025, 4), [100] * 3)
    pays(town, 2, (2025, 4), [1, 2])
    project(town, "J1")
    project(town, "J2", total_investment=Decimal("29999999.99"))
    project(town, "J3", completed_investment=Decimal(20_000_000), contractor_usccs=f"{uscc(2)};{uscc(70)}")
    project(town, "J4", completed_investment=None, owner_uscc=None, owner_name=None)
    told = [(p.record_id, p.paid, p.low_tax, p.high_tax, p.unknown_parties) for p in seen(town).projects]
    assert told == [
        ("J3", 303, 400_000, 600_000, 1),
        ("J1", 303, 200_000, 300_000, 0),
        ("J4", 3, None, None, 1),
    ]


def test_what_is_absent_is_said(town):
    watched = seen(town)
    assert (watched.quarters, watched.projects) == ((), ())
    assert "tax.declaration" in watched.absent["key_taxpayer_share"][0].en
    assert "development_reform.project" in " ".join(reason.en for reason in watched.absent["large_projects"])


def test_the_report_shows_them(town):
    pays(town, 1, (2025, 4), [80, 0, 0, 70, 0, 0, 10, 0, 0])
    pays(town, 2, (2025, 4), [15, 0, 0, 20, 0, 0, 80, 0, 0])
    project(town, "J1", name="<b>厂房</b>")
    town.only = ()
    checked = town.check(reports=True, monitors=True)
    page = (checked.out / "report.html").read_text("utf-8")
    for text in (
        'id="key_taxpayer_share"',
        "2025-Q4",
        'id="large_projects"',
        "&lt;b&gt;厂房",
        "税收集中度",
        "Large projects",
    ):
        assert text in page
    assert "<b>厂房" not in page
    assert page.count("<svg") == 6  # three charts in two languages
    book = CalamineWorkbook.from_path(checked.out / "findings.xlsx")
    rows = book.get_sheet_by_name("重点税源 Key taxpayers").to_python()
    assert [row[0] for row in rows[1:]] == ["2025-Q2", "2025-Q3", "2025-Q4"]
    assert book.get_sheet_by_name("重大项目 Large projects").to_python()[1][1] == "<b>厂房</b>"
    facts = checked.manifest.facts["monitors"]
    assert [q["carriers"] for q in facts["key_taxpayer_share"]["quarters"]] == [1, 2, 1]
    assert facts["large_projects"]["completed"] == "10000000.00"
    assert "monitors" not in town.check().manifest.facts


def test_what_was_seen_is_kept_with_districts_and_read_back(town, tmp_path):
    pays(town, 1, (2025, 4), [80, 0, 0, 70, 0, 0, 10, 0, 0])
    pays(town, 2, (2025, 4), [15, 0, 0, 20, 0, 0, 80, 0, 0])
    project(town, "J1", completed_investment=None)
    project(town, "J2", owner_uscc=None)
    town.rows["commerce.enterprise"][0]["division_code"] = "370202001"
    request = town.request()
    with opened(request) as connection:
        watched = watch(connection, Engine(connection, request), request)
        keeping.keep(connection, watched, request.as_of, tmp_path)
    kept = keeping.read(tmp_path)
    assert (kept.as_of, kept.watched) == (request.as_of, watched)
    assert kept.watched.moves
    assert kept.watched.projects[1].completed is None
    assert kept.divisions == {"E1": "370202"}  # the others say no district


def test_a_report_of_an_older_release_has_none(tmp_path):
    assert keeping.read(tmp_path) is None


def test_why_a_monitor_could_not_look_is_kept(town, tmp_path):
    request = town.request()
    with opened(request) as connection:
        watched = watch(connection, Engine(connection, request), request)
        keeping.keep(connection, watched, request.as_of, tmp_path)
    assert keeping.read(tmp_path).watched.absent == watched.absent != {}
