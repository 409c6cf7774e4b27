"""The match of changes: the folder of a finished match and changed records to the folder of the match after them.

Owns the order of the steps. It refuses folders without a whole state. Invariant: the crosswalk is that of a match of
all final records with the same trained model.
"""

import logging
import shutil
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from matching import frozen, outputs, parameters, weighing
from matching.clustering import Cut, belonging
from matching.collapsed import of_records
from matching.incremental import state
from matching.incremental.advance import Advanced, Trained, advance
from matching.incremental.changes import Withdrawn
from matching.incremental.state import MatchState
from matching.records import read
from matching.stages import Stage, Stopwatch, peak_mib, sparing_pool
from storage.errors import BadSpecification

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """What is new of one dataset: rows in the place of those of their record ids, and what is no more."""

    rows: pa.Table
    withdrawn: Withdrawn


@dataclass(frozen=True)
class ChangeSummary:
    """What a match of changes did; `summary.json` holds the same.

    Attributes:
        records: rows by dataset after the changes.
        added, replaced, removed: records that the changes concern; those sent again as they were count as none.
        nodes_anew, pairs_anew: formed again; `decided`: nodes whose component was decided again.
        clusters: distinct master ids; `linked` those of two records or more.
    """

    model: str
    records: Mapping[str, int]
    added: int
    replaced: int
    removed: int
    nodes_anew: int
    pairs_anew: int
    decided: int
    clusters: int
    linked: int
    cut: Cut
    stages: tuple[Stage, ...]
    seconds: float
    peak_mib: int


def trained_of(folder: Path) -> Trained:
    """The model of a finished match.

    Raises:
        BadSpecification: model.json or values.parquet is missing or cannot be read.
    """
    model, known = parameters.read(folder / "model.json")
    values = frozen.read(folder)
    if values is None:
        raise BadSpecification(
            "the match keeps no values of its model",
            str(folder),
            frozen.FILE,
            "match all records anew, without --since",
        )
    return Trained(model, known, values)


def match_changes(previous: Path, sent: Mapping[str, Sent], out: Path) -> ChangeSummary:
    """Match what changed since a finished match, with its model.

    Args:
        previous: the folder of the match before; it stays as it is.
        sent: by dataset.
        out: folder for crosswalk.parquet, model.json, values.parquet, summary.json and the state, of the match after.

    Raises:
        BadSpecification: there is no whole match of this release in `previous`, or a table has no record ids.
    """
    with sparing_pool(), ThreadPoolExecutor(1) as background:
        return _match_changes(previous, sent, out, background)


def _match_changes(previous: Path, sent: Mapping[str, Sent], out: Path, background: Executor) -> ChangeSummary:
    outputs.prepare(out)
    watch = Stopwatch()
    with watch.stage("load") as stage:
        trained = trained_of(previous)
        before = state.load(previous / state.FOLDER)
        base = state.base_of(previous / state.FOLDER)
        stage.rows = len(before.records)
    with watch.stage("standardise") as stage:
        records = read({name: one.rows for name, one in sent.items()}, trained.model)
        stage.rows = len(records)
    with watch.stage("decide") as stage:
        after = advance(before, records, {name: one.withdrawn for name, one in sent.items()}, trained)
        stage.rows = len(records)
    with watch.stage("write") as stage:
        saved = [
            background.submit(state.save_values, after.state.records, out / state.FOLDER, base),
            background.submit(state.save, after.state, out / state.FOLDER),
        ]
        clusters = _write(after.state, trained, out)
        for name in ("model.json", frozen.FILE):
            shutil.copyfile(previous / name, out / name)
            (out / name).chmod(0o600)
        for one in saved:
            one.result()
        state.seal(after.state, out / state.FOLDER)
        stage.rows = len(after.state.records)
    return _summary(after, trained, clusters, watch, out)


def _write(after: MatchState, trained: Trained, out: Path) -> tuple[int, int]:
    chances = weighing.probability(after.bits)
    common = weighing.frequencies(after.nodes, after.records, trained.model, trained.values)
    of_node = belonging(after.root, after.pairs, chances)
    belongs = of_records(after.records, after.nodes, trained.model, (trained.parameters, common), of_node)
    return outputs.write_clusters(out, after.records, after.nodes, trained.model.prefix, (after.root, belongs))


def _summary(
    after: Advanced, trained: Trained, clusters: tuple[int, int], watch: Stopwatch, out: Path
) -> ChangeSummary:
    records, changed = after.state.records, after.changed
    summary = ChangeSummary(
        model=trained.model.model,
        records={name: int((records.dataset == place).sum()) for place, name in enumerate(records.datasets)},
        added=changed.added, replaced=changed.replaced, removed=changed.removed,
        nodes_anew=after.nodes_anew, pairs_anew=after.pairs_anew, decided=after.decided,
        clusters=clusters[0], linked=clusters[1], cut=after.cut, stages=tuple(watch.stages),
        seconds=round(sum(stage.seconds for stage in watch.stages), 3), peak_mib=peak_mib(),
    )  # fmt: skip
    outputs.write_json(out / "summary.json", asdict(summary))
    log.info("matched changes", extra={"records": len(records), "clusters": clusters[0], "seconds": summary.seconds})
    return summary
