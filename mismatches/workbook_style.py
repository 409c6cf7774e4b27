"""The formats of the workbook: made once a book, named by what they are for."""

import xlsxwriter
from xlsxwriter.format import Format

_FONT = "Microsoft YaHei"  # named, not embedded; spreadsheets fall back where it is absent
_BANDS = ("#1F3A5F", "#2F6F73", "#5B4B8A", "#8A5A2B", "#3F6B3F", "#6B3F56")


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
        self.date: Format = add({**plain, "num_format": "yyyy-mm-dd", "align": "left"})

    def band(self, position: int) -> Format:
        """The colour of a group of columns; colours come again after the last."""
        return self._bands[position % len(_BANDS)]
