import json
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulation.city import simulate
from simulation.days import advance
from simulation.layout import ENTERPRISE_DATASETS, FACT_DATASETS, LAYOUT, PERSON_DATASETS
from simulation.writing import DEMO


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("start")
    simulate(6_000, 13, out)
    return out


@pytest.fixture(scope="session")
def week(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("week")
    advance(start, 7, 99, out)
    return out


def applied(start: Path, *folders: Path) -> dict[str, dict[str, dict]]:
    """The accepted state: snapshot, then deltas in name order, as a department's receiver would build it."""
    state = {}
    for name in LAYOUT:
        rows = {row["record_id"]: row for row in pq.read_table(start / f"{name}.20260331.parquet").to_pylist()}
        for path in sorted(path for folder in folders for path in folder.glob(f"{name}.*.parquet")):
            if path.name == f"{name}.20260331.parquet":
                continue
            manifest = path.with_name(path.name.replace(".parquet", ".manifest.json"))
            assert json.loads(manifest.read_text())["mode"] == "delta"
            batch = pq.read_table(path).to_pylist()
            ids = [row["record_id"] for row in batch]
            assert len(ids) == len(set(ids))
            for row in batch:
                operation = row.pop("op")
                if operation == "D":
                    assert rows.pop(row["record_id"])
                else:
                    assert operation == "U"
                    rows[row["record_id"]] = row
        state[name] = rows
    return state


def test_deltas_lead_to_the_state_that_the_truth_tells_of(start: Path, week: Path) -> None:
    state = applied(start, week)
    for name in LAYOUT:
        kept = pq.read_table(week / "truth" / "state" / f"{name}.parquet").to_pylist()
        assert {row["record_id"]: row for row in kept} == state[name]
    for file, names in (
        ("person_truth", PERSON_DATASETS),
        ("enterprise_truth", ENTERPRISE_DATASETS),
        ("fact_truth", FACT_DATASETS),
    ):
        rows = pq.read_table(week / "truth" / f"{file}.parquet").to_pylist()
        told = [(row["source"], row["dataset"], row["record_id"]) for row in rows]
        assert len(told) == len(set(told))
        assert set(told) == {(*name.split("."), record_id) for name in names for record_id in state[name]}


def test_about_one_percent_a_day_with_deletes(start: Path, week: Path) -> None:
    changed = [pq.read_table(path) for path in week.glob("police.resident.*.parquet")]
    assert len(changed) == 7
    share = (
        sum(table.num_rows for table in changed)
        / 7
        / pq.read_table(start / "police.resident.20260331.parquet").num_rows
    )
    assert 0.008 < share < 0.015
    assert any("D" in table["op"].to_pylist() for table in changed)


def test_every_kind_of_event_happens(week: Path) -> None:
    events = pq.read_table(week / "truth" / "events.parquet")
    assert set(events["kind"].to_pylist()) >= {
        "birth", "death", "move", "person_renamed", "household_merged", "correction", "departure", "duplicate_removed",
        "enterprise_founded", "enterprise_renamed", "enterprise_cancelled", "enterprise_merged",
        "representative_changed", "taxpayer_registered", "equity_transferred",
    }  # fmt: skip
    assert min(events["day"].to_pylist()) == date(2026, 4, 1)
    assert max(events["day"].to_pylist()) == date(2026, 4, 7)


def test_new_persons_have_new_keys_and_valid_numbers(start: Path, week: Path) -> None:
    before = pq.read_table(start / "truth" / "persons.parquet").num_rows
    persons = pq.read_table(week / "truth" / "persons.parquet")
    assert persons.num_rows > before
    assert len(persons["person"].unique()) == persons.num_rows
    for row in persons.slice(before).to_pylist():
        number = row["id_number"]
        assert number[6:14] == f"{row['birth_date']:%Y%m%d}"
        weights = [2 ** (17 - place) % 11 for place in range(17)]
        total = sum(int(digit) * weight for digit, weight in zip(number[:17], weights, strict=True))
        assert "10X98765432"[total % 11] == number[17]


def test_deaths_reach_the_police_register(week: Path) -> None:
    events = pq.read_table(week / "truth" / "events.parquet")
    dead = set(events.filter(pc.equal(events["kind"], "death"))["subject"].to_pylist())
    truth = pq.read_table(week / "truth" / "person_truth.parquet")
    rows = {row["record_id"]: row["person"] for row in truth.to_pylist() if row["source"] == "police"}
    police = pq.read_table(week / "truth" / "state" / "police.resident.parquet").to_pylist()
    told = [row for row in police if rows[row["record_id"]] in dead]
    assert told
    assert all(row["status"] == "2" and row["death_date"] for row in told)


def test_days_in_one_call_or_several_are_the_same(start: Path, week: Path, tmp_path: Path) -> None:
    advance(start, 3, 99, tmp_path / "first")
    advance(tmp_path / "first", 4, 99, tmp_path / "second")
    drops = [*(tmp_path / "first").glob("*.parquet"), *(tmp_path / "second").glob("*.parquet")]
    assert len(drops) == len(list(week.glob("*.parquet")))
    for path in drops:
        assert path.read_bytes() == (week / path.name).read_bytes()
    for name in ("person_truth", "enterprise_truth", "fact_truth", "findings_truth", "persons", "enterprises"):
        assert (tmp_path / "second" / "truth" / f"{name}.parquet").read_bytes() == (
            week / "truth" / f"{name}.parquet"
        ).read_bytes()


def test_days_may_lie_in_the_folder_of_the_city_whatever_its_formats(tmp_path: Path) -> None:
    simulate(200, 2, tmp_path, formats=DEMO)
    advance(tmp_path, 1, 1, tmp_path)
    summary = advance(tmp_path, 1, 1, tmp_path)
    assert summary.last_day == date(2026, 4, 2)
    assert (tmp_path / "social_security.insured.20260331.csv").exists()
    assert (tmp_path / "social_security.insured.20260402.parquet").exists()


def test_findings_follow_the_day(week: Path) -> None:
    findings = pq.read_table(week / "truth" / "findings_truth.parquet")
    assert {"unregistered_taxpayer", "underdeclared_contribution_base"} <= set(findings["rule"].to_pylist())


def test_a_folder_without_a_city_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="name a folder that simulate wrote"):
        advance(tmp_path, 1, 1, tmp_path / "out")
    simulate(40, 2, tmp_path / "city")
    with pytest.raises(ValueError, match="at least 1"):
        advance(tmp_path / "city", 0, 1, tmp_path / "out")
