"""The sheets of the monitors in the report's workbook: quarters, who came and went, large projects."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import xlsxwriter

from mismatches.monitors.watching import LARGEST, Watched
from mismatches.workbook_style import Styles, cell_text, height, printed

_WIDTH = 18  # characters
_MOVES = {"in": "进入 in", "out": "退出 out"}
_QUARTERS = (
    "季度\nQuarter",
    "税收（元）\nTax (yuan)",
    "未归户税款（元）\nTax of unknown payers (yuan)",
    "纳税企业\nPayers",
    "承担者\nCarriers",
    "承担者税收（元）\nTax of the carriers (yuan)",
    "进入\nEntries",
    "退出\nExits",
    f"最大 {LARGEST} 户占比\nShare of the {LARGEST} largest",
)
_MOVED = (
    "变动\nMove",
    "主标识\nMaster id",
    "名称\nName",
    "本季税收（元）\nTax of the quarter (yuan)",
    "上季税收（元）\nTax of the quarter before (yuan)",
)
_PROJECTS = (
    "项目编号\nRecord id",
    "项目\nProject",
    "业主\nOwner",
    "业主主标识\nMaster id of the owner",
    "开工\nBegun",
    "税款可见自\nTax seen from",
    "总投资（元）\nTotal (yuan)",
    "已完成（元）\nCompleted (yuan)",
    "已缴税款（元）\nTax paid (yuan)",
    "未能识别的单位\nUnknown parties",
    "应有税款下限（元）\nExpected tax, low (yuan)",
    "应有税款上限（元）\nExpected tax, high (yuan)",
)


def write_monitors(book: xlsxwriter.Workbook, styles: Styles, watched: Watched) -> None:
    """A sheet for each monitor that saw something."""
    if watched.quarters:
        quarters = [tuple(vars(one).values()) for one in watched.quarters]
        moves = [(_MOVES[one.move], one.master_id, one.name, one.paid, one.paid_before) for one in watched.moves]
        _table(book, styles, "重点税源 Key taxpayers", _QUARTERS, quarters)
        _table(book, styles, "重点税源进出 Entries and exits", _MOVED, moves)
    if watched.projects:
        projects = [tuple(vars(one).values()) for one in watched.projects]
        _table(book, styles, "重大项目 Large projects", _PROJECTS, projects)


def _table(
    book: xlsxwriter.Workbook, styles: Styles, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, len(head) - 1, _WIDTH)
    sheet.freeze_panes(1, 1)
    printed(sheet, [_WIDTH] * len(head), 1)
    sheet.set_row(0, height((text, _WIDTH) for text in head))
    for place, text in enumerate(head):
        sheet.write_string(0, place, text, styles.head)
    for line, row in enumerate(rows, 1):
        sheet.set_row(line, height((value, _WIDTH) for value in row if isinstance(value, str)))
        for place, value in enumerate(row):
            if isinstance(value, Decimal):
                sheet.write_number(line, place, float(value), styles.money)
            elif isinstance(value, float):
                sheet.write_number(line, place, value, styles.share)
            elif isinstance(value, int):
                sheet.write_number(line, place, value, styles.count)
            elif isinstance(value, date):
                sheet.write_string(line, place, value.isoformat(), styles.wrapped)
            elif value is not None:
                sheet.write_string(line, place, cell_text(str(value)), styles.wrapped)
