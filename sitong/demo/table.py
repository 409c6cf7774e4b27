"""The table with which the demo ends."""

from pathlib import Path

from rich.table import Table

from sitong.console import out
from sitong.demo.outcome import Outcome


def show(outcome: Outcome, places: dict[str, Path]) -> None:
    """Print records in, published, agreement with the truth, findings by rule, and where to look."""
    out.print(_records(outcome))
    out.print(_entities(outcome))
    out.print(_findings(outcome))
    out.print("\nWhere to look 到哪里看", style="bold")
    for name, place in places.items():
        out.print(f"  {name}: {place}", markup=False, soft_wrap=True)


def _records(outcome: Outcome) -> Table:
    table = Table(title="Records 记录", title_justify="left")
    table.add_column("dataset 数据集")
    for heading in ("received 收到", "accepted 接受", "quarantined 隔离"):
        table.add_column(heading, justify="right")
    for name, counts in outcome.intake.items():
        table.add_row(name, f"{counts.received:,}", f"{counts.accepted:,}", f"{counts.quarantined:,}")
    table.add_section()
    totals = [
        sum(getattr(counts, field) for counts in outcome.intake.values())
        for field in ("received", "accepted", "quarantined")
    ]
    table.add_row("all 合计", *(f"{total:,}" for total in totals), style="bold")
    return table


def _entities(outcome: Outcome) -> Table:
    table = Table(title="Base databases 基础库", title_justify="left")
    table.add_column("")
    for heading in ("published 发布", "precision 精确率", "recall 召回率", "errors/10,000 万对差错"):
        table.add_column(heading, justify="right")
    for entity, title in (("person", "persons 人口"), ("enterprise", "enterprises 企业")):
        against = outcome.agreement[entity]
        table.add_row(
            title,
            f"{outcome.published[entity]:,}",
            f"{against.precision:.4%}",
            f"{against.recall:.4%}",
            "—" if against.errors_per_10000 is None else f"{against.errors_per_10000:.1f}",
        )
    return table


def _findings(outcome: Outcome) -> Table:
    table = Table(title="Findings 疑点", title_justify="left")
    table.add_column("rule 规则")
    for heading in ("hit 疑点", "not comparable 无法比较"):
        table.add_column(heading, justify="right")
    for rule, counts in outcome.findings.items():
        table.add_row(rule, f"{counts.get('hit', 0):,}", f"{counts.get('not_comparable', 0):,}")
    return table
