"""Findings as a file: CSV, JSON, or a workbook that auditors fill in and hand back.

Ids are text. The last columns of the workbook are for the auditor: the action from a list, its reason code, yuan,
voucher and a note; the version of the case stands beside them, so that a later reader sees whether somebody acted
meanwhile. A text that a spreadsheet would run as a formula is kept a text in both.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO

import xlsxwriter

from mismatches.cases.outcome_columns import FILLED, USUAL_WIDTH, WIDTHS, offer_choices
from mismatches.cases.queries.listing import FindingRow

TOLD = (
    "finding_id",
    "rule",
    "severity",
    "state",
    "version",
    "subject_kind",
    "subject_id",
    "period",
    "division",
    "month",
    "estimate_low",
    "estimate_likely",
    "estimate_high",
    "recovered",
    "owner",
    "due_on",
    "reason",
)
"""The columns of a file of findings, in its order."""

SHEET = "findings"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # how a cell begins that a spreadsheet may run
_NUMBERS = frozenset({"version", "estimate_low", "estimate_likely", "estimate_high", "recovered"})
_WIDTHS: Mapping[str, int] = {"finding_id": 27, "rule": 30, "subject_id": 14, "reason": 24, **WIDTHS}


def write_csv(rows: Iterable[FindingRow], stream: IO[str]) -> None:
    """One line a finding, with a head; a text that begins like a formula gets an apostrophe before it."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(TOLD)
    writer.writerows([_harmless(name, getattr(row, name)) for name in TOLD] for row in rows)


def write_json(rows: Sequence[FindingRow], stream: IO[str]) -> None:
    """A list of objects; yuan as text, so that no cent is lost."""
    values = [{name: _plain(getattr(row, name)) for name in TOLD} for row in rows]
    stream.write(json.dumps(values, ensure_ascii=False, indent=2) + "\n")


def write_workbook(rows: Iterable[FindingRow], target: Path | IO[bytes]) -> None:
    """A workbook with lists to choose from in the columns to fill in; row after row, so that memory stays small."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    file = str(target) if isinstance(target, Path) else target
    with xlsxwriter.Workbook(file, options | {"constant_memory": True}) as book:
        sheet = book.add_worksheet(SHEET)
        head = book.add_format({"bold": True, "bg_color": "#E6ECF2", "bottom": 1})
        text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "#,##0.00"})
        for place, name in enumerate((*TOLD, *FILLED)):
            sheet.write_string(0, place, name, head)
            kind = money if name in {*_NUMBERS, "amount"} - {"version"} else text
            sheet.set_column(place, place, _WIDTHS.get(name, USUAL_WIDTH), kind)
        line = 0
        for line, row in enumerate(rows, 1):
            for place, name in enumerate(TOLD):
                value = getattr(row, name)
                if name in _NUMBERS and value is not None:
                    sheet.write_number(line, place, float(value))
                else:
                    sheet.write_string(line, place, _text(value), text)
        last = max(line, 1)
        offer_choices(sheet, len(TOLD), (1, last))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, last, len(TOLD) + len(FILLED) - 1)


def _harmless(name: str, value: object) -> str:
    text = _text(value)
    return f"'{text}" if name not in _NUMBERS and text.startswith(_FORMULA) else text


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int) else _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
