"""`sitong accounts` and `sitong serve`, as an administrator uses them."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sitong.portal_home import provider_of
from sitong.settings import Settings, load_settings
from storage.errors import BadSpecification
from storage.zones import Zones

SITONG = Path(sys.executable).with_name("sitong")
PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that a test makes


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Zones(tmp_path_factory.mktemp("portal") / "home").create().home


def accounts(home, *words, typed=f"{PASSWORD}\n"):
    command = [str(SITONG), "accounts", *words, "--home", str(home)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_accounts_are_added_changed_and_listed(home):
    assert accounts(home, "add", "lin", "--role", "auditor", "--district", "370202").returncode == 0
    assert accounts(home, "add", "chief", "--role", "supervisor", "--whole-city").returncode == 0
    assert accounts(home, "change", "lin", "--role", "auditor", "--district", "370203").returncode == 0
    assert accounts(home, "disable", "chief").returncode == 0
    listed = accounts(home, "list").stdout
    assert re.search(r"lin\W+auditor\W+370203", listed)
    assert re.search(r"chief.*whole city.*disabled", listed)


@pytest.mark.parametrize(
    ("words", "typed", "status", "said"),
    [
        (("add", "lin", "--role", "auditor", "--whole-city"), f"{PASSWORD}\n", 2, "there is an account of that name"),
        (("add", "ming", "--role", "king", "--whole-city"), f"{PASSWORD}\n", 2, "no role is called king"),
        (("add", "ming", "--role", "auditor"), f"{PASSWORD}\n", 2, "--whole-city"),
        (("add", "ming", "--role", "auditor", "--whole-city"), "short\n", 2, "12 to 256 characters"),
        (("add", "Ming!", "--role", "auditor", "--whole-city"), f"{PASSWORD}\n", 2, "small letters"),
        (("add", "ming", "--role", "auditor", "--district", "379999"), f"{PASSWORD}\n", 2, "--district 379999"),
        (("change", "lin", "--role", "auditor", "--district", "x"), "", 2, "--district x"),
        (("add", "ming", "--role", "department_reader", "--recipient", "no"), f"{PASSWORD}\n", 2, "--recipient no"),
        (("disable", "nobody"), "", 2, "there is no such account"),
    ],
)
def test_what_cannot_be_is_refused_and_no_password_is_repeated(home, words, typed, status, said):
    outcome = accounts(home, *words, typed=typed)
    assert outcome.returncode == status
    assert said in outcome.stderr
    assert PASSWORD not in outcome.stderr + outcome.stdout


def test_an_account_signs_in_through_a_provider_in_the_place_of_its_password(home):
    added = accounts(home, "add", "mei", "--role", "auditor", "--whole-city", "--identity", "https://id.example#f3a1")
    assert added.returncode == 0
    assert accounts(home, "identity", "lin", "https://id.example#f3a1").returncode == 2
    assert accounts(home, "identity", "mei", "https://id.example#f3a2").returncode == 0


OIDC = {"oidc_issuer": "https://id.example", "oidc_client_id": "portal", "oidc_client_secret": "of the client"}


def test_a_provider_is_named_in_full_or_not_at_all():
    assert provider_of(Settings(portal_url="https://portal.example")) is None
    found = provider_of(Settings(portal_url="https://portal.example/", **OIDC))
    assert found.back == "https://portal.example/sign-in/back"
    assert "of the client" not in repr(found)
    for missing in (*OIDC, "portal_url"):
        given = {"portal_url": "https://portal.example", **OIDC}
        del given[missing]
        with pytest.raises(BadSpecification, match=f"SITONG_{missing.upper()}"):
            provider_of(Settings(**given))


def test_the_secret_of_the_client_stands_in_no_file(tmp_path):
    file = tmp_path / "sitong.toml"
    file.write_text('oidc_client_secret = "of the client"\n')
    with pytest.raises(BadSpecification, match="SITONG_OIDC_CLIENT_SECRET") as refused:
        load_settings(environment={}, file=file)
    assert "of the client" not in str(refused.value)


def test_serve_answers_and_ends_with_ctrl_c(home):
    port = free_port()
    command = [str(SITONG), "serve", "--port", str(port), "--home", str(home)]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                if httpx.get(f"{address}/health").text == "ok\n":
                    break
            except httpx.TransportError:
                assert served.poll() is None, served.stdout.read()
                time.sleep(0.1)
        with httpx.Client(base_url=address) as reader:
            mark = re.search(r'name="mark" value="([^"]+)"', reader.get("/sign-in").text)[1]
            form = {"mark": mark, "account": "lin", "password": PASSWORD, "next": "/findings"}
            assert reader.post("/sign-in", data=form).headers["location"] == "/findings"
            assert reader.get("/findings").status_code == 200
    finally:
        served.send_signal(2)
        said = served.communicate(timeout=30)[0]
    assert served.returncode in (0, 130)
    assert address in said
