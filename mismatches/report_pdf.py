"""The report to print and to file: report.pdf with outcomes, charts, and the gravest hits of each rule.

Both languages stand in it, Chinese first. The font is embedded with the glyphs that are used; numbers of persons are
masked as on the page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, cast

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, TableBordersLayout, VAlign
from fpdf.fonts import FontFace

from mismatches.charts import Chart
from mismatches.engine import RuleRun
from mismatches.freshness import InputFact
from mismatches.report_view import FindingView, RuleView
from mismatches.request import CrossCheckRequest
from mismatches.wording import UNKNOWN, money
from schemas.bilingual import Bilingual
from schemas.rendering.fonts import picture_font
from schemas.rendering.pictures import to_png

MOST_FINDINGS: Final = 5
"""Hits of a rule; the page has more and the workbook all."""

_MARGIN, _WIDTH = 14.0, 182.0  # millimetres of an A4 page
_INK, _SOFT, _NAVY, _LINE = (31, 45, 61), (82, 98, 115), (31, 58, 95), (217, 224, 231)
_LINE_HEIGHT, _PADDING = 3.9, 0.8  # millimetres in a table
_PICTURE = 70.0  # millimetres that a picture may need
_SPREAD: Final = 0.55  # millimetres from line to line for a point of size
_MOST_LINES: Final = 60
"""Of a cell, so that a row and the head above it fit on a page."""
_TITLE, _HEADING, _SMALL_HEADING, _TEXT, _SMALL = 18.0, 13.0, 10.5, 9.0, 7.5  # points
_SEVERITIES: Final = {"high": "高 high", "medium": "中 medium", "low": "低 low"}
_CAUTION: Final = Bilingual(
    "疑点是部门数据之间的矛盾，须经核实和听取当事人说明后才能认定；估算是按公式算出的区间，不等于应补税费。",
    "A finding is a contradiction between departments' data. It says nothing until it has been verified and the party "
    "heard; an estimate is a range by formula, not an amount due.",
)


@dataclass(frozen=True)
class _Text:
    """A paragraph or a heading."""

    text: str
    size: float = _TEXT
    colour: tuple[int, int, int] = _INK
    above: float = 0.0

    @property
    def heads(self) -> bool:
        """Whether it belongs to what follows."""
        return self.size >= _SMALL_HEADING


@dataclass(frozen=True)
class _Table:
    """Rows under a head; `widths` are shares of the page, `right` the columns of numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]
    right: frozenset[int]


@dataclass(frozen=True)
class _Pictures:
    """Pictures side by side, each with its title."""

    parts: Sequence[tuple[str, bytes]]


_Block = _Text | _Table | _Pictures


def write(
    runs: Sequence[RuleRun],
    views: Sequence[RuleView],
    inputs: Sequence[InputFact],
    charts: Sequence[Chart],
    request: CrossCheckRequest,
) -> None:
    """Write report.pdf into the request's folder."""
    blocks = [*_opening(runs, charts, request), *(block for view in views for block in _rule(view)), *_inputs(inputs)]
    sheet = _Sheet(request, picture_font("".join(_texts(blocks)) + _Sheet.ALWAYS).folder / "regular.ttf")
    for place, block in enumerate(blocks):
        sheet.put(block, blocks[place + 1 :])
    sheet.output(str(request.out / "report.pdf"))


def _texts(blocks: Sequence[_Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case _Text(text=text):
                yield text
            case _Table(head=head, rows=rows):
                yield from head
                yield from (cell for row in rows for cell in row)
            case _Pictures(parts=parts):
                yield from (title for title, _ in parts)


def _opening(runs: Sequence[RuleRun], charts: Sequence[Chart], request: CrossCheckRequest) -> Iterator[_Block]:
    yield _Text("部门数据比对疑点报告 Findings of the cross-checks", _TITLE, _NAVY)
    made = request.made_at.strftime("%Y-%m-%d %H:%M %Z")
    yield _Text(f"核对日 as of {request.as_of.isoformat()} · 生成于 made {made}", _TEXT, _SOFT)
    yield _Text(_CAUTION.zh, above=2)
    yield _Text(_CAUTION.en, _SMALL, _SOFT)
    yield _Text("规则与结果 Rules and outcomes", _HEADING, _NAVY, above=4)
    yield _Table(
        ("规则 Rule", "疑点\nHits", "不可比\nNot comparable", "无异常\nClear", "估算（元）\nEstimate (yuan)"),
        [_outcome(run) for run in runs],
        (46, 10, 14, 14, 24),
        frozenset({1, 2, 3, 4}),
    )
    alphabet = "".join(chart.svg["zh"] for chart in charts)
    pictures = [(_both(chart.title), to_png(chart.svg["zh"], alphabet)) for chart in charts]
    for start in range(0, len(pictures), 2):
        yield _Pictures(pictures[start : start + 2])


def _outcome(run: RuleRun) -> Sequence[str]:
    title = f"{run.rule.title.zh}\n{run.rule.title.en} · {run.rule.id}"
    if not run.ran:
        reasons = "；".join(_both(reason) for reason in run.absent)
        return (f"{title}\n未运行 Did not run: {reasons}", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    estimate = UNKNOWN
    if run.estimate:
        estimate = f"{money(run.estimate.likely)}\n{money(run.estimate.low)} – {money(run.estimate.high)}"
    counts = (f"{run.counts[outcome]:,}" for outcome in ("hit", "not_comparable", "clear"))
    return (title, *counts, estimate)


def _rule(view: RuleView) -> Iterator[_Block]:
    rule = view.run.rule
    if not view.findings:
        return
    yield _Text(f"{rule.title.zh} {rule.title.en}", _HEADING, _NAVY, above=5)
    yield _Text(rule.explanation.zh)
    yield _Text(rule.explanation.en, _SMALL, _SOFT)
    false_positives = " · ".join(_both(text) for text in rule.false_positives)
    yield _Text(f"常见误报 Usual false positives: {false_positives}", _SMALL, _SOFT)
    yield _Text(f"法律依据 Legal basis: {_both(rule.legal_basis)}", _SMALL, _SOFT)
    shown = view.findings[:MOST_FINDINGS]
    told = f"最重要的疑点 Gravest hits {len(shown)} / {view.run.counts['hit']:,}"
    yield _Text(told, _SMALL_HEADING, above=1.5)
    yield _Table(
        ("疑点 Finding", "理由与算式 Reason and formula", "估算（元）\nEstimate (yuan)"),
        [_finding(finding) for finding in shown],
        (30, 64, 22),
        frozenset({2}),
    )


def _finding(finding: FindingView) -> Sequence[str]:
    who = f"{_SEVERITIES[finding.severity]} · {finding.period}\n{finding.subject}\n{finding.finding_id}"
    link = f"身份关联 identity {finding.probability} · {finding.master_id}"
    why = f"{finding.reason.zh}\n{finding.reason.en}\n{finding.formula.zh}"
    estimate = f"{finding.likely}\n{finding.low} – {finding.high}" if finding.estimated else UNKNOWN
    return (f"{who}\n{link}", why, estimate)


def _inputs(inputs: Sequence[InputFact]) -> Iterator[_Block]:
    yield _Text("数据新鲜度 How fresh the inputs are", _HEADING, _NAVY, above=5)
    rows = [
        (
            _both(item.title),
            f"{item.rows:,}",
            str(item.latest or UNKNOWN),
            str(UNKNOWN if item.days is None else item.days),
        )
        for item in inputs
        if item.present
    ]
    yield _Table(
        ("输入 Input", "记录数 Rows", "最新数据 Latest", "天 Days old"), rows, (60, 20, 22, 16), frozenset({1, 3})
    )


def _both(text: Bilingual) -> str:
    return f"{text.zh} {text.en}"


class _Sheet(FPDF):
    """A4 pages with a footer of their numbers."""

    ALWAYS: Final = "0123456789/ 第页共"
    FACE: Final = "sitong"
    _PAGES: Final = "\x1a" * 4  # stands for the number of pages, up to 9,999; no text of a department has it

    def __init__(self, request: CrossCheckRequest, font: Path) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._day = request.as_of.isoformat()
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, margin=16)
        self.alias_nb_pages(self._PAGES)
        self.add_font(self.FACE, fname=str(font))
        self.set_title(f"部门数据比对疑点报告 {self._day}")
        self.set_lang("zh-CN")
        self.set_creation_date(request.made_at)
        self.add_page()

    def footer(self) -> None:
        """The day and the number of the page."""
        self.set_y(-11)
        self._write_with(_SMALL, _SOFT)
        self.cell(0, 5, f"{self._day}   {self.page_no()} / {self._PAGES}", align=Align.R)

    def put(self, block: _Block, following: Sequence[_Block]) -> None:
        """Add a block below what is there; a heading never without the beginning of what follows."""
        match block:
            case _Text():
                if self.will_page_break(self._beginning(block, following)):
                    self.add_page()
                self._paragraph(block)
            case _Table():
                self._rows(block)
            case _Pictures():
                self._pictures(block)

    def _beginning(self, block: _Block, following: Sequence[_Block]) -> float:
        """Millimetres of what must stand on one page with the top of a block."""
        match block:
            case _Text():
                self._write_with(block.size, block.colour)
                high = block.above + self._high(block)
                return high + (self._beginning(following[0], following[1:]) if block.heads and following else 0)
            case _Table():
                self._write_with(_SMALL, _INK)
                rows = (block.head, *block.rows[:1])
                return sum(
                    max(lines for _, lines in self._cells(block, row)) * _LINE_HEIGHT + 2 * _PADDING for row in rows
                )
            case _Pictures():
                return _PICTURE

    def _high(self, block: _Text) -> float:
        high = self.multi_cell(
            _WIDTH, block.size * _SPREAD, block.text, align=Align.L, dry_run=True, output=MethodReturnValue.HEIGHT
        )
        return cast("float", high)

    def _write_with(self, size: float, colour: tuple[int, int, int]) -> None:
        self.set_font(self.FACE, size=size)
        self.set_text_color(*colour)

    def _paragraph(self, block: _Text) -> None:
        self.set_y(self.get_y() + block.above)
        self._write_with(block.size, block.colour)
        self.multi_cell(_WIDTH, block.size * _SPREAD, block.text, align=Align.L, new_x="LMARGIN", new_y="NEXT")

    def _rows(self, block: _Table) -> None:
        self._write_with(_SMALL, _INK)
        self.set_draw_color(*_LINE)
        aligns: list[Literal["LEFT", "RIGHT"]] = [
            "RIGHT" if place in block.right else "LEFT" for place in range(len(block.head))
        ]
        head = FontFace(emphasis="", fill_color=(234, 239, 245))
        with self.table(
            width=_WIDTH, col_widths=tuple(block.widths), text_align=tuple(aligns), headings_style=head,
            line_height=_LINE_HEIGHT, borders_layout=TableBordersLayout.HORIZONTAL_LINES, v_align=VAlign.T,
            padding=_PADDING,
        ) as table:  # fmt: skip
            for row in (block.head, *block.rows):
                table.row([text for text, _ in self._cells(block, row)])
        self.set_y(self.get_y() + 1.5)

    def _cells(self, block: _Table, row: Sequence[str]) -> Iterator[tuple[str, int]]:
        """The text of each cell and its lines, as many as a row may have; what is cut off is told by `…`."""
        for text, share in zip(row, block.widths, strict=True):
            width = share / sum(block.widths) * _WIDTH - 2 * _PADDING
            lines = cast("list[str]", self.multi_cell(width, text=text, dry_run=True, output=MethodReturnValue.LINES))
            if len(lines) > _MOST_LINES:
                yield "\n".join([*lines[: _MOST_LINES - 1], "…"]), _MOST_LINES
            else:
                yield text, len(lines)

    def _pictures(self, block: _Pictures) -> None:
        width = (_WIDTH - 6) / 2
        if self.will_page_break(_PICTURE):
            self.add_page()
        top, lowest = self.get_y() + 3, self.get_y()
        for place, (title, png) in enumerate(block.parts):
            left = _MARGIN + place * (width + 6)
            self.set_xy(left, top)
            self._write_with(_SMALL_HEADING, _NAVY)
            self.multi_cell(width, 5, title, new_x="LEFT", new_y="NEXT")
            drawn = self.image(BytesIO(png), x=left, y=self.get_y() + 1, w=width, alt_text=title)
            lowest = max(lowest, self.get_y(), top + 6 + drawn.rendered_height)
        self.set_xy(_MARGIN, lowest + 2)
