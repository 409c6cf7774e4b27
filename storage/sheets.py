"""How large the rectangle is that holds every cell of a workbook's sheet, told before a reader makes room for it.

The reader of workbooks keeps that rectangle whole: one stray cell at the far corner of a small sheet asks for 500 GiB,
and the process is gone before it can say why. Memory here is one piece of a sheet.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOST_CELLS: Final = 1 << 26
"""Cells of a rectangle that are read, about 2 GiB of them: a full sheet of 1,048,576 rows may have 64 columns."""

_PIECE: Final = 1 << 20  # bytes
_LONGEST_TAG: Final = 1 << 12  # bytes
_BEYOND_Z = re.compile(rb"""r\s*=\s*["'][A-Za-z]{2,3}[0-9]""")  # 26 columns are within bounds, however many rows
_FILLED = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*\s)?r\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'][^<>]*(?<!/)>""")


def too_large(path: Path) -> bool:
    """Whether the rectangle from A1 to the last filled row and column of a sheet has more than `MOST_CELLS` cells.

    Raises:
        zipfile.BadZipFile: the file is no whole workbook.
    """
    with zipfile.ZipFile(path) as archive:
        sheets = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
        return any(_is_wide(archive, sheet) and _area(archive, sheet) > MOST_CELLS for sheet in sheets)


def _is_wide(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> bool:
    return any(_BEYOND_Z.search(piece) for piece in _pieces(archive, sheet))


def _area(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> int:
    width = height = 0
    for piece in _pieces(archive, sheet):
        found = _FILLED.findall(piece)
        height = max(height, max((int(row) for row in {row for _, row in found}), default=0))
        width = max(width, max((_place(letters) for letters in {letters for letters, _ in found}), default=0))
    return width * height


def _pieces(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> Iterator[bytes]:
    """A sheet in pieces, each from the beginning of a tag."""
    rest = b""
    with archive.open(sheet) as stream:
        while read := stream.read(_PIECE):
            piece = rest + read
            yield piece
            rest = piece[max(piece.rfind(b"<"), len(piece) - _LONGEST_TAG) :]


def _place(letters: bytes) -> int:
    """The number of a column.

    >>> _place(b"A"), _place(b"AA"), _place(b"XFD")
    (1, 27, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
