"""Every format of the report holds whatever a department wrote, and one that fails takes nothing else with it."""

import json
import re
import signal
from datetime import date
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from mismatches import report, report_pdf, workbook
from schemas.rendering.fonts import picture_font
from storage import stopping
from tests.mismatches.facts import declare, enterprise, uscc

PROJECT = "project_tax_gap"
FORMATS = ("findings.xlsx", "report.html", "report.pdf")
LONG = 40_000
TEXTS = {
    "a Chinese name": "项" * LONG,
    "no place to break": "W" * LONG,
    "the widest characters": "\u2e3b" * LONG,
    "blanks": "a " * (LONG // 2),
    "lines": "甲\n" * (LONG // 2),
    "control characters": "\0\x01\x0b\x1b\x7f\x85\u2028" * (LONG // 7) + "乙",
    "astral characters": "𠮷😀" * (LONG // 2),
    "right to left": "شركة\u202e" * (LONG // 5),
    "marks on one letter": "a" + "\u0301" * LONG,
    "every character": "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0xE800)]))[:LONG],
    "markup": "<b>&amp;]]>{nb}**__{{ x }}=1+1" * 1000,
}


GROUPS = [list(TEXTS)[start : start + 4] for start in range(0, len(TEXTS), 4)]


@pytest.fixture
def town(city):
    """One large project of an accused owner; enterprises and further projects with odd names are added to it."""
    city.only = (PROJECT, "unregistered_taxpayer")
    enterprise(city, 1)
    declare(city, 1, "VAT", date(2025, 4, 10), 1, 1)
    name_all(city, "厂房扩建项目")
    return city


def name_all(city, name):
    """A project and an enterprise without tax record, both of that name and both accused."""
    key = len(city.rows["commerce.enterprise"]) + 1
    enterprise(city, key, taxpayer=False, name=name, established_on=date(2020, 1, 1))
    project = {
        "record_id": f"J{key}", "name": name, "owner_uscc": uscc(1), "owner_name": "青岛甲乙1有限公司",
        "total_investment": Decimal(80_000_000), "completed_investment": Decimal(50_000_000),
        "started_on": date(2025, 3, 15),
    }  # fmt: skip
    city.add("development_reform.project", project)


@pytest.mark.parametrize("names", GROUPS, ids="; ".join)
def test_all_formats_hold_any_name(town, names):
    for name in names:
        name_all(town, TEXTS[name])
    checked = town.check(reports=True, monitors=True)
    assert [checked.counts(rule)[0] for rule in town.only] == [1 + len(names)] * 2
    assert "reports_failed" not in checked.manifest.facts
    assert all((checked.out / each).stat().st_size for each in FORMATS)
    book = CalamineWorkbook.from_path(checked.out / "findings.xlsx")
    rows = [row for sheet in book.sheet_names for row in book.get_sheet_by_name(sheet).to_python()]
    assert max(len(str(cell).encode("utf-16-le")) // 2 for row in rows for cell in row) <= 32_767
    page = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", (checked.out / "report.html").read_text("utf-8"), flags=re.S)
    assert max(map(len, re.split(r"<[^>]*>", page))) < 2_000


@pytest.mark.parametrize("broken", [report_pdf, workbook, report], ids=lambda module: module.__name__)
def test_a_format_that_fails_leaves_the_findings_and_the_other_formats(town, monkeypatch, broken, caplog):
    name = {report_pdf: "report.pdf", workbook: "findings.xlsx", report: "report.html"}[broken]

    def fail(*_):
        raise ValueError("厂房扩建项目")

    kept = []
    monkeypatch.setattr(broken, "write", fail)
    checked = town.check(reports=True, record=lambda _, runs, __: kept.extend(runs))
    assert {each for each in FORMATS if (checked.out / each).exists()} == set(FORMATS) - {name}
    assert checked.manifest.facts["reports_failed"] == [name]
    assert json.loads((checked.out / "summary.json").read_text("utf-8"))["reports_failed"] == [name]
    assert len(checked.findings) == sum(run.findings for run in kept) == 2
    assert f"{name} could not be written: ValueError" in caplog.text
    assert "厂房" not in caplog.text


def test_a_stop_that_looks_like_a_failure_of_a_format_stops_the_report(town, monkeypatch):
    """DuckDB makes a plain error of Ctrl-C."""

    def interrupted(*_):
        stopping._received.append(signal.SIGINT)
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(stopping, "_received", [])
    monkeypatch.setattr(workbook, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        town.check(reports=True)


@pytest.mark.parametrize("down", range(150, 281, 13))
def test_no_heading_of_the_pdf_stands_alone_at_the_foot_of_a_page(city, monkeypatch, down):
    sheet = report_pdf._Sheet(city.request(), picture_font(report_pdf._Sheet.ALWAYS).folder / "regular.ttf")
    pages, write = {}, sheet.multi_cell

    def spy(*given, **options):
        if not options.get("dry_run"):
            pages[options.get("text") or given[2]] = sheet.page_no()
        return write(*given, **options)

    monkeypatch.setattr(sheet, "multi_cell", spy)
    row = "\n".join("a" * 10)
    blocks = [
        report_pdf._Text("title", 13.0, above=5),
        report_pdf._Text("hits", 10.5, above=1.5),
        report_pdf._Table(("head", "b"), [(row, "1"), (row, "2")], (1, 1), frozenset()),
    ]
    sheet.set_y(down)  # millimetres
    for place, block in enumerate(blocks):
        sheet.put(block, blocks[place + 1 :])
    sheet.output()  # closes its font
    assert pages["title"] == pages["hits"] == pages["1"]
    assert pages["title"] == (1 if down < 216 else 2)
