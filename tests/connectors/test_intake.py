import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import intake
from connectors.drops import scan
from connectors.intake import Intake, accepted, landed, take_in
from schemas.contract import source_contract
from storage.manifest import verify, whole_folders
from storage.zones import Zones
from tests.connectors.wages import COLUMNS, csv_bytes, wage

START = datetime(2026, 4, 1, tzinfo=UTC)
Row = Mapping[str, str]


class City:
    """A home folder and the drops that come to it, one day after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zones = Zones(folder / "home").create()
        self.days = 0

    def drop(self, batches: Mapping[str, tuple[str, bytes]]) -> Path:
        self.days += 1
        folder = self.folder / f"drop-{self.days}"
        folder.mkdir()
        for batch, (mode, content) in batches.items():
            stem = f"tax.wage.{batch}" if batch else "tax.wage"
            (folder / f"{stem}.csv").write_bytes(content)
            (folder / f"{stem}.manifest.json").write_text(f'{{"mode": "{mode}"}}')
        return folder

    def take(self, folder: Path, *, release: bool = False) -> Intake:
        files = scan(folder).files
        moment = START + timedelta(days=self.days)
        released = frozenset({"tax.wage"}) if release else frozenset()
        return take_in("tax.wage", files, self.zones, as_of=date(2026, 4, 1), received_at=moment, released=released)

    def send(self, batch: str, rows: Sequence[Row], mode: str = "snapshot", *, release: bool = False) -> Intake:
        columns = [*COLUMNS, "op"] if mode == "delta" else COLUMNS
        return self.take(self.drop({batch: (mode, csv_bytes(rows, columns))}), release=release)

    def state(self) -> dict[str, str]:
        manifest = accepted(self.zones)["tax.wage"]
        table = pq.read_table(self.zones.accepted("tax", "wage", manifest.version) / "data.parquet")
        assert table.num_rows == manifest.rows
        return {row["record_id"]: str(row["wages"]) for row in table.to_pylist()}


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def wages(**values: str) -> list[dict[str, str]]:
    return [wage(record_id, wages=value) for record_id, value in values.items()]


def tree(zones: Zones) -> dict[str, bytes]:
    return {
        str(path.relative_to(zones.home)): path.read_bytes()
        for path in zones.home.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_a_batch_is_landed_validated_and_accepted(city: City) -> None:
    content = csv_bytes([*wages(a="1", b="2"), wage("")])
    intake = city.take(city.drop({"20260331": ("snapshot", content)}))
    assert city.state() == {"a": "1.00", "b": "2.00"}
    (batch,) = intake.batches
    assert (batch.received, batch.accepted, batch.quarantined, batch.outcome) == (3, 2, 1, "applied")
    assert intake.manifest is not None
    assert [intake.manifest.facts[key] for key in ("batches", "received", "accepted", "quarantined")] == [1, 3, 2, 1]
    (landing,) = whole_folders(city.zones.landing("tax", "wage", "x").parent)
    assert landing.name.startswith("20260331-")
    assert (landing / "original.csv").read_bytes() == content
    assert pq.read_table(landing / "data.parquet").to_pylist()[0] == wage("a", wages="1")
    manifest = verify(landing)
    assert manifest.facts["cursor"] == "2026-03-31T08:00:00"
    assert manifest.rows == 3
    quarantine = pq.read_table(city.zones.quarantine("tax", "wage", batch.state or "") / "data.parquet")
    assert quarantine.select(["_row", "_rules"]).to_pylist() == [{"_row": 3, "_rules": "record_id:empty"}]


def test_everything_in_the_home_is_private(city: City) -> None:
    city.send("1", wages(a="1"))
    for path in city.zones.home.rglob("*"):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_same_batch_twice_is_one(city: City) -> None:
    folder = city.drop({"1": ("snapshot", csv_bytes(wages(a="1", b="1"))), "2": ("delta", csv_bytes(wages(c="2")))})
    first = city.take(folder)
    before = tree(city.zones)
    city.days += 1
    second = city.take(folder)
    assert tree(city.zones) == before
    assert second.manifest == first.manifest
    assert second.batches == first.batches
    assert second.warnings == ()


def test_a_file_without_a_batch_part_is_a_new_batch_only_when_its_bytes_changed(city: City) -> None:
    city.send("", wages(a="1"))
    city.send("", wages(a="1"))
    assert len(whole_folders(city.zones.landing("tax", "wage", "x").parent)) == 1
    city.send("", wages(a="2"))
    city.send("", wages(a="1"))
    assert city.state() == {"a": "1.00"}
    assert len(whole_folders(city.zones.landing("tax", "wage", "x").parent)) == 3


def test_a_delta_upserts_and_deletes_and_a_snapshot_deletes_what_is_absent(city: City) -> None:
    city.send("1", wages(a="1", b="1", c="1"))
    city.send("2", [*wages(a="2", d="2"), wage("b", op="D"), wage("unknown", op="D")], "delta")
    assert city.state() == {"a": "2.00", "c": "1.00", "d": "2.00"}
    city.send("3", wages(a="3", d="3", e="3"))
    assert city.state() == {"a": "3.00", "d": "3.00", "e": "3.00"}


def test_batches_of_one_drop_apply_in_name_order_with_the_unnamed_first(city: City) -> None:
    city.take(
        city.drop(
            {
                "20260402": ("delta", csv_bytes(wages(a="3"))),
                "20260401": ("delta", csv_bytes(wages(a="2", b="2"))),
                "": ("snapshot", csv_bytes(wages(a="1", b="1", c="1"))),
            }
        )
    )
    assert city.state() == {"a": "3.00", "b": "2.00", "c": "1.00"}


def test_a_named_delta_applies_after_an_unnamed_snapshot_and_a_later_unnamed_one_after_it(city: City) -> None:
    city.send("", wages(a="1", b="1"))
    city.send("20260401", wages(a="2"), "delta")
    assert city.state() == {"a": "2.00", "b": "1.00"}
    city.send("", wages(a="3", b="3"))
    assert city.state() == {"a": "3.00", "b": "3.00"}


def test_a_late_batch_takes_its_place_with_a_warning(city: City) -> None:
    city.send("1", wages(a="1", b="1"))
    city.send("3", wages(a="3"), "delta")
    intake = city.send("2", wages(a="2", b="2", c="2"), "delta")
    assert city.state() == {"a": "3.00", "b": "2.00", "c": "2.00"}
    assert any("arrived after 1 later" in warning for warning in intake.warnings)


def test_a_correction_of_a_batch_applies_after_it_and_before_the_next(city: City) -> None:
    city.send("1", wages(a="1", b="1"))
    city.send("2", wages(b="2"), "delta")
    intake = city.send("1", wages(a="9", b="9"))
    assert city.state() == {"a": "9.00", "b": "2.00"}
    assert any("corrects batch 1" in warning for warning in intake.warnings)


def test_a_shrunken_snapshot_is_held_and_deltas_wait_with_it(city: City) -> None:
    city.send("1", wages(a="1", b="1", c="1", d="1"))
    held = city.send("2", wages(a="2", b="2"))
    assert [one.batch for one in held.held] == ["2"]
    assert "--accept tax.wage" in str(held.held[0])
    waiting = city.send("3", wages(a="3"), "delta")
    assert [one.batch for one in waiting.held] == ["2", "3"]
    assert waiting.batches[0].outcome == "behind"
    assert set(city.state().values()) == {"1.00"}
    passed = city.send("4", wages(a="4", b="4", c="4", d="4"))
    assert passed.held == ()
    assert set(city.state().values()) == {"4.00"}


def test_a_release_is_remembered(city: City) -> None:
    city.send("1", wages(a="1", b="1", c="1", d="1"))
    city.send("2", wages(a="2", b="2"))
    city.send("3", wages(a="3"), "delta")
    released = take_in(
        "tax.wage", [], city.zones, as_of=date(2026, 4, 1), received_at=START, released=frozenset({"tax.wage"})
    )
    assert released.held == ()
    assert city.state() == {"a": "3.00", "b": "2.00"}
    again = city.send("4", wages(b="4"), "delta")
    assert again.held == ()
    assert city.state() == {"a": "3.00", "b": "4.00"}
    late = city.send("0", wages(a="0", b="0", c="0", d="0"))
    assert late.held == ()
    assert city.state() == {"a": "3.00", "b": "4.00"}


def test_a_first_snapshot_of_nothing_is_held_and_leaves_no_state(city: City) -> None:
    intake = city.send("1", [])
    assert [one.batch for one in intake.held] == ["1"]
    assert intake.manifest is None
    assert accepted(city.zones) == {}
    assert city.send("1", []).held == intake.held


def test_a_rejected_file_lands_nothing_and_the_others_go_on(city: City) -> None:
    folder = city.drop({"1": ("snapshot", csv_bytes(wages(a="1"))), "2": ("snapshot", b"record_id\n1\n")})
    intake = city.take(folder)
    assert [one.file for one in intake.rejected] == ["tax.wage.2.csv"]
    assert "taxpayer_id" in intake.rejected[0].message
    assert city.state() == {"a": "1.00"}
    assert len(whole_folders(city.zones.landing("tax", "wage", "x").parent)) == 1
    assert list(city.zones.work.iterdir()) == []


def test_drift_is_landed_reported_and_not_loaded(city: City) -> None:
    content = csv_bytes([wage("a", colour="red")], [*COLUMNS, "colour"])
    intake = city.take(city.drop({"1": ("snapshot", content)}))
    assert any("colour" in warning for warning in intake.warnings)
    (landing,) = whole_folders(city.zones.landing("tax", "wage", "x").parent)
    assert "colour" in pq.read_table(landing / "data.parquet").column_names
    version = accepted(city.zones)["tax.wage"].version
    assert "colour" not in pq.read_table(city.zones.accepted("tax", "wage", version) / "data.parquet").column_names


def test_rows_that_do_not_fit_are_quarantined_and_the_counts_add_up(city: City) -> None:
    content = csv_bytes([*wages(a="1", b="x", c="3")]) + b"d,1\n"
    (batch,) = city.take(city.drop({"1": ("snapshot", content)})).batches
    assert (batch.received, batch.accepted, batch.quarantined) == (4, 2, 2)
    assert batch.rules["row:field_count"] == 1
    rows = pq.read_table(city.zones.quarantine("tax", "wage", batch.state or "") / "data.parquet").to_pylist()
    assert [(row["_row"], row["_rules"]) for row in rows] == [(2, "wages:bad_number"), (4, "row:field_count")]


def test_the_batch_that_wrote_a_row_is_named_in_it(city: City) -> None:
    city.send("1", wages(a="1", b="1"))
    city.send("2", wages(b="2"), "delta")
    version = accepted(city.zones)["tax.wage"].version
    table = pq.read_table(city.zones.accepted("tax", "wage", version) / "data.parquet")
    assert dict(zip(table["record_id"].to_pylist(), table["_batch"].to_pylist(), strict=True)) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("batch", ["批次 一", "a" * 200, "$(x)", "q'\"q"])
def test_any_text_is_a_batch_name(city: City, batch: str) -> None:
    city.send(batch, wages(a="1"))
    assert city.state() == {"a": "1.00"}
    city.send(batch, wages(a="1"))
    assert len(whole_folders(city.zones.landing("tax", "wage", "x").parent)) == 1


def test_a_lost_pointer_and_a_lost_state_are_made_again(city: City) -> None:
    city.send("1", wages(a="1", b="1"))
    folder = city.drop({"2": ("delta", csv_bytes(wages(b="2")))})
    manifest = city.take(folder).manifest
    assert manifest is not None
    state = city.zones.accepted("tax", "wage", manifest.version)
    (state / "manifest.json").unlink()
    city.zones.accepted("tax", "wage", "current").unlink()
    again = city.take(folder).manifest
    assert again is not None
    assert (again.version, again.files) == (manifest.version, manifest.files)
    assert city.state() == {"a": "1.00", "b": "2.00"}


def test_a_file_that_cannot_be_opened_is_rejected(city: City) -> None:
    folder = city.drop({"1": ("snapshot", csv_bytes(wages(a="1")))})
    files = scan(folder).files
    (folder / "tax.wage.1.csv").unlink()
    intake = take_in("tax.wage", files, city.zones, as_of=date(2026, 4, 1), received_at=START)
    assert "FileNotFoundError" in intake.rejected[0].message
    assert intake.manifest is None


def test_parquet_is_landed_byte_for_byte(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(wages(a="1", b="2")), folder / "tax.wage.1.parquet")
    city.take(folder)
    (landing,) = whole_folders(city.zones.landing("tax", "wage", "x").parent)
    assert (landing / "data.parquet").read_bytes() == (folder / "tax.wage.1.parquet").read_bytes()
    assert (landing / "data.parquet").samefile(landing / "original.parquet")
    assert city.state() == {"a": "1.00", "b": "2.00"}


def test_a_new_contract_is_folded_from_the_last_snapshot(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    city.send("1", wages(a="1", b="1"))
    city.send("2", wages(b="2"), "delta")
    city.send("3", wages(a="3", b="3"))
    city.send("4", wages(b="4"), "delta")
    before = accepted(city.zones)["tax.wage"].version
    contract = replace(source_contract("tax.wage"), version="2.0.0")
    monkeypatch.setattr(intake, "source_contract", lambda _: contract)
    first = whole_folders(city.zones.landing("tax", "wage", "x").parent)[0]
    (first / "original.csv").unlink()
    again = take_in("tax.wage", [], city.zones, as_of=date(2026, 4, 1), received_at=START)
    assert again.manifest is not None
    assert again.manifest.version != before
    assert again.manifest.facts["contract_version"] == "2.0.0"
    assert city.state() == {"a": "3.00", "b": "4.00"}


def test_a_state_knows_the_columns_of_its_batches_and_when_the_newest_came(city: City) -> None:
    def sent(batch: str, mode: str, *columns: str) -> tuple[list[str], str]:
        names = ["记录标识", "taxpayer_id", "person_record_id", "tax_year", "updated_at", *columns]
        row = dict.fromkeys(names, "") | wage("a") | {"记录标识": "a"}
        manifest = city.take(city.drop({batch: (mode, csv_bytes([row], names))})).manifest
        assert manifest is not None
        days = (datetime.fromisoformat(str(manifest.facts["received_at"])) - START).days
        return [name for name in manifest.facts["columns"] if name in ("record_id", "wages", "months")], days

    assert sent("1", "snapshot", "wages") == (["record_id", "wages"], 1)
    assert sent("2", "delta", "months") == (["record_id", "months", "wages"], 2)
    assert sent("3", "snapshot") == (["record_id"], 3)
    assert sent("4", "delta", "months") == (["record_id", "months"], 4)
    assert sent("0", "snapshot", "wages") == (["record_id", "months"], 4)


def test_what_was_landed_is_known_before_anything_was_accepted(city: City) -> None:
    assert landed(city.zones) == ()
    city.send("1", [])
    assert landed(city.zones) == ("tax.wage",)
