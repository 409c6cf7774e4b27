"""The page of a finding: records beside each other, numbers masked, every look written down, districts kept apart."""

import json
import re

import pytest
from sqlalchemy import text

from mismatches.wording import share
from portal.finding import run_address
from tests.portal.city_hall import CHIEF, LI, MARK, NUMBER, OTHER_NUMBER, WANG


@pytest.fixture(scope="module")
def finding(hall):
    return hall.plant(master="P000000901")


def looks(hall, finding):
    with hall.office.engine.connect() as connection:
        query = text("SELECT actor, what FROM mismatches.look WHERE finding_id = :id ORDER BY look")
        return [tuple(row) for row in connection.execute(query, {"id": finding})]


def test_the_page_says_why_with_its_numbers_and_how_sure_it_is(hall, finding):
    shown = hall.reader(LI).get(f"/findings/{finding}").text
    for told in (
        "2025 年月均工资 10,000 元，应有基数 10,000 元，而申报基数 5,000 元，低于 9,000 元。",
        "5,000 元 &lt; 0.90 × 10,000 = 9,000 元",
        "9,000.00", "12,000.00", "15,600.00", "99.0 %", "91.2 %", "待核定", "退休人员", "2026-03-30 10:00", "待核定",
    ):  # fmt: skip
        assert told in shown, told
    assert "To be confirmed" in hall.reader(LI).get(f"/findings/{finding}?lang=en").text


def test_differences_are_marked_although_the_numbers_are_masked(hall, finding):
    shown = hall.reader(LI).get(f"/findings/{finding}").text
    assert NUMBER not in shown
    assert OTHER_NUMBER not in shown
    marked = re.findall(r'<td class="differs">.*?</span>([^<]*)</td>', shown)
    assert [value.strip() for value in marked[:2]] == ["1101************2X", "1101************47"]
    assert "张三" in shown  # and the traditional spelling of the same name is no difference
    assert not any("三" in value for value in marked)


def test_whole_numbers_are_a_form_with_the_mark_and_every_look_is_written_down(hall):
    finding = hall.plant(master="P000000902")
    reader = hall.reader(LI)
    reader.get(f"/findings/{finding}")
    assert reader.post(f"/findings/{finding}/reveal").status_code == 403
    shown = reader.post(f"/findings/{finding}/reveal", data={"csrf": MARK}).text
    assert NUMBER in shown
    assert OTHER_NUMBER in shown
    assert looks(hall, finding) == [("li", "page"), ("li", "identifiers revealed")]


def test_another_district_gets_the_answer_of_a_finding_that_never_was(hall, finding):
    wang = hall.reader(WANG)
    for path in (finding, "F000000000000000000999999"):
        asked = wang.get(f"/findings/{path}")
        assert (asked.status_code, "页面不存在" in asked.text) == (404, True)
        for tail, data in (("reveal", {}), ("steps", {"action": "take", "seen": "0"}), ("files", {})):
            assert wang.post(f"/findings/{path}/{tail}", data={"csrf": MARK} | data).status_code == 404
        assert wang.get(f"/findings/{path}/files/{'a' * 64}").status_code == 404
    assert {actor for actor, _ in looks(hall, finding)} <= {"li"}
    assert wang.get("/findings/%00").status_code == 400


def test_a_history_that_was_altered_is_told(hall):
    finding = hall.plant(master="P000000918")
    hall.office.act(LI, finding, "note", 0, text="实情")
    assert "与其校验链一致" in hall.reader(LI).get(f"/findings/{finding}").text
    with hall.office.engine.begin() as connection:  # only the owner of the table can, past its triggers
        connection.execute(text("ALTER TABLE mismatches.case_event DISABLE TRIGGER USER"))
        forged = text("UPDATE mismatches.case_event SET actor = 'sun' WHERE finding_id = :id")
        connection.execute(forged, {"id": finding})
        connection.execute(text("ALTER TABLE mismatches.case_event ENABLE TRIGGER USER"))
    assert "与其校验链不一致" in hall.reader(LI).get(f"/findings/{finding}").text


def test_many_records_are_cut_and_said_so(hall):
    cited = [
        {"source": "tax", "dataset": "wage", "record_id": f"W{n}", "role": "support", "values": {"wages": str(n)}}
        for n in range(9)
    ]
    finding = hall.plant(master="P000000903", evidence=json.dumps(cited))
    shown = hall.reader(CHIEF).get(f"/findings/{finding}").text
    assert "另有记录 3" in shown
    assert "W8<" not in shown
    assert "W8<" in hall.reader(CHIEF).get(f"/findings/{finding}?records=all").text


@pytest.mark.parametrize(
    ("scheduler", "made_by", "address"),
    [
        ("https://a/", "main/manual__2026-04-01T00:00:00+00:00",
         "https://a/dags/main/runs/manual__2026-04-01T00%3A00%3A00%2B00%3A00"),
        ("https://a", None, None), (None, "main/run", None), ("https://a", "odd", None),
    ],
)  # fmt: skip
def test_a_run_is_linked_where_the_scheduler_is_known(scheduler, made_by, address):
    assert run_address(scheduler, made_by) == address


@pytest.mark.parametrize(("value", "told"), [(0.9994, "> 99.9 %"), (0.5, "50.0 %"), (1.0, "> 99.9 %"), (None, "—")])
def test_a_probability_is_never_rounded_up_to_certainty(value, told):
    assert share(value) == told
