"""Every look at the record of a person or an enterprise is written down, whatever page it was on."""

import re

import pytest
from sqlalchemy import func, select

from mismatches.cases.access import Actor
from mismatches.store.tables import look
from tests.portal.city_hall import LI, SUBJECT, WANG
from tests.portal.test_fuzz import OPERATIONS
from tests.portal.test_scope import ask

OFFICER = Actor("qian", "security_officer", None)
LISTS = {"/findings", "/board"}  # ids and amounts, no record
GETS = [one for one in OPERATIONS if one[1] == "get" and one[0] not in LISTS]
SHOWING = [*GETS, ("/findings/{finding_id}/reveal", "post")]


def last(hall):
    with hall.office.engine.connect() as connection:
        return connection.execute(select(func.coalesce(func.max(look.c.look), 0))).scalar_one()


def since(hall, number):
    with hall.office.engine.connect() as connection:
        return connection.execute(select(look).where(look.c.look > number)).all()


@pytest.mark.parametrize(("path", "method"), SHOWING)
def test_a_look_is_written_down_with_its_subject(hall, secret, path, method):
    before = last(hall)
    assert ask(hall, LI, path, method, secret).status_code == 200
    [row] = since(hall, before)
    finding = secret[0] if "{finding_id}" in path else None
    subject = SUBJECT if "{" in path else None
    assert (row.actor, row.role, row.finding_id, row.subject_id) == (LI.name, LI.role, finding, subject)


@pytest.mark.parametrize(("path", "method"), [one for one in SHOWING if "{finding_id}" in one[0]])
def test_what_is_not_shown_is_no_look(hall, secret, path, method):
    before = last(hall)
    assert ask(hall, WANG, path, method, secret).status_code == 404
    assert since(hall, before) == []


def shown(hall, **asked):
    answer = hall.reader(OFFICER).get("/looks", params=asked)
    assert answer.status_code == 200
    return re.findall(r"<tr><td>(.*?)</td></tr>", answer.text)


def test_the_log_is_read_by_account_subject_finding_and_day(hall, secret):
    finding, _ = secret
    hall.reader(LI).get(f"/findings/{finding}")
    rows = shown(hall, who="li", of=SUBJECT)
    assert rows
    assert all("<td>li<" in row and SUBJECT in row for row in rows)
    assert all(finding in row for row in shown(hall, of=finding))
    assert shown(hall, of=SUBJECT, since="2026-04-01", until="2026-04-01") == shown(hall, of=SUBJECT)
    assert shown(hall, of=SUBJECT, since="2026-04-02") == shown(hall, of=SUBJECT, until="2026-03-31") == []


def test_the_log_goes_on_over_pages_without_a_gap(hall):
    reader = hall.reader(LI)
    for number in range(102):
        reader.get(f"/subjects/P0009{number:03d}")
    first, second = (shown(hall, who="li", page=number) for number in (1, 2))
    assert len(first) == 100
    ids = re.findall("P0009[0-9]{3}", "".join(first + second))
    assert ids == [f"P0009{number:03d}" for number in reversed(range(102))]
    answer = hall.reader(OFFICER).get("/looks", params={"who": "li", "since": "2026-01-01"}).text
    assert "/looks?who=li&amp;of=&amp;since=2026-01-01&amp;until=&amp;page=2" in answer


@pytest.mark.parametrize(
    "wrong",
    [{"who": "lin' OR 1"}, {"who": "x" * 41}, {"of": "<script>"}, {"since": "2026-02-30"}, {"since": "x"},
     {"page": "0"}, {"page": "1001"}, {"page": "x"}],
)  # fmt: skip
def test_a_question_that_cannot_be_read_is_refused(hall, wrong):
    assert hall.reader(OFFICER).get("/looks", params=wrong).status_code == 400
