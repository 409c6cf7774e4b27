"""What came of the demo: counts from the zones, and precision and recall against the planted truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.intake import accepted
from matching.evaluation.agreement import PairCounts, pair_agreement
from storage.manifest import read_manifest
from storage.zones import Zones


@dataclass(frozen=True)
class Intake:
    """Rows of all batches of one dataset: received = accepted + quarantined."""

    received: int
    accepted: int
    quarantined: int


@dataclass(frozen=True)
class Outcome:
    """Everything that the last table shows."""

    intake: Mapping[str, Intake]
    published: Mapping[str, int]
    agreement: Mapping[str, PairCounts]
    findings: Mapping[str, Mapping[str, int]]


def outcome(zones: Zones, truth: Path, report: Path) -> Outcome:
    """Read the outcome of a finished run; `truth` is the simulation's folder of that name."""
    return Outcome(
        intake={name: _intake(manifest.facts) for name, manifest in accepted(zones).items()},
        published={product: read_manifest(zones.current(product)).rows for product in ("person", "enterprise")},
        agreement={entity: _agreement(zones, truth, entity) for entity in ("person", "enterprise")},
        findings=_findings(report),
    )


def _intake(facts: Mapping[str, object]) -> Intake:
    return Intake(*(int(str(facts[name])) for name in ("received", "accepted", "quarantined")))


def _agreement(zones: Zones, truth: Path, entity: str) -> PairCounts:
    crosswalk = zones.current(f"{entity}_crosswalk") / "data.parquet"
    return pair_agreement(crosswalk, truth / f"{entity}_truth.parquet")


def _findings(report: Path) -> Mapping[str, Mapping[str, int]]:
    rows = duckdb.execute(
        "select rule, outcome, count(*) from read_parquet($report) group by all order by all",
        {"report": str(report / "findings.parquet")},
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for rule, kind, count in rows:
        found.setdefault(rule, {})[kind] = count
    return found
