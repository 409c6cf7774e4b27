"""What the reader of workbooks does not tell: how large a sheet is before room is made for it, and where formulas are.

The reader keeps the rectangle of all cells whole: one stray cell at the far corner of a small sheet asks for 500 GiB,
and the process is gone before it can say why. Of a formula it tells the value that was kept, and nothing where none
was. Memory here is one piece of a sheet.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Final

MOST_CELLS: Final = 1 << 26
"""Cells of a rectangle that are read, about 2 GiB of them: a full sheet of 1,048,576 rows may have 64 columns."""

_PIECE: Final = 1 << 20  # bytes
_LONGEST_TAG: Final = 1 << 12  # bytes
_BEYOND_Z = re.compile(rb"""r\s*=\s*["'][A-Za-z]{2,3}[0-9]""")  # 26 columns are within bounds, however many rows
_FILLED = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*\s)?r\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'][^<>]*(?<!/)>""")

_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^<>]*\s)?r\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'][^<>]*(?<!/)>\s*<(?:\w+:)?f[\s/>]"""
)
_ATTRIBUTE = re.compile(r"""(?:\w+:)?(\w+)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")


def too_large(path: Path) -> bool:
    """Whether the rectangle from A1 to the last filled row and column of a sheet has more than `MOST_CELLS` cells.

    Raises:
        zipfile.BadZipFile: the file is no whole workbook.
    """
    with zipfile.ZipFile(path) as archive:
        sheets = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
        return any(_is_wide(archive, sheet) and _area(archive, sheet) > MOST_CELLS for sheet in sheets)


def formulas(path: Path, names: Sequence[str]) -> list[frozenset[tuple[int, int]]]:
    """Row and column of every cell that holds a formula, counted from 0, for each sheet by its name.

    Raises:
        zipfile.BadZipFile: the file is no whole workbook.
    """
    with zipfile.ZipFile(path) as archive:
        parts = _parts(archive)
        return [frozenset(_formulas(archive, parts[name])) if name in parts else frozenset() for name in names]


def _parts(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The parts of a workbook that hold its sheets, by the sheets' names."""
    entries = {entry.filename.lower(): entry for entry in archive.infolist()}
    book, links = (entries.get(f"xl/{name}") for name in ("workbook.xml", "_rels/workbook.xml.rels"))
    if book is None or links is None:
        return {}
    targets = {said.get("Id", ""): said.get("Target", "") for said in _said(archive.read(links), "Relationship")}
    named = {said.get("name", ""): targets.get(said.get("id", ""), "") for said in _said(archive.read(book), "sheet")}
    paths = {name: (target[1:] if target.startswith("/") else f"xl/{target}").lower() for name, target in named.items()}
    return {name: entries[part] for name, part in paths.items() if part in entries}


def _said(content: bytes, element: str) -> Iterator[dict[str, str]]:
    """The attributes of each element of a name, without the prefixes of their names."""
    for tag in re.findall(rf"<(?:\w+:)?{element}\s[^<>]*>", content.decode("utf-8", errors="replace")):
        yield {name: unescape(one or other) for name, one, other in _ATTRIBUTE.findall(tag)}


def _formulas(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> Iterator[tuple[int, int]]:
    rest = b""
    with archive.open(sheet) as stream:
        while read := stream.read(_PIECE):
            piece = rest + read
            yield from ((int(row) - 1, _place(letters) - 1) for letters, row in _FORMULA.findall(piece))
            rest = piece[-_LONGEST_TAG:]  # a cell that was told already is told again


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
