"""Signing in through a provider of another site in a real browser: cookies come along, the content policy lets it."""

from dataclasses import replace

import pytest

from portal import accounts
from portal.accounts import Account
from portal.app import create_app
from portal.config import PortalConfig, Provider
from portal.provider import IdentityProvider, identity_of
from tests.portal.city_hall import MORNING
from tests.portal.conftest import serving
from tests.portal.tiny_provider import CLIENT, SECRET, TinyProvider


@pytest.fixture(scope="module")
def portal(hall):
    """The address of a portal; `localhost` and the provider's 127.0.0.1 are two sites for a browser."""
    provider, app = TinyProvider(hall.workplace.now), create_app(PortalConfig(), hall.workplace)
    with serving(provider.app) as issuer, serving(app) as listening:
        provider.issuer, address = issuer, listening.replace("127.0.0.1", "localhost")
        spec = Provider(issuer, CLIENT, SECRET, address)  # the address is known only once it is served
        app.state.config, app.state.provider = replace(app.state.config, provider=spec), IdentityProvider(spec)
        mu = Account("mu", "auditor", ("370202",), False, False, identity_of(issuer, provider.subject))
        with hall.office.engine.begin() as connection:
            accounts.add(connection, mu, None, at=MORNING)
        yield address


def test_a_reader_comes_in_through_another_site_to_the_page_they_wanted(browser, portal):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{portal}/findings?severity=high")
        page.get_by_role("link", name="使用统一身份认证登录").click()
        page.locator("form.sign-out").wait_for()
        assert page.url == f"{portal}/findings?severity=high"
        assert "mu" in page.locator(".who").inner_text()
        page.locator("form.sign-out button").click()
        page.goto(f"{portal}/findings")
        assert page.url.startswith(f"{portal}/sign-in")
