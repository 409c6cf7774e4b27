"""The files of a clerical sample: a form for the clerk as a workbook and as text, the design beside it, and back again.

The form shows two rows a pair and says nothing of the match's opinion. Invariant: what the clerk writes is read by the
pair's number only; nothing in a form becomes a formula.
"""

import csv
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from matching.evaluation.sampling import Sample, Stratum
from matching.explaining.finished import FinishedMatch
from matching.explaining.received import received, value
from matching.explaining.text import NONE
from matching.explaining.wording import field_name
from storage.errors import ContractBroken
from storage.sheets import too_large

Decision = Literal["same", "different", "unsure"]

FORM, PLAIN, DESIGN = "sample.xlsx", "sample.csv", "sample.json"
_CHOICES: Final = ("同一 same", "不同 different", "不确定 unsure")
_WORDS: Final[Mapping[str, Decision]] = {
    **dict.fromkeys(("same", "同一", "是", "yes", "y", "1"), "same"),
    **dict.fromkeys(("different", "不同", "否", "no", "n", "0"), "different"),
    **dict.fromkeys(("unsure", "不确定"), "unsure"),
}  # fmt: skip
_PAIR, _DECISION, _NOTE = "序号 pair", "结论 decision", "备注 note"
_HEAD: Final = (_PAIR, "记录 record", "数据集 dataset", "记录号 record_id")
_MAKES_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Design:
    """What a sample was drawn from; `pairs[k]` is the stratum of pair k + 1."""

    model: str
    seed: int
    strata: tuple[Stratum, ...]
    pairs: tuple[int, ...]


def write_sample(match: FinishedMatch, sample: Sample, folder: Path) -> list[Path]:
    """Write the form in both kinds, and the design; readable by their owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    head, rows = _form(match, sample)
    paths = [folder / name for name in (FORM, PLAIN, DESIGN)]
    for path in paths:
        path.touch(mode=0o600)
        path.chmod(0o600)
    _write_workbook(paths[0], head, rows)
    with paths[1].open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([head, *([_harmless(cell) for cell in row] for row in rows)])
    design = Design(match.model.model, sample.seed, sample.strata, tuple(int(place) for place in sample.stratum))
    paths[2].write_text(json.dumps(asdict(design), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return paths


def read_design(folder: Path) -> Design:
    """Read what `write_sample` left beside the form.

    Raises:
        ContractBroken: it is not there or not whole.
    """
    try:
        content: Any = json.loads((folder / DESIGN).read_text(encoding="utf-8"))
        strata = tuple(Stratum(**one) for one in content["strata"])
        return Design(str(content["model"]), int(content["seed"]), strata, tuple(map(int, content["pairs"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContractBroken(f"{DESIGN} cannot be read", str(folder), "the design that was written with the form",
                             "keep the clerk's file in the folder of the sample") from error  # fmt: skip


def read_decisions(path: Path, design: Design) -> dict[int, Decision]:
    """Pair number → what the clerk decided; pairs without a decision are not there.

    Raises:
        ContractBroken: a file that cannot be read, an unknown pair or word, or two decisions on one pair.
    """
    found: dict[int, Decision] = {}
    for number, row in enumerate(_read_rows(path), 2):
        text = str(row.get(_DECISION) or "").strip().lower()
        if not text:
            continue
        pair, decision = _pair(row.get(_PAIR)), _WORDS.get(text.split()[0].removesuffix(".0"))
        if decision is None or not 1 <= pair <= len(design.pairs) or found.get(pair, decision) != decision:
            raise ContractBroken("a decision cannot be understood", f"{path.name} row {number}",
                                 f"a pair from 1 to {len(design.pairs)}, once, with {', '.join(_CHOICES)}",
                                 "correct the row")  # fmt: skip
        found[pair] = decision
    return found


def _form(match: FinishedMatch, sample: Sample) -> tuple[list[str], list[list[str]]]:
    places = [*sample.left.tolist(), *sample.right.tolist()]
    addresses = {place: match.address(place) for place in dict.fromkeys(places)}
    texts = received(match.tables, match.model, list(addresses.values()))
    fields = match.model.fields
    names = [field_name(field) for field in fields]
    head = [*_HEAD, *(name.zh if name.zh == name.en else f"{name.zh} {name.en}" for name in names), _DECISION, _NOTE]
    rows = []
    for number, sides in enumerate(zip(sample.left.tolist(), sample.right.tolist(), strict=True), 1):
        for letter, place in zip("AB", sides, strict=True):
            address = addresses[place]
            values = [value(spec, texts.get(address, {})) or NONE for spec in fields.values()]
            rows.append([str(number), letter, address.table, address.record_id, *values, "", ""])
    return head, rows


def _write_workbook(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        plain = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top", "text_wrap": True}
        title = book.add_format({**plain, "bold": True, "bg_color": "#E6ECF2", "bottom": 1})
        bands = [book.add_format({**plain, "num_format": "@", "bg_color": c}) for c in ("#FFFFFF", "#F3F5F8")]
        asked = book.add_format({**plain, "bg_color": "#FFF6D6", "border": 1, "border_color": "#D9C98A"})
        sheet = book.add_worksheet("样本 sample")
        sheet.freeze_panes(1, 2)
        for column, text in enumerate(head):
            sheet.write_string(0, column, text, title)
            sheet.set_column(column, column, 8 if column < 2 else 34 if "address" in text.lower() else 19)
        for number, row in enumerate(rows):
            for column, text in enumerate(row[:-2]):
                sheet.write_string(number + 1, column, text, bands[number // 2 % 2])
            if number % 2 == 0:
                sheet.write_blank(number + 1, len(head) - 2, None, asked)
                sheet.write_blank(number + 1, len(head) - 1, None, asked)
        last = max(len(rows), 1)
        sheet.data_validation(1, len(head) - 2, last, len(head) - 2, {"validate": "list", "source": list(_CHOICES)})


def _harmless(text: str) -> str:
    """Text that a spreadsheet would take for a formula, made plain text."""
    return f"'{text}" if text.startswith(_MAKES_FORMULAS) else text


def _read_rows(path: Path) -> Iterable[dict[str, object]]:
    lines: Sequence[Sequence[object]]
    try:
        if path.suffix == ".xlsx":
            lines = _first_sheet(path)
        else:
            lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, ValueError, CalamineError, zipfile.BadZipFile, zlib.error) as error:
        raise ContractBroken(
            "the decisions cannot be read", path.name, f"the {FORM} or {PLAIN} of the sample"
        ) from error
    head = [str(cell).strip() for cell in lines[0]] if lines else []
    if not {_PAIR, _DECISION} <= set(head):
        raise ContractBroken("the decisions lack a column", path.name, f"{_PAIR} and {_DECISION}",
                             "keep the first row as it was written")  # fmt: skip
    return [dict(zip(head, line, strict=False)) for line in lines[1:]]


def _first_sheet(path: Path) -> Sequence[Sequence[object]]:
    if too_large(path):
        raise ValueError("a cell far from the others")
    rows: Sequence[Sequence[object]] = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return rows


def _pair(cell: object) -> int:
    try:
        return int(float(str(cell)))
    except ValueError:
        return 0
