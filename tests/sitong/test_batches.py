"""Snapshots, deltas, absence and late batches, from drop to published base."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.sitong.exports import write_batch
from tests.sitong.homes import masters, records
from tests.sitong.town import COLUMNS, LAYOUT, citizen_id

LATER = datetime(2026, 4, 1, 9)  # noqa: DTZ001 - local time, as departments send it
POLICE = "police.resident"


@pytest.fixture
def changed(town):
    """A row of the police as it is, with some values changed."""
    return lambda at, **values: town.rows[POLICE][at] | {"updated_at": LATER} | values


def person(home, record_id):
    """The golden record of the person that a police record belongs to."""
    master = masters(home.crosswalk())[POLICE, record_id]
    return next(row for row in home.golden().to_pylist() if row["master_id"] == master)


def test_a_day_of_deltas(home, town, tmp_path, changed):
    """Upsert, delete, insert; batches in name order, whatever else; every other dataset keeps its state."""
    before, kept = masters(home.crosswalk()), {name: home.accepted(name) for name in LAYOUT if name != POLICE}
    rows = town.rows[POLICE]
    moved, gone, twice, back = (rows[at]["record_id"] for at in (0, 1, 2, 4))
    newborn = {"record_id": "new/1", "name": "初到", "sex": "2", "birth_date": date(2026, 3, 30), "updated_at": LATER}
    newborn["id_number"] = citizen_id("370203", date(2026, 3, 30), 522)
    drop = tmp_path / "drop"
    columns = ("op", *COLUMNS[POLICE])
    write_batch(drop, POLICE, "20260401b", [
        changed(2, address="第二次", op="U"), changed(4, address="又回来了", op="u"),
        {"op": "D", "record_id": "nobody/9"},
    ], *columns, mode="delta")  # fmt: skip
    write_batch(drop, POLICE, "20260401a", [
        changed(0, address="青岛市崂山区海尔路1号", op="U"), {"op": "D", "record_id": gone},
        changed(2, address="第一次", op=None), {"op": "d", "record_id": back}, newborn | {"op": "U"},
    ], *columns, mode="delta")  # fmt: skip
    outcome = home.run(drop, as_of="2026-04-02")
    assert outcome.status == 0, outcome.said

    state = {row["record_id"]: row for row in home.accepted(POLICE)}
    assert state.keys() == {row["record_id"] for row in rows} - {gone} | {"new/1"}
    assert state[moved]["address"] == "青岛市崂山区海尔路1号"
    assert state[twice]["address"] == "第二次"
    assert state[back]["address"] == "又回来了"
    assert state[rows[3]["record_id"]]["address"] == rows[3]["address"]
    assert {name: home.accepted(name) for name in kept} == kept

    after = masters(home.crosswalk())
    assert records(home.crosswalk()) == sorted(before.keys() - {(POLICE, gone)} | {(POLICE, "new/1")})
    unchanged = before.keys() & after.keys()
    assert {record: after[record] for record in unchanged} == {record: before[record] for record in unchanged}
    assert after[POLICE, "new/1"] not in set(before.values())
    assert person(home, moved)["address"] == "青岛市崂山区海尔路1号"
    assert person(home, "new/1")["name"] == "初到"


def test_a_snapshot_deletes_who_is_absent_and_a_late_delta_takes_its_place(home, town, tmp_path, changed):
    rows = town.rows[POLICE]
    write_batch(tmp_path / "one", POLICE, "20260405", [row | {"updated_at": LATER} for row in rows[:-20]])
    assert home.run(tmp_path / "one").status == 0
    assert [row["record_id"] for row in home.accepted(POLICE)] == sorted(row["record_id"] for row in rows[:-20])
    left = {record for record in masters(home.crosswalk()) if record[0] == POLICE}
    assert left == {(POLICE, row["record_id"]) for row in rows[:-20]}

    state, late = home.accepted(POLICE), changed(0, mobile="13800000000")
    write_batch(tmp_path / "two", POLICE, "20260403", [late], mode="delta")
    outcome = home.run(tmp_path / "two")
    assert outcome.status == 0, outcome.said
    assert "20260403" in outcome.said
    assert "later batch" in outcome.said
    assert home.accepted(POLICE) == state  # the snapshot of the 5th knew better

    write_batch(tmp_path / "three", POLICE, "20260406", [late], mode="delta")
    assert home.run(tmp_path / "three").status == 0
    assert {row["record_id"]: row["mobile"] for row in home.accepted(POLICE)}[rows[0]["record_id"]] == "13800000000"


def test_what_is_missing_or_wrong_in_a_row_never_costs_the_row(home, town, tmp_path, changed):
    """sources.md, "Required and null", in one batch."""
    rows = [
        changed(0, id_number=None, birth_date=None, sex=None),
        changed(1, id_number="37020219700101123Z", birth_date="19750230", sex="男女", ethnicity="77", status="8"),
        changed(2, birth_date="00000000", death_date="99991231", mobile=""),
        changed(3, division_code="370202"),
        changed(4, division_code="999999999"),
        changed(5, death_date="昨天"),  # text that is not a date where one is due
        changed(6, name="  "),
        changed(7, record_id=""),
        changed(8), changed(8, mobile="13811111111", updated_at=datetime(2026, 4, 1, 10)),  # noqa: DTZ001
        changed(9, updated_at="19000101"),
    ]  # fmt: skip
    write_batch(tmp_path / "drop", POLICE, "20260401", rows, mode="delta")
    outcome = home.run(tmp_path / "drop")
    assert outcome.status == 0, outcome.said
    assert "7 accepted, 4 quarantined" in outcome.said
    state = {row["record_id"]: row for row in home.accepted(POLICE)}
    ids = [row["record_id"] for row in town.rows[POLICE]]
    assert [state[ids[0]][name] for name in ("id_number", "birth_date", "sex")] == [None, None, None]
    bad = state[ids[1]]
    assert (bad["id_number"], bad["id_number_raw"]) == (None, "37020219700101123Z")
    assert (bad["birth_date"], bad["birth_date_raw"]) == (None, "19750230")
    flags = set(bad["_flags"].split(";"))
    assert {flag.partition(":")[0] for flag in flags} >= {"id_number", "birth_date", "sex", "ethnicity", "status"}
    assert [state[ids[2]][name] for name in ("birth_date", "death_date", "mobile")] == [None, None, None]
    assert state[ids[3]]["division_code"] == "370202"
    assert "division_code:unknown_code" in state[ids[4]]["_flags"]
    assert state[ids[8]]["mobile"] == "13811111111"
    assert state[ids[9]]["updated_at"] is None
    refused = {row["_row"]: row["_rules"] for row in home.quarantined(POLICE)}
    assert refused == {
        6: "death_date:bad_date", 7: "name:empty", 8: "record_id:empty", 9: "record_id:repeated"
    }  # fmt: skip


def test_a_delta_of_one_wrong_row_is_no_reason_to_wait(home, town, tmp_path, changed):
    rows = [changed(0, name=""), changed(1, birth_date="19750230", id_number="")]
    for at, row in enumerate(rows):
        write_batch(tmp_path / "drop", POLICE, f"2026040{at + 1}", [row], mode="delta")
    outcome = home.run(tmp_path / "drop")
    assert outcome.status == 0, outcome.said
    assert [row["_rules"] for row in home.quarantined(POLICE)] == ["name:empty"]
    assert len(home.accepted(POLICE)) == len(town.rows[POLICE])


def test_numbers_and_periods_that_are_none_are_quarantined_and_placeholders_are_null(home, town, tmp_path):
    wages = [dict(row) for row in town.rows["tax.wage"][:4]]
    wages[0] |= {"wages": "约五万"}
    wages[1] |= {"wages": "12,345.60", "months": None}
    wages[2] |= {"tax_year": "二〇二五"}
    wages[3] |= {"tax_withheld": ""}
    write_batch(tmp_path / "drop", "tax.wage", "20260401", wages, mode="delta")
    outcome = home.run(tmp_path / "drop")
    assert outcome.status == 0, outcome.said
    state = {row["record_id"]: row for row in home.accepted("tax.wage")}
    assert state["W-1"]["wages"] == Decimal("12345.60")
    assert state["W-3"]["tax_withheld"] is None
    assert {row["record_id"] for row in home.quarantined("tax.wage")} == {"W-0", "W-2"}
    assert len(state) == len(town.rows["tax.wage"])  # the rows before stay in force


def test_the_contract_decides_where_no_sidecar_says_otherwise_and_a_snapshot_ignores_op(home, town, tmp_path, changed):
    rows = [row | {"op": "D"} for row in town.rows[POLICE]]
    write_batch(tmp_path / "drop", POLICE, "20260401", rows, "op", *COLUMNS[POLICE])
    outcome = home.run(tmp_path / "drop")
    assert outcome.status == 0, outcome.said
    assert len(home.accepted(POLICE)) == len(rows)
