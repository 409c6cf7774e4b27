"""Validation: every rule of what departments send, and the law that counts add up."""

# ruff: noqa: DTZ001 - what is tested is local time without a zone

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import validation
from schemas.contract import Mode, source_contract, source_contracts
from schemas.errors import ContractBroken
from schemas.rendering.arrow import accepted_schema
from schemas.validation import Validated, validate

AS_OF = date(2026, 11, 1)
RESIDENT = source_contract("police.resident")
GOOD: dict[str, Any] = {
    "record_id": "R1",
    "id_number": "11010519491231002X",
    "name": "张三",
    "sex": "2",
    "birth_date": "1949-12-31",
    "updated_at": "2026-01-01",
}


def batch(*rows: dict[str, Any], mode: Mode = "snapshot", dataset: str = "police.resident") -> Validated:
    """Validate rows that differ from a good one; every column is text."""
    contract = source_contract(dataset)
    full = [{**GOOD, "record_id": f"R{place}", **row} for place, row in enumerate(rows, 1)]
    names = list(dict.fromkeys(name for row in full for name in row))
    table = pa.table({name: pa.array([row.get(name) for row in full], pa.string()) for name in names})
    return validate(table, contract, batch="b1", mode=mode, as_of=AS_OF)


def rules(validated: Validated) -> list[str]:
    return validated.quarantined.column("_rules").to_pylist()


def test_a_good_row() -> None:
    result = batch({"sex": "女", "birth_date": "19491231", "name": "　张三 "})
    row = result.accepted.to_pylist()[0]
    assert result.accepted.schema.equals(accepted_schema(RESIDENT))
    assert (row["record_id"], row["name"], row["sex"]) == ("R1", "张三", "2")
    assert row["birth_date"] == date(1949, 12, 31)
    assert row["updated_at"] == datetime(2026, 1, 1)
    assert row["_batch"] == "b1"
    assert row["_flags"] is None
    assert row["id_number_raw"] is None
    assert row["address"] is None
    assert result.quarantined.num_rows == 0
    assert "address" in result.absent_columns


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"record_id": ""}, "record_id:empty"),
        ({"record_id": None}, "record_id:empty"),
        ({"record_id": "　"}, "record_id:empty"),
        ({"record_id": "号" * 167}, "record_id:too_long"),
        ({"name": ""}, "name:empty"),
        ({"name": " 　\u00a0\u200b"}, "name:empty"),
        ({"name": None}, "name:empty"),
        ({"name": "NULL"}, "name:empty"),
        ({"updated_at": "yesterday"}, "updated_at:bad_date"),
        ({"death_date": "19750230"}, "death_date:bad_date"),
        ({"name": None, "updated_at": "x"}, "name:empty;updated_at:bad_date"),
    ],
)
def test_rows_that_go_to_quarantine(row: dict[str, Any], rule: str) -> None:
    result = batch(row, {})
    assert rules(result) == [rule]
    assert result.quarantined.column("_row").to_pylist() == [1]
    assert result.accepted.column("record_id").to_pylist() == ["R2"]
    assert result.rule_counts == dict.fromkeys(rule.split(";"), 1)


@pytest.mark.parametrize(
    ("row", "flags", "values"),
    [
        ({"id_number": "110105194912310021"}, "id_number:check_digit", {"id_number_raw": "110105194912310021"}),
        ({"id_number": "110105194912310021"}, "id_number:check_digit", {"id_number": None}),
        ({"id_number": "110105491231002"}, "id_number:upgraded_from_15", {"id_number_raw": "110105491231002"}),
        ({"id_number": "无"}, "id_number:placeholder", {"id_number": None, "id_number_raw": "无"}),
        ({"id_number": None}, None, {"id_number": None, "id_number_raw": None}),
        ({"birth_date": "19750230"}, "birth_date:bad_date", {"birth_date": None, "birth_date_raw": "19750230"}),
        ({"birth_date": "00000000"}, None, {"birth_date": None, "birth_date_raw": "00000000"}),
        ({"birth_date": ""}, None, {"birth_date": None, "birth_date_raw": None}),
        ({"birth_date": "1949-12-30"}, "id_number:birth_mismatch", {"birth_date": date(1949, 12, 30)}),
        ({"birth_date": "2027-01-01", "id_number": None}, "birth_date:future_birth", {}),
        ({"sex": "1"}, "id_number:sex_mismatch", {"sex": "1"}),
        ({"sex": "9"}, None, {"sex": "9"}),
        ({"sex": "7"}, "sex:unknown_code", {"sex": "7"}),
        ({"sex": None}, None, {"sex": None}),
        ({"division_code": "999999001"}, "division_code:unknown_code", {"division_code": "999999001"}),
        ({"ethnicity": "汉"}, None, {"ethnicity": "01"}),
        ({"death_date": "99991231"}, None, {"death_date": None}),
        ({"updated_at": None}, None, {"updated_at": None}),
        ({"name": "无"}, "name:placeholder", {"name": "无"}),
        ({"household_id": "户" * 167}, "household_id:too_long", {"household_id": None}),
        ({"household_id": "户" * 166}, None, {"household_id": "户" * 166}),
        (
            {"sex": "1", "birth_date": "1949-12-30"},
            "id_number:sex_mismatch;id_number:birth_mismatch",
            {},
        ),
    ],
)  # fmt: skip
def test_rows_that_stay(row: dict[str, Any], flags: str | None, values: dict[str, Any]) -> None:
    result = batch(row)
    accepted = result.accepted.to_pylist()[0]
    assert accepted["_flags"] == flags
    assert {name: accepted[name] for name in values} == values
    assert set(result.flag_counts) == set(flags.split(";") if flags else ())
    assert result.quarantined.num_rows == 0


def test_of_repeated_record_ids_the_latest_stays_and_of_equal_ones_the_first() -> None:
    result = batch(
        {"record_id": "A", "updated_at": "2026-01-01", "name": "甲"},
        {"record_id": "A ", "updated_at": "2026-01-03", "name": "乙"},
        {"record_id": "B", "updated_at": None, "name": "丙"},
        {"record_id": "A", "updated_at": "2026-01-03", "name": "丁"},
        {"record_id": "B", "updated_at": "2026-01-01", "name": "戊"},
        {"record_id": "C", "name": ""},
        {"record_id": "C", "name": "己", "updated_at": "2025-01-01"},
    )
    assert result.accepted.column("name").to_pylist() == ["乙", "戊", "己"]
    assert result.quarantined.column("_row").to_pylist() == [1, 3, 4, 6]
    assert result.rule_counts == {"record_id:repeated": 3, "name:empty": 1}


def test_numbers_that_cannot_be_read_go_to_quarantine() -> None:
    row = {**GOOD, "taxpayer_id": "91350100M000100Y43", "person_record_id": "P1", "tax_year": "2025.0"}
    rows = [{**row, "record_id": "1", "wages": "12.5万"}, {**row, "record_id": "2", "wages": "1,200.505"}]
    table = pa.table({name: [line[name] for line in rows] for name in rows[0]})
    result = validate(table, source_contract("tax.wage"), batch="b", mode="snapshot", as_of=AS_OF)
    assert rules(result) == ["wages:bad_number"]
    assert str(result.accepted.column("wages")[0]) == "1200.50"
    assert result.accepted.column("tax_year")[0].as_py() == 2025
    assert "name" in result.extra_columns


def test_deltas() -> None:
    result = batch(
        {"op": "U"}, {"op": "D", "name": None, "updated_at": "x", "id_number": "bad"}, {"op": None}, {"op": "d"},
        {"op": "Q"}, {"op": "D", "record_id": None}, mode="delta",
    )  # fmt: skip
    assert result.accepted.select(["record_id", "op", "_flags"]).to_pylist() == [
        {"record_id": "R1", "op": "U", "_flags": None},
        {"record_id": "R2", "op": "D", "_flags": None},
        {"record_id": "R3", "op": "U", "_flags": None},
        {"record_id": "R4", "op": "D", "_flags": None},
    ]
    assert rules(result) == ["op:unknown", "record_id:empty"]
    assert result.extra_columns == ()


def test_a_delta_without_op_upserts_and_a_snapshot_reports_op_as_extra() -> None:
    assert batch({}, mode="delta").accepted.column("op").to_pylist() == ["U"]
    snapshot = batch({"op": "D"})
    assert snapshot.extra_columns == ("op",)
    assert len(snapshot.accepted) == 1


def test_missing_columns_are_named_and_extra_ones_reported() -> None:
    table = pa.table({"record_id": ["1"], "name": ["张三"], "foo": [1], "sex": ["1"]})
    with pytest.raises(ContractBroken) as caught:
        validate(table, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF)
    assert caught.value.where == "police.resident"
    assert "id_number, birth_date, updated_at" in caught.value.what
    assert "张三" not in str(caught.value)
    assert batch({"foo": "1"}).extra_columns == ("foo",)
    assert "foo" in batch({"foo": "1", "name": ""}).quarantined.column_names


def test_a_column_that_stands_twice() -> None:
    table = pa.table([pa.array(["1"])] * 7, names=[*GOOD, "Name "])
    with pytest.raises(ContractBroken, match="more than once: name"):
        validate(table, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF)


@pytest.mark.parametrize("bad", [pa.array([["x"]]), pa.array([b"\xff\xff"]), pa.array([b"\xff"]).view(pa.string())])
def test_columns_that_are_no_text(bad: pa.Array) -> None:
    columns = {**{name: pa.array([value]) for name, value in GOOD.items()}, "address": bad}
    with pytest.raises(ContractBroken, match="column address"):
        validate(pa.table(columns), RESIDENT, batch="b", mode="snapshot", as_of=AS_OF)


def test_header_names_may_differ_in_case_and_blanks() -> None:
    table = pa.table({f" {name.upper()}": [value] for name, value in GOOD.items()})
    result = validate(table, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF)
    assert len(result.accepted) == 1
    assert result.extra_columns == ()


def test_a_header_alone() -> None:
    empty = pa.table({name: pa.array([], pa.string()) for name in GOOD})
    result = validate(empty, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF)
    assert result.received == len(result.accepted) == len(result.quarantined) == 0
    assert result.accepted.schema.equals(accepted_schema(RESIDENT))


def test_typed_columns() -> None:
    columns = {
        "record_id": pa.array([1.0, 2.0]),
        "id_number": pa.array([440524188001010014, None]),
        "name": pa.array(["张三", "李四"]).dictionary_encode(),
        "sex": pa.array([1, 2], pa.int8()),
        "birth_date": pa.array([date(1880, 1, 1), date(1900, 1, 1)]),
        "updated_at": pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("ns")),
        "mobile": pa.array([13800000000, None], pa.float64()),
        "address": pa.array(["青岛", None], pa.large_string()),
    }
    rows = validate(pa.table(columns), RESIDENT, batch="b", mode="snapshot", as_of=AS_OF).accepted.to_pylist()
    assert [row["record_id"] for row in rows] == ["1", "2"]
    assert rows[0]["id_number"] == "440524188001010014"
    assert rows[0]["mobile"] == "13800000000"
    assert rows[1]["birth_date"] is None
    assert [row["_flags"] for row in rows] == [None, None]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_kind_of_text_column_gives_the_same_rows(kind: pa.DataType) -> None:
    rows = [dict(GOOD), {**GOOD, "record_id": "R2", "name": " "}, {**GOOD, "id_number": "x"}]
    plain = pa.table({name: pa.array([row[name] for row in rows]) for name in GOOD})
    columns = [column.cast(pa.string()).combine_chunks() for column in plain.columns]
    encoded = pa.types.is_dictionary(kind)
    other = pa.table([column.dictionary_encode() if encoded else column.cast(kind) for column in columns], list(GOOD))
    results = [validate(table, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF) for table in (plain, other)]
    assert results[0].accepted.to_pylist() == results[1].accepted.to_pylist()
    assert results[0].quarantined.equals(results[1].quarantined)


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (pa.array([b"\xffa"]), "\ufffda"),
        (pa.array([b"\xffa"]).view(pa.string()), "\ufffda"),
        (pa.array([[1, 2]]), "[1, 2]"),
        (pa.array([None], pa.list_(pa.int8())), None),
        (pa.array(["龘"], pa.string_view()), "龘"),
    ],
)
def test_extra_columns_of_any_kind_are_evidence(extra: pa.Array, text: str | None) -> None:
    table = pa.table({**{name: pa.array([value]) for name, value in {**GOOD, "name": ""}.items()}, "note": extra})
    result = validate(table, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF)
    assert result.quarantined.column("note").to_pylist() == [text]


def test_an_op_column_that_is_no_text() -> None:
    columns = {**{name: pa.array([value]) for name, value in GOOD.items()}, "op": pa.array([["U"]])}
    with pytest.raises(ContractBroken, match="column op"):
        validate(pa.table(columns), RESIDENT, batch="b", mode="delta", as_of=AS_OF)


@pytest.mark.parametrize("contract", source_contracts().values(), ids=lambda contract: contract.name)
def test_every_dataset_takes_its_required_columns_alone(contract: Any) -> None:
    columns = {column.name: pa.array(["1"]) for column in contract.columns if column.required}
    dates = {column.name for column in contract.columns if column.type.value in ("date", "timestamp", "month")}
    table = pa.table({name: pa.array(["2026-01-01"]) if name in dates else array for name, array in columns.items()})
    for mode in ("snapshot", "delta"):
        result = validate(table, contract, batch="b", mode=mode, as_of=AS_OF)
        assert len(result.accepted) == 1
        assert result.accepted.schema.equals(accepted_schema(contract, mode))


texts = st.none() | st.sampled_from(
    ["", " ", "1", "张三", "2026-01-01", "19750230", "无", "D", "U", "男", "11010519491231002X"]
)
lines = st.lists(
    st.fixed_dictionaries({name: texts | st.text(max_size=8) for name in [*GOOD, "death_date", "op"]}), max_size=25
)


@given(lines, st.sampled_from(["snapshot", "delta"]), st.integers(1, 5))
def test_counts_add_up(rows: list[dict[str, str | None]], mode: Mode, size: int) -> None:
    names = [*GOOD, "death_date", "op"]
    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in names})
    result = validate(table, RESIDENT, batch="b", mode=mode, as_of=AS_OF)
    assert len(result.accepted) + len(result.quarantined) == result.received == len(rows)
    ids = result.accepted.column("record_id")
    assert ids.null_count == 0
    assert pc.count_distinct(ids).as_py() == len(ids)
    assert result.quarantined.column("_rules").null_count == 0
    assert sum(result.rule_counts.values()) >= len(result.quarantined)
    whole = validation.SLICE
    validation.SLICE = size  # type: ignore[misc]
    try:
        parts = validate(table, RESIDENT, batch="b", mode=mode, as_of=AS_OF)
    finally:
        validation.SLICE = whole  # type: ignore[misc]
    assert parts.accepted.to_pylist() == result.accepted.to_pylist()
    assert parts.quarantined.to_pylist() == result.quarantined.to_pylist()
    assert (parts.rule_counts, parts.flag_counts) == (result.rule_counts, result.flag_counts)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_nul_characters_are_taken_out_and_flagged(kind: pa.DataType) -> None:
    plain = {name: pa.array([text] * 2) for name, text in GOOD.items()}
    names = pa.array(["张\x00三", "李四"]).cast(kind)
    rows = pa.table({**plain, "record_id": pa.array(["R1", "R2"]), "name": names})
    accepted = validate(rows, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF).accepted
    assert accepted.column("name").to_pylist() == ["张三", "李四"]
    assert accepted.column("_flags").to_pylist() == ["name:nul_removed", None]


def test_a_period_that_is_no_month_goes_to_quarantine() -> None:
    row = {"taxpayer_id": "370202198501010011", "tax_type": "VAT", "declared_on": "2025-04-10"}
    periods = ["202503", "2025年3月", "2025Q1", "-", None]
    result = batch(*({**row, "period": period} for period in periods), dataset="tax.declaration")
    assert result.accepted.column("period").to_pylist() == ["2025-03", "2025-03", None, None]
    assert rules(result) == ["period:bad_month"]


def test_wanted_columns_are_the_same_and_refusals_too() -> None:
    rows = [{"death_date": "never"}, {"name": ""}, {"birth_date": "1949"}, {"sex": "男", "address": " 青岛 "}, {}]
    names = list(GOOD | {"death_date": "", "address": ""})
    table = pa.table({name: pa.array([(GOOD | row).get(name) for row in rows], pa.string()) for name in names})
    table = table.set_column(0, "record_id", pa.array(["1", "2", "3", "4", "4"]))
    for mode in ("snapshot", "delta"):
        every = validate(table, RESIDENT, batch="b", mode=mode, as_of=AS_OF)
        some = validate(table, RESIDENT, batch="b", mode=mode, as_of=AS_OF, columns={"sex", "birth_date_raw", "_flags"})
        assert some.accepted.column_names == [
            name for name in every.accepted.column_names
            if name in ("record_id", "sex", "birth_date_raw", "_flags", "op")
        ]  # fmt: skip
        kept = [name for name in some.accepted.column_names if name != "_flags"]
        assert some.accepted.select(kept).equals(every.accepted.select(kept))
        assert some.quarantined.equals(every.quarantined)
        assert some.rule_counts == every.rule_counts


def test_a_column_that_nobody_wants_can_still_refuse_the_file() -> None:
    bytes_of_no_text = pa.array([b"\xff\xfe"]).view(pa.string())
    table = pa.table({name: pa.array([text]) for name, text in GOOD.items()} | {"mobile": bytes_of_no_text})
    with pytest.raises(ContractBroken, match="mobile"):
        validate(table, RESIDENT, batch="b", mode="snapshot", as_of=AS_OF, columns={"name"})


def test_slices_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"record_id": f"R{place % 40}", "name": "" if place % 7 == 0 else "张三"} for place in range(100)]
    whole = batch(*rows)
    monkeypatch.setattr(validation, "SLICE", 9)
    sliced = batch(*rows)
    assert sliced.accepted.equals(whole.accepted)
    assert sliced.quarantined.equals(whole.quarantined)
    assert (sliced.rule_counts, sliced.flag_counts) == (whole.rule_counts, whole.flag_counts)
