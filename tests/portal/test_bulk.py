"""One step for several findings: each is judged by itself and told."""

import re

import pytest

from tests.portal.city_hall import CHIEF, LI, MARK, SUN


def send(hall, actor, action, picked, **values):
    form = {"csrf": MARK, "action": action, "pick": picked} | values
    return hall.reader(actor).post("/findings/steps", data=form)


def told(answer):
    """Finding → what became of it, and why."""
    rows = re.findall(r'href="/findings/(F\w+)">.*?<td[^>]*>([^<]+)</td><td>([^<]*)</td>', answer.text)
    return {finding: (result, why) for finding, result, why in rows}


@pytest.fixture(scope="module")
def findings(hall):
    return [hall.plant(master="P000000917") for _ in range(4)]


def test_each_is_taken_refused_or_lost_by_itself(hall, findings):
    free, lost, closed, foreign = *findings[:3], hall.plant(master="P000000917", division="370203")
    hall.office.act(SUN, lost, "note", 0, text="先看")
    for seen, (action, more) in enumerate((("take", {}), ("exclude", {"reason_code": "lawful"}), ("close", {}))):
        hall.office.act(SUN, closed, action, seen, **more)
    picked = [f"{free}:0", f"{lost}:0", f"{closed}:3", f"{foreign}:0"]
    answer = send(hall, LI, "take", picked, back="id=P000000917&page=1")
    assert answer.status_code == 200
    results = told(answer)
    assert [results[one][0] for one in (free, lost, closed, foreign)] == ["已办理", "他人已先办理", "未办理", "未办理"]
    assert results[lost][1].startswith("sun · 备注 · 2026-04-01")
    assert "不允许此操作" in results[closed][1]
    assert results[foreign][1] == "不在您的权限或辖区内。"
    assert (hall.office.row(free)["owner"], hall.office.row(foreign)["version"]) == ("li", 0)
    assert 'href="/findings?id=P000000917"' in answer.text


def test_a_supervisor_assigns_several_and_an_auditor_may_not(hall, findings):
    two = [hall.plant(master="P000000917") for _ in range(2)]
    foreign = hall.plant(master="P000000917", division="370203")
    picked = [f"{one}:0" for one in two]
    assert set(told(send(hall, LI, "assign", picked, owner="sun")).values()) == {("未办理", "不在您的权限或辖区内。")}
    assert set(told(send(hall, CHIEF, "assign", picked, owner="sun", due_on="2026-05-01")).values()) == {("已办理", "")}
    assert {hall.office.row(one)["owner"] for one in two} == {"sun"}
    assert told(send(hall, CHIEF, "assign", [f"{foreign}:0"], owner="sun"))[foreign][0] == "未办理"
    assert hall.office.row(foreign)["version"] == 0


def test_the_list_offers_what_the_role_may_and_picks_a_page(hall):
    options = {
        actor.name: re.findall(
            r'<option value="(\w+)">[^<]', hall.reader(actor).get("/findings").text.partition('id="bulk"')[2]
        )
        for actor in (LI, CHIEF)
    }
    assert options == {
        "li": ["take", "notify", "set_due", "note"],
        "chief": ["take", "assign", "notify", "set_due", "note"],
    }
    shown = hall.reader(LI).get("/findings?id=P0&pick=all").text
    boxes = re.findall(r'name="pick" value="F\w+:\d+"[^>]*?( checked)?>', shown)
    assert boxes
    assert set(boxes) == {" checked"}
    assert 'name="pick"' not in hall.reader(CHIEF).get("/findings?outcome=not_comparable").text


@pytest.mark.parametrize(
    ("action", "picked"),
    [
        ("confirm", ["F1:0"]),
        ("take", ["F1"]),
        ("take", ["F1:-1"]),
        ("take", ["x:0"]),
        ("take", ["F1:0"] * 51),
        ("", []),
    ],
)
def test_what_is_not_offered_is_a_bad_request(hall, action, picked):
    assert send(hall, CHIEF, action, picked).status_code == 400


def test_nothing_picked_is_said(hall):
    assert "没有选择疑点" in send(hall, LI, "take", [], back="sort=nonsense").text
