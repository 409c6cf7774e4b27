"""Key taxpayers and projects as the newest report keeps them: sums for all, enterprises by district."""

import re
from decimal import Decimal

import pytest

from mismatches.cases.access import Actor
from mismatches.monitors.keeping import read
from mismatches.monitors.watching import Project
from portal.monitors import paid_less
from tests.portal.city_hall import CHIEF, LI, WANG
from tests.portal.monitor_report import reported


@pytest.fixture(scope="module")
def report(hall):
    with reported(hall) as folder:
        yield read(folder)


def shown(hall, actor, address):
    answer = hall.reader(actor).get(address)
    assert answer.status_code == 200
    return answer.text


def names(text):
    return {name for name in ("甲公司", "乙公司", "丙公司", "路") if name in text}


def test_without_a_report_the_pages_say_so(hall):
    for address in ("/key-taxpayers?lang=en", "/projects?lang=en"):
        assert "There is no report yet" in shown(hall, CHIEF, address)
    assert hall.reader(CHIEF).get("/projects?page=0").status_code == 400


@pytest.mark.usefixtures("report")
def test_quarters_are_shown_the_newest_first(hall):
    text = shown(hall, CHIEF, "/key-taxpayers?lang=en")
    assert re.findall(r'<th scope="row">(2025-Q\d)', text) == ["2025-Q4", "2025-Q3"]
    assert re.findall(r'level low" width="(\d+)"', text) == ["1000", "500"]
    for part in ("1,000.00", "1,234", "61.2 %", "80%", "2026-03-31"):
        assert part in text


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize(
    ("actor", "moved", "projects"),
    [
        (CHIEF, {"甲公司", "乙公司", "丙公司"}, {"甲公司", "乙公司", "路"}),
        (LI, {"甲公司"}, {"甲公司"}),
        (WANG, {"乙公司"}, {"乙公司"}),
        (Actor("wide", "auditor", frozenset({"3702"})), {"甲公司", "乙公司"}, {"甲公司", "乙公司"}),
        (Actor("far", "auditor", frozenset({"1101"})), set(), set()),
        (Actor("none", "auditor", frozenset()), set(), set()),
    ],
)
def test_enterprises_are_for_readers_of_their_district(hall, actor, moved, projects):
    assert names(shown(hall, actor, "/key-taxpayers")) == moved
    assert names(shown(hall, actor, "/projects")) == projects


@pytest.mark.usefixtures("report")
def test_projects_that_paid_less_than_expected(hall):
    text = shown(hall, CHIEF, "/projects?lang=en")
    assert text.count('class="chip high"') == 1
    assert "&lt;b&gt;厂房" in text
    assert 'class="span sure" x1="666" x2="1000"' in text
    assert 'class="point" cx="833"' in text
    assert names(shown(hall, CHIEF, "/projects?less=1")) == {"甲公司"}


@pytest.mark.parametrize(
    ("changes", "less"),
    [({}, True), ({"paid": Decimal(200_000)}, False), ({"unknown_parties": 1}, False), ({"low_tax": None}, False)],
)
def test_less_is_said_only_where_all_parties_are_known(report, changes, less):
    project = report.watched.projects[0]
    assert paid_less(Project(**(vars(project) | changes))) is less
