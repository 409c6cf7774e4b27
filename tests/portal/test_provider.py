"""Signing in through an OpenID provider: who comes in, whose tokens are refused, and what stays behind."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from portal import accounts
from portal.accounts import Account
from portal.app import create_app
from portal.attempts import MOST_OF_ADDRESS
from portal.config import PortalConfig, Provider
from portal.desk import Workplace
from portal.provider import KEPT_FOR, Trip, identity_of
from portal.tables import METADATA, event
from storage.errors import BadSpecification
from tests.portal.asking import Reader
from tests.portal.city_hall import MORNING
from tests.portal.conftest import serving
from tests.portal.tiny_provider import CLIENT, SECRET, TinyProvider

PORTAL = "http://localhost:8088/"


class Street:
    """A provider, a portal that trusts it, and a clock for both; a year after the tests of passwords."""

    def __init__(self, hall):
        self.at, self.hall = MORNING + timedelta(days=365), hall
        self.provider = TinyProvider(lambda: self.at)

    def portal(self, *, https=False, issuer=None):
        workplace = Workplace(self.hall.office.engine, self.hall.workplace.zones, lambda: self.at)
        spec = Provider(issuer or self.provider.issuer, CLIENT, SECRET, PORTAL)
        return create_app(PortalConfig(https=https, provider=spec), workplace)

    def account(self, name, subject, districts=("370202",)):
        identity = identity_of(self.provider.issuer, subject)
        with self.hall.office.engine.begin() as connection:
            accounts.add(connection, Account(name, "auditor", districts, False, False, identity), None, at=self.at)


@pytest.fixture(scope="module")
def street(hall):
    made = Street(hall)
    with serving(made.provider.app) as address:
        made.provider.issuer = address
        made.account("mei", "f3a1")
        yield made


@pytest.fixture
def provider(street):
    """The provider as it is when it is honest."""
    street.at += timedelta(days=1)
    honest = street.provider
    honest.subject, honest.signer, honest.lies, honest.said = "f3a1", None, {}, {}
    honest.asked.clear()
    return honest


def leave(reader, to="/findings"):
    answer = reader.get("/sign-in/provider", params={"next": to})
    assert answer.status_code == 303
    return answer.headers["location"]


def sent_back(address):
    """The path that the provider sends a reader to."""
    location = httpx.get(address).headers["location"]
    assert location.startswith("http://localhost:8088/sign-in/back?")
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}"


def come(reader, to="/findings"):
    return reader.get(sent_back(leave(reader, to)))


def test_whoever_the_provider_knows_comes_in_and_goes_where_they_wanted(street, provider):
    reader = Reader(street.portal())
    asked = reader.get("/findings?rule=unregistered_taxpayer").headers["location"]
    link = re.search(r'href="(/sign-in/provider[^"]*)"', reader.get(asked).text)[1].replace("&amp;", "&")
    answer = reader.get(sent_back(reader.get(link).headers["location"]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings?rule=unregistered_taxpayer")
    page = reader.get("/findings")
    assert page.status_code == 200
    assert "mei · 稽查人员" in page.text
    assert "sitong_trip" not in reader.cookies


def test_what_the_provider_says_is_asked_once_in_an_hour(street, provider):
    app = street.portal()
    for _ in range(2):
        assert come(Reader(app)).status_code == 303
    assert provider.asked == ["metadata", "token", "keys", "token"]
    street.at += KEPT_FOR
    come(Reader(app))
    assert provider.asked[4:] == ["metadata", "token", "keys"]


def test_a_new_key_of_the_provider_is_asked_for(street, provider):
    app = street.portal()
    come(Reader(app))
    provider.turn_keys()
    assert come(Reader(app)).status_code == 303


def test_a_provider_that_wants_the_secret_in_the_form_gets_it(street, provider):
    provider.said = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert come(Reader(street.portal())).status_code == 303


@pytest.mark.parametrize("subject", ["nobody-here", "F3A1", "f3a1 "])
def test_a_subject_without_an_account_stays_outside(street, provider, subject):
    provider.subject = subject
    reader = Reader(street.portal())
    answer = come(reader)
    assert answer.status_code == 403
    assert "该身份没有对应的账户" in answer.text
    assert subject not in answer.text
    assert reader.get("/findings").status_code == 303


@pytest.mark.parametrize("signer", ["none", "shared", "stranger"])
def test_a_token_that_others_could_have_made_is_refused(street, provider, signer):
    provider.signer = signer
    refused(street)


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "https://id.example"}, {"iss": None}, {"nonce": "of another request"}, {"nonce": None},
        {"aud": "another client"}, {"aud": "another client", "azp": CLIENT},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"exp": 1}, {"exp": None}, {"iat": 4102444800}, {"sub": ""}, {"sub": None}, {"sub": 7}, {"sub": "x" * 256},
        {"at_hash": "of another token"},
    ],
)  # fmt: skip
def test_a_token_for_somebody_or_something_else_is_refused(street, provider, lies):
    provider.lies = lies
    refused(street)


def refused(street):
    reader = Reader(street.portal())
    answer = come(reader)
    assert answer.status_code == 403
    assert "统一身份认证未完成" in answer.text
    assert reader.get("/findings").status_code == 303


def test_nobody_comes_back_who_did_not_leave(street, provider):
    app = street.portal()
    way = sent_back(leave(Reader(app)))
    assert Reader(app).get(way).status_code == 400  # somebody else's browser
    other = Reader(app)
    leave(other)
    assert other.get(way).status_code == 400
    assert other.get("/sign-in/back").status_code == 400
    assert "token" not in provider.asked


@pytest.mark.parametrize("junk", ["", "%00", "%ff%fe", "%ED%A0%80", "é", "x" * 5000, ".", "../..", "'--"])
def test_junk_on_the_way_back_is_refused_and_nothing_fails(street, provider, junk):
    reader = Reader(street.portal())
    leave(reader)
    planted = {"cookie": f"sitong_trip={junk}".encode()}
    assert reader.get("/sign-in/back?state=x", headers=planted).status_code == 400
    for name in ("code", "state", "iss"):
        assert reader.get(f"/sign-in/back?{name}={junk}").status_code == 400
    assert reader.get(f"/sign-in/provider?next={junk}").status_code == 303
    known = sent_back(leave(reader))
    assert reader.get(re.sub("code=[^&]+", f"code={junk}", known)).status_code in (400, 403)


def test_a_code_of_another_readers_trip_is_refused(street, provider):
    app = street.portal()
    victim, thief = Reader(app), Reader(app)
    stolen = re.search("code=([^&]+)", sent_back(leave(victim)))[1]
    own = sent_back(leave(thief))
    assert thief.get(re.sub("code=[^&]+", f"code={stolen}", own)).status_code == 403


def test_a_way_back_leads_once(street, provider):
    reader = Reader(street.portal())
    way = sent_back(leave(reader))
    assert reader.get(way).status_code == 303
    assert reader.get(way).status_code == 400


@pytest.mark.parametrize("change", [("code=[^&]+&", ""), ("iss=[^&]+", "iss=https://id.example")])
def test_a_refusal_of_the_provider_and_an_answer_of_another_one_let_nobody_in(street, provider, change):
    reader = Reader(street.portal())
    assert reader.get(re.sub(*change, sent_back(leave(reader)))).status_code == 403
    assert "token" not in provider.asked


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/" + "%" * 1500])
def test_nobody_is_led_elsewhere(street, provider, to):
    assert come(Reader(street.portal()), to).headers["location"] == "/"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"issuer": "https://id.example"}, 403),
        ({"token_endpoint": "http://192.0.2.1/token"}, 403),
        ({"jwks_uri": None}, 403),
    ],
)
def test_a_provider_that_is_another_or_not_safe_is_not_used(street, provider, said, status):
    provider.said = said
    assert Reader(street.portal()).get("/sign-in/provider").status_code == 403
    assert provider.asked == ["metadata"]


def test_where_the_provider_is_silent_passwords_still_work(street, provider):
    reader = Reader(street.portal(issuer="http://127.0.0.1:9"))
    answer = reader.get("/sign-in/provider")
    assert answer.status_code == 503
    assert "统一身份认证暂时无法使用" in answer.text
    assert 'name="password"' in answer.text


def test_a_portal_without_a_provider_has_no_such_pages(hall):
    reader = Reader(create_app(PortalConfig(), hall.workplace))
    assert reader.get("/sign-in/provider").status_code == 404
    assert reader.get("/sign-in/back").status_code == 404
    assert "/sign-in/provider" not in reader.get("/sign-in").text


def test_an_address_that_guesses_codes_is_stopped(street, provider):
    app = street.portal()
    for _ in range(MOST_OF_ADDRESS):
        reader = Reader(app, peer="192.0.2.99")
        assert reader.get(re.sub("code=[^&]+", "code=guess", sent_back(leave(reader)))).status_code == 403
    assert come(Reader(app, peer="192.0.2.99")).status_code == 429
    assert come(Reader(app)).status_code == 303


def test_a_disabled_account_does_not_come_in_through_the_provider(street, provider):
    street.account("hua", "d15a")
    with street.hall.office.engine.begin() as connection:
        accounts.set_disabled(connection, "hua", disabled=True, at=street.at)
    provider.subject = "d15a"
    assert come(Reader(street.portal())).status_code == 403


def test_over_tls_the_trip_belongs_to_this_host_alone(street, provider):
    answer = Reader(street.portal(https=True)).get("/sign-in/provider")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sitong_trip=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Domain" not in cookie


def test_who_came_and_how_often_somebody_was_refused_is_written_down(street, provider):
    app = street.portal()
    come(Reader(app))
    provider.subject = "nobody-here"
    come(Reader(app))
    provider.signer = "stranger"
    come(Reader(app))
    query = select(event.c.account, event.c.what, event.c.by).where(event.c.at == street.at).order_by(event.c.event)
    with street.hall.office.engine.connect() as connection:
        told = [tuple(row) for row in connection.execute(query)]
    assert told == [("mei", "signed in by provider", "mei"), *[("?", "sign-in refused", "portal")] * 2]


def test_nothing_of_the_token_but_who_it_is_stays(street, provider):
    reader = Reader(street.portal())
    come(reader)
    with street.hall.office.engine.connect() as connection:
        kept = [str(row) for table in METADATA.sorted_tables for row in connection.execute(select(table))]
    assert not [row for row in kept if "不应留下的姓名" in row]
    assert any("f3a1" in row for row in kept)


def test_state_nonce_and_verifier_do_not_tell_each_other():
    one, other = Trip.begun(), Trip.begun()
    words = {part for trip in (one, other) for part in (trip.secret, trip.state, trip.nonce, trip.verifier)}
    assert len(words) == 8
    assert Trip(one.secret).state == one.state
    assert len(one.verifier) >= 43  # RFC 7636, 4.1


def test_an_identity_belongs_to_one_account_and_replaces_its_password(street, provider):
    with street.hall.office.engine.begin() as connection:
        shu, password = Account("shu", "auditor", None, False, True, None), "correct horse battery"
        accounts.add(connection, shu, password, at=street.at)
        for wrong in (identity_of(provider.issuer, "f3a1"), "f3a1", "http://id.example#x", "https://id.example#"):
            with pytest.raises(BadSpecification):
                accounts.set_identity(connection, "shu", wrong, at=street.at)
        accounts.set_identity(connection, "shu", identity_of(provider.issuer, "5a0"), at=street.at)
        assert accounts.verified(connection, "shu", password) is None
    provider.subject = "5a0"
    assert come(Reader(street.portal())).status_code == 303


@pytest.mark.parametrize("change", [{"issuer": "http://id.example"}, {"portal": "http://portal.example"}])
def test_addresses_that_send_codes_in_the_open_are_refused(change):
    with pytest.raises(BadSpecification):
        Provider(**{"issuer": "https://id.example", "client_id": "c", "client_secret": "s", "portal": PORTAL} | change)


def signed_out(street, provider):
    reader = Reader(street.portal())
    come(reader)
    mark = re.search(r'name="csrf" value="([^"]+)"', reader.get("/").text).group(1)
    answer = reader.post("/sign-out", data={"csrf": mark})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-out/provider")
    return reader.get("/sign-out/provider")


def test_signing_out_ends_the_session_at_the_provider_where_it_offers_that(street, provider):
    provider.said = {"end_session_endpoint": f"{provider.issuer}/out"}
    page = signed_out(street, provider)
    way = page.headers["refresh"].removeprefix("0; url=")
    assert way.startswith(f"{provider.issuer}/out?client_id=sitong+portal&post_logout_redirect_uri=")
    assert way.replace("&", "&amp;") in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("said", [{}, {"end_session_endpoint": "http://id.example/out"}, {"end_session_endpoint": 7}])
def test_a_provider_without_a_safe_way_out_is_left_alone(street, provider, said):
    provider.said = said
    answer = signed_out(street, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
