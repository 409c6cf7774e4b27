"""The pages with data in a real browser: accessible in both languages, narrow, by keyboard, and without a script."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from portal import accounts
from portal.accounts import Account
from portal.app import create_app
from portal.config import PortalConfig
from registry.judgements import ledger
from registry.judgements.judgement import withdraw
from tests.portal.city_hall import CHIEF, LI, MORNING, SUN
from tests.portal.conftest import serving
from tests.portal.matched import keep_match, town
from tests.portal.monitor_report import reported
from tests.portal.test_identity import LINK

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that a test makes


@pytest.fixture(scope="module")
def desk(hall):
    """The portal of a supervisor, with a match that left links open."""
    keep_match(hall.workplace.zones, town())
    with reported(hall), serving(hall.app(CHIEF)) as address:
        yield address


@pytest.fixture(scope="module")
def finding(hall):
    found = hall.plant(master="P000000912", link=json.dumps(LINK))
    hall.office.act(LI, found, "take", 0, text="电话联系单位")
    return found


@pytest.fixture
def page(browser):
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        opened = context.new_page()
        opened.complaints = []
        opened.on("console", lambda told: opened.complaints.append(told.text))
        yield opened


PAGES = (
    "/findings?id=P00000001&pick=all", "/findings?severity=high&severity=low&id=P&overdue=1", "/findings/{finding}",
    "/board", "/subjects/P000000912", "/subjects/P000000000", "/links",
    "/findings/{finding}/identity", "/key-taxpayers", "/projects",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_narrow_or_wide(page, desk, finding, path, language):
    address = desk + path.format(finding=finding)
    page.goto(f"{address}{'&' if '?' in path else '?'}lang={language}")
    for opened in page.locator("summary").all():
        opened.click()
    found = Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.complaints == []


def test_the_map_leads_to_a_district_by_keyboard(page, desk):
    page.goto(f"{desk}/board")
    page.locator("#map .levels a").last.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("市南区: ")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/findings\?district=370202"))


def test_the_list_is_filtered_sorted_and_opened_by_keyboard(page, desk):
    page.goto(f"{desk}/findings")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "rule"
    page.locator('input[value="unregistered_taxpayer"]').focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")  # a form is sent from any of its fields
    page.wait_for_url(re.compile(r"rule="))
    first = page.locator("tbody tr").first
    assert first.locator("th a").inner_text() == page.locator(".chosen li").inner_text().partition(": ")[2]
    page.locator("thead a", has_text="估算").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"sort=estimate&down=1"))
    amounts = page.locator("tbody tr td:nth-child(5)").all_inner_texts()
    yuan = [float(text.split("\n")[0].replace(",", "")) for text in amounts]
    assert yuan == sorted(yuan, reverse=True)
    page.locator("tbody th a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/findings/F"))


def test_uncertain_links_are_put_off_and_decided_by_keyboard(page, hall, desk):
    keys = page.context.new_cdp_session(page)

    def with_alt(letter):
        """As a keyboard sends it: with the letter, which the browser looks for among the access keys."""
        key = {"key": letter, "code": f"Key{letter.upper()}", "windowsVirtualKeyCode": ord(letter.upper()),
               "modifiers": 1, "text": letter, "unmodifiedText": letter}  # fmt: skip
        for kind in ("rawKeyDown", "char", "keyUp"):
            keys.send("Input.dispatchKeyEvent", key | {"type": kind})

    place = page.locator('form.decide input[name="place"]')
    page.goto(f"{desk}/links")
    first = place.input_value()
    with_alt("l")
    expect(place).not_to_have_value(first)  # the address may stay as it is: the list is shorter by the link decided
    second = place.input_value()
    with_alt("n")
    expect(place).not_to_have_value(second)
    assert place.input_value() != first
    with hall.workplace.engine.connect() as connection:
        made = ledger.read(connection)[-1]
    assert (made.said.kind, made.author.name) == ("not_link", CHIEF.name)
    with hall.workplace.engine.begin() as connection:
        ledger.add(connection, made.author, [withdraw(made)], MORNING)


def test_a_case_is_worked_without_a_script_and_a_conflict_loses_nothing(browser, hall, desk):
    found = hall.plant(master="P000000913")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{desk}/findings?id=P000000913")
        page.locator("tbody th a").click()
        step = page.locator("details", has=page.locator('input[name="action"][value="suppress"]'))
        step.locator("summary").click()
        step.locator("select").select_option("appeal_pending")
        step.locator('input[type="date"]').fill("2026-05-05")
        step.locator("textarea").fill("已提起复议")
        hall.office.act(SUN, found, "note", 0, text="联系过了")
        step.get_by_role("button").click()
        assert page.locator("h1").inner_text() == "他人已先办理"
        assert "sun" in page.get_by_role("alert").inner_text()
        assert page.locator("form textarea").input_value() == "已提起复议"
        assert page.locator('form input[type="date"]').input_value() == "2026-05-05"
        page.locator("form.step").get_by_role("button").click()
        assert "暂缓处理" in page.locator("#case-title").inner_text()
        assert page.locator(".history").inner_text().count("sun") == 1
    assert hall.office.row(found)["version"] == 2


@pytest.mark.parametrize(("language", "words"), [("zh", ("领取", "已分派")), ("en", ("Take", "Assigned"))])
def test_somebody_signs_in_filters_opens_decides_and_takes_the_file(page, hall, words, language):
    name, master = f"auditor-{language}", f"P00000092{len(words[0])}"
    found = hall.plant(master=master)
    with hall.workplace.engine.begin() as connection:
        account = Account(name, "auditor", ("370202",), disabled=False, has_password=True, identity=None)
        accounts.add(connection, account, PASSWORD, at=MORNING)
    with serving(create_app(PortalConfig(), hall.workplace)) as address:
        page.goto(f"{address}/findings?lang={language}")
        page.locator('input[name="account"]').fill(name)
        page.locator('input[name="password"]').fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/findings*")
        page.locator('.filter input[name="id"]').fill(master)
        page.keyboard.press("Enter")
        page.wait_for_url("**id=P*")
        with page.expect_download() as download:
            page.locator('a[href^="/findings.csv"]').click()
        assert found in Path(download.value.path()).read_text("utf-8-sig")
        page.locator("tbody th a").click()
        page.locator("summary", has_text=words[0]).click()
        page.locator("details[open]").get_by_role("button").click()
        assert words[1] in page.locator("#case-title").inner_text()
        page.locator(".sign-out button").click()
        page.goto(f"{address}/findings/{found}")
        assert page.locator('input[name="password"]').is_visible()
    assert hall.office.row(found)["owner"] == name


def test_a_conflict_and_a_refusal_are_accessible(page, hall, desk):
    found = hall.plant(master="P000000914")
    page.goto(f"{desk}/findings/{found}")
    step = page.locator("details", has=page.locator('input[value="assign"]'))
    step.locator("summary").click()
    step.locator('input[name="owner"]').fill("sun")
    step.locator('input[name="due_on"]').evaluate("it => it.removeAttribute('min')")
    step.locator('input[name="due_on"]').fill("2026-03-01")
    step.get_by_role("button").click()
    assert page.get_by_role("alert").is_visible()
    assert Axe().run(page).violations_count == 0
    page.locator('details[open] input[name="due_on"]').fill("2026-04-20")
    hall.office.act(SUN, found, "take", 0)
    page.locator("details[open]").get_by_role("button").click()
    assert page.locator("h1").inner_text() == "他人已先办理"
    assert Axe().run(page).violations_count == 0


def test_print_leaves_out_what_cannot_be_used_on_paper(page, desk, finding):
    page.goto(f"{desk}/findings/{finding}")
    page.emulate_media(media="print")
    assert not page.locator(".steps").is_visible()
    assert not page.locator("header").is_visible()
    assert page.locator(".history").is_visible()
    assert page.locator(".waterfall .weight").first.is_visible()
    assert page.locator(".beside").first.evaluate("it => it.scrollWidth <= it.clientWidth + 1")
