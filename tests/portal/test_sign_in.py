"""Signing in and out: sessions that end, attempts that are counted, forms that no other site can send."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import select

from portal import accounts, attempts, sessions
from portal.accounts import Account
from portal.app import create_app
from portal.attempts import FORGOTTEN_AFTER, MOST_OF_ACCOUNT, MOST_OF_ADDRESS
from portal.config import PortalConfig
from portal.desk import Workplace
from portal.pace import MOST, Pace
from portal.sign_in import within
from portal.tables import METADATA
from storage.errors import BadSpecification
from tests.portal.asking import Reader
from tests.portal.city_hall import MORNING

PEOPLES_HASHER = accounts._hasher  # taken before tests get a quicker one
PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that a test makes


class Door:
    """A portal with accounts, and a clock that can be moved."""

    def __init__(self, hall, *, https=False):
        self.at = MORNING
        self.engine = hall.office.engine
        self.app = create_app(PortalConfig(https=https), Workplace(self.engine, hall.workplace.zones, lambda: self.at))

    def account(self, name, role="auditor", districts=("370202",), password=PASSWORD):
        with self.engine.begin() as connection:
            accounts.add(connection, Account(name, role, districts, False, True, None), password, at=self.at)
        return name

    def reader(self, peer="192.0.2.7"):
        return Reader(self.app, peer=peer)

    def change(self, change, *args, **given):
        with self.engine.begin() as connection:
            change(connection, *args, at=self.at, **given)


def sign_in(reader, name, password=PASSWORD, to="/findings", **changed):
    page = reader.get("/sign-in", params={"next": to})
    fields = dict(re.findall(r'name="(mark|next)" value="([^"]*)"', page.text))
    return reader.post("/sign-in", data=fields | {"account": name, "password": password} | changed)


@pytest.fixture(scope="module")
def door(hall):
    made = Door(hall)
    for name in ("lin", "zhou", "wu", "deng"):
        made.account(name)
    made.account("qian", "security_officer", None)
    made.account("feng", "administrator", None)
    return made


@pytest.fixture(autouse=True)
def new_day(door):
    """Attempts of one test do not count in the next."""
    door.at += timedelta(days=1)


def test_whoever_knows_the_password_comes_in_and_goes_where_they_wanted(door):
    reader = door.reader()
    assert reader.get("/findings?rule=unregistered_taxpayer").headers["location"] == (
        "/sign-in?next=%2Ffindings%3Frule%3Dunregistered_taxpayer"
    )
    answer = sign_in(reader, " LIN ", to="/findings?rule=unregistered_taxpayer")
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings?rule=unregistered_taxpayer")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = reader.get("/findings")
    assert page.status_code == 200
    assert "lin · 稽查人员" in page.text


def test_the_session_ends_by_signing_out(door):
    reader = door.reader()
    sign_in(reader, "lin")
    token = dict(reader.cookies)["sitong_session"]
    assert reader.post("/sign-out", data={"csrf": "wrong"}).status_code == 403
    csrf = re.search(r'name="csrf" value="([^"]+)"', reader.get("/").text)[1]
    assert reader.post("/sign-out", data={"csrf": csrf}).status_code == 303
    assert reader.get("/findings").status_code == 303
    with door.engine.begin() as connection:
        assert sessions.caller_of(connection, token, at=door.at) is None


@pytest.mark.parametrize(("steps", "holds"), [([29, 29, 29], True), ([31], False), ([25] * 30, False)])
def test_a_session_ends_when_idle_and_at_the_latest_after_half_a_day(door, steps, holds):
    reader = door.reader()
    sign_in(reader, "lin")
    for minutes in steps:
        door.at += timedelta(minutes=minutes)
        answer = reader.get("/findings")
    assert (answer.status_code == 200) == holds


@pytest.mark.parametrize(
    "end",
    [
        lambda door: door.change(accounts.set_disabled, "zhou", disabled=True),
        lambda door: door.change(accounts.set_password, "zhou", PASSWORD),
        lambda door: door.change(accounts.change, "zhou", role="auditor", districts=("370203",)),
    ],
)
def test_a_changed_account_has_to_sign_in_again(door, end):
    door.change(accounts.set_disabled, "zhou", disabled=False)
    reader = door.reader()
    sign_in(reader, "zhou")
    assert reader.get("/findings").status_code == 200
    end(door)
    assert reader.get("/findings").status_code == 303


def test_a_disabled_account_does_not_come_in(door):
    door.change(accounts.set_disabled, "wu", disabled=True)
    assert sign_in(door.reader(), "wu").status_code == 403


@pytest.mark.parametrize(
    ("name", "password"), [("lin", "wrong password here"), ("nobody", PASSWORD), ("", ""), ("lin", "x" * 9999)]
)
def test_a_wrong_password_and_an_unknown_account_look_the_same(door, name, password):
    answer = sign_in(door.reader(), name, password)
    assert answer.status_code == 403
    assert "账户或密码不正确" in answer.text
    assert password[:9] not in answer.text or not password


def test_after_some_failures_an_account_is_not_asked_any_more_for_a_while(door):
    for _ in range(MOST_OF_ACCOUNT):
        assert sign_in(door.reader(), "deng", "wrong password here").status_code == 403
    answer = sign_in(door.reader(peer="192.0.2.8"), "deng")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    door.at += FORGOTTEN_AFTER
    assert sign_in(door.reader(), "deng").status_code == 303


def test_an_address_that_tries_many_accounts_is_stopped_and_others_are_not(door):
    for number in range(MOST_OF_ADDRESS):
        sign_in(door.reader(peer="192.0.2.66"), f"name{number}", "wrong password here")
    assert sign_in(door.reader(peer="192.0.2.66"), "lin").status_code == 429
    assert sign_in(door.reader(), "lin").status_code == 303


def test_many_at_once_from_one_address_are_not_more_than_the_limit(door):
    def tried(number):
        with door.engine.begin() as connection:
            return attempts.admitted(connection, f"name{number}", "192.0.2.99", at=door.at)

    with ThreadPoolExecutor(8) as together:
        assert sum(together.map(tried, range(2 * MOST_OF_ADDRESS))) == MOST_OF_ADDRESS


def test_many_who_come_in_from_one_address_do_not_stop_each_other(door):
    for _ in range(MOST_OF_ADDRESS + 2):
        assert sign_in(door.reader(peer="192.0.2.77"), "lin").status_code == 303


def test_a_name_that_no_text_of_the_database_can_be_is_a_wrong_one(door):
    assert sign_in(door.reader("192.0.2.77"), "no\0body").status_code == 403


def test_a_form_of_another_site_signs_nobody_in(door):
    assert sign_in(door.reader(), "lin", mark="guessed").status_code == 400
    reader = door.reader()
    assert reader.post("/sign-in", data={"account": "lin", "password": PASSWORD, "mark": ""}).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:x",
        "x",
        "/" + "x" * 3000,
        "/\nx",
        "http://[",
    ],
)
def test_nobody_is_led_elsewhere(door, address):
    assert within(address) == "/"
    answer = sign_in(door.reader(), "lin", to=address)
    assert answer.headers["location"] == "/"


def test_over_tls_the_cookie_belongs_to_this_host_alone(hall, door):
    secure = Door(hall, https=True)
    secure.at = door.at
    answer = sign_in(Secure(secure.app), "lin")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-sitong_session="))
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


class Secure(Reader):
    """Somebody who comes over TLS."""

    base = "https://portal"


def test_neither_token_nor_password_is_kept_as_it_is(door):
    reader = door.reader()
    sign_in(reader, "lin")
    token = dict(reader.cookies)["sitong_session"]
    with door.engine.connect() as connection:
        tables = [connection.execute(select(table)).all() for table in METADATA.sorted_tables]
    kept = [str(row) for rows in tables for row in rows]
    assert not [row for row in kept if token in row or PASSWORD in row]
    assert any("$argon2id$" in row for row in kept)


def test_a_password_is_as_costly_to_guess_as_rfc_9106_wants():
    found = extract_parameters(PEOPLES_HASHER().hash(PASSWORD))
    assert (found.type, found.memory_cost, found.time_cost) == (Type.ID, 64 * 1024, 3)


def test_security_officers_see_who_came_and_looked(door, hall):
    finding = hall.plant()
    reader = door.reader()
    sign_in(reader, "lin")
    reader.get(f"/findings/{finding}")
    officer = door.reader()
    sign_in(officer, "qian")
    page = officer.get("/looks", params={"who": "lin"}).text
    assert finding in page
    assert "登录" in re.findall("<td>([^<]+)</td>", page)
    assert officer.get("/findings").status_code == 403
    assert officer.get("/looks", params={"page": "1000"}).status_code == 200
    for wrong in ({"who": "lin' OR 1"}, {"who": "x" * 41}, {"page": "0"}, {"page": "1001"}, {"page": "x"}):
        assert officer.get("/looks", params=wrong).status_code == 400


def test_administrators_see_accounts_and_no_findings(door):
    reader = door.reader()
    sign_in(reader, "feng")
    page = reader.get("/accounts").text
    assert "security_officer" not in page
    assert "安全审计员" in page
    assert reader.get("/findings").status_code == 403
    assert reader.get("/looks").status_code == 403


@pytest.mark.parametrize(
    ("changed", "password"),
    [({"role": "king"}, PASSWORD), ({"role": "security_officer"}, PASSWORD),
     ({"districts": ()}, PASSWORD), ({"districts": ("37020x",)}, PASSWORD),
     ({}, "too short"), ({}, "x" * 300), ({}, "\udcff" * 20), ({"name": "lin"}, PASSWORD)],
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused(door, changed, password):
    with pytest.raises(BadSpecification):
        door.account(**({"name": "new", "role": "auditor", "districts": ("370202",)} | changed), password=password)


def test_an_account_that_asks_for_too_much_is_slowed_down_and_others_are_not(hall, monkeypatch):
    door = Door(hall)
    door.at += timedelta(days=900)
    for name in ("ge", "kong"):
        door.account(name)
    hasty, other = door.reader(), door.reader()
    sign_in(hasty, "ge")
    sign_in(other, "kong")
    monkeypatch.setattr("portal.pace.MOST", 3)
    refused = next(answer for _ in range(12) if (answer := hasty.get("/findings")).status_code == 429)
    assert refused.headers["retry-after"] == "60"
    assert "请稍候再试" in refused.text
    assert hasty.get("/health").status_code == 200
    assert other.get("/findings").status_code == 200


def test_the_pace_is_counted_by_account_and_minute():
    at = 0.0
    pace = Pace(clock=lambda: at)
    assert [pace.admitted("li") for _ in range(MOST + 1)] == [True] * MOST + [False]
    assert pace.admitted("sun")
    at = 60.0
    assert pace.admitted("li")
