import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from connectors.drops import DropFile
from connectors.readers import read
from schemas.contract import source_contract
from storage.errors import SourceRejected
from tests.connectors.wages import COLUMNS, wage

FileOf = Callable[..., DropFile]
WAGE = source_contract("tax.wage")


def workbook(path: Path, rows: list[list[object]], first: int = 0) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows, start=first):
            sheet.write_row(at, 0, row)
    return path


def test_a_sheet_comes_back_as_text(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["工资薪金扣缴表"],
        [*COLUMNS, "months"],
        [12, 370202900101123, "0012", 2025, 1234.56, dt.date(2026, 3, 31), 0.1 + 0.2],
        [],
        ["0013", 370202199001011237, None, 2025.0, -3, dt.datetime.fromisoformat("2026-03-31T08:30"), True],
    ]
    file = DropFile("tax.wage", "", workbook(tmp_path / "w.xlsx", rows), "xlsx")
    received = read(file, WAGE)
    assert [tuple(row.values()) for row in received.table.to_pylist()] == [
        ("12", "370202900101123", "0012", "2025", "1234.56", "2026-03-31", "0.3"),
        ("0013", "3.70202199001011E+17", "", "2025", "-3", "2026-03-31 08:30:00", "TRUE"),
    ]
    assert received.positions is not None
    assert received.positions.tolist() == [1, 3]


def test_a_sheet_with_its_header_only_has_no_rows(tmp_path: Path) -> None:
    file = DropFile("tax.wage", "", workbook(tmp_path / "w.xlsx", [list(COLUMNS)], first=3), "xlsx")
    assert read(file, WAGE).rows == 0


@pytest.mark.parametrize("rows", [[], [["a", "b"], [1, 2]], [["record_id", "wages"], [1, 2]]])
def test_a_sheet_without_its_header_is_rejected(tmp_path: Path, rows: list[list[object]]) -> None:
    with pytest.raises(SourceRejected, match=r"w\.xlsx"):
        read(DropFile("tax.wage", "", workbook(tmp_path / "w.xlsx", rows), "xlsx"), WAGE)


def test_a_stray_cell_at_the_corner_of_a_sheet_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(COLUMNS))
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(SourceRejected, match="far to the right"):
        read(DropFile("tax.wage", "", path, "xlsx"), WAGE)


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PAR1", b"record_id,wages\n1,2\n"])
def test_what_is_no_workbook_and_no_parquet_is_rejected(file_of: FileOf, content: bytes, ending: str) -> None:
    with pytest.raises(SourceRejected, match=rf"tax\.wage\.{ending}"):
        read(file_of(content, ending), WAGE)


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_cut_file_is_rejected(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"tax.wage.{ending}"
    if ending == "xlsx":
        workbook(path, [list(COLUMNS), *[list(wage(str(at)).values()) for at in range(200)]])
    else:
        pq.write_table(pa.Table.from_pylist([wage(str(at)) for at in range(200)]), path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SourceRejected, match=r"cut short|damaged"):
        read(DropFile("tax.wage", "", path, ending), WAGE)


def test_parquet_keeps_the_senders_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "记录标识": pa.array([1, 2], pa.int32()),
            "taxpayer_id": pa.array(["a", "b"]).dictionary_encode(),
            "person_record_id": pa.array([b"p", None], pa.binary()),
            "tax_year": pa.array([2025.0, 2026.0]),
            "wages": pa.array([None, None], pa.null()),
            "updated_at": pa.array([dt.datetime.fromisoformat("2026-01-01")] * 2, pa.timestamp("ms")),
            "_extra": pa.array([[1], []]),
        }
    )
    pq.write_table(table, tmp_path / "w.parquet")
    received = read(DropFile("tax.wage", "", tmp_path / "w.parquet", "parquet"), WAGE)
    assert received.drift == ("received_extra",)
    assert received.table.column_names == [*COLUMNS, "received_extra"]
    assert received.table["record_id"].type == pa.int32()
    assert received.table["person_record_id"].to_pylist() == ["p", None]
    assert received.table["wages"].type == pa.string()


@pytest.mark.parametrize(
    "column", [pa.array([["x"]]), pa.array([{"a": 1}]), pa.array([dt.time(8)]), pa.array([b"\xff"], pa.binary())]
)
def test_parquet_columns_that_hold_no_plain_value_are_rejected(tmp_path: Path, column: pa.Array) -> None:
    table = pa.table(wage_columns() | {"wages": column})
    pq.write_table(table, tmp_path / "w.parquet")
    with pytest.raises(SourceRejected, match="column wages"):
        read(DropFile("tax.wage", "", tmp_path / "w.parquet", "parquet"), WAGE)


def test_text_that_is_not_utf8_is_rejected_without_being_quoted(tmp_path: Path) -> None:
    bad = pa.StringArray.from_buffers(1, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xd5\xc5"))
    pq.write_table(pa.table(wage_columns() | {"person_record_id": bad}), tmp_path / "w.parquet")
    with pytest.raises(SourceRejected, match="column person_record_id holds bytes"):
        read(DropFile("tax.wage", "", tmp_path / "w.parquet", "parquet"), WAGE)


def test_parquet_with_a_column_twice_is_rejected(tmp_path: Path) -> None:
    columns = {name: pa.array([value]) for name, value in wage("1").items()}
    table = pa.Table.from_arrays([*columns.values(), pa.array(["9"])], names=[*columns, "wages"])
    pq.write_table(table, tmp_path / "w.parquet")
    with pytest.raises(SourceRejected, match="columns 5 and 7"):
        read(DropFile("tax.wage", "", tmp_path / "w.parquet", "parquet"), WAGE)


def wage_columns() -> dict[str, pa.Array]:
    return {name: pa.array([value]) for name, value in wage("1").items()}
