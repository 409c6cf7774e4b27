"""Sign-in and the pages of officers in a real browser, accessible in both languages."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from portal import accounts
from portal.accounts import Account
from portal.app import create_app
from portal.config import PortalConfig
from tests.portal.city_hall import DISTRICTS, MORNING
from tests.portal.conftest import serving

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that a test makes
SUBJECT = "P000000917"
PEOPLE = {"tan": ("auditor", DISTRICTS[:1]), "he": ("security_officer", None), "gao": ("administrator", None)}


@pytest.fixture(scope="module")
def portal(hall):
    with hall.office.engine.begin() as connection:
        for name, (role, districts) in PEOPLE.items():
            accounts.add(connection, Account(name, role, districts, False, True, None), PASSWORD, at=MORNING)
    with serving(create_app(PortalConfig(), hall.workplace)) as address:
        yield address


@pytest.fixture
def page(browser):
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


def sign_in(page, portal, name):
    page.goto(f"{portal}/sign-in")
    page.locator("#account").fill(name)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("form.sign-out").wait_for()


def check(page):
    found = Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_session_does_not_lead_into_another_district(page, hall, portal):
    finding, other = (hall.plant(master=SUBJECT, division=district) for district in DISTRICTS[:2])
    sign_in(page, portal, "tan")
    assert page.goto(f"{portal}/findings/{finding}").status == 200
    assert page.goto(f"{portal}/findings/{other}").status == 404
    page.goto(f"{portal}/subjects/{SUBJECT}")
    assert [one in page.content() for one in (finding, other)] == [True, False]


def test_a_wrong_password_is_told_and_the_page_of_sign_in_is_accessible(page, portal):
    page.goto(f"{portal}/sign-in")
    check(page)
    page.locator("#account").fill("gao")
    page.locator("#password").fill("wrong password here")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.locator("#account").input_value() == "gao"
    assert page.locator("#password").input_value() == ""
    check(page)


@pytest.mark.parametrize(("name", "path"), [("he", "/looks"), ("gao", "/accounts"), ("tan", "/")])
def test_the_pages_of_officers_and_the_front_page_are_accessible(page, portal, name, path):
    sign_in(page, portal, name)
    for language in ("zh", "en"):
        page.goto(f"{portal}{path}?lang={language}")
        check(page)
