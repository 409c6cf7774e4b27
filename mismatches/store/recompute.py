"""A finding judged again from what was stored of it: the same rule, day, settings and values give the same cents.

The rule's query runs over the cited records alone, as they were. What a rule looks up about everybody (`Rule.keeps`) is
put in its place as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mismatches.engine import Engine
from mismatches.inputs import opened
from mismatches.kept_tables import Rows
from mismatches.request import CheckSettings, CrossCheckRequest
from mismatches.rule import ANYWHERE, DatedValue, Rule
from registry.policy import ENTITIES, Entity, policy
from schemas.contract import source_contract
from schemas.rendering.arrow import ARROW_TYPES
from storage.errors import BadSpecification

_ALWAYS = 1949  # the first year of a setting that holds whatever the year is
_CROSSWALK = pa.schema(
    [
        ("master_id", pa.string()),
        ("source", pa.string()),
        ("dataset", pa.string()),
        ("record_id", pa.string()),
        ("match_probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Judged:
    """What a rule says of a subject; yuan, null where it has no estimate."""

    outcome: str
    reason: str
    severity: str
    estimate_low: Decimal | None
    estimate_likely: Decimal | None
    estimate_high: Decimal | None


@dataclass(frozen=True)
class Stored:
    """A finding as it was observed: what was said, of which records, under which settings, beside what of everybody."""

    finding_id: str
    rule: str
    rule_version: str
    said: Judged
    as_of: date
    city: str
    year: int | None
    parameters: Mapping[str, Decimal]
    evidence: Sequence[Mapping[str, Any]]
    kept: Mapping[str, Rows] = field(default_factory=dict)


@dataclass(frozen=True)
class Recomputed:
    """What was said then and what is said again; `again` is null where the finding is not made again."""

    said: Judged
    again: Judged | None

    @property
    def same(self) -> bool:
        """Whether both agree to the cent."""
        return self.said == self.again


def recompute(stored: Stored, rule: Rule, work: Path | None = None) -> Recomputed:
    """Judge a finding again over the records that it cites.

    Raises:
        BadSpecification: the rule at hand is of another version than the one that found it.
    """
    with TemporaryDirectory(dir=work, prefix="recompute.") as name:
        folder = Path(name)
        tables = {dataset: _write_table(folder, dataset, rows) for dataset, rows in _by_dataset(stored).items()}
        products = {f"{entity}_crosswalk": _write_links(folder, entity, stored) for entity in ENTITIES}
        return judge_over(tables, products, stored, rule, work)


def judge_over(
    tables: Mapping[str, Path], products: Mapping[str, Path], stored: Stored, rule: Rule, work: Path | None = None
) -> Recomputed:
    """Judge a finding again over given inputs: accepted Parquet by dataset, crosswalks by product.

    Raises:
        BadSpecification: the rule at hand is of another version than the one that found it.
    """
    if rule.version != stored.rule_version:
        raise BadSpecification(
            f"the finding was made by version {stored.rule_version} of the rule and this is {rule.version}",
            f"finding {stored.finding_id}",
            "the rule that found it",
            "use the release that made the finding",
        )
    fixed = {
        f"{rule.id}.{name}": (DatedValue(ANYWHERE, _ALWAYS, None, value),) for name, value in stored.parameters.items()
    }
    request = CrossCheckRequest(
        tables=tables,
        products=products,
        as_of=stored.as_of,
        out=Path(),  # nothing is written
        made_at=datetime.now(UTC),
        settings=CheckSettings(city=stored.city, parameters=fixed),
        work=work,
    )
    with opened(request) as connection:
        run = Engine(connection, request, stored.kept).judge(rule, stored.year)
        found = connection.execute(
            "select outcome, reason, severity, estimate_low::decimal(18, 2), estimate_likely::decimal(18, 2),"
            f" estimate_high::decimal(18, 2) from {run.table} where finding_id = $id",
            {"id": stored.finding_id},
        ).fetchall()
    return Recomputed(stored.said, Judged(*found[0]) if found else None)


def _by_dataset(stored: Stored) -> dict[str, list[dict[str, str | None]]]:
    rows: dict[str, dict[str, dict[str, str | None]]] = {}
    for cited in stored.evidence:
        records = rows.setdefault(f"{cited['source']}.{cited['dataset']}", {})
        records[cited["record_id"]] = {**cited.get("values", {}), "record_id": cited["record_id"]}
    return {dataset: list(records.values()) for dataset, records in rows.items()}


def _write_table(folder: Path, dataset: str, rows: Sequence[Mapping[str, str | None]]) -> Path:
    columns = {}
    for column in source_contract(dataset).columns:
        kinds = {column.name: ARROW_TYPES[column.type]}
        if column.keeps_raw:
            kinds[f"{column.name}_raw"] = pa.string()
        for name, kind in kinds.items():
            columns[name] = pa.array([row.get(name) for row in rows], pa.string()).cast(kind)
    path = folder / f"{dataset}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def _write_links(folder: Path, entity: Entity, stored: Stored) -> Path:
    datasets = set(policy(entity).datasets)
    links = {
        (cited["source"], cited["dataset"], cited["record_id"]): cited
        for cited in stored.evidence
        if f"{cited['source']}.{cited['dataset']}" in datasets and cited.get("master_id")
    }
    rows = [{name: cited.get(name) for name in _CROSSWALK.names} for cited in links.values()]
    path = folder / f"{entity}_crosswalk.parquet"
    pq.write_table(pa.Table.from_pylist(rows, _CROSSWALK), path)
    return path
