"""What a match says of the rows that it read."""

import gc
import weakref
from datetime import date
from pathlib import Path

from sitong.reading import Judged, read, read_to_files
from tests.connectors.wages import csv_bytes, wage

JUDGED = Judged(date(2026, 4, 1), frozenset({"tax.wage"}))
SUMMARY = {"model": "person", "stages": [{"stage": "standardise", "seconds": 1.0, "peak_mib": 7}], "seconds": 1.0}


def test_quarantined_rows_are_told_and_the_counts_add_up(tmp_path: Path) -> None:
    (tmp_path / "tax.wage.1.csv").write_bytes(csv_bytes([wage("a"), wage(""), wage("b", wages="much"), wage("")]))
    (tmp_path / "tax.wage.2.csv").write_bytes(csv_bytes([wage("a"), wage("c")]))
    (tmp_path / "out").mkdir()
    in_memory = read(tmp_path, {"tax.wage"}, JUDGED, columns={"wages"})
    in_files = read_to_files(tmp_path, {"tax.wage"}, JUDGED, tmp_path / "out")
    for reading in (in_memory, in_files):
        line = "tax.wage: 3 of 6 rows quarantined 隔离 (record_id:empty 2, wages:bad_number 1)"
        assert list(reading.quarantine()) == [line]
        summary = reading.added_to(SUMMARY)
        assert [summary[word] for word in ("received", "accepted", "quarantined")] == [
            {"tax.wage": 6}, {"tax.wage": 3}, {"tax.wage": 3},
        ]  # fmt: skip
        assert [stage["stage"] for stage in summary["stages"]] == ["read and validate", "standardise"]
        assert summary["stages"][0]["peak_mib"] > 0
        assert summary["seconds"] >= 1.0


def test_nothing_is_said_where_nothing_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / "tax.wage.csv").write_bytes(csv_bytes([wage("a")]))
    assert not list(read(tmp_path, {"tax.wage"}, JUDGED, columns=()).quarantine())


def test_tables_that_are_handed_over_are_let_go(tmp_path: Path) -> None:
    (tmp_path / "tax.wage.csv").write_bytes(csv_bytes([wage("a")]))
    reading = read(tmp_path, {"tax.wage"}, JUDGED, columns={"wages"})
    table = weakref.ref(reading.tables["tax.wage"])
    assert len(reading.hand_over()["tax.wage"]) == 1
    gc.collect()
    assert table() is None
    assert reading.added_to(SUMMARY)["received"] == {"tax.wage": 1}
