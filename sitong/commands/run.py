"""`sitong run`: the whole main job without a scheduler."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitong.console import note, out, step, warn
from sitong.settings import Settings, load_settings, now, today

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sitong.reconciling import How

Day = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="The day on which clocks are judged; default today in Asia/Shanghai 数据日期",
    ),
]


def run(
    drops: Annotated[Path, typer.Option(help="Folder of departments' files 报送目录", exists=True, file_okay=False)],
    home: Annotated[
        Path | None, typer.Option(help="Where everything lies; default var/ 主目录", file_okay=False)
    ] = None,
    as_of: Day = None,
    full: Annotated[
        bool, typer.Option("--full", help="Decide everything again, not only what changed, by the same model 全量重算")
    ] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train the match model on the records of today; implies --full 重新训练")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Accept a held dataset (police.resident) or a failed check of the publication 放行"),
    ] = None,
) -> None:
    """Pull, validate, match, publish, cross-check, deliver. 采集、校验、匹配、发布、比对、交付。"""
    from sitong import stages
    from storage.lock import home_lock

    settings = load_settings(home=home)
    day = as_of.date() if as_of else today()
    datasets, checks = stages.waivable(accept or [])
    with home_lock(settings.zones):
        stages.repair(settings)
        _pull(settings, drops, day, datasets)
        _publish(settings, _reconcile(settings, "retrain" if retrain else "full" if full else "changes"), day, checks)
        with step("cross-check 比对") as said:
            report = stages.cross_check(settings, as_of=day)
            said.extend(_counted(report.facts))
        for warning in unwritten(report.facts):
            warn(warning)
        _deliver(settings, day)
    page = settings.zones.reports(day) / "report.html"
    out.print(str(page if page.is_file() else page.parent), markup=False, soft_wrap=True)


def _counted(facts: "Mapping[str, Any]") -> list[str]:
    """The findings as `sitong findings` counts them: hits of rules not in shadow; and what was not comparable."""
    counts = [rule["counts"] for rule in facts["rules"].values() if rule["ran"] and not rule["shadow"]]
    hits, open_ = (sum(one.get(outcome, 0) for one in counts) for outcome in ("hit", "not_comparable"))
    return [f"{hits:,} findings", f"{open_:,} not comparable"]


def unwritten(facts: "Mapping[str, Any]") -> list[str]:
    """The formats of the report that are missing."""
    told = "could not be written and is missing; the findings are kept 未能生成，疑点已保存"
    return [f"{name} {told}" for name in facts.get("reports_failed", ())]


def _pull(settings: Settings, drops: Path, day: date, released: frozenset[str]) -> None:
    from sitong import stages

    plan, warnings = stages.scan(settings, drops)
    for warning in warnings:
        warn(warning)
    received_at = now()
    outcomes = [_take_in(settings, batches, day, received_at, released) for batches in plan]
    stages.refuse_incomplete(outcomes)
    with step("data quality 数据质量") as said:
        failed = 0
        for outcome in outcomes:
            failed += sum(stages.check_quality(settings, outcome["dataset"], as_of=day)["failed"].values())
        page = stages.write_quality_index(settings)
        said.append(f"{failed} expectations not met, see {page}" if failed else f"all expectations met, see {page}")


def _take_in(
    settings: Settings, batches: dict[str, Any], day: date, received_at: datetime, released: frozenset[str]
) -> dict[str, Any]:
    from sitong import stages

    with step(f"pull {batches['dataset']}") as said:
        outcome = stages.take_in(settings, batches, as_of=day, received_at=received_at, released=released)
        accepted = sum(batch["accepted"] for batch in outcome["batches"])
        refused = sum(batch["quarantined"] for batch in outcome["batches"])
        counted = f"{accepted:,} accepted, {refused:,} quarantined"
        said.append(counted if batches["files"] else f"not in this drop, {outcome['rows']:,} rows stay")
        said += [f"{len(outcome[kind])} {kind}" for kind in ("rejected", "held") if outcome[kind]]
    for warning in outcome["warnings"]:
        warn(warning)
    return outcome


def _reconcile(settings: Settings, how: "How") -> dict[str, str | None]:
    """Match both entities; entity → the run, for those that have accepted records."""
    from sitong import stages
    from sitong.reconciling import drift

    runs: dict[str, str | None] = {}
    for entity in stages.ENTITIES:
        with step(f"reconcile {entity}s 归集") as said:
            found = stages.reconcile(settings, entity, how=how)
            said.append(f"{found.rows:,} records, {found.facts['clusters']:,} {entity}s" if found else "no dataset")
            if found:
                runs[entity] = found.version
        if found and (reason := drift(found)):
            warn(f"{entity}: {reason}; train the model anew with `sitong run --retrain`")
    return runs


def _publish(settings: Settings, runs: dict[str, str | None], day: date, waived: frozenset[str]) -> None:
    from sitong import stages

    if not runs:  # facts alone are kept until there is somebody whom they concern
        note("publish 发布: no dataset of persons or enterprises has been accepted yet")
        return
    with step("publish 发布") as said:
        published = stages.publish(settings, as_of=day, runs=runs, waived=waived)
        said.append(f"version {published.version}")
        said += [f"{count:,} {entity}s" for entity, count in dict(published.facts["masters"]).items()]  # type: ignore[arg-type]


def _deliver(settings: Settings, day: date) -> None:
    from sitong import stages

    due = {one["recipient"] for one in stages.agreements_due(settings, as_of=day)}
    for agreement in stages.agreements(settings):
        if agreement.recipient not in due:
            note(f"deliver 交付 {agreement.recipient}: nothing is due on {day}")
            continue
        with step(f"deliver 交付 {agreement.recipient}") as said:
            delivered = stages.deliver(settings, agreement.recipient, as_of=day)
            said.append(f"{delivered.rows:,} rows, version {delivered.version}")
