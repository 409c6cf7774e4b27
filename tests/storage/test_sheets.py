"""Sheets whose rectangle is too large to be read: a stray cell at the corner, and what passes."""

import pytest
import xlsxwriter

from storage import sheets
from storage.sheets import too_large


def book(path, *cells):
    """A workbook with a small table, and other cells (row, column, value) in a second sheet."""
    with xlsxwriter.Workbook(path) as made:
        made.add_worksheet().write_row(0, 0, ["a", "b", 1])
        sheet = made.add_worksheet()
        for row, column, value in cells:
            if value is None:
                sheet.write_blank(row, column, None, made.add_format({"bold": True}))
            else:
                sheet.write(row, column, value)
    return path


@pytest.mark.parametrize(
    ("cells", "refused"),
    [
        ((), False),
        (((1_048_575, 25, "x"),), False),  # a full sheet of 26 columns
        (((1_048_575, 63, 1),), False),  # the last that is read
        (((1_048_575, 64, 1),), True),
        (((1_048_575, 16_383, "x"),), True),
        (((0, 16_383, "x"),), False),  # one row
        (((0, 16_383, "x"), (9_999, 0, "x")), True),  # two cells span it
        (((1_048_575, 16_383, None),), False),  # a cell that has a format only
    ],
)
def test_a_rectangle_is_refused_beyond_its_bound(tmp_path, cells, refused):
    assert too_large(book(tmp_path / "w.xlsx", *cells)) is refused


def test_a_reference_across_two_pieces_is_found(tmp_path, monkeypatch):
    path = book(tmp_path / "w.xlsx", (1_048_575, 16_383, "x"))
    for bytes_of_a_piece in (7, 64, 65):
        monkeypatch.setattr(sheets, "_PIECE", bytes_of_a_piece)
        assert too_large(path)
