"""The shell: headers on every answer, both languages, errors that leak nothing, and what is open to anybody."""

import logging
import re
from importlib import import_module, resources

import pytest
from fastapi import HTTPException

from portal.app import create_app
from portal.config import PortalConfig
from portal.gate import HEADERS
from portal.texts import SHELL
from tests.portal.asking import Reader
from tests.portal.city_hall import LI

PERSONAL = "value-of-a-person"


def portal(*, https=False, peer="192.0.2.7"):
    app = create_app(PortalConfig(https=https))

    @app.get("/fails")
    def fails():
        raise RuntimeError(PERSONAL)

    @app.get("/refuses/{status}")
    def refuses(status: int):
        raise HTTPException(status, PERSONAL, {"Retry-After": "7"})

    return Reader(app, peer=peer)


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/nowhere", "/fails", "/refuses/403", "/static/none.css"])
def test_every_answer_has_the_security_headers(path):
    answer = portal().get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer.headers
    assert portal(https=True).get(path).headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 418, 429, 500, 503])
def test_an_error_page_says_what_to_do_and_not_what_happened(status):
    answer = portal().get(f"/refuses/{status}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert f"状态码 {status}" in answer.text
    assert PERSONAL not in answer.text


def test_a_failure_leaks_neither_to_the_reader_nor_to_the_log(caplog):
    caplog.set_level(logging.INFO)
    answer = portal().get("/fails")
    assert (answer.status_code, PERSONAL in answer.text, PERSONAL in caplog.text) == (500, False, False)
    assert "kind=RuntimeError at=fails:" in caplog.text


def test_a_parameter_that_cannot_be_read_is_a_bad_request_and_a_wrong_method_says_which_is_right():
    answer = portal().get(f"/refuses/{PERSONAL}")
    assert (answer.status_code, PERSONAL in answer.text) == (400, False)
    refused = portal().post("/")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")


def test_the_language_is_chinese_until_somebody_chooses_and_then_remembered():
    client = portal()
    assert '<html lang="zh-CN">' in client.get("/").text
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert "Portal of the cross-checks" in client.get("/?lang=nonsense").text
    assert '<html lang="zh-CN">' in client.get("/?lang=zh").text
    cookie = portal(https=True).get("/?lang=en").headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "SameSite=lax"} <= set(cookie.split("; "))


def test_switching_the_language_keeps_the_filters_and_escapes_them():
    text = portal().get("/", params={"rule": 'a"><script>', "state": "new"}).text
    assert "<script" not in text
    assert re.search(r'href="\?rule=a[^"]*&amp;state=new&amp;lang=en"', text)


def test_static_files_are_named_by_their_content_and_kept_for_ever():
    client = portal()
    [address] = re.findall(r'href="(/static/portal\.[0-9a-f]{12}\.css)"', client.get("/").text)
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/portal.css").status_code == 404
    assert client.get("/static/..%2fapp.py").status_code == 404


def test_pages_need_no_script_and_no_other_host():
    for path in ("/", "/?lang=en", "/nowhere"):
        text = portal().get(path).text
        assert not re.search(r"<script|style=|https?://|\son[a-z]+=", text)


def test_metrics_are_for_this_machine_only_and_name_routes_not_addresses(caplog):
    caplog.set_level(logging.INFO)
    client = portal(peer="127.0.0.1")
    client.get(f"/{PERSONAL}?name={PERSONAL}")
    client.get("/health")
    counted = client.get("/metrics").text
    assert 'portal_requests_total{method="GET",route="/health",status="200"} 1.0' in counted
    assert 'portal_requests_total{method="GET",route="none",status="404"} 1.0' in counted
    assert PERSONAL not in counted
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("portal")]
    assert ours
    assert not any(PERSONAL in line for line in ours)
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert portal().get("/metrics").status_code == 404


def test_a_head_is_answered_as_a_get_without_its_body(hall):
    reader = hall.reader(LI)
    for path in ("/", "/findings", "/board?lang=en", "/findings/F0", "/nowhere"):
        got, head = reader.get(path), reader.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
    assert reader.head("/findings/steps").status_code == reader.get("/findings/steps").status_code


def test_no_page_takes_a_name_of_the_frame_around_it():
    frame = (resources.files("portal") / "templates" / "layout.html.j2").read_text("utf-8")
    names = set(re.findall(r"\bt\.(\w+)", frame))
    for path in (resources.files("portal")).iterdir():
        if path.name.startswith("texts_"):
            module = import_module(f"portal.{path.name.removesuffix('.py')}")
            for texts in (one for one in vars(module).values() if isinstance(one, dict)):
                taken = {name for name in names & texts.keys() if texts[name] != SHELL[name]}
                assert not taken, path.name


def test_who_wrote_until_the_session_ended_gets_the_text_back(hall):
    reader = Reader(create_app(PortalConfig(), hall.workplace))
    answer = reader.post("/findings/F0/steps", data={"action": "note", "text": "<b>三个月的核实</b>"})
    assert answer.status_code == 401
    assert "&lt;b&gt;三个月的核实&lt;/b&gt;" in answer.text
    assert reader.post("/findings/F0/steps", json={"text": "x"}).status_code == 401
    assert "xxxx" not in reader.post("/findings/F0/steps", data={"text": "x" * 200_000}).text
