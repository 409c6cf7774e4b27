"""The board and the page of a subject: their numbers are those of the lists to which they lead."""

import re
from datetime import date
from html import unescape

import pytest

from tests.portal.city_hall import CHIEF, LI, WANG
from tests.portal.test_findings import counted, total

ROW = re.compile(
    r'<tr><th scope="row"><a href="([^"]+)">([^<]+)</a></th>\s*<td class="bar">(.*?)</td>'
    r'\s*<td class="n">([\d,]+)</td>',
    re.DOTALL,
)
CHART = re.compile(r'<h2 id="by-(\w+)">(.*?)</section>', re.DOTALL)
SEGMENT = re.compile(r'<a href="([^"]+)" tabindex="-1"><rect class="level (\w+)" x="(\d+)" width="(\d+)"')


def charts(hall, actor, address="/board"):
    answer = hall.reader(actor).get(address)
    assert answer.status_code == 200
    return {name: ROW.findall(shown) for name, shown in CHART.findall(answer.text)}


@pytest.fixture(scope="module")
def suppressed(hall):
    finding = hall.plant(master="P000000906", month="2025-12")
    hall.office.act(LI, finding, "suppress", 0, reason_code="other", until=date(2026, 5, 1))


@pytest.mark.parametrize("name", ["rule", "department", "district", "month", "state"])
@pytest.mark.usefixtures("suppressed")
def test_every_number_leads_to_a_list_of_as_many(hall, name):
    rows = charts(hall, CHIEF)[name]
    assert len(rows) > 1
    for address, title, bar, findings in rows:
        shown = hall.reader(CHIEF).get(unescape(address)).text
        assert total(shown) == int(findings.replace(",", "")), title
        [*segments] = SEGMENT.findall(bar)
        assert sum(total(hall.reader(CHIEF).get(unescape(one[0])).text) for one in segments) == total(shown)


@pytest.mark.usefixtures("suppressed")
def test_bars_are_as_long_as_what_they_count(hall):
    for rows in charts(hall, CHIEF).values():
        longest = max(int(row[3]) for row in rows)
        for _, _, bar, findings in rows:
            width = sum(int(width) for *_, width in SEGMENT.findall(bar))
            assert width == pytest.approx(1000 * int(findings) / longest, abs=7)


def test_a_filter_stays_in_every_link_of_the_board(hall):
    rows = charts(hall, CHIEF, "/board?severity=high&district=370202")
    assert all("severity=high" in row[0] and "district=370202" in row[0] for row in rows["rule"])
    [district] = rows["district"]
    assert (district[1], int(district[3])) == ("市南区", counted(hall, "severity = 'high' AND division = '370202'"))


def test_an_auditor_counts_their_district_alone(hall):
    [district] = charts(hall, LI)["district"]
    assert (district[1], int(district[3])) == ("市南区", counted(hall, "division = '370202'"))


def test_closed_cases_are_counted_by_rule(hall):
    finding = hall.plant(master="P000000907", division="370203")
    steps = (("take", {}), ("exclude", {"reason_code": "lawful"}), ("close", {}))
    for seen, (action, more) in enumerate(steps):
        hall.office.act(WANG, finding, action, seen, **more)
    shown = hall.reader(WANG).get("/board?lang=en").text
    judged = r'Under-declared contribution base</th><td class="n">0</td><td class="n">1</td><td class="n">0%'
    assert re.search(judged, shown)


def test_a_subject_shows_all_that_is_open_on_it_in_the_readers_districts(hall):
    one = hall.plant(master="P000000908", severity="high")
    hall.plant(master="P000000908", division="370203")
    unclear = hall.plant(master="P000000908", outcome="not_comparable", reason="amounts_missing")
    for actor, count in ((LI, 1), (WANG, 1), (CHIEF, 2)):
        shown = hall.reader(actor).get("/subjects/P000000908").text
        assert total(shown) == count
        assert (one in shown, unclear in shown) == (actor != WANG, actor != WANG)
    assert "24,000.00" in hall.reader(CHIEF).get("/subjects/P000000908").text


def test_a_subject_of_another_district_looks_like_one_that_never_was(hall):
    hall.plant(master="P000000909", division="370203")
    there, never = (hall.reader(LI).get(f"/subjects/{name}") for name in ("P000000909", "P000000910"))
    assert there.status_code == never.status_code == 200
    assert there.text.replace("P000000909", "P000000910") == never.text
    assert "没有未结疑点" in never.text
    assert hall.reader(LI).get("/subjects/x'").status_code == 400
