"""`sitong evaluate`: how good a match is, against the truth or by a clerk's decisions on a sample."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.explain import Drops, Match, Tables, reopened
from sitong.commands.run import Day
from sitong.console import out, step
from sitong.settings import today

if TYPE_CHECKING:
    from matching.evaluation.results import Evaluation
    from matching.explaining.finished import FinishedMatch


def evaluate(
    match: Match,
    truth: Annotated[
        Path | None, typer.Option(help="True subject of every record, Parquet or CSV 真值", exists=True, dir_okay=False)
    ] = None,
    drops: Drops = None,
    records: Tables = None,
    sample: Annotated[int | None, typer.Option(help="Draw about N pairs for a clerk 抽取样本对数", min=1)] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="The clerk's file, .xlsx or .csv 人工判定", exists=True, dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample 随机种子")] = 20260331,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder; default evaluation/ in the match 输出目录", file_okay=False)
    ] = None,
    as_of: Day = None,
) -> None:
    """Evaluate a match: with --truth, or with --sample and then --decisions. 评估匹配结果。

    With --drops (or --records) pairs are weighed again: calibration, the choice of a threshold, recall of blocking.
    """
    if sum(one is not None for one in (truth, sample, decisions)) != 1:
        raise typer.BadParameter("give one of --truth, --sample or --decisions")
    folder, day = out_folder or match / "evaluation", as_of.date() if as_of else today()
    if sample is not None:
        _draw(reopened(match, drops, records or [], day), sample, seed, folder)
        return
    finished = reopened(match, drops, records or [], day) if drops or records else None
    _report(_against(match, truth, finished) if truth else _by_clerk(decisions), folder)


def _draw(finished: "FinishedMatch", size: int, seed: int, folder: Path) -> None:
    from matching.evaluation.clerical import write_sample
    from matching.evaluation.sampling import draw_sample

    with step("draw a sample 抽样") as said:
        drawn = draw_sample(finished, size, seed)
        paths = write_sample(finished, drawn, folder)
        said.append(f"{len(drawn.left):,} pairs in {len(drawn.strata)} strata")
    for path in paths:
        out.print(str(path), markup=False, soft_wrap=True)


def _against(match: Path, truth: Path, finished: "FinishedMatch | None") -> "Evaluation":
    from matching.evaluation.agreement import agreement
    from matching.evaluation.calibration import record_calibration
    from matching.evaluation.contingency import contingency
    from matching.evaluation.results import Evaluation
    from matching.evaluation.weighed import evaluate_weighed
    from matching.explaining.finished import trained_model
    from storage.errors import ContractBroken

    with step("hold against the truth 对照真值") as said, contingency(match / "crosswalk.parquet", truth) as cells:
        if not cells.records:  # an empty comparison would read as a perfect match
            raise ContractBroken("the truth names no record of the match", truth.name,
                                 "source, dataset and record_id as in crosswalk.parquet",
                                 "name the truth of the drop that was matched")  # fmt: skip
        found, of_records = agreement(cells), record_calibration(cells)
        rate = found.pairs.errors_per_10000
        said.append(f"F1 {found.pairs.f1:.5f}")
        said.extend([f"{rate:.1f} wrong + missed per 10,000 true pairs"] if rate is not None else [])
    weighed = None
    if finished is not None:
        with step("weigh the pairs again 重新计算权重") as said:
            weighed = evaluate_weighed(finished, truth)
            said.append(f"blocking finds {weighed.blocking.recall:.3%} of the true pairs")
    return Evaluation(trained_model(match)[0].model, found, of_records, weighed)


def _by_clerk(decisions: Path | None) -> "Evaluation":
    from matching.evaluation.clerical import read_decisions, read_design
    from matching.evaluation.estimate import estimate
    from matching.evaluation.results import Evaluation

    if decisions is None:
        raise typer.BadParameter("give --decisions")
    with step("estimate from decisions 抽样估计") as said:
        design = read_design(decisions.parent)
        found = estimate(design, read_decisions(decisions, design))
        said.append(f"precision {found.precision.low:.2%} to {found.precision.high:.2%}")
        said.append(f"recall {found.recall.low:.2%} to {found.recall.high:.2%}, {found.decided:,} pairs decided")
    return Evaluation(design.model, clerical=found)


def _report(evaluation: "Evaluation", folder: Path) -> None:
    from matching.evaluation.report import write

    with step("write 写出"):
        paths = write(evaluation, folder)
    for path in paths:
        out.print(str(path), markup=False, soft_wrap=True)
