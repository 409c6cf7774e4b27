"""`sitong findings`: the findings of the cross-checks and where their cases stand; workbooks of auditors read back."""

import getpass
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import err, out
from sitong.settings import Settings, now, today

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from mismatches.cases.access import Actor
    from mismatches.cases.queries.listing import Filter, FindingRow
    from mismatches.cases.queries.pages import FindingPage


class Format(StrEnum):
    """How the list is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_DISTRICT = re.compile(r"[0-9]{1,6}|unknown")


class Outcome(StrEnum):
    """Which findings."""

    HIT = "hit"
    NOT_COMPARABLE = "not_comparable"


Words = list[str] | None
FindingId = Annotated[str | None, typer.Argument(metavar="[FINDING_ID]", help="Show one finding in full 疑点编号")]
Limit = Annotated[int, typer.Option(help="Lines of the table at most 表格最多行数", min=1, max=1000)]


def findings(
    finding_id: FindingId = None,
    rule: Annotated[Words, typer.Option(help="规则")] = None,
    severity: Annotated[Words, typer.Option(help="high, medium, low 严重程度")] = None,
    district: Annotated[Words, typer.Option(help="Division codes or their first digits, or unknown 行政区划")] = None,
    month: Annotated[Words, typer.Option(help="First seen in, YYYY-MM 首次发现月份")] = None,
    state: Annotated[Words, typer.Option(help="new, assigned, … 状态")] = None,
    subject: Annotated[str | None, typer.Option(help="Master id of a person or an enterprise 主标识")] = None,
    outcome: Annotated[Outcome, typer.Option(help="Hits, or what could not be compared 疑点或不可比")] = Outcome.HIT,
    output: Annotated[Format, typer.Option("--format", help="All lines but of the table 输出格式")] = Format.TABLE,
    to: Annotated[Path | None, typer.Option("--out", help="File to write; xlsx needs one 输出文件")] = None,
    limit: Limit = 50,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show numbers of persons whole; logged 显示完整号码")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Judge the finding again from what was stored 依存档重新判定")
    ] = False,
    back: Annotated[
        Path | None,
        typer.Option("--read-back", help="Take the actions of a filled workbook 读回工作簿", dir_okay=False),
    ] = None,
    home: Home = None,
) -> None:
    """List findings, show one, or read auditors' outcomes back. 疑点清单、详情与结果读回。"""
    from mismatches.cases.queries.listing import Filter

    if output is Format.XLSX and to is None and finding_id is None and back is None:
        raise typer.BadParameter("--format xlsx needs --out FILE.xlsx")
    if again and finding_id is None:
        raise typer.BadParameter("--again judges one finding: name its id")
    if to is not None and not to.parent.is_dir():
        raise typer.BadParameter(f"--out {to}: there is no folder {to.parent}; make it first")
    _refuse_unknown(rule or (), severity or (), month or (), state or (), district or ())
    settings = settings_at(home)
    wanted = Filter(
        rules=tuple(rule or ()), severities=tuple(severity or ()), districts=tuple(district or ()),  # type: ignore[arg-type]
        months=tuple(month or ()), states=tuple(state or ()), subject=subject, outcome=outcome.value,
    )  # fmt: skip
    with _database(settings) as (engine, actor):
        if back is not None:
            _read_back(engine, actor, back)
        elif finding_id is not None:
            _one(engine, actor, finding_id, settings, reveal=None if again else reveal)
        elif output is Format.TABLE:
            _table(engine, actor, wanted, limit)
        else:
            _write(_every(engine, actor, wanted), output, to)


def _one(engine: "Engine", actor: "Actor", finding_id: str, settings: Settings, *, reveal: bool | None) -> None:
    """Show a finding, or judge it again where `reveal` is null."""
    from mismatches.cases.errors import UnknownFinding

    try:
        if reveal is None:
            _judge_again(engine, actor, finding_id, settings)
        else:
            _show(engine, actor, finding_id, reveal=reveal)
    except UnknownFinding:
        raise typer.BadParameter(
            f"there is no finding {finding_id[:40]}; `sitong findings --format csv` lists their ids 没有这个编号"
        ) from None


def _refuse_unknown(
    rules: Sequence[str], severities: Sequence[str], months: Sequence[str], states: Sequence[str],
    districts: Sequence[str],
) -> None:  # fmt: skip
    """A filter that nothing can pass is a slip of the pen, and an empty list would hide it."""
    from mismatches.cases.declaration import case_rules
    from mismatches.declarations import shipped_rules
    from mismatches.rule import Severity

    closed = (
        ("--rule", rules, {one.id for one in shipped_rules()}),
        ("--severity", severities, set(get_args(Severity))),
        ("--state", states, set(case_rules().states)),
    )
    for option, given, known in closed:
        if unknown := set(given) - known:
            raise typer.BadParameter(f"{option} {min(unknown)} is not known; expected {', '.join(sorted(known))}")
    for option, given, shape, expected in (
        ("--month", months, _MONTH, "YYYY-MM"),
        ("--district", districts, _DISTRICT, "one to six digits or unknown"),
    ):
        if unread := [text for text in given if not shape.fullmatch(text)]:
            raise typer.BadParameter(f"{option} {unread[0]} cannot be read; expected {expected}")


@contextmanager
def _database(settings: Settings) -> "Iterator[tuple[Engine, Actor]]":
    """The database as its writer, and who sits at the terminal: whoever may read the home may see the whole city."""
    from mismatches import migration
    from mismatches.cases.access import Actor
    from storage.engine import open_database

    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        yield database.writer, Actor(getpass.getuser(), "supervisor", None)


def _table(engine: "Engine", actor: "Actor", wanted: "Filter", limit: int) -> None:
    from rich import box
    from rich.table import Table

    from mismatches.cases.queries.listing import Page, find
    from mismatches.wording import money

    with engine.connect() as connection:
        found = find(connection, actor, wanted, Page(limit=limit), today=today())
    table = Table(box=box.SIMPLE)
    heads = ("疑点 finding\n规则 rule", "程度\n状态 state", "主体 subject\n区划 district", "月份\n估算 yuan")
    for place, head in enumerate(heads):
        table.add_column(head, no_wrap=True, justify="right" if place == len(heads) - 1 else "left")
    for row in found.rows:
        told = (row.finding_id, row.severity, row.subject_id, row.month)
        below = (row.rule, row.state, row.division, money(row.estimate_likely))
        table.add_row(*(f"{one or '—'}\n{other or '—'}" for one, other in zip(told, below, strict=True)))
    out.print(table)
    err.print(f"{len(found.rows):,} of {found.total:,} findings, {money(found.estimate_likely)} yuan", markup=False)


def _every(engine: "Engine", actor: "Actor", wanted: "Filter") -> "list[FindingRow]":
    from mismatches.cases.queries.listing import MOST_ROWS, Page, find

    rows: list[FindingRow] = []
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        while len(rows) % MOST_ROWS == 0:
            part = find(connection, actor, wanted, Page(limit=MOST_ROWS, offset=len(rows)), today=today()).rows
            if not part:
                break
            rows += part
    return rows


def _write(rows: "Sequence[FindingRow]", output: Format, to: Path | None) -> None:
    from mismatches.cases.sheet import write_csv, write_json, write_workbook

    if output is Format.XLSX and to is not None:
        write_workbook(rows, to)
        return
    write = write_csv if output is Format.CSV else write_json
    if to is None:
        write(rows, sys.stdout)
        return
    with to.open("w", encoding="utf-8", newline="") as stream:
        write(rows, stream)


def _show(engine: "Engine", actor: "Actor", finding_id: str, *, reveal: bool) -> None:
    from mismatches.cases.queries.pages import finding_page

    with engine.begin() as connection:
        page = finding_page(connection, actor, finding_id, at=now(), reveal=reveal)
    for line in _told(page):
        out.print(line, markup=False, soft_wrap=True)


def _judge_again(engine: "Engine", actor: "Actor", finding_id: str, settings: Settings) -> None:
    """Judge a finding again over the records that it cites, as they were; status 1 where something else comes out."""
    from mismatches.cases.queries.recomputing import stored_finding
    from mismatches.declarations import shipped_rules
    from mismatches.store.recompute import recompute

    with engine.connect() as connection:
        stored = stored_finding(connection, actor, finding_id)
    rule = next((one for one in shipped_rules() if one.id == stored.rule), None)
    if rule is None:
        raise typer.BadParameter(f"this release has no rule {stored.rule}; use the one that made the finding")
    found = recompute(stored, rule, settings.zones.work)
    for title, judged in (("then 当时", found.said), ("again 重判", found.again)):
        told = "not found 未重现" if judged is None else f"{judged.outcome} {judged.reason} {judged.severity}"
        yuan = (judged.estimate_low, judged.estimate_likely, judged.estimate_high) if judged else ()
        out.print(f"{title}: {told} {' / '.join('—' if one is None else f'{one:,}' for one in yuan)}", markup=False)
    if not found.same:
        err.print(
            "the cited records alone do not give the same: the rule may weigh others, too 结果不一致", markup=False
        )
        raise typer.Exit(1)


_CARRIED = ("amount", "voucher", "reason_code")  # by an event


def _told(page: "FindingPage") -> Iterator[str]:
    from mismatches.cases.replay import unpaid
    from mismatches.declarations import shipped_rules
    from mismatches.wording import fill, money

    row, rule = page.row, next((one for one in shipped_rules() if one.id == page.row.rule), None)
    yield f"{row.finding_id}  {row.rule} {row.rule_version}  {row.severity}  {row.state} (version {row.version})"
    yield f"{row.subject_kind} {row.subject_id or '—'}  {row.period or '—'}  district {row.division or '—'}"
    if rule and row.reason in rule.reasons:
        known = {"year": str(page.year), "as_of": page.observed_on, **page.parameters, **row.figures}
        yield fill(rule.reasons[row.reason], "zh", known)
        yield fill(rule.reasons[row.reason], "en", known)
    yield f"{money(row.estimate_low)} / {money(row.estimate_likely)} / {money(row.estimate_high)} yuan"
    if row.assessed is not None:
        sums = (row.assessed, row.recovered or 0, unpaid(row.assessed, row.recovered))
        yield "assessed 核定 {} / recovered 已入库 {} / not paid 未入库 {} yuan".format(*map(money, sums))
    yield f"found since {row.first_seen}, last on {page.last_seen}; values of {page.observed_on}"
    for record in page.evidence:
        told = ", ".join(f"{name} {value}" for name, value in record.values.items())
        yield f"  {record.role} {record.source}.{record.dataset} {record.record_id}: {told}"
    if (link := page.link) is not None:
        between = f"{link.left[0]} {link.left[1]} – {link.right[0]} {link.right[1]}"
        yield f"weakest link 最弱关联: {between}: {link.total_bits:+.1f} bits, {link.match_probability:.4f}, {link.how}"
    for event in page.events:
        carried = " ".join(str(event.details[name]) for name in _CARRIED if name in event.details)
        moved = f"{event.state_before} → {event.state_after}"
        yield f"  {event.at:%Y-%m-%d %H:%M} {event.actor} {event.action}: {moved} {carried}".rstrip()


def _read_back(engine: "Engine", actor: "Actor", path: Path) -> None:
    from mismatches.cases.read_back import read_back

    reports = read_back(engine, actor, path, at=now(), today=today())
    for one in reports:
        if one.result != "nothing":
            place = f"{one.sheet} row {one.row} {one.finding_id}".rstrip() if one.row else one.sheet
            out.print(
                f"{place}: {one.result} {one.message}".rstrip(),
                markup=False,
                soft_wrap=True,
            )
    counts = {
        result: sum(one.result == result for one in reports) for result in ("taken", "known", "nothing", "refused")
    }
    err.print(f"{len(reports)} rows: " + ", ".join(f"{count} {name}" for name, count in counts.items()), markup=False)
    if counts["refused"]:
        raise typer.Exit(1)
