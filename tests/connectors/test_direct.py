import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from connectors.checking import check
from connectors.direct import Tally
from connectors.drops import DropFile, scan
from connectors.intake import accepted, read_drop, take_in, write_drop
from connectors.readers import read
from schemas.contract import source_contract
from storage.errors import SourceRejected, SourceUnavailable
from storage.zones import Zones
from tests.connectors.wages import COLUMNS, csv_bytes, wage

AS_OF = date(2026, 4, 1)
WAGE = source_contract("tax.wage")


def test_the_same_rows_come_out_as_of_the_intake(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "tax.wage.1.csv").write_bytes(csv_bytes([wage("a"), wage("b"), wage("b"), wage("")]))
    (drop / "tax.wage.2.csv").write_bytes(csv_bytes([wage("a", op="D"), wage("c", x="1")], [*COLUMNS, "op", "x"]))
    (drop / "tax.wage.2.manifest.json").write_text('{"mode": "delta"}')
    (drop / "tax.declaration.1.csv").write_text("broken\n")
    zones = Zones(tmp_path / "home").create()
    moment = datetime(2026, 4, 1, tzinfo=UTC)
    take_in("tax.wage", scan(drop).by_dataset()["tax.wage"], zones, as_of=AS_OF, received_at=moment)
    landed = pq.read_table(zones.accepted("tax", "wage", accepted(zones)["tax.wage"].version) / "data.parquet")
    tables = read_drop(drop, {"tax.wage", "police.resident"}, as_of=AS_OF)
    assert list(tables) == ["tax.wage"]
    assert tables["tax.wage"].to_pylist() == landed.to_pylist()
    assert tables["tax.wage"]["record_id"].to_pylist() == ["b", "c"]
    written = write_drop(drop, {"tax.wage"}, tmp_path, as_of=AS_OF)
    assert pq.read_table(written["tax.wage"]).to_pylist() == landed.to_pylist()


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    rows = [wage(f"{number:04}", wages=f"{number}.5", person_record_id="𠮷") for number in range(50)]
    seen = []
    for ending in ("csv", "csv.gz", "parquet", "xlsx"):
        drop = tmp_path / ending
        drop.mkdir()
        write(drop / f"tax.wage.1.{ending}", rows)
        seen.append(read_drop(drop, {"tax.wage"}, as_of=AS_OF)["tax.wage"].to_pylist())
    assert len(seen[0]) == 50
    assert all(rows_seen == seen[0] for rows_seen in seen)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate([list(COLUMNS), *[list(row.values()) for row in rows]]):
                sheet.write_row(at, 0, row)
    else:
        with pa.output_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as stream:
            stream.write(csv_bytes(rows, encoding="gb18030"))


def parquet_cut(path: Path) -> None:
    write(path, [wage("1")])
    path.write_bytes(path.read_bytes()[:-30])


GARBAGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "truncated parquet": ("parquet", parquet_cut, "cut short"),
    "shift-jis": (
        "csv",
        lambda path: path.write_bytes(csv_bytes([wage("ｱ\u3042")], encoding="shift-jis") + b"\xff"),
        "encoding",
    ),
    "latin-1": ("csv", lambda path: path.write_bytes(csv_bytes([wage("é")], encoding="latin-1")), "encoding"),
    "missing column": ("csv", lambda path: path.write_bytes(csv_bytes([wage("1")], COLUMNS[:3])), "tax_year"),
    "no bytes": ("csv", lambda path: path.write_bytes(b""), "no bytes"),
    "header only": ("csv", lambda path: path.write_bytes(csv_bytes([])), "held"),
    "truncated gzip": ("csv.gz", lambda path: path.write_bytes(b"\x1f\x8b\x08\0\0\0"), "gzip"),
    "not a workbook": ("xlsx", lambda path: path.write_bytes(b"record_id"), "workbook"),
    "dbf": ("dbf", lambda path: path.write_bytes(b"\x03"), "dbf is not supported"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_is_named_and_stops_the_command_while_the_rest_is_read(tmp_path: Path, case: str) -> None:
    ending, make, message = GARBAGE[case]
    make(tmp_path / f"tax.wage.1.{ending}")
    (tmp_path / "tax.natural_person.csv").write_text("record_id\n")
    with pytest.raises(SourceRejected) as caught:
        read_drop(tmp_path, {"tax.wage", "tax.natural_person"}, as_of=AS_OF)
    text = str(caught.value)
    assert "2 files were rejected" in text
    assert "tax.wage" in text
    assert message in text
    assert "tax.natural_person.csv" in text


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "xlsx"])
@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_are_rejected_or_read_and_nothing_else(tmp_path: Path, ending: str, seed: int) -> None:
    path = tmp_path / f"tax.wage.{ending}"
    write(path, [wage(str(at), person_record_id="王小明" * 3) for at in range(30)])
    whole = path.read_bytes()
    randomness = random.Random(seed)  # noqa: S311 - places of damage
    messages: list[str] = []
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(randomness.choice((1, 3, 20))):
            damaged[randomness.randrange(len(damaged))] = randomness.randrange(256)
        path.write_bytes(damaged)
        try:
            received = read(DropFile("tax.wage", "", path, ending), WAGE)
            checked = check(received, WAGE, batch="1", mode="snapshot", as_of=AS_OF)
        except SourceRejected as error:
            messages.append(str(error))
        else:
            assert checked.accepted.num_rows + checked.quarantined.num_rows == checked.received
    assert messages
    assert not any("王" in message for message in messages)


def test_rows_that_are_wrong_are_quarantined_or_flagged_and_never_stop_the_command(tmp_path: Path) -> None:
    rows = [wage(str(at)) for at in range(20)]
    rows += [wage("19"), wage(""), wage("bad", wages="a lot"), wage("day", updated_at="19750230")]
    (tmp_path / "tax.wage.csv").write_bytes(csv_bytes(rows, [*COLUMNS]))
    table = read_drop(tmp_path, {"tax.wage"}, as_of=AS_OF)["tax.wage"]
    assert sorted(table["record_id"].to_pylist()) == sorted(str(at) for at in range(20))


def test_a_snapshot_that_shrank_within_a_drop_is_held(tmp_path: Path) -> None:
    (tmp_path / "tax.wage.1.csv").write_bytes(csv_bytes([wage(str(at)) for at in range(10)]))
    (tmp_path / "tax.wage.2.csv").write_bytes(csv_bytes([wage(str(at)) for at in range(5)]))
    with pytest.raises(SourceRejected, match=r"batch 2 is held.*50"):
        read_drop(tmp_path, {"tax.wage"}, as_of=AS_OF)


def test_folders_without_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        read_drop(tmp_path / "nowhere", {"tax.wage"}, as_of=AS_OF)
    with pytest.raises(SourceRejected, match="no file of a known dataset"):
        read_drop(tmp_path, {"tax.wage"}, as_of=AS_OF)
    (tmp_path / "tax.wage.csv").write_bytes(csv_bytes([wage("1")]))
    with pytest.raises(SourceRejected, match="none of the datasets"):
        read_drop(tmp_path, {"police.resident"}, as_of=AS_OF)


def test_wanted_columns_alone_are_kept(tmp_path: Path) -> None:
    (tmp_path / "tax.wage.1.csv").write_bytes(csv_bytes([wage("b"), wage("a", wages="much")]))
    table = read_drop(tmp_path, {"tax.wage"}, as_of=AS_OF, columns={"wages"})["tax.wage"]
    assert table.column_names == ["record_id", "taxpayer_id", "person_record_id", "tax_year", "wages"]
    assert table["record_id"].to_pylist() == ["b"]


def test_every_received_row_is_counted(tmp_path: Path) -> None:
    (tmp_path / "tax.wage.1.csv").write_bytes(csv_bytes([wage("a"), wage("b"), wage("")]))
    (tmp_path / "tax.wage.2.csv").write_bytes(csv_bytes([wage("a"), wage("b"), wage("c", wages="much")]))
    heard: list[Tally] = []
    read_drop(tmp_path, {"tax.wage"}, as_of=AS_OF, report=heard.append)
    assert heard == [
        Tally("tax.wage", "1", 3, 2, 1, {"record_id:empty": 1}),
        Tally("tax.wage", "2", 3, 2, 1, {"wages:bad_number": 1}),
    ]


def test_dictionaries_of_a_file_are_read_as_its_texts_are(tmp_path: Path) -> None:
    days = ["1985-01-01", "19850101", "1900-01-01", "soon", None, "1985/1/1", "", " 2030-01-01"]
    codes = ["1", "男", "2", "9", "女", None, "x", "1.0"]
    rows = 64
    columns = {
        "record_id": [f"r{at:03}" for at in range(rows)],
        "id_number": ["370202198501010012", None] * (rows // 2),
        "name": ["王小明"] * rows,
        "updated_at": ["2026-03-31"] * rows,
        "sex": codes * (rows // 8),
        "birth_date": days * (rows // 8),
        "status": ["正常", "迁出", None, "注销"] * (rows // 4),
    }
    tables = []
    for at, options in enumerate(({"use_dictionary": True, "row_group_size": 20}, {"use_dictionary": False})):
        folder = tmp_path / str(at)
        folder.mkdir()
        pq.write_table(pa.table(columns), folder / "police.resident.parquet", **options)
        wanted = {*columns, "birth_date_raw", "_flags"}
        released = {"police.resident"}
        read_tables = read_drop(folder, released, as_of=AS_OF, columns=wanted, released=released)
        tables.append(read_tables["police.resident"])
    assert tables[0].to_pylist() == tables[1].to_pylist()
    assert tables[0].schema.equals(tables[1].schema)
    assert tables[0]["birth_date"].null_count < rows
