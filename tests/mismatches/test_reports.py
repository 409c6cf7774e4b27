"""The workbook and the page: ids intact, nothing becomes a formula, nothing outside is asked for, glyphs are there."""

import re
import stat
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from python_calamine import CalamineWorkbook

from mismatches import report_pdf, workbook
from mismatches.cases.outcome_columns import FILLED, HEADINGS
from mismatches.wording import UNKNOWN, masked, written
from mismatches.workbook import both
from schemas.rendering.fonts import picture_font
from tests.mismatches.conftest import ENGINE_RULES

NUMBER = "11010519491231002X"
USCC = "91350100M000100Y43"
RULE = "underdeclared_contribution_base"


@pytest.fixture(scope="module")
def town(shared_city):
    """Three people of one employer with hostile names, one of them with two insurances."""
    city = shared_city
    city.only = ENGINE_RULES
    city.add("social_security.employer", {"record_id": "0001", "name": "=1+2公司", "uscc": USCC})
    city.add("tax.taxpayer", {"record_id": "T1", "name": "<b>公司</b> & 子", "taxpayer_id": USCC})
    city.link("E1", "social_security.employer:0001", "tax.taxpayer:T1")
    for key, name in enumerate(["+张伟", "@李娜", "-王䶮"]):
        city.add("tax.natural_person", {"record_id": f"N{key}", "name": name, "id_number": NUMBER})
        row = {"name": name, "id_number": NUMBER, "employer_no": "0001", "status": "1",
               "insured_from": date(2020, 1, 1), "updated_at": datetime.fromisoformat("2026-03-30")}  # fmt: skip
        city.add("social_security.insured", row | {"record_id": f"000{key}", "contribution_base": Decimal(2000 + key)})
        city.link(f"P{key}", f"tax.natural_person:N{key}", f"social_security.insured:000{key}", probability=0.987654)
        city.add(
            "tax.wage",
            {"record_id": f"00{key}", "taxpayer_id": USCC, "person_record_id": f"N{key}", "tax_year": 2025,
             "wages": Decimal("120000.50")},
        )  # fmt: skip
    city.add("social_security.insured", row | {"record_id": "0009", "contribution_base": Decimal("1.5")})
    city.link("P2", "social_security.insured:0009")
    return city


@pytest.fixture(scope="module")
def out(town):
    return town.check(reports=True).out


@pytest.fixture
def book(out):
    return CalamineWorkbook.from_path(out / "findings.xlsx")


def test_the_workbook_keeps_ids_and_texts_as_they_are(book):
    rows = book.get_sheet_by_name(RULE).to_python()
    head = [str(cell) for cell in rows[1]]
    assert len(rows) == 5
    first = dict(zip(head, rows[2], strict=True))
    assert first["估算值（元）\nEstimate, likely (yuan)"] == pytest.approx(
        float((Decimal("0.95") * Decimal("120000.50") - 2000 * 12) * Decimal("0.26")), abs=0.005
    )
    flat = {cell for row in rows for cell in row}
    assert {"0000", "0001", NUMBER, USCC, "=1+2公司", "+张伟", "@李娜", "<b>公司</b> & 子"} <= flat
    assert "0002\n0009" in flat  # two insurances of one pair, one below the other
    assert 2000.0 in flat  # an amount of a single record is a number
    assert head[-5:] == [both(HEADINGS[name]) for name in FILLED]
    assert str(rows[0][-5]).endswith("2026-03-31T08:00:00+00:00")
    assert rows[2][-5:] == [""] * 5


def test_the_summary_sheet_has_counts_and_what_did_not_run(book):
    rows = book.get_sheet_by_name("汇总 Summary").to_python()
    line = next(row for row in rows if row[0] == RULE)
    assert line[2:5] == [3, 0, 0]
    assert any("dataset tax.declaration is absent" in str(cell) for row in rows for cell in row)
    assert book.sheet_names == ["汇总 Summary", RULE]


def test_a_full_sheet_goes_on_in_the_next(town, monkeypatch):
    monkeypatch.setattr(workbook, "ROWS_OF_A_SHEET", 4)
    book = CalamineWorkbook.from_path(town.check(reports=True).out / "findings.xlsx")
    assert book.sheet_names == ["汇总 Summary", RULE, RULE[:29] + "_2"]
    assert [len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names[1:]] == [4, 3]


def test_the_pdf_says_the_same_with_numbers_masked_and_its_own_glyphs(town, monkeypatch):
    drawn = []

    def spy(text):
        drawn.append(text)
        return picture_font(text)

    monkeypatch.setattr(report_pdf, "picture_font", spy)
    written_to = town.check(reports=True).out / "report.pdf"
    content, [text] = written_to.read_bytes(), drawn
    assert content.startswith(b"%PDF-")
    assert b"/FontFile2" in content
    for told in (
        "社保缴费基数申报不足",
        "Under-declared contribution base",
        "=1+2公司",
        "120,000.50",
        "98.8 %",
        "待核定",
    ):
        assert told in text
    assert NUMBER not in text
    assert stat.S_IMODE(written_to.stat().st_mode) == 0o600


@pytest.fixture
def page(out):
    return (out / "report.html").read_text("utf-8")


def test_the_page_asks_for_nothing_outside(page):
    addresses = set(re.findall(r"(?:https?:)?//[^\s\"'<>)]+", page.replace("data:font/woff;base64,", "")))
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert {address for address in addresses if "." in address} <= namespaces
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_the_page_speaks_both_languages_and_escapes_names(page):
    assert "社保缴费基数申报不足" in page
    assert "Under-declared contribution base" in page
    assert "&lt;b&gt;公司&lt;/b&gt;" in page
    assert "<b>公司" not in page
    assert "120,000.50" in page
    assert "98.8 %" in page
    assert "dataset tax.declaration is absent" in page


def test_the_page_masks_numbers_and_the_ids_of_its_pictures_are_unique(page):
    assert NUMBER not in page
    assert "1101************2X" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_font_of_the_page_has_every_character_of_it(page):
    import base64

    encoded = re.search(r"base64,([A-Za-z0-9+/=]+)\)", page)[1]
    with TTFont(BytesIO(base64.b64decode(encoded))) as font:
        known = set(map(chr, font.getBestCmap()))
    text = re.sub(r"<style>.*?</style>|<[^>]*>", "", page, flags=re.DOTALL)
    assert set(text) - known <= {"\n", "\t"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("7200"), "7,200"), (Decimal("7200.5"), "7,200.50"), (Decimal("0.90"), "0.90"), (Decimal("0.9"), "0.9"),
     (Decimal("30"), "30"), (date(2025, 1, 2), "2025-01-02"), (None, UNKNOWN), (Decimal("3.0"), "3")],
)  # fmt: skip
def test_figures_as_a_reader_sees_them(value, text):
    assert written(value) == text


def test_short_identifiers_are_not_masked_and_long_ones_keep_their_ends():
    assert masked("1234567") == "1234567"
    assert masked(NUMBER) == "1101************2X"
