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
from typing import Final, Literal

import numpy as np
import pyarrow as pa

from matching import frozen, outputs, parameters, weighing
from matching.blocking import Pairs
from matching.clustering import Cut, belonging
from matching.evidence import compare
from matching.incremental import state
from matching.incremental.advance import Advanced, Trained, advance
from matching.incremental.changes import Withdrawn
from matching.incremental.state import MatchState
from matching.judgements import Judgements, WeighedPairs, ruled, with_ruled
from matching.nodes import Nodes
from matching.outputs import Weighed
from matching.records import Records, read
from matching.review import pending_rows, write_review
from matching.stages import Stage, Stopwatch, peak_mib, sparing_pool
from storage.errors import BadSpecification

log = logging.getLogger(__name__)

DECIDED: Final = "decided.parquet"


@dataclass(frozen=True)
class Sent:
    """What is new of one dataset: rows in the place of those of their record ids, and what is no more."""

    rows: pa.Table
    withdrawn: Withdrawn


@dataclass(frozen=True)
class ChangeOptions:
    """How changes are matched.

    Attributes:
        only: `crosswalk` leaves out the review pairs.
        judgements: what stewards decided, as of now; null for those that the match before honours. A record that is
            left out no more has to be sent.
    """

    only: Literal["crosswalk"] | None = None
    judgements: Judgements | None = None


@dataclass(frozen=True)
class ChangeSummary:
    """What a match of changes did; `summary.json` holds the same.

    Attributes:
        records: rows by dataset after the changes.
        added, replaced, removed: records that the changes concern; those sent again as they were count as none.
        nodes_anew, pairs_anew: formed again; `decided`: nodes whose component was decided again.
        clusters: distinct master ids; `linked` those of two records or more.
        review_pairs: pairs that wait for a decision; null where none were asked for.
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
    review_pairs: int | None
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


def match_changes(
    previous: Path, sent: Mapping[str, Sent], out: Path, *, how: ChangeOptions | None = None
) -> ChangeSummary:
    """Match what changed since a finished match, with its model.

    Args:
        previous: the folder of the match before; it stays as it is.
        sent: by dataset.
        out: folder for crosswalk.parquet, review.parquet, model.json, values.parquet, summary.json and the state, of
            the match after, and for decided.parquet: the records whose cluster was decided again.
        how: see `ChangeOptions`.

    Raises:
        BadSpecification: there is no whole match of this release in `previous`, or a table has no record ids.
    """
    with sparing_pool(), ThreadPoolExecutor(1) as background:
        return _match_changes(previous, sent, out, background, how or ChangeOptions())


def _match_changes(
    previous: Path,
    sent: Mapping[str, Sent],
    out: Path,
    background: Executor,
    how: ChangeOptions,
) -> ChangeSummary:
    outputs.prepare(out)
    watch = Stopwatch()
    saved = []

    def save(records: Records, nodes: Nodes, names: outputs.Names) -> None:
        saved.append(background.submit(state.save_values, records, out / state.FOLDER, base))
        saved.append(background.submit(state.save_formed, records, nodes, names, out / state.FOLDER))

    with watch.stage("load") as stage:
        trained = trained_of(previous)
        before = state.load(previous / state.FOLDER)
        base = state.base_of(previous / state.FOLDER)
        stage.rows = len(before.records)
    with watch.stage("standardise") as stage:
        records = read({name: one.rows for name, one in sent.items()}, trained.model)
        stage.rows = len(records)
    with watch.stage("decide") as stage:
        withdrawn = {name: one.withdrawn for name, one in sent.items()}
        judgements = before.judgements if how.judgements is None else how.judgements
        after = advance(before, records, withdrawn, trained, judgements, save)
        stage.rows = len(records)
    with watch.stage("write") as stage:
        saved.append(background.submit(state.save_decided, after.state, out / state.FOLDER))
        clusters = _write(after.state, out)
        _write_decided(after, out / DECIDED)
        for name in ("model.json", frozen.FILE):
            shutil.copyfile(previous / name, out / name)
            (out / name).chmod(0o600)
        for one in saved:
            one.result()
        state.seal(after.state, out / state.FOLDER)
        stage.rows = len(after.state.records)
    review = None
    if how.only is None:
        with watch.stage("order review pairs") as stage:
            review = stage.rows = _write_review(after, trained, out)
    return _summary(after, trained, (*clusters, review), watch, out)


def _write_review(advanced: Advanced, trained: Trained, out: Path) -> int:
    """The pairs that wait, weighed again for what they show by field; how many they are."""
    after, common = advanced.state, advanced.common
    model, chances = trained.model, weighing.probability(after.bits)
    rows = pending_rows(model, after.pairs, chances, after.root)
    pairs = Pairs(after.pairs.left[rows], after.pairs.right[rows])
    evidence = compare(after.records, after.nodes, model, pairs)
    weighed = Weighed(
        pairs,
        evidence,
        after.bits[rows],
        chances[rows],
        lambda vectors: weighing.weigh(model, trained.parameters, common, vectors),
    )
    return write_review(out / "review.parquet", after.records, after.nodes, model, (weighed, after.root))


def _write_decided(after: Advanced, path: Path) -> None:
    """One row a record: source, dataset, record_id."""
    records = after.state.records
    rows = np.flatnonzero(after.decided[after.state.nodes.of_record])
    source, dataset = outputs.split_names(records, rows)
    keys = records.record_ids.take(pa.array(rows)).combine_chunks()
    outputs.write_parquet(path, pa.table({"source": source, "dataset": dataset, "record_id": keys}))


def _write(after: MatchState, out: Path) -> tuple[int, int]:
    linked = np.zeros(len(after.pairs), bool)  # belonging does not ask
    judged = ruled(after.records, after.nodes, after.judgements)
    every = with_ruled(WeighedPairs(after.pairs, after.bits, linked), judged)
    of_node = belonging(after.root, every.pairs, weighing.probability(every.bits))
    belongs = of_node[after.nodes.of_record]
    np.fmax(belongs, after.collapsed, out=belongs)
    return outputs.write_clusters(out, after.records, after.nodes, after.names, (after.root, belongs))


def _summary(
    after: Advanced, trained: Trained, counts: tuple[int, int, int | None], watch: Stopwatch, out: Path
) -> ChangeSummary:
    records, changed = after.state.records, after.changed
    summary = ChangeSummary(
        model=trained.model.model,
        records={name: int((records.dataset == place).sum()) for place, name in enumerate(records.datasets)},
        added=changed.added, replaced=changed.replaced, removed=changed.removed,
        nodes_anew=after.nodes_anew, pairs_anew=after.pairs_anew, decided=int(after.decided.sum()),
        clusters=counts[0], linked=counts[1], review_pairs=counts[2], cut=after.cut, stages=tuple(watch.stages),
        seconds=round(sum(stage.seconds for stage in watch.stages), 3), peak_mib=peak_mib(),
    )  # fmt: skip
    outputs.write_json(out / "summary.json", asdict(summary))
    log.info("matched changes", extra={"records": len(records), "clusters": counts[0], "seconds": summary.seconds})
    return summary
