"""The list: what the address says is what is shown, in order, page by page, and in the files."""

import csv
import io
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from portal import findings
from portal.filters import MOST_PAGES, ListQuery
from tests.portal.asking import Reader
from tests.portal.city_hall import CHIEF, LI, MARK, WANG

IDS = re.compile(r'href="/findings/(F\d{24})"')


def listed(hall, actor, **asked):
    answer = hall.reader(actor).get("/findings", params=asked)
    assert answer.status_code == 200, answer.text
    return IDS.findall(answer.text), answer.text


def total(text):
    return int(re.search(r"共 <b>([\d,]+)</b>", text)[1].replace(",", ""))


def counted(hall, condition):
    with hall.office.engine.connect() as connection:
        query = text(f"SELECT count(*) FROM mismatches.finding WHERE outcome = 'hit' AND NOT shadow AND {condition}")
        return connection.execute(query).scalar_one()


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"rule": ["unregistered_taxpayer", "deceased_legal_representative"]}, "rule ~ '^(unr|dec)'"),
        ({"severity": "high", "month": ["2026-01", "2026-03"]}, "severity = 'high' AND month <> '2026-02'"),
        ({"district": ["370202", "unknown"]}, "(division = '370202' OR division IS NULL)"),
        ({"district": "3702"}, "division IS NOT NULL"),
        ({"department": "police"}, "rule = 'deceased_legal_representative'"),
        ({"department": "police", "rule": "unregistered_taxpayer"}, "false"),
        ({"id": "P00000001"}, "subject_id LIKE 'P00000001%'"),
        ({"id": "%"}, "false"),
        ({"state": "", "owner": "", "month": ""}, "true"),
        ({"state": "new"}, "state = 'new' AND suppressed_until IS NULL"),
        ({"lang": "zh", "pick": "all"}, "true"),
    ],
)
def test_every_filter_of_the_address_narrows_the_list(hall, asked, condition):
    _, shown = listed(hall, CHIEF, **asked)
    assert total(shown) == counted(hall, condition)


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "nonsense"}, {"page": "0"}, {"page": str(MOST_PAGES + 1)}, {"page": "9" * 400}, {"district": "37'"},
        {"owner": "a\0b"}, {"id": "x" * 101}, {"state": "nowhere"}, {"severity": "grave"}, {"month": ["2026-01"] * 101},
        {"nonsense": "1"}, {"subject": "P000000001"}, {"severity": "high", "rules": "hub_person"},
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_a_bad_request(hall, asked):
    for path in ("/findings", "/findings.csv", "/board"):
        answer = hall.reader(CHIEF).get(path, params=asked)
        assert (answer.status_code, "请求有误" in answer.text) == (400, True)


def test_the_list_is_sorted_by_its_heads_and_turned_by_pages(hall):
    first, shown = listed(hall, CHIEF, sort="estimate", down="1", department="police")
    assert first == sorted(first, reverse=True)  # the planted estimates rise with the ids
    assert 'aria-sort="descending"' in shown
    [after] = re.findall(r'rel="next" href="([^"]+)"', shown)
    assert parse_qs(urlsplit(after.replace("&amp;", "&")).query)["page"] == ["2"]
    second, shown = listed(hall, CHIEF, sort="estimate", down="1", department="police", page="2")
    assert len(first + second) == total(shown) == len(set(first + second))
    assert 'rel="prev"' in shown
    assert 'rel="next"' not in shown


def test_an_auditor_sees_their_district_alone_whatever_the_address_says(hall):
    ids, shown = listed(hall, LI)
    assert total(shown) == counted(hall, "division = '370202'") > 0
    assert set(re.findall("市南区|市北区|黄岛区", shown)) == {"市南区"}
    for asked in ({"district": "370203"}, {"district": "unknown"}, {"shadow": "1"}):
        assert listed(hall, LI, **asked)[0] == []
    _, shown = listed(hall, LI, district="3", id="E")
    assert total(shown) == counted(hall, "division = '370202' AND subject_id LIKE 'E%'")
    assert not set(ids) & set(listed(hall, WANG)[0])


def test_the_filter_that_is_shown_gives_the_same_address_again(hall):
    asked = {"rule": ["a", "b"], "state": ["new"], "district": ["370202"], "id": "P0", "overdue": "1", "sort": "due"}
    query = ListQuery.model_validate(asked)
    again = parse_qs(urlsplit(query.address("/findings", page=3)).query)
    assert again == {name: value if isinstance(value, list) else [value] for name, value in asked.items()} | {
        "page": ["3"]
    }
    _, shown = listed(hall, CHIEF, state="new", severity=["high", "low"])
    ticked = re.findall(r'name="(\w+)" value="(\w+)" checked', shown)
    assert ticked == [("state", "new"), ("severity", "high"), ("severity", "low")]


def test_the_files_hold_all_that_is_shown_and_nothing_that_runs(hall):
    asked = {"department": "police", "sort": "estimate", "district": "370202"}
    with hall.office.engine.begin() as connection:
        ids = listed(hall, LI, **asked)[0]
        set_owner = text("UPDATE mismatches.finding SET owner = '=1+1' WHERE finding_id = :id")
        connection.execute(set_owner, {"id": ids[0]})
    answer = hall.reader(LI).get("/findings.csv", params=asked)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="findings-2026-04-01.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["finding_id"] for row in rows] == ids
    assert rows[0]["owner"] == "'=1+1"
    answer = hall.reader(LI).get("/findings.xlsx", params=asked)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == ids
    assert sheet[1][sheet[0].index("owner")] == "=1+1"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_too_many_for_a_file_is_said_and_not_cut(hall, monkeypatch):
    monkeypatch.setitem(findings.MOST_LINES, "csv", 3)
    answer = hall.reader(CHIEF).get("/findings.csv?severity=high")
    assert (answer.status_code, "结果过多" in answer.text) == (400, True)
    assert 'href="/findings?severity=high"' in answer.text
    assert "/findings.csv" not in listed(hall, CHIEF)[1]


def test_a_view_is_saved_opened_and_removed_by_its_owner_alone(hall):
    li, wang = hall.reader(LI), hall.reader(WANG)
    form = {"csrf": MARK, "view": "<我的>", "severity": ["high", "low"], "overdue": "1"}
    kept = li.post("/findings/views", data=form)
    assert (kept.status_code, kept.headers["Location"]) == (303, "/findings?severity=high&severity=low&overdue=1")
    shown = li.get("/findings").text
    assert '<a href="/findings?severity=high&amp;severity=low&amp;overdue=1">&lt;我的&gt;</a>' in shown
    assert "我的&gt;" not in wang.get("/findings").text
    assert wang.post("/findings/views/remove", data=form).status_code == 303
    assert "我的&gt;" in li.get("/findings").text
    assert li.post("/findings/views/remove", data=form).status_code == 303
    assert "我的&gt;" not in li.get("/findings").text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"csrf": "other"}, 403), ({"csrf": None}, 403), ({"view": " "}, 400), ({"sort": "x"}, 400),
        ({"view": "长" * 50_000}, 413),
    ],
)  # fmt: skip
def test_a_form_without_the_mark_or_out_of_bounds_changes_nothing(hall, changed, status):
    form = {"csrf": MARK, "view": "其他"} | changed
    form = {name: value for name, value in form.items() if value is not None}
    assert hall.reader(LI).post("/findings/views", data=form).status_code == status
    assert "其他</a>" not in hall.reader(LI).get("/findings").text


def test_nobody_who_is_not_signed_in_sees_anything(hall):
    app = hall.app(LI)
    app.dependency_overrides.clear()
    for path in ("/findings", "/findings.csv", "/findings.xlsx"):
        answer = Reader(app).get(path)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in")
    assert Reader(app).post("/findings/views", data={"csrf": MARK, "view": "x"}).status_code == 401
