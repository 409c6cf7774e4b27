"""What came of the demo: counts from the zones, and precision and recall against the planted truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.intake import accepted
from storage.manifest import read_manifest
from storage.zones import Zones


@dataclass(frozen=True)
class Agreement:
    """Pairs of records that truth and crosswalk put together: both, crosswalk only, truth only."""

    common: int
    linked: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the linked pairs that are true; 1 where nothing is linked."""
        return self.common / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that are linked; 1 where nothing is to be linked."""
        return self.common / self.true if self.true else 1.0

    @property
    def errors_per_10000(self) -> float:
        """Wrong and missed pairs per 10,000 true pairs."""
        return 10_000 * (self.linked + self.true - 2 * self.common) / self.true if self.true else 0.0


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
    agreement: Mapping[str, Agreement]
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


def _agreement(zones: Zones, truth: Path, entity: str) -> Agreement:
    crosswalk = zones.current(f"{entity}_crosswalk") / "data.parquet"
    row = duckdb.execute(
        f"""
        with joined as (
            select master_id, true_key from read_parquet($crosswalk)
            join (select source, dataset, record_id, {entity} as true_key from read_parquet($truth))
            using (source, dataset, record_id)
        ),
        cells as (select count(*) as n from joined group by master_id, true_key),
        linked as (select count(*) as n from joined group by master_id),
        known as (select count(*) as n from joined group by true_key)
        select (select sum(n * (n - 1) // 2) from cells),
               (select sum(n * (n - 1) // 2) from linked),
               (select sum(n * (n - 1) // 2) from known)
        """,
        {"crosswalk": str(crosswalk), "truth": str(truth / f"{entity}_truth.parquet")},
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return Agreement(*(int(value or 0) for value in row))


def _findings(report: Path) -> Mapping[str, Mapping[str, int]]:
    rows = duckdb.execute(
        "select rule, outcome, count(*) from read_parquet($report) group by all order by all",
        {"report": str(report / "findings.parquet")},
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for rule, kind, count in rows:
        found.setdefault(rule, {})[kind] = count
    return found
