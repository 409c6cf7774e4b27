"""The shell in a real browser: both languages, by keyboard, without a script, accessible."""

import pytest
from axe_playwright_python.sync_playwright import Axe


@pytest.fixture
def page(browser):
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


@pytest.mark.parametrize("path", ["/?lang=zh", "/?lang=en", "/nowhere?lang=zh", "/nowhere?lang=en"])
def test_a_page_is_accessible_and_its_style_passes_the_content_policy(page, address, path):
    page.goto(address + path)
    assert page.locator("header").evaluate("it => getComputedStyle(it).backgroundColor") == "rgb(31, 58, 95)"
    found = Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()


def test_the_first_key_skips_to_the_content(page, address):
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_language_is_switched_and_kept_without_a_script(browser, address):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("link", name="English").click()
        assert page.locator("h1").inner_text() == "Portal of the cross-checks"
        page.goto(address)
        assert page.locator("h1").inner_text() == "Portal of the cross-checks"


def test_a_narrow_window_does_not_scroll_sideways(page, address):
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(address + "/?lang=en")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
