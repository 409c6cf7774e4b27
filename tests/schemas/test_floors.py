"""Floors: what holds a batch and what lets it pass."""

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from schemas.contract import Contract, Floors, Mode, source_contract
from schemas.floors import broken_floors
from schemas.validation import Validated, validate

CONTRACT = replace(
    source_contract("tax.natural_person"), floors=Floors(max_null_share={"id_number": 0.5, "mobile": 0.5})
)


def snapshot(rows: int, *, bad: int = 0, without_number: int = 0, mode: Mode = "snapshot") -> Validated:
    table = pa.table(
        {
            "record_id": [str(row) for row in range(rows)],
            "name": [None if row < bad else "张三" for row in range(rows)],
            "id_number": [None if row >= rows - without_number else "11010519491231002X" for row in range(rows)],
            "updated_at": ["2026-01-01"] * rows,
        },
        schema=pa.schema([(name, pa.string()) for name in ("record_id", "name", "id_number", "updated_at")]),
    )
    return validate(table, CONTRACT, batch="b", mode=mode, as_of=date(2026, 11, 1))


def broken(
    validated: Validated, state: int | None, mode: Mode = "snapshot", contract: Contract = CONTRACT
) -> list[str]:
    return [floor.rule for floor in broken_floors(validated, state, contract, mode)]


@pytest.mark.parametrize(
    ("rows", "state", "mode", "rules"),
    [
        (10, None, "snapshot", []),
        (10, 10, "snapshot", []),
        (8, 10, "snapshot", []),
        (7, 10, "snapshot", ["min_ratio"]),
        (5, 10, "snapshot", ["min_ratio"]),
        (5, 0, "snapshot", []),
        (0, None, "snapshot", ["min_rows"]),
        (0, 10, "snapshot", ["min_rows", "min_ratio"]),
        (1, 10, "delta", []),
        (0, 10, "delta", []),
    ],
)
def test_row_counts(rows: int, state: int | None, mode: Mode, rules: list[str]) -> None:
    assert broken(snapshot(rows, mode=mode), state, mode) == rules


def test_a_snapshot_of_nothing_is_held_whatever_the_contract_says() -> None:
    lenient = replace(CONTRACT, floors=Floors(min_rows=0, min_ratio=0.0))
    assert broken(snapshot(0), None, contract=lenient) == ["min_rows"]


@pytest.mark.parametrize(("bad", "rules"), [(100, []), (101, ["max_quarantined"])])
def test_quarantine(bad: int, rules: list[str]) -> None:
    floors = broken_floors(snapshot(200, bad=bad), None, CONTRACT, "snapshot")
    assert [floor.rule for floor in floors] == rules
    assert all("name:empty (101)" in str(floor) for floor in floors)


@pytest.mark.parametrize(("without", "rules"), [(100, []), (101, ["max_null_share"])])
def test_null_shares_bind_received_columns_only(without: int, rules: list[str]) -> None:
    floors = broken_floors(snapshot(200, without_number=without), None, CONTRACT, "snapshot")
    assert [(floor.rule, floor.column) for floor in floors] == [(rule, "id_number") for rule in rules]


@pytest.mark.parametrize("mode", ["snapshot", "delta"])
def test_shares_of_a_few_rows_say_nothing(mode: Mode) -> None:
    assert broken(snapshot(99, without_number=99, mode=mode), None, mode) == []
    assert broken(snapshot(100, without_number=100, mode=mode), None, mode) == ["max_null_share"]
    assert broken(snapshot(99, bad=98, mode=mode), None, mode) == []
    assert broken(snapshot(1, bad=1, mode="delta"), 10, "delta") == []


def test_deletes_have_no_nulls() -> None:
    table = pa.table(
        {"record_id": ["1", "2"], "name": [None, "张三"], "id_number": [None, "E12345678"], "op": ["D", "U"]}
    )
    table = table.append_column("updated_at", pa.array(["2026-01-01"] * 2))
    validated = validate(table, CONTRACT, batch="b", mode="delta", as_of=date(2026, 11, 1))
    assert broken(validated, 2, "delta") == []


def test_a_broken_floor_says_its_figures_and_a_remedy() -> None:
    (floor,) = broken_floors(snapshot(5), 10, CONTRACT, "snapshot")
    assert (floor.value, floor.limit, floor.dataset) == (0.5, 0.8, "tax.natural_person")
    assert "5 accepted rows" in str(floor)
    assert "Remedy: " in str(floor)
