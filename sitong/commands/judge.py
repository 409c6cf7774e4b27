"""`sitong judge`: what stewards decide about records and values, and what holds of it."""

import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.history import Base, shown
from sitong.commands.home import Home, settings_at
from sitong.console import note, out
from sitong.settings import CITY_TIME, now

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from registry.judgements.judgement import Author, Judgement, RecordKey, Statement
    from registry.judgements.replay import Live
    from registry.policy import Entity

app = typer.Typer(help="Judgements on records and values. 数据裁定", no_args_is_help=True)

Record = Annotated[str, typer.Argument(metavar="RECORD", help="police.resident/RECORD_ID 记录")]
Reason = Annotated[str, typer.Option(help="Why; kept for ever 理由")]
By = Annotated[str | None, typer.Option("--by", help="Who judges; default your login 裁定人")]
ByRule = Annotated[bool, typer.Option("--rule", help="--by names a rule, not a steward 由规则裁定")]
MasterId = Annotated[str, typer.Argument(metavar="MASTER_ID", help="主标识")]


@app.command("link")
def link(one: Record, other: Record, reason: Reason, by: By = None, rule: ByRule = False, home: Home = None) -> None:
    """Say that two records are of one person or enterprise. 判定为同一主体。"""
    from registry.judgements import judgement as says

    _add(home, _author(by, reason, rule=rule), lambda _: [says.link(_record(one), _record(other))])


@app.command("not-link")
def not_link(
    one: Record, other: Record, reason: Reason, by: By = None, rule: ByRule = False, home: Home = None
) -> None:
    """Say that two records are of two. 判定为不同主体。"""
    from registry.judgements import judgement as says

    _add(home, _author(by, reason, rule=rule), lambda _: [says.not_link(_record(one), _record(other))])


@app.command("merge")
def merge(one: MasterId, other: MasterId, reason: Reason, by: By = None, home: Home = None) -> None:
    """Say that two masters are one. 合并两个主体。"""
    from registry.judgements import acts

    def said(connection: "Connection") -> "Sequence[Statement]":
        return acts.merge(*(acts.records_of(connection, _entity(each), each) for each in (one, other)))

    _add(home, _author(by, reason), said)


@app.command("split")
def split(
    master_id: MasterId,
    leaving: Annotated[list[str], typer.Argument(metavar="RECORD…", help="Records that leave 分出的记录")],
    reason: Reason,
    by: By = None,
    home: Home = None,
) -> None:
    """Say that some records of a master are another's. 拆分主体。"""
    from registry.judgements import acts

    def said(connection: "Connection") -> "Sequence[Statement]":
        records, gone = acts.records_of(connection, _entity(master_id), master_id), [_record(one) for one in leaving]
        if strangers := [one for one in gone if one not in records]:
            raise typer.BadParameter(f"{strangers[0].table}: not every record named is one of {master_id}")
        return acts.split(gone, [one for one in records if one not in gone])

    _add(home, _author(by, reason), said)


@app.command("unmerge")
def unmerge(master_id: MasterId, reason: Reason, by: By = None, home: Home = None) -> None:
    """Take back the links among the records of a master; the evidence decides again. 撤销合并。"""
    from registry.judgements import acts, ledger
    from sitong.judging import open_ledger

    with open_ledger(settings_at(home)) as connection:
        records = acts.records_of(connection, _entity(master_id), master_id)
        numbers = acts.unmerge(ledger.live(connection), records)
        if not numbers:
            raise typer.BadParameter(f"no judgement links records of {master_id}; `sitong judge split` parts them")
        added = ledger.take_back(connection, _author(by, reason), numbers, now())
    _told(added)


@app.command("override")
def override(
    master_id: MasterId,
    attribute: Annotated[str, typer.Argument(help="A column of the base 数据项")],
    reason: Reason,
    value: Annotated[
        str | None,
        typer.Argument(help="YYYY-MM-DD for a day; - reads it from standard input; none if left out 取值"),
    ] = None,
    by: By = None,
    rule: ByRule = False,
    home: Home = None,
) -> None:
    """Say what value an attribute of a master has, whatever the records say. 指定数据项取值。"""
    from registry.judgements import judgement as says

    stated = sys.stdin.readline().rstrip("\n") if value == "-" else value
    _add(home, _author(by, reason, rule=rule), lambda _: [says.override(master_id, attribute, stated)])


@app.command("suppress")
def suppress(record: Record, reason: Reason, by: By = None, rule: ByRule = False, home: Home = None) -> None:
    """Leave a source record out of the base. 排除来源记录。"""
    from registry.judgements import judgement as says

    _add(home, _author(by, reason, rule=rule), lambda _: [says.suppress(_record(record))])


@app.command("withdraw")
def withdraw(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER…", help="裁定编号")],
    reason: Reason,
    by: By = None,
    home: Home = None,
) -> None:
    """Take judgements back: it is then as if they had never been. 撤销裁定。"""
    from registry.judgements import ledger
    from sitong.judging import open_ledger

    with open_ledger(settings_at(home)) as connection:
        added = ledger.take_back(connection, _author(by, reason), numbers, now())
    _told(added)


@app.command("list")
def list_judgements(
    every: Annotated[bool, typer.Option("--all", help="Withdrawn and overruled ones too 含已失效")] = False,
    home: Home = None,
) -> None:
    """List the judgements that hold, oldest first. 裁定清单。"""
    from registry.judgements import ledger
    from registry.judgements.replay import replay
    from sitong.judging import open_ledger

    with open_ledger(settings_at(home)) as connection:
        rows = ledger.read(connection)
    holds = replay(rows)
    for one in rows:
        if every or (one.said.kind != "withdraw" and holds.state_of(one) == "live"):
            out.print(_line(one, holds), markup=False, soft_wrap=True)


@app.command("show")
def show(number: Annotated[int, typer.Argument(metavar="NUMBER", help="裁定编号")], home: Home = None) -> None:
    """Show a judgement in full: who, when, why, and whether it holds. 裁定详情。"""
    from registry.judgements import ledger
    from registry.judgements.replay import replay
    from schemas.contract import product_contract
    from sitong.judging import open_ledger

    with open_ledger(settings_at(home)) as connection:
        rows = ledger.read(connection)
    holds = replay(rows)
    found = next((one for one in rows if one.number == number), None)
    if found is None:
        raise typer.BadParameter(f"there is no judgement {number}")
    out.print(_line(found, holds), markup=False, soft_wrap=True)
    if found.said.attribute:
        value, contract = found.said.value, product_contract(found.said.entity)
        out.print(f"value 取值: {'—' if value is None else shown(contract, found.said.attribute, value)}", markup=False)
    out.print(f"reason 理由: {found.author.reason}", markup=False, soft_wrap=True)
    if number in holds.withdrawn:
        out.print(f"withdrawn by 撤销于: {holds.withdrawn[number]}", markup=False)


@app.command("export")
def export(
    base: Annotated[Base, typer.Argument(help="person or enterprise 人口或企业")],
    path: Annotated[Path, typer.Argument(metavar="FILE.parquet", dir_okay=False)],
    home: Home = None,
) -> None:
    """Write what holds for `sitong match --judgements`. 导出有效裁定。"""
    from sitong import judging

    note(f"{judging.export(settings_at(home), base.value, path):,} judgements 裁定")
    out.print(str(path), markup=False, soft_wrap=True)


def _add(home: Path | None, author: "Author", said: "Callable[[Connection], Sequence[Statement]]") -> None:
    from registry.judgements import ledger
    from sitong.judging import open_ledger

    with open_ledger(settings_at(home)) as connection:
        added = ledger.add(connection, author, said(connection), now())
    _told(added)


def _told(added: "Sequence[Judgement]") -> None:
    for one in added:
        out.print(str(one.number), markup=False)
    note("the next run follows 下次运行生效")


def _author(by: str | None, reason: str, *, rule: bool = False) -> "Author":
    from registry.judgements.judgement import Author

    if rule and by is None:
        raise typer.BadParameter("--rule goes with --by NAME_OF_THE_RULE")
    return Author(by or getpass.getuser(), reason, "rule" if rule else "steward")


def _record(text: str) -> "RecordKey":
    from registry.judgements.judgement import RecordKey

    return RecordKey.parse(text)


def _entity(master_id: str) -> "Entity":
    from registry.master_ids import LETTERS, is_master_id

    for entity, letter in LETTERS.items():
        if is_master_id(master_id) and master_id.startswith(letter):
            return entity
    raise typer.BadParameter("a master id has ten characters, the last of which checks the others")


def _line(one: "Judgement", live: "Live") -> str:
    said = one.said
    about = [said.record, said.other, said.master_id, said.attribute, said.withdraws]
    told = " ".join(str(part) for part in about if part is not None)
    state = live.state_of(one)
    suffix = "" if state == "live" else f"  {state}"
    return (
        f"{one.number}  {one.at.astimezone(CITY_TIME):%Y-%m-%d %H:%M}  {one.author.name}  {said.kind}  {told}{suffix}"
    )
