"""`sitong match`: from files to a crosswalk, without a database."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sitong.commands.run import Day
from sitong.console import note, out, step
from sitong.match_folder import finish, made_beside
from sitong.settings import today

if TYPE_CHECKING:
    from matching.incremental.run import ChangeOptions, Sent
    from matching.judgements import Judgements
    from matching.run import MatchOptions, MatchSummary
    from sitong.reading import Judged, Reading

Entity = Literal["person", "enterprise"]


class Matched(StrEnum):
    """What is matched."""

    PERSONS = "persons"
    ENTERPRISES = "enterprises"


_ENTITIES: Mapping[Matched, Entity] = {Matched.PERSONS: "person", Matched.ENTERPRISES: "enterprise"}


class Only(StrEnum):
    """Where to stop."""

    CROSSWALK = "crosswalk"


def match(
    out_folder: Annotated[
        Path, typer.Option("--out", help="Folder to write; made if missing 输出目录", file_okay=False)
    ],
    matched: Annotated[Matched | None, typer.Argument(help="persons or enterprises 人口或企业")] = None,
    drops: Annotated[
        Path | None, typer.Option(help="Folder of departments' files 报送目录", exists=True, file_okay=False)
    ] = None,
    only: Annotated[Only | None, typer.Option(help="Stop at the crosswalk 只要对照表")] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A declared model for any table, or the model.json of an earlier match 模型", exists=True),
    ] = None,
    records: Annotated[
        list[Path] | None, typer.Option(help="Tables for a declared model 任意表", exists=True, dir_okay=False)
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            help="The folder of a match: --drops holds what changed since 上次匹配目录", exists=True, file_okay=False
        ),
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="With --since: train anew, and tell every link that changes 重新训练")
    ] = False,
    judgements: Annotated[
        Path | None,
        typer.Option(help="Of `sitong judge export`; --since keeps those before 裁定", exists=True, dir_okay=False),
    ] = None,
    as_of: Day = None,
    accept: Annotated[list[str] | None, typer.Option(help="Accept a held dataset (police.resident) 放行")] = None,
) -> None:
    """Match persons, enterprises, or any tables with a declared model, file to file. 文件到文件的匹配。"""
    from sitong.allocator import keep_freed_memory
    from sitong.lean_arrow import without_pandas

    keep_freed_memory()
    _check_model(model, _ENTITIES[matched] if matched is not None else None)
    with without_pandas(), made_beside(out_folder) as folder:
        from matching import judgements as judgement_files
        from matching.run import MatchOptions
        from sitong.reading import Judged

        ruled = judgement_files.read(judgements) if judgements else None
        options = MatchOptions("crosswalk" if only else None, _trained(model), ruled or judgement_files.NONE)
        judged = Judged(as_of.date() if as_of else today(), _datasets(accept or []))
        if since is not None and matched is not None and drops is not None and not records and model is None:
            _match_changes(_ENTITIES[matched], since, drops, folder, judged, (options.only, ruled, retrain))
        elif retrain:
            raise typer.BadParameter("--retrain goes with --since: without it every match is trained on its records")
        elif since is None and matched is not None and drops is not None and not records:
            _match_drop(_ENTITIES[matched], drops, folder, options, judged)
        elif since is None and matched is None and drops is None and records and model is not None:
            _match_tables(model, records, folder, options)
        else:
            raise typer.BadParameter(
                "give either persons or enterprises with --drops (and --since for changes, which goes by the model of"
                " that match), or --model with --records; and always --out"
            )
    out.print(str(out_folder), markup=False, soft_wrap=True)


def _check_model(model: Path | None, entity: Entity | None) -> None:
    """Persons and enterprises are matched by a trained model of their own kind, or by one trained on the spot."""
    if model is None or entity is None:
        return
    trained = _trained(model)
    if trained is None:
        raise typer.BadParameter(
            f"--model {model}: expected a model.json of an earlier match of {entity} records;"
            " a declared model goes with --records"
        )
    from matching.parameters import read

    if (found := read(trained)[0].model) != entity:
        raise typer.BadParameter(f"--model {model} is a model of {found} records, not of {entity} records")


def _trained(model: Path | None) -> Path | None:
    """A `model.json` holds trained parameters; a YAML file is a declaration that has none yet."""
    return model if model is not None and model.suffix == ".json" else None


def _datasets(accepted: Sequence[str]) -> frozenset[str]:
    if not accepted:
        return frozenset()
    from sitong.stages import waivable  # imports every room; only who accepts something waits for it

    datasets, _ = waivable(accepted)
    if checks := sorted(set(accepted) - datasets):
        raise typer.BadParameter(f"{', '.join(checks)}: a match publishes nothing; name datasets only")
    return datasets


def _match_drop(entity: Entity, drops: Path, folder: Path, options: "MatchOptions", judged: "Judged") -> None:
    from matching.run import match as match_records
    from registry.policy import policy
    from sitong.reading import read, read_to_files

    datasets, whole = policy(entity).datasets, options.only is None
    with tempfile.TemporaryDirectory(prefix="accepted-", dir=folder) as accepted:
        with step("read and validate 读取校验") as said:
            reading = (  # golden records read the accepted columns again, from files
                read_to_files(drops, datasets, judged, Path(accepted))
                if whole
                else read(drops, datasets, judged, columns=_columns_read(entity, options.model))
            )
            said.append(f"{len(reading.tables)} datasets")
        for line in reading.quarantine():
            note(line)
        with step(f"match {entity}s 匹配") as said:
            tables = reading.tables if whole else reading.hand_over  # a city's fill two GiB
            summary = match_records(entity, tables, folder, options=options)
            said.append(f"{sum(summary.records.values()):,} records, {summary.clusters:,} {entity}s")
        _tell(summary)
        if whole:
            with step("golden records 黄金记录"):
                _write_golden(entity, reading.tables, folder, judged.as_of)
    _add_reading(folder / "summary.json", reading)


def _match_changes(
    entity: Entity,
    since: Path,
    drops: Path,
    folder: Path,
    judged: "Judged",
    how: "tuple[Literal['crosswalk'] | None, Judgements | None, bool]",
) -> None:
    """Apply a drop of changes to a finished match; `how`: where to stop, judgements, and whether to train anew."""
    only, judgements, retrain = how
    from matching.incremental import run, state
    from matching.incremental.changes import Withdrawn
    from matching.parameters import read as read_trained
    from matching.records import columns_read
    from registry.policy import policy
    from sitong.reading import read_what_changed

    finish(since)
    if not (since / "model.json").is_file():
        raise typer.BadParameter(
            f"--since {since}: no finished match here 此处没有完成的匹配; name the folder of a whole match,"
            " or match all records without --since"
        )
    model, _ = read_trained(since / "model.json")
    if model.model != entity:
        raise typer.BadParameter(f"{since} is a match of {model.model} records, not of {entity} records")
    before = dict.fromkeys(policy(entity).datasets, 0) | dict(state.rows_by_dataset(since / state.FOLDER))
    with step("read and validate changes 读取校验变更") as said:
        reading, changes = read_what_changed(drops, before, judged, columns=columns_read(model))
        said.append(f"{sum(len(one.rows) + len(one.deleted) for one in changes.values()):,} records")
    for line in reading.quarantine():
        note(line)
    sent = {name: run.Sent(one.rows, Withdrawn(one.deleted, one.whole)) for name, one in changes.items()}
    if retrain:
        _match_retrained(since, sent, folder, run.ChangeOptions(only, judgements))
    else:
        with step(f"match changes of {entity}s 变更匹配") as said:
            summary = run.match_changes(since, sent, folder, how=run.ChangeOptions(only, judgements))
            said.append(f"{summary.added:,} new, {summary.replaced:,} changed, {summary.removed:,} gone")
            said.append(f"{summary.clusters:,} {entity}s")
    _add_reading(folder / "summary.json", reading)


def _match_retrained(since: Path, sent: "Mapping[str, Sent]", folder: Path, how: "ChangeOptions") -> None:
    """Train anew on all records; `link_changes.parquet` names every link on which old and new model differ."""
    from matching.incremental.retraining import match_retrained

    with step("train anew and match 重新训练") as said:
        found = match_retrained(since, sent, folder, how=how)
        said.append(f"{found.summary.clusters:,} clusters")
        said.append(f"{found.joined:,} links made and {found.parted:,} undone by the new parameters")


def _columns_read(entity: Entity, trained: Path | None) -> frozenset[str]:
    from matching.model import declared
    from matching.parameters import read
    from matching.records import columns_read

    return columns_read(read(trained)[0] if trained else declared(entity))


def _write_golden(entity: Entity, tables: Mapping[str, Path], folder: Path, day: date) -> None:
    from registry.members import Sources
    from registry.survivorship import write_golden

    with tempfile.TemporaryDirectory(prefix="golden-", dir=folder) as scratch:
        made, joined = Path(scratch, "made"), Path(scratch, "joined")
        made.mkdir(mode=0o700)
        joined.mkdir(mode=0o700)
        write_golden(entity, Sources(folder / "crosswalk.parquet", tables), day, made, joined)
        (made / "data.parquet").replace(folder / "golden.parquet")


def _match_tables(model: Path, records: Sequence[Path], folder: Path, options: "MatchOptions") -> None:
    from matching.files import read_tables
    from matching.model import load
    from matching.parameters import read as read_trained
    from matching.run import match_with

    declared = read_trained(model)[0] if options.model else load(model)
    with step(f"match by {declared.model}") as said:
        summary = match_with(declared, read_tables(records, declared.key), folder, options=options)
        said.append(f"{sum(summary.records.values()):,} records, {summary.clusters:,} clusters")
    _tell(summary)


def _tell(summary: "MatchSummary") -> None:
    """What a person should know of a match that went through."""
    from matching.coverage import remarks

    for line in remarks(summary.coverage) if summary.coverage else ():
        note(line)


def _add_reading(path: Path, reading: "Reading") -> None:
    """Put the reading before the stages of the match, so that the seconds add up to those of the command."""
    summary = reading.added_to(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
