"""Findings as files, and workbooks that come back: every row accounted for, none twice, none over another's work."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
import xlsxwriter

from mismatches.cases.actions import Step
from mismatches.cases.batch import Batch
from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import CaseConflict
from mismatches.cases.outcome_columns import FILLED, FROM_SHEET, HEADINGS, action_named
from mismatches.cases.queries.listing import Filter, find
from mismatches.cases.queries.pages import history
from mismatches.cases.read_back import read_back
from mismatches.cases.replay import CaseState, faults, replay
from mismatches.cases.sheet import TOLD, write_csv, write_json, write_workbook
from mismatches.workbook import FINDING_ID, both
from storage.errors import SourceRejected
from tests.mismatches.cases.conftest import CHIEF, LI, NOON, TODAY, WANG

LATER = NOON + timedelta(hours=2)


def fill(path, rows):
    """A workbook as an auditor hands it back."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("findings")
        names = ("finding_id", "version", *FILLED)
        sheet.write_row(0, 0, names)
        for line, row in enumerate(rows, 1):
            for place, name in enumerate(names):
                if name in row:
                    sheet.write(line, place, row[name])
    return path


def take(office, actor, path):
    return [(one.row, one.result) for one in read_back(office.engine, actor, path, at=NOON, today=TODAY)]


def test_rows_are_taken_refused_or_left_alone_and_all_are_told(office, tmp_path):
    taken, conflicted, other, untouched, noted = (office.plant() for _ in range(5))
    foreign = office.plant(division="370203")
    office.act(CHIEF, conflicted, "assign", 0, owner="wang")
    path = fill(
        tmp_path / "back.xlsx",
        [
            {"finding_id": taken, "version": 0, "action": "take"},
            {"finding_id": conflicted, "version": 0, "action": "take"},
            {"finding_id": other, "version": 0, "action": "confirm", "reason_code": "underpaid"},
            {"finding_id": untouched, "version": 0},
            {"finding_id": foreign, "version": 0, "action": "take"},
            {"finding_id": "F0", "version": 0, "action": "take"},
            {"finding_id": noted, "version": 0, "note": "电话联系"},
            {"finding_id": noted, "version": "x", "action": "note", "note": "y"},
        ],
    )
    results = ["taken", "refused", "refused", "nothing", "refused", "refused", "taken", "refused"]
    assert take(office, LI, path) == list(enumerate(results, 2))
    assert (office.row(taken)["state"], office.row(taken)["owner"]) == ("assigned", "li")
    assert (office.row(conflicted)["owner"], office.row(foreign)["version"]) == ("wang", 0)


def test_the_same_file_again_changes_nothing(office, tmp_path):
    finding = office.plant()
    office.act(LI, finding, "take", 0)
    row = {"finding_id": finding, "version": 1, "action": "exclude", "reason_code": "source_error", "note": "数据有误"}
    path = fill(tmp_path / "back.xlsx", [row])
    assert take(office, LI, path) == [(2, "taken")]
    before = office.row(finding)
    assert take(office, LI, path) == [(2, "known")]
    assert office.row(finding) == before
    assert take(office, WANG, path) == [(2, "refused")]


def test_yuan_and_vouchers_come_back_as_they_were_typed(office, tmp_path):
    finding = office.plant()
    office.act(LI, finding, "take", 0)
    office.act(LI, finding, "notify", 1)
    office.act(LI, finding, "record_reply", 2, text="属实")
    office.act(LI, finding, "confirm", 3, reason_code="underpaid")
    paid = {"action": "record_payment", "amount": "1,200.50", "voucher": "0012"}
    rows = [{"action": "assess", "amount": 1200.5, "version": 4}, {**paid, "version": 5}]
    path = fill(tmp_path / "back.xlsx", [{"finding_id": finding, **row} for row in rows])
    assert take(office, LI, path) == [(2, "taken"), (3, "taken")]
    assert office.row(finding)["recovered"] == Decimal("1200.50")


def test_what_is_no_workbook_of_findings_is_refused_whole(office, tmp_path):
    (tmp_path / "no.xlsx").write_bytes(b"nothing")
    with xlsxwriter.Workbook(str(tmp_path / "other.xlsx")) as book:
        book.add_worksheet("findings").write_row(0, 0, ["finding_id"])
    with xlsxwriter.Workbook(str(tmp_path / "far.xlsx")) as book:
        book.add_worksheet("findings").write(1_048_575, 16_383, "x")
    for name in ("no.xlsx", "other.xlsx", "far.xlsx", "absent.xlsx"):
        with pytest.raises(SourceRejected):
            take(office, LI, tmp_path / name)


def test_every_format_tells_the_same_and_the_workbook_can_be_read_back(office, tmp_path):
    office.plant(master="P80")
    rows = office.ask(find, LI, Filter(subject="P80"), today=TODAY).rows
    lines, objects = io.StringIO(), io.StringIO()
    write_csv(rows, lines)
    write_json(rows, objects)
    [told] = csv.DictReader(io.StringIO(lines.getvalue()))
    [same] = json.loads(objects.getvalue())
    assert tuple(told) == tuple(same) == TOLD
    assert told["estimate_likely"] == same["estimate_likely"] == "1000.00"
    write_workbook(rows, tmp_path / "out.xlsx")
    assert take(office, LI, tmp_path / "out.xlsx") == [(2, "nothing")]


def fill_report(path, sheets, made_at=NOON):
    """The report as an auditor hands it back: a summary, and the rules' sheets with their outcome columns."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("汇总 Summary").write(0, 0, "统一比对疑点 Findings")
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write(0, 2, f"处理结果 Outcome · {made_at.isoformat()}")
            sheet.write_row(1, 0, [both(FINDING_ID), "证据", *(both(HEADINGS[name]) for name in FILLED)])
            for line, row in enumerate(rows, 2):
                sheet.write(line, 0, row["finding_id"])
                for place, column in enumerate(FILLED, 2):
                    if column in row:
                        sheet.write(line, place, row[column])
    return path


def test_a_report_comes_back_with_outcomes_on_any_of_its_sheets(office, tmp_path):
    taken, untouched, earlier, acted = (office.plant() for _ in range(4))
    office.act(CHIEF, earlier, "assign", 0, owner="li", at=NOON - timedelta(days=1))
    office.act(CHIEF, acted, "assign", 0, owner="wang", at=NOON + timedelta(hours=1))
    excluded = {"finding_id": earlier, "action": "exclude", "reason_code": "source_error"}
    sheets = {
        "one": [{"finding_id": taken, "action": "take"}, {"finding_id": untouched}],
        "two": [excluded, {"finding_id": acted, "action": "take"}],
    }
    path = fill_report(tmp_path / "back.xlsx", sheets)
    told = [(one.sheet, one.row, one.result) for one in read_back(office.engine, LI, path, at=LATER, today=TODAY)]
    assert told == [("one", 3, "taken"), ("one", 4, "nothing"), ("two", 3, "taken"), ("two", 4, "refused")]
    assert (office.row(taken)["state"], office.row(acted)["owner"]) == ("assigned", "wang")
    assert take(office, LI, path) == [(3, "known"), (4, "nothing"), (3, "known"), (4, "refused")]


def test_in_a_report_ones_own_steps_do_not_stand_in_the_way(office, tmp_path):
    finding = office.plant()
    office.act(LI, finding, "take", 0, at=NOON + timedelta(minutes=5))
    row = {"finding_id": finding, "action": "exclude", "reason_code": "source_error"}
    path = fill_report(tmp_path / "back.xlsx", {"one": [row]})
    assert [one.result for one in read_back(office.engine, LI, path, at=LATER, today=TODAY)] == ["taken"]


HEADS = [both(FINDING_ID), *(both(HEADINGS[name]) for name in FILLED)]


def write_sheets(path, sheets):
    """Sheets by name, each a list of lines as they stand."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return path


BAND = ["", f"处理结果 Outcome · {NOON.isoformat()}"]
ROW = ["ID", "take", "", "", "", "x"]
VAGUE = ["", "处理结果 Outcome · yesterday"]
DAMAGES = {
    "no id column": ("hub_person", [BAND[1:], HEADS[1:], ROW[1:]], "疑点编号 Finding id"),
    "no head": ("hub_person", [BAND, ROW], "处理动作 Action"),
    "no head under another name": ("王", [[], ROW], "处理动作 Action"),
    "no band": ("王", [HEADS, ROW], "when it was made"),
    "an empty band": ("王", [[], HEADS, ROW], "when it was made"),
    "a band without a moment": ("王", [VAGUE, HEADS, ROW], "when it was made"),
    "no column for notes": ("王", [BAND, HEADS[:-1], ROW[:-1]], "备注 Note"),
    "nothing": ("underdeclared_contribution_base", [], "处理动作 Action"),
    "a further sheet": ("underdeclared_contribution_ba_2", [["x"]], "处理动作 Action"),
}


@pytest.mark.parametrize(("name", "lines", "told"), DAMAGES.values(), ids=DAMAGES)
def test_a_rules_sheet_that_lost_its_columns_is_refused_and_the_others_are_taken(office, tmp_path, name, lines, told):
    lost, taken = office.plant(), office.plant()
    sheets = {
        "汇总 Summary": [["hub_person", "名称\nTitle"]],
        name: [[lost if cell == "ID" else cell for cell in line] for line in lines],
        "whole": [BAND, HEADS, [taken, "take"]],
    }
    path = write_sheets(tmp_path / "back.xlsx", sheets)
    refused, done = read_back(office.engine, LI, path, at=LATER, today=TODAY)
    assert (refused.sheet, refused.row, refused.result) == (name, 0, "refused")
    assert told in refused.message
    assert (done.result, office.row(taken)["state"], office.row(lost)["state"]) == ("taken", "assigned", "new")


def test_lines_put_above_the_head_do_not_matter(office, tmp_path):
    finding = office.plant()
    path = write_sheets(tmp_path / "back.xlsx", {"x": [["李"], [], BAND, HEADS, [finding, "take"]]})
    assert [(one.row, one.result) for one in read_back(office.engine, LI, path, at=LATER, today=TODAY)] == [
        (5, "taken")
    ]


def test_what_is_wrong_with_a_row_is_told_of_its_column_in_both_languages(office, tmp_path):
    finding = office.plant()
    rows = [
        ({"version": 0, "action": "take"}, "没有疑点编号", "the row has no id"),
        ({"finding_id": finding, "version": "x", "action": "take"}, "version", "the version is not a number"),
        (
            {"finding_id": finding, "version": 0, "action": "assess", "amount": "十元"},
            "金额",
            "the amount is not a number",
        ),
        ({"finding_id": finding, "version": 0, "action": "assign"}, "没有这种操作", "cannot come from a workbook"),
        ({"finding_id": finding, "version": 0, "action": "close"}, "当前状态不允许", "not possible in state new"),
        ({"finding_id": "F0", "version": 0, "action": "take"}, "没有这个疑点", "no such finding"),
        ({"finding_id": finding, "version": 3, "action": "take"}, "先行办理", "has acted on this case"),
    ]
    path = fill(tmp_path / "back.xlsx", [row for row, _, _ in rows])
    for one, (_, chinese, english) in zip(read_back(office.engine, LI, path, at=NOON, today=TODAY), rows, strict=True):
        assert one.result == "refused"
        assert chinese in one.message
        assert english in one.message


def test_a_formula_without_a_value_is_refused_and_one_with_a_value_is_taken(office, tmp_path):
    finding, other = office.plant(), office.plant()
    with xlsxwriter.Workbook(str(tmp_path / "back.xlsx")) as book:
        book.add_worksheet("before & <after>").write_formula(1, 6, "=1", None, "")
        sheet = book.add_worksheet("findings")
        names = ("finding_id", "version", *FILLED)
        sheet.write_row(0, 0, names)
        for line, (name, value) in enumerate(((finding, ""), (other, "两笔")), 1):
            sheet.write_row(line, 0, [name, 0])
            sheet.write_formula(line, names.index("note"), "=1+1 <note>", None, value)
    refused, taken = read_back(office.engine, LI, tmp_path / "back.xlsx", at=NOON, today=TODAY)
    assert (refused.result, taken.result) == ("refused", "taken")
    assert "the cell note holds a formula" in refused.message
    assert "公式" in refused.message
    assert office.row(finding)["version"] == 0


def test_a_case_is_worked_from_beginning_to_end_by_names_and_titles(office, tmp_path):
    finding = office.plant()
    steps = [
        {"action": "领取 take"}, {"action": " Send  notice"}, {"action": "登记答复", "note": "属实"},
        {"action": "CONFIRM ", "reason_code": "少缴税费"}, {"action": "核定税款", "amount": 10},
        {"action": "Record_Payment", "amount": 10, "voucher": "7"}, {"action": "结案"},
    ]  # fmt: skip
    path = fill(tmp_path / "back.xlsx", [{"finding_id": finding, "version": at, **one} for at, one in enumerate(steps)])
    assert {result for _, result in take(office, LI, path)} == {"taken"}
    assert (office.row(finding)["state"], office.row(finding)["recovered"]) == ("closed", Decimal(10))


def test_from_every_state_the_workbook_offers_each_action_that_its_columns_can_carry():
    rules = case_rules()
    for state in rules.states:
        carried = {
            one.name for one in rules.possible(state) if one.needs <= {"text", "reason_code", "amount", "voucher"}
        }
        assert carried <= set(FROM_SHEET)
        assert state == "closed" or carried - {"note"}
    offered = [f"{rules.actions[name].title.zh} {name}" for name in FROM_SHEET]
    assert [action_named(text) for text in offered] == list(FROM_SHEET)
    assert len(",".join(offered)) <= 255  # what Excel takes of a list


def test_a_long_file_is_taken_in_parts_and_one_finding_in_several_steps(office, tmp_path, monkeypatch):
    monkeypatch.setattr("mismatches.cases.read_back.ROWS_AT_ONCE", 3)
    finding, first = office.plant(), office.plant()
    office.act(CHIEF, first, "assign", 0, owner="wang")
    rows = [
        {"finding_id": finding, "version": 0, "action": "take"},
        {"finding_id": finding, "version": 1, "action": "exclude", "reason_code": "source_error"},
        {"finding_id": first, "version": 0, "action": "take"},
        {"finding_id": finding},
        {"finding_id": finding, "version": 1, "action": "note", "note": "late"},
        {"finding_id": finding, "version": 2, "action": "close"},
        {"finding_id": finding, "version": 3, "note": "filed"},
    ]
    path = fill(tmp_path / "back.xlsx", rows)
    results = ["taken", "taken", "refused", "nothing", "refused", "taken", "taken"]
    reports = read_back(office.engine, LI, path, at=NOON, today=TODAY)
    assert [(one.row, one.result) for one in reports] == list(enumerate(results, 2))
    assert "chief has acted" in reports[2].message
    assert "li has acted" in reports[4].message
    events = office.ask(history, LI, finding)
    assert [event.action for event in events] == ["take", "exclude", "close", "note"]
    assert faults(events) == []
    assert replay(events) == CaseState.of(office.row(finding))
    assert {one.result for one in read_back(office.engine, LI, path, at=NOON, today=TODAY)} == {
        "known", "nothing", "refused",
    }  # fmt: skip
    assert office.ask(history, LI, finding) == events


def test_more_rows_than_the_limit_are_refused_and_none_is_taken(office, tmp_path, monkeypatch):
    monkeypatch.setattr("mismatches.cases.read_back.MOST_ROWS", 1)
    one, other = office.plant(), office.plant()
    path = fill(tmp_path / "back.xlsx", [{"finding_id": name, "version": 0, "action": "take"} for name in (one, other)])
    with pytest.raises(SourceRejected, match="split it"):
        read_back(office.engine, LI, path, at=NOON, today=TODAY)
    assert office.row(one)["version"] == 0


def test_who_acts_on_a_case_of_the_file_meanwhile_is_told_that_the_file_was_first(office, tmp_path):
    finding = office.plant()
    with office.engine.begin() as connection:
        batch = Batch(connection, LI, [finding])
        batch.act(Step(finding, "take", 0), at=NOON, today=TODAY)
        with ThreadPoolExecutor() as pool:
            second = pool.submit(office.act, CHIEF, finding, "assign", 0, owner="wang")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
            batch.write()
            connection.commit()
            with pytest.raises(CaseConflict, match="li has acted"):
                second.result(timeout=10)


def test_payments_of_a_workbook_follow_the_rules_of_the_portal(office, tmp_path):
    first, second = office.plant(), office.plant()
    way = (
        ("take", {}), ("notify", {}), ("record_reply", {"text": "无异议"}), ("confirm", {"reason_code": "underpaid"}),
        ("assess", {"amount": Decimal(100)}),
    )  # fmt: skip
    for finding in (first, second):
        for seen, (action, carried) in enumerate(way):
            office.act(LI, finding, action, seen, **carried)
    pay = {"finding_id": first, "action": "record_payment"}
    path = fill(
        tmp_path / "back.xlsx",
        [
            pay | {"version": 5, "amount": 100.01, "voucher": "R1"},
            pay | {"version": 5, "amount": 60, "voucher": "R1"},
            pay | {"version": 6, "amount": 40.01, "voucher": "R2"},
            pay | {"version": 5, "amount": 60, "voucher": "R1", "finding_id": second},
            {"finding_id": first, "version": 6, "action": "close"},
            {"finding_id": first, "version": 6, "action": "void_payment", "voucher": "R1", "reason_code": "wrong_case"},
            pay | {"version": 5, "amount": 60, "voucher": "R1", "finding_id": second},
            {"finding_id": second, "version": 6, "action": "close", "reason_code": "remitted"},
        ],
    )
    results = ["refused", "taken", "refused", "refused", "refused", "taken", "taken", "taken"]
    reports = read_back(office.engine, LI, path, at=NOON, today=TODAY)
    assert [one.result for one in reports] == results
    for place, said in (
        (0, "入库合计不能超过核定税款"),
        (2, "at most 40.00 yuan"),
        (3, "on another case"),
        (4, "40.00 yuan"),
    ):
        assert said in reports[place].message
    assert (office.row(first)["recovered"], office.row(second)["recovered"]) == (0, 60)
    for finding in (first, second):
        events = office.ask(history, LI, finding)
        assert (replay(events), faults(events)) == (CaseState.of(office.row(finding)), [])
