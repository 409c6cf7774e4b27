"""The formats of the workbook: made once a book, named by what they are for; heights of rows, and how sheets print.

Heights are worked out here and written: not every spreadsheet finds out by itself how high a wrapped text stands.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

_FONT = "Microsoft YaHei"  # named, not embedded; spreadsheets fall back where it is absent
_BANDS = ("#1F3A5F", "#2F6F73", "#5B4B8A", "#8A5A2B", "#3F6B3F", "#6B3F56")

_LINE: Final = 15.0  # points
_HIGHEST: Final = 405.0  # points; Excel allows 409
_CELL: Final = 32_767  # UTF-16 units of a cell that Excel allows
_PAGE: Final = 190  # characters beside each other on a page that can still be read


def height(cells: Iterable[tuple[str, float]], line: float = _LINE) -> float:
    r"""The points that a row needs to show its wrapped texts, each in a column of so many characters.

    >>> height([("一二三四五六", 7.0), ("a\nb", 20.0)])
    30.0
    """
    lines = max((sum(_lines(part, width) for part in text.split("\n")) for text, width in cells), default=1)
    return min(line * lines, _HIGHEST)


def _lines(text: str, width: float) -> int:
    columns = (len(text) + len(text.encode(errors="replace"))) / 2  # a Chinese character takes two, as three bytes
    return max(ceil(columns / (width - 1)), 1)


def cell_text(text: str) -> str:
    """As much of a text as a cell holds; what is cut off is told by `…`."""
    if 2 * len(text) <= _CELL:
        return text
    units = text.encode("utf-16-le", errors="surrogatepass")
    if len(units) <= 2 * _CELL:
        return text
    return units[: 2 * (_CELL - 1)].decode("utf-16-le", errors="ignore") + "…"


def printed(sheet: Worksheet, widths: Sequence[float], head_rows: int) -> None:
    """Print on A4 across, as many pages beside each other as it takes, with head and first column on each."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)  # inches
    sheet.fit_to_pages(max(ceil(sum(widths) / _PAGE), 1), 0)
    sheet.repeat_rows(0, head_rows - 1)
    sheet.repeat_columns(0)
    sheet.print_across()


class Styles:
    """Formats of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        plain = {"font_name": _FONT, "font_size": 10, "valign": "top"}
        self._bands = tuple(
            book.add_format({**plain, "bold": True, "font_color": "white", "bg_color": colour}) for colour in _BANDS
        )
        add = book.add_format
        self.title: Format = add({**plain, "bold": True, "font_size": 16, "font_color": "#1F3A5F"})
        self.note: Format = add({**plain, "font_color": "#555555"})
        self.section: Format = add({**plain, "bold": True, "font_size": 12, "bottom": 1, "font_color": "#1F3A5F"})
        self.head: Format = add(
            {**plain, "bold": True, "text_wrap": True, "bg_color": "#E6ECF2", "bottom": 1, "valign": "vcenter"}
        )
        self.text: Format = add({**plain, "num_format": "@"})
        self.wrapped: Format = add({**plain, "num_format": "@", "text_wrap": True})
        self.count: Format = add({**plain, "num_format": "#,##0"})
        self.money: Format = add({**plain, "num_format": "#,##0.00"})
        self.probability: Format = add({**plain, "num_format": "0.0000"})
        self.share: Format = add({**plain, "num_format": "0.0%"})
        self.date: Format = add({**plain, "num_format": "yyyy-mm-dd", "align": "left"})

    def band(self, position: int) -> Format:
        """The colour of a group of columns; colours come again after the last."""
        return self._bands[position % len(_BANDS)]
