"""The match of a run: accepted tables to crosswalk, review pairs, model and summary.

Owns the order of the stages. It refuses tables without record ids. Invariant: the same records in any order of rows
and any number of threads give the same files, the seconds in the summary apart.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from matching import frozen, outputs, parameters, training, weighing
from matching.blocking import Pairs, RuleCount, candidate_pairs
from matching.clustering import Cut, belonging
from matching.collapsed import collapsed_chances
from matching.contradictions import cut_rule
from matching.coverage import Coverage, coverage
from matching.evidence import SLICE, Evidence, compare
from matching.frozen import Frozen
from matching.incremental import state
from matching.judgements import NONE as NO_JUDGEMENTS
from matching.judgements import Judgements, Ruled, WeighedPairs, applied, cluster_ruled, ruled, with_ruled
from matching.model import MatchModel, declared
from matching.nodes import Nodes
from matching.outputs import Weighed
from matching.parameters import Parameters
from matching.placeholders import Removed, collapse_without_placeholders
from matching.records import Records, Tables, read, without_unread_texts
from matching.review import write_review
from matching.stages import Stage, Stopwatch, peak_mib, sparing_pool

log = logging.getLogger(__name__)

Entity = Literal["person", "enterprise"]

Given = Tables | Callable[[], Tables]
"""Tables, or what gives them: these are let go once they are standardised, if nobody else holds them."""


@dataclass(frozen=True)
class MatchOptions:
    """How to match.

    Attributes:
        only: `crosswalk` leaves out the review pairs.
        model: a model.json of an earlier match; its parameters are used and nothing is trained.
        judgements: what stewards decided.
    """

    only: Literal["crosswalk"] | None = None
    model: Path | None = None
    judgements: Judgements = NO_JUDGEMENTS


@dataclass(frozen=True)
class MatchSummary:
    """What a match did; `summary.json` holds the same.

    Attributes:
        records: rows by dataset.
        clusters: distinct master ids; `linked` those of two records or more.
        collapsed: records that collapse made one with another before pairs.
        review_pairs: pairs that wait for a decision; null where none were asked for.
        converged: whether EM came to rest; null where nothing was trained.
        placeholders: values that too many hold and that were set aside.
        blocking: what each rule found and where its blocks were bounded.
        coverage: an estimate of what blocking missed; null where only the crosswalk is written.
    """

    model: str
    records: Mapping[str, int]
    nodes: int
    collapsed: int
    pairs: int
    links: int
    clusters: int
    linked: int
    review_pairs: int | None
    converged: bool | None
    placeholders: tuple[Removed, ...]
    blocking: tuple[RuleCount, ...]
    coverage: Coverage | None
    cut: Cut
    notes: tuple[str, ...]
    stages: tuple[Stage, ...]
    seconds: float
    peak_mib: int


def match(entity: Entity, tables: Given, out: Path, *, options: MatchOptions | None = None) -> MatchSummary:
    """Find out which records are one person's or one enterprise's.

    Args:
        entity: which of the shipped models.
        tables: dataset → accepted table or its Parquet file; any subset, even one.
        out: folder for crosswalk.parquet, review.parquet, model.json and summary.json.
        options: see `MatchOptions`.

    Raises:
        BadSpecification: a table without record ids, or a model that cannot be read.
    """
    return match_with(declared(entity), tables, out, options=options or MatchOptions())


def match_with(model: MatchModel, tables: Given, out: Path, *, options: MatchOptions) -> MatchSummary:
    """`match` with any declared model."""
    trained, known_values = None, None
    if options.model is not None:
        model, trained = parameters.read(options.model)
        known_values = frozen.read(options.model.parent)
    outputs.prepare(out)
    watch = Stopwatch()
    with sparing_pool():
        with watch.stage("standardise") as stage:
            records = applied(read(tables() if callable(tables) else tables, model), options.judgements)
            stage.rows = len(records)
        with ThreadPoolExecutor(1) as background:
            job = _Job(model, trained, known_values, out, options.only, watch, background, options.judgements)
            return _match(records, job)


def match_standardised(
    model: MatchModel, records: Records, out: Path, watch: Stopwatch, options: MatchOptions
) -> MatchSummary:
    """Train and match records that are standardised, and bear the judgements of the options, already."""
    with sparing_pool(), ThreadPoolExecutor(1) as background:
        return _match(records, _Job(model, None, None, out, options.only, watch, background, options.judgements))


@dataclass(frozen=True)
class _Job:
    """How records are matched: the model, what is known of it from an earlier match, and where to."""

    model: MatchModel
    trained: Parameters | None
    values: Frozen | None
    out: Path
    only: Literal["crosswalk"] | None
    watch: Stopwatch
    background: Executor
    judgements: Judgements


def _match(records: Records, job: _Job) -> MatchSummary:
    model, trained, known_values, out, watch = job.model, job.trained, job.values, job.out, job.watch
    background = job.background
    values_saved = background.submit(state.save_values, records, out / state.FOLDER)
    with watch.stage("collapse") as stage:
        collapsed = collapse_without_placeholders(records, model, known_values.placeholders if known_values else None)
        records, nodes = without_unread_texts(collapsed.records, model), collapsed.nodes
        named = background.submit(_named, records, nodes, model.prefix, out)
        stage.rows = len(records)
    with watch.stage("block") as stage:
        stage.rows = len(nodes)
        pairs, rule_counts = candidate_pairs(records, nodes, model, trained.bounds if trained else None)
    with watch.stage("compare") as stage:
        stage.rows = len(pairs)
        evidence = compare(records, nodes, model, pairs)
    with watch.stage("train") as stage:
        stage.rows = 0 if trained else len(pairs)
        known = trained or replace(
            training.train(records, nodes, model, evidence), bounds={one.rule: one.largest for one in rule_counts}
        )
        common = weighing.frequencies(nodes, records, model, known_values)
    judged = ruled(records, nodes, job.judgements)
    decision = _decide((records, nodes, judged), model, (known, common), (pairs, evidence), watch)
    missed = None
    if job.only != "crosswalk":
        with watch.stage("estimate what blocking missed") as stage:
            stage.rows = len(pairs)
            missed = coverage(records, nodes, model, (pairs, decision.weighed.chances), rule_counts)
    with watch.stage("write") as stage:
        stage.rows = len(records)
        counts, names = {field: one.counts for field, one in common.items()}, named.result()
        made = state.MatchState(
            records, nodes, names, counts, pairs,
            decision.weighed.bits, decision.root, decision.collapsed, job.judgements,
        )  # fmt: skip
        state_saved = background.submit(state.save_decided, made, out / state.FOLDER)
        clusters = outputs.write_clusters(out, records, nodes, names, (decision.root, decision.chances))
        parameters.write(out / "model.json", model, known)
        holders = {field: one.holders.held() for field, one in common.items()}
        frozen.write(out, Frozen(holders, collapsed.placeholders))
        values_saved.result()
        state_saved.result()
        state.seal(made, out / state.FOLDER)
    review = None
    if job.only != "crosswalk":
        with watch.stage("order review pairs") as stage:
            review = write_review(out / "review.parquet", records, nodes, model, (decision.weighed, decision.root))
            stage.rows = review
    summary = MatchSummary(
        model=model.model,
        records={name: int((records.dataset == place).sum()) for place, name in enumerate(records.datasets)},
        nodes=len(nodes), collapsed=len(records) - len(nodes), pairs=len(pairs), links=decision.links,
        clusters=clusters[0], linked=clusters[1], review_pairs=review,
        converged=None if trained else _converged(model, known),
        placeholders=collapsed.removed, blocking=tuple(rule_counts), coverage=missed, cut=decision.cut,
        notes=known.notes,
        stages=tuple(watch.stages),
        seconds=round(sum(stage.seconds for stage in watch.stages), 3), peak_mib=peak_mib(),
    )  # fmt: skip
    outputs.write_json(out / "summary.json", asdict(summary))
    log.info("matched", extra={"records": len(records), "clusters": clusters[0], "seconds": summary.seconds})
    return summary


def _named(records: Records, nodes: Nodes, prefix: str, out: Path) -> outputs.Names:
    """The name of the cluster that each node may be the smallest of; and the nodes written."""
    names = outputs.cluster_names(records, nodes.first, prefix)
    state.save_formed(records, nodes, names, out / state.FOLDER)
    return names


@dataclass(frozen=True)
class _Decision:
    """Weighed pairs, cluster by node, probability of belonging by record (`collapsed`: to its node), links, cuts."""

    weighed: Weighed
    root: np.ndarray[Any, np.dtype[np.int32]]
    chances: weighing.Bits
    collapsed: weighing.Bits
    links: int
    cut: Cut


def _decide(
    given: tuple[Records, Nodes, Ruled],
    model: MatchModel,
    trained: tuple[Parameters, Mapping[str, weighing.Frequencies]],
    found: tuple[Pairs, Evidence],
    watch: Stopwatch,
) -> _Decision:
    (records, nodes, judged), (known, common), (pairs, evidence) = given, trained, found
    with watch.stage("weigh") as stage:
        stage.rows = len(pairs)

        def by_field(vectors: Evidence) -> weighing.Bits:
            return weighing.weigh(model, known, common, vectors)

        def in_all(vectors: Evidence) -> weighing.Bits:
            parts = (vectors[start : start + SLICE] for start in range(0, max(len(vectors), 1), SLICE))
            return np.concatenate(
                [weighing.total(model, known, by_field(part), part, records.datasets) for part in parts]
            )

        bits = in_all(evidence)
        chances = weighing.probability(bits)

    def weigh_further(further: Pairs) -> weighing.Bits:
        return in_all(compare(records, nodes, model, further))

    with watch.stage("cluster") as stage:
        stage.rows = len(nodes)
        linked = chances >= model.link
        rule = cut_rule(model, known, weigh_further, lambda further: compare(records, nodes, model, further))
        every = with_ruled(WeighedPairs(pairs, bits, linked), judged)
        root, cut = cluster_ruled(len(nodes), every, rule, judged)
        collapsed = collapsed_chances(records, nodes, model, trained)
        in_cluster = belonging(root, every.pairs, weighing.probability(every.bits))
        belongs = np.fmax(in_cluster[nodes.of_record], collapsed)
    weighed = Weighed(pairs, evidence, bits, chances, by_field)
    return _Decision(weighed, root, belongs, collapsed, int(linked.sum()), cut)


def _converged(model: MatchModel, known: Parameters) -> bool:
    return bool(known.rounds) and known.rounds[-1].change < model.training.convergence
