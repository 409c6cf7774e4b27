"""Steps in the portal: what is allowed is offered and taken, what is refused keeps what was typed, the first wins."""

import re
from typing import get_args

import pytest

from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import Refusal
from mismatches.cases.refusal_texts import REFUSALS
from tests.portal.city_hall import CHIEF, LI, MARK, SUN

PDF = b"%PDF-1.7 made up"


class Case:
    def __init__(self, hall):
        self.hall, self.id = hall, hall.plant(master="P000000904")

    def do(self, actor, action, seen, file=None, **values):
        form = {"csrf": MARK, "action": action, "seen": str(seen)} | values
        sent = {"files": {"file": file}} if file else {}
        path = "files" if action == "attach" else "steps"
        return self.hall.reader(actor).post(f"/findings/{self.id}/{path}", data=form, **sent)

    def row(self):
        return self.hall.office.row(self.id)

    def page(self, actor=LI):
        return self.hall.reader(actor).get(f"/findings/{self.id}").text


@pytest.fixture
def case(hall):
    return Case(hall)


def offered(page):
    return re.findall(r'name="action" value="(\w+)"', page)


def test_a_case_is_worked_to_its_end_by_forms_alone(case):
    steps = (
        ("take", {}), ("notify", {"text": "发函"}), ("record_reply", {"text": "单位\r\n承认"}),
        ("confirm", {"reason_code": "underpaid"}), ("assess", {"amount": "12,000.50"}),
        ("record_payment", {"amount": "12000.50", "voucher": "=V-1"}), ("close", {}),
    )  # fmt: skip
    for seen, (action, values) in enumerate(steps):
        assert action in offered(case.page())
        done = case.do(LI, action, seen, **values)
        assert (done.status_code, done.headers["Location"]) == (303, f"/findings/{case.id}#case")
    row = case.row()
    assert (row["state"], str(row["recovered"]), row["verdict"]) == ("closed", "12000.50", "confirmed")
    shown = case.page()
    for told in ("单位\n承认", "少缴税费", "=V-1", "12,000.50", "已入库 → 已结案"):
        assert told in shown, told


def test_a_wrong_payment_is_refused_or_taken_back_and_what_is_not_paid_is_shown(case):
    steps = (
        ("take", {}), ("notify", {}), ("record_reply", {"text": "承认"}), ("confirm", {"reason_code": "underpaid"}),
        ("assess", {"amount": "100.50"}),
    )  # fmt: skip
    for seen, (action, values) in enumerate(steps):
        assert case.do(LI, action, seen, **values).status_code == 303
    assert {"void_payment", "close"}.isdisjoint(offered(case.page()))
    assert case.do(LI, "record_payment", 5, amount="50.25", voucher="P-1").status_code == 303
    over = case.do(LI, "record_payment", 6, amount="99,999,999", voucher="P-2")
    assert (over.status_code, REFUSALS["overpaid"].zh in over.text, "99,999,999" in over.text) == (422, True, True)
    short = case.do(LI, "close", 6)
    assert (short.status_code, REFUSALS["short"].zh in short.text) == (422, True)
    assert re.search(r"未入库（元）.*?50\.25", case.page(), re.DOTALL)
    assert "void_payment" in offered(case.page())
    assert case.do(LI, "void_payment", 6, voucher="P-1", reason_code="wrong_amount").status_code == 303
    assert (case.row()["state"], case.row()["recovered"]) == ("assessed", 0)
    for told in ("冲销入库登记", "金额登记有误", "P-1"):
        assert told in case.page(CHIEF), told


@pytest.mark.parametrize(("actor", "right"), [(LI, False), (CHIEF, True)])
def test_only_what_role_and_state_allow_is_offered(case, actor, right):
    case.do(LI, "take", 0)
    allowed = offered(case.page(actor))
    assert ("assign" in allowed) is right
    assert {"confirm", "close", "record_silence", "lift"}.isdisjoint(allowed)
    assert set(allowed) <= {action.name for action in case_rules().possible("assigned")}
    assert case.do(LI, "assign", 1, owner="sun").status_code == 403


def test_a_finding_without_a_case_offers_nothing(hall):
    finding = hall.plant(master="P000000905", outcome="not_comparable", reason="amounts_missing")
    assert offered(hall.reader(CHIEF).get(f"/findings/{finding}").text) == []


@pytest.mark.parametrize(
    ("action", "values", "kind"),
    [
        ("suppress", {"until": "2026-04-02"}, "missing"),
        ("suppress", {"until": "1/2", "reason_code": "other"}, "until"),
        ("suppress", {"until": "2030-01-01", "reason_code": "other"}, "until"), ("confirm", {}, "state"),
        ("note", {"text": "长" * 4001}, "long"), ("note", {"text": "a\0b"}, "character"), ("nonsense", {}, "action"),
        ("note", {"text": "x", "amount": "much"}, "amount"), ("note", {"text": "x", "voucher": "v"}, "strange"),
        ("set_due", {"due_on": "2026-03-01"}, "due"),
        ("suppress", {"reason_code": "x", "until": "2026-05-01"}, "reason"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_keeps_what_was_typed(case, action, values, kind):
    answer = case.do(LI, action, 0, **values)
    assert answer.status_code == 422
    assert REFUSALS[kind].zh in answer.text
    assert case.row()["version"] == 0
    if action in offered(answer.text) and "\0" not in values.get("text", ""):
        form = re.search(rf'<details name="step" open>.*?value="{action}".*?</details>', answer.text, re.DOTALL)[0]
        asked = re.findall(r'name="(\w+)"', form)
        for name, value in values.items():
            if name in asked and name != "reason_code":
                assert value in form


def test_of_two_the_first_wins_and_the_other_is_told_and_loses_nothing_typed(case):
    assert case.do(SUN, "suppress", 0, reason_code="appeal_pending", until="2026-06-01", text="诉讼").status_code == 303
    answer = case.do(LI, "suppress", 0, reason_code="awaiting_data", until="2026-05-01", text="等<b>数据</b>")
    assert answer.status_code == 409
    for told in ("他人已先办理", "<b>sun</b> · 暂缓处理", "诉讼", "等&lt;b&gt;数据&lt;/b&gt;", 'value="2026-05-01"'):
        assert told in answer.text, told
    assert re.search(r'value="awaiting_data" selected', answer.text)
    assert case.row()["version"] == 1
    [seen] = re.findall(r'name="seen" value="(\d+)"', answer.text)
    again = case.do(LI, "suppress", seen, reason_code="awaiting_data", until="2026-05-01", text="等数据")
    assert again.status_code == 303


def test_who_lost_a_step_that_is_no_longer_possible_can_copy_what_they_typed(case):
    case.do(SUN, "take", 0, text="我来办")
    answer = case.do(LI, "take", 0, text="我也要办")
    assert answer.status_code == 409
    assert "我也要办" in answer.text
    assert offered(answer.text) == []
    assert case.row()["owner"] == "sun"


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 50, "²"])
def test_a_version_that_nobody_saw_is_a_conflict(case, seen):
    assert case.do(LI, "take", seen).status_code == 409
    assert case.row()["version"] == 0


def test_a_file_is_attached_handed_out_to_be_saved_and_refused_where_it_is_not_what_it_says(case):
    done = case.do(LI, "attach", 0, file=("证明 “1”.pdf", PDF, "text/html"), text="完税证明")
    assert done.status_code == 303
    [path] = re.findall(rf'href="(/findings/{case.id}/files/[0-9a-f]{{64}})" download>证明 “1”.pdf', case.page())
    answer = case.hall.reader(SUN).get(path)
    assert (answer.content, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E8%AF%81")
    refused = case.do(LI, "attach", 1, file=("a.pdf", b"<html>", "application/pdf"))
    assert (refused.status_code, REFUSALS["file_type"].zh in refused.text) == (422, True)
    assert case.do(LI, "attach", 1).status_code == 422
    lost = case.do(LI, "attach", 0, file=("b.pdf", PDF, "application/pdf"))
    assert (lost.status_code, "附件需要重新选择" in lost.text) == (409, True)


def test_a_file_that_is_too_long_is_refused_before_it_is_read(case):
    reader = case.hall.reader(LI)
    head = {"Content-Length": str(30 << 20), "Content-Type": "multipart/form-data; boundary=x"}
    assert reader.post(f"/findings/{case.id}/files", content=b"x", headers=head).status_code == 413

    async def endless():
        yield b"x"

    assert reader.post(f"/findings/{case.id}/files", content=endless()).status_code == 411


@pytest.mark.parametrize("owner", ["nobody", "wang", "", "li\0"])
def test_a_case_is_given_to_nobody_who_could_not_see_it(case, owner):
    answer = case.do(CHIEF, "assign", 0, owner=owner)
    assert answer.status_code == 422
    assert case.row()["version"] == 0
    assert {"chief", "li", "sun", "wang"} <= set(re.findall(r'<option value="(\w+)"></option>', answer.text))
    assert case.do(CHIEF, "assign", 0, owner="sun").status_code == 303
    assert case.row()["owner"] == "sun"


def test_every_kind_of_refusal_has_its_words():
    assert set(REFUSALS) == set(get_args(Refusal))
