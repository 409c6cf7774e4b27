"""`sitong explain`: why two records are one's or not, and the graph of a cluster."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.run import Day
from sitong.console import out, step
from sitong.settings import today

if TYPE_CHECKING:
    import pyarrow as pa

    from matching.explaining.finished import Address, FinishedMatch
    from matching.explaining.output import Explained

Match = Annotated[
    Path, typer.Option("--match", help="The --out folder of sitong match 匹配结果目录", exists=True, file_okay=False)
]
Drops = Annotated[
    Path | None, typer.Option(help="The drop that was matched 所匹配的报送目录", exists=True, file_okay=False)
]
Tables = Annotated[
    list[Path] | None,
    typer.Option("--records", help="Or the tables that were matched 任意表", exists=True, dir_okay=False),
]


class Language(StrEnum):
    """Language of texts and pictures."""

    ZH = "zh"
    EN = "en"


def explain(
    match: Match,
    drops: Drops = None,
    records: Tables = None,
    left: Annotated[str | None, typer.Option(help="dataset/record_id, as police.resident/PR01 左记录")] = None,
    right: Annotated[str | None, typer.Option(help="dataset/record_id 右记录")] = None,
    cluster: Annotated[str | None, typer.Option(help="A master_id of the crosswalk 主标识")] = None,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", help="File to write: .json, .txt, .svg, .png or .html 输出文件", dir_okay=False),
    ] = None,
    language: Annotated[Language, typer.Option("--lang", help="Language of text and pictures 语言")] = Language.ZH,
    as_of: Day = None,
) -> None:
    """Say what two records weigh, field by field, or draw a cluster. 解释两条记录或一个归集结果。"""
    from matching.explaining import output
    from matching.explaining.finished import Address

    if (cluster is None) == (left is None and right is None) or (left is None) != (right is None):
        raise typer.BadParameter("give either --left and --right, or --cluster")
    if out_file is not None:
        output.check_suffix(out_file)
    pair = (Address.parse(left), Address.parse(right)) if left and right else None
    if pair and pair[0] == pair[1]:
        raise typer.BadParameter("--left and --right name the same record; give two")
    finished = reopened(match, drops, records or [], as_of.date() if as_of else today())
    explained = _explained(finished, pair, cluster or "")
    if out_file is None:
        out.print(output.as_text(explained, language.value), markup=False, soft_wrap=True, end="")
    else:
        output.write(explained, out_file, language.value)
        out.print(str(out_file), markup=False, soft_wrap=True)


def _explained(finished: "FinishedMatch", pair: "tuple[Address, Address] | None", cluster: str) -> "Explained":
    from matching.explaining.cluster import explain_cluster
    from matching.explaining.pair import explain_pair

    with step("explain 解释"):
        if pair is None:
            return explain_cluster(finished, cluster)
        return explain_pair(finished, *pair)


def reopened(match: Path, drops: Path | None, records: Sequence[Path], day: date) -> "FinishedMatch":
    """A finished match with the tables that it matched, read again."""
    from matching.explaining.finished import reopen

    if (drops is None) != bool(records):
        raise typer.BadParameter("give either --drops or --records: the data that was matched")
    with step("read the match again 重新读取") as said:
        tables = _tables(match, drops, day) if drops else _given(records)
        finished = reopen(match, tables)
        said.append(f"{len(finished.records):,} records")
    return finished


def _tables(match: Path, drops: Path, day: date) -> "Mapping[str, pa.Table]":
    from connectors.direct import read_drop
    from matching.explaining.finished import trained_model

    return read_drop(drops, trained_model(match)[0].datasets, as_of=day)


def _given(records: Sequence[Path]) -> "Mapping[str, pa.Table]":
    from matching.files import read_tables

    return read_tables(records)
