"""Matching in the main job: what changed since the last finished run where that can be, all records where it cannot.

The first run of a model declaration trains its model; later runs go by that model, in full or by changes alike, so
that both give the same clusters. It is trained anew only on demand; `drift` says when to demand it. Invariant: a run is
found again by its inputs, its matcher and its model, so that the same inputs change nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.state_changes import StateChanges, rows_of, state_changes
from matching import model as match_models
from matching.incremental.changes import Withdrawn
from matching.incremental.run import DECIDED, ChangeOptions, ChangeSummary, Sent, match_changes, trained_of
from matching.incremental.state import FOLDER as STATE
from matching.incremental.state import FORMAT, judgements_of, trained_hash
from matching.judgements import NONE as NO_JUDGEMENTS
from matching.judgements import Judgements
from matching.outputs import write_parquet
from matching.records import columns_read
from matching.run import MatchOptions, MatchSummary, match
from registry.increment.start import TOUCHED
from registry.policy import Entity
from schemas.contract import source_contract
from storage.commit import commit, staging
from storage.errors import BadSpecification
from storage.manifest import Json, Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

How = Literal["changes", "full", "retrain"]

JUDGED: Final = "judgements"
"""Fact of a run: what names the judgements that it honours; empty for none."""

MOST_CHANGED: Final = 0.25
"""Records changed since training, of those trained on, from which the model is to be trained anew: frequencies of
values and the shares of agreement are then those of another city by a quarter."""

MOST_WAITING: Final = 1.5
"""Growth of the share of pairs that wait for a decision, from which the model is to be trained anew."""


@dataclass(frozen=True)
class Matching:
    """One entity's records to be matched: dataset → version of its accepted state; the moment; what was judged."""

    zones: Zones
    entity: Entity
    inputs: Mapping[str, str]
    at: datetime
    judgements: Judgements = NO_JUDGEMENTS

    def table(self, dataset: str, version: str | None = None) -> Path:
        """An accepted table, by default that of the inputs."""
        contract = source_contract(dataset)
        return accepted_table(self.zones, contract.department, contract.dataset, version or self.inputs[dataset])

    def tables(self) -> dict[str, Path]:
        """All of them."""
        return {name: self.table(name) for name in self.inputs}


def accepted_table(zones: Zones, department: str, dataset: str, version: str) -> Path:
    """The file of an accepted state."""
    return zones.accepted(department, dataset, version) / "data.parquet"


def reconcile(job: Matching, how: How = "changes") -> Manifest:
    """The finished run of these records, which is made where there is none or another one is asked for.

    Args:
        job: what to match.
        how: `changes` starts from the last run where it can, `full` decides everything again by its model, `retrain`
            by a model trained on these records.
    """
    runs = finished_runs(job.zones, job.entity)
    alike = [one for one in runs if one.facts.get(JUDGED, "") == _judged(job)]
    if how == "changes" and (found := _of_inputs(alike, job.inputs)):
        return found
    last = runs[0] if runs else None
    if last is None or how == "retrain":
        return _whole(job, None, how)
    if how == "changes" and all(_is_there(job, name, version) for name, version in last.inputs.items()):
        return _by_changes(job, last)
    return _whole(job, last, how)


def finished_runs(zones: Zones, entity: Entity) -> list[Manifest]:
    """The runs of the matcher of today, newest first."""
    matcher = _matcher(entity)
    runs = [read_manifest(folder) for folder in whole_folders(zones.matching(entity, "any").parent)]
    return sorted((one for one in runs if one.facts.get("matcher") == matcher), key=lambda one: one.created_at)[::-1]


def run_of(zones: Zones, entity: Entity, inputs: Mapping[str, str]) -> Manifest | None:
    """The newest run of some accepted states."""
    return _of_inputs(finished_runs(zones, entity), inputs)


def drift(manifest: Manifest) -> str | None:
    """Why the model of a run should be trained anew; None where it still fits."""
    facts = manifest.facts
    trained, changed = _number(facts, "trained_on"), _number(facts, "changed_since")
    if trained and changed > MOST_CHANGED * trained:
        return f"{changed:,.0f} records changed since the model was trained on {trained:,.0f}"
    then, now = _number(facts, "waiting_then"), _number(facts, "waiting")
    if then and now > MOST_WAITING * then:
        return f"{now:.2%} of the candidate pairs wait for a decision, {then:.2%} when the model was trained"
    return None


def _of_inputs(runs: list[Manifest], inputs: Mapping[str, str]) -> Manifest | None:
    return next((one for one in runs if one.inputs == inputs), None)


def _matcher(entity: Entity) -> str:
    """Release, format and declaration: what makes a run one to go on from."""
    declaration = match_models.as_json(match_models.declared(entity))
    return _digest(installed_version("sitong"), FORMAT, declaration)


def _digest(*content: Json) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def _is_there(job: Matching, dataset: str, version: str) -> bool:
    return is_whole(job.table(dataset, version).parent)


def _whole(job: Matching, last: Manifest | None, how: How) -> Manifest:
    """All records; by the model of the last run, or by one trained on them where there is none."""
    model = None
    if last:
        model = job.zones.matching(job.entity, last.version) / "model.json"
    target = _target(job, "" if how == "changes" else job.at.isoformat())
    if is_whole(target):
        return read_manifest(target)
    with staging(job.zones) as folder:
        summary = match(job.entity, job.tables(), folder, options=MatchOptions(model=model, judgements=job.judgements))
        rows = sum(summary.records.values())
        waiting = _waiting(summary.review_pairs, summary.pairs)
        told: dict[str, Json] = {"trained_on": rows, "changed_since": 0, "waiting_then": waiting}
        if last:
            told = {name: last.facts[name] for name in told}
        facts = {**told, "since": None, "pairs": summary.pairs, "waiting": waiting}
        return commit(folder, target, _manifest(job, target, summary, facts, trained_hash(folder)))


def _by_changes(job: Matching, last: Manifest) -> Manifest:
    """What changed since the last run, by its model."""
    previous = job.zones.matching(job.entity, last.version)
    target = _target(job, last.version)
    if is_whole(target):
        return read_manifest(target)
    was = judgements_of(previous / STATE)
    changed = {
        name: _rejudged(job, name, _changes(job, last, name), was) for name in sorted({*job.inputs, *last.inputs})
    }
    columns = columns_read(trained_of(previous).model)
    sent = {name: _sent(job, name, one, columns) for name, one in changed.items()}
    with staging(job.zones) as folder:
        summary = match_changes(previous, sent, folder, how=ChangeOptions(judgements=job.judgements))
        _write_touched(changed, folder)
        count = sum(len(one.changed) + len(one.removed) for one in changed.values())
        pairs = _number(last.facts, "pairs")  # of a day hardly others
        facts: dict[str, Json] = {
            "trained_on": last.facts["trained_on"],
            "changed_since": _number(last.facts, "changed_since") + count,
            "waiting_then": last.facts["waiting_then"],
            "since": last.version,
            "pairs": pairs,
            "waiting": _waiting(summary.review_pairs, pairs),
        }
        return commit(folder, target, _manifest(job, target, summary, facts, trained_hash(folder)))


def _changes(job: Matching, last: Manifest, name: str) -> StateChanges:
    if last.inputs.get(name) == job.inputs.get(name):
        nothing = pa.array([], pa.string())
        return StateChanges(nothing, nothing)
    before = job.table(name, last.inputs[name]) if name in last.inputs else None
    return state_changes(before, job.table(name) if name in job.inputs else None)


def _rejudged(job: Matching, name: str, changes: StateChanges, before: Judgements) -> StateChanges:
    """The changes, with records that are left out now as gone, and those that are left out no more as sent."""
    was, now = (_left_out(one, name) for one in (before, job.judgements))
    if name not in job.inputs or not (len(was) or len(now)):
        return changes
    back, out = _without(was, now), _without(now, was)
    there = rows_of(job.table(name), back, frozenset({"record_id"})).column("record_id").cast(pa.string())
    sent = pc.unique(pa.chunked_array([changes.changed, *there.chunks], pa.string()))
    gone = pc.unique(pa.chunked_array([changes.removed, out, _without(back, there)], pa.string()))
    return StateChanges(_without(sent, now), gone)


def _left_out(judgements: Judgements, dataset: str) -> pa.StringArray:
    return pa.array(sorted(one for name, one in judgements.suppressed if name == dataset), pa.string())


def _without(ids: pa.StringArray, others: pa.StringArray | pa.ChunkedArray) -> pa.StringArray:
    return ids.filter(pc.invert(pc.is_in(ids, value_set=others)))


def _sent(job: Matching, name: str, changes: StateChanges, columns: frozenset[str]) -> Sent:
    if name not in job.inputs:
        raise BadSpecification(
            "the accepted state of a dataset is gone", name, "the state that was matched", "run again with --full"
        )
    return Sent(rows_of(job.table(name), changes.changed, columns), Withdrawn(changes.removed))


def _write_touched(changed: Mapping[str, StateChanges], folder: Path) -> None:
    parts = [pq.read_table(folder / DECIDED)]
    for name, one in changed.items():
        source, _, dataset = name.partition(".")
        for ids in (one.changed, one.removed):
            constants = [pa.repeat(pa.scalar(word), len(ids)) for word in (source, dataset)]
            parts.append(pa.table([*constants, ids], names=["source", "dataset", "record_id"]))
    write_parquet(folder / TOUCHED, pa.concat_tables(parts).group_by(["source", "dataset", "record_id"]).aggregate([]))
    (folder / DECIDED).unlink()


def _manifest(
    job: Matching, target: Path, summary: MatchSummary | ChangeSummary, facts: Mapping[str, Json], trained: str
) -> Manifest:
    return Manifest(
        kind="matching",
        name=job.entity,
        version=target.name,
        created_at=job.at,
        rows=sum(summary.records.values()),
        inputs=job.inputs,
        facts={
            **facts,
            "clusters": summary.clusters,
            "seconds": summary.seconds,
            "matcher": _matcher(job.entity),
            "trained": trained,
            JUDGED: _judged(job),
        },
    )


def _target(job: Matching, salt: str) -> Path:
    judged = [found] if (found := _judged(job)) else []
    return job.zones.matching(job.entity, _digest(_matcher(job.entity), dict(job.inputs), salt, *judged))


def _judged(job: Matching) -> str:
    """What names the judgements of a run; empty where there are none."""
    one = job.judgements
    parts: list[Json] = [
        [[*map(list, pair)] for pair in sorted(one.links)],
        [[*map(list, pair)] for pair in sorted(one.not_links)],
        [list(key) for key in sorted(one.suppressed)],
    ]
    return _digest(*parts) if any(parts) else ""


def _waiting(review: int | None, pairs: float) -> float:
    return (review or 0) / pairs if pairs else 0.0


def _number(facts: Mapping[str, Json], name: str) -> float:
    found = facts.get(name)
    return float(found) if isinstance(found, int | float) else 0.0
