"""`sitong findings` on the town after its first run: list, one in full, files, and a workbook read back."""

import csv
import io

import pytest
import xlsxwriter

from tests.sitong.homes import call


def ask(home, *arguments, columns=200):
    environment = {"SITONG_DATABASE_URL": home.server.url("owner", home.database), "COLUMNS": str(columns)}
    return call("findings", "--home", home.path, *arguments, environment=environment)


def listed(home, *arguments):
    outcome = ask(home, "--format", "csv", *arguments)
    assert outcome.status == 0, outcome.said
    return list(csv.DictReader(io.StringIO(outcome.out)))


def test_the_list_the_page_the_workbook_and_the_way_back(home, tmp_path):
    rows = listed(home)
    assert rows
    narrow = ask(home, columns=80).out
    assert all(row["finding_id"] in narrow and row["rule"] in narrow for row in rows[:10])
    assert {row["rule"] for row in listed(home, "--rule", rows[0]["rule"])} == {rows[0]["rule"]}
    assert listed(home, "--state", "closed") == []
    one = ask(home, rows[0]["finding_id"])
    assert (one.status, rows[0]["finding_id"] in one.out) == (0, True)
    linked = [row for row in rows if float(row["estimate_likely"] or 0)] or rows
    assert any("weakest link" in ask(home, row["finding_id"]).out for row in linked[:5])
    others = listed(home, "--outcome", "not_comparable")
    assert others
    assert not {row["finding_id"] for row in others} & {row["finding_id"] for row in rows}
    assert ask(home, "--format", "csv", "--out", tmp_path / "none" / "x.csv").status == 2
    again = ask(home, rows[0]["finding_id"], "--again")
    assert again.status == 0
    then, now = again.out.splitlines()
    assert then.split(": ")[1] == now.split(": ")[1]
    unknown = ask(home, "F0")
    assert (unknown.status, "no finding F0" in unknown.said) == (2, True)
    assert ask(home, "--format", "xlsx").status == 2
    assert ask(home, "--format", "xlsx", "--out", tmp_path / "all.xlsx").status == 0
    with xlsxwriter.Workbook(str(tmp_path / "back.xlsx")) as book:
        sheet = book.add_worksheet("findings")
        sheet.write_row(0, 0, ["finding_id", "version", "action", "reason_code", "amount", "voucher", "note"])
        sheet.write_row(1, 0, [rows[0]["finding_id"], 0, "take"])
    assert "1 taken" in ask(home, "--read-back", tmp_path / "back.xlsx").said
    assert "1 known" in ask(home, "--read-back", tmp_path / "back.xlsx").said
    [taken] = listed(home, "--state", "assigned")
    assert (taken["finding_id"], taken["version"]) == (rows[0]["finding_id"], "1")


@pytest.mark.parametrize(
    "filter_of",
    [("--rule", "nope"), ("--severity", "grave"), ("--state", "opened"), ("--month", "2026-13"), ("--district", "abc")],
)
def test_a_filter_that_nothing_can_pass_is_wrong_usage(tmp_path, filter_of):
    outcome = call("findings", "--home", tmp_path, *filter_of)
    assert (outcome.status, filter_of[0] in outcome.said) == (2, True)


def test_help_speaks_both_languages():
    outcome = call("findings", "--help", environment={"NO_COLOR": "1", "TERM": "dumb"})
    assert "--read-back" in outcome.out
    assert "读回" in outcome.out
