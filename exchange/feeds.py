"""The change feed as an agreement grants it: what a recipient applies to his copy, from where his copy stands.

Of a feed a recipient gets what changes in the rows and columns that he is granted: somebody who comes into the granted
rows is `added` to his copy, somebody who leaves them is `removed`, and who changes in other columns alone is left out.
Each delivery goes on from the one before; where there is none, where the agreement's version, the grant, a mask's key
or the contract is another one, or where a step is gone, it begins anew with everybody as `added`, and says so (`from`
null). Invariant: the granted part of the base at `from`, with the delivery applied in the order of its cursors, is the
granted part at `to`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from exchange.agreement import Agreement, FieldGrant, Grant
from exchange.masks import fingerprint, hash_pads, masked
from exchange.selection import BATCH_ROWS, MEMORY, rows_condition
from registry.history.consumer import GONE, leads_from, steps
from registry.history.differences import POSITIONS
from registry.naming import feed_product, folder_name
from registry.policy import ENTITIES, Entity
from schemas.contract import product_contract
from schemas.rendering.arrow import product_schema
from storage.engine import quote_identifier
from storage.errors import SourceUnavailable
from storage.manifest import Json, read_manifest, verify, whole_folders
from storage.zones import Zones

FEEDS: Mapping[str, Entity] = {feed_product(entity): entity for entity in ENTITIES}
"""The products that are feeds, with the base whose changes they tell."""

BEFORE = "_before"
"""Ending of the columns that say what a value was."""

FRAME = ("cursor", "version", "kind", "master_id", "related_master_id", "changed")
"""The columns of a feed that are no attributes of the base."""


@dataclass(frozen=True)
class Extract:
    """What a delivery of a feed holds.

    Attributes:
        grant: of the feed.
        entity: of the base.
        files: the steps of the feed, in order; of the base where the delivery begins anew.
        begins: version of the base that it goes on from; None where it begins anew.
        ends: version of the base that it leads to.
        version: of the last step that it contains.
        key: of the recipient, where a mask needs it.
        form: a hash of what decides which copy the rows fit.
    """

    grant: Grant
    entity: Entity
    files: tuple[Path, ...]
    begins: int | None
    ends: int
    version: int
    key: bytes | None
    form: str

    def facts(self) -> dict[str, Json]:
        """For the manifest of the delivery, with which the next one goes on."""
        return {
            "from": None if self.begins is None else folder_name(self.begins),
            "to": folder_name(self.ends),
            "version": folder_name(self.version),
            "form": self.form,
        }


def extract(agreement: Agreement, grant: Grant, zones: Zones, key: bytes | None) -> Extract:
    """What a recipient gets next of a feed.

    Raises:
        SourceUnavailable: the feed does not lead to the base in force.
        ContractBroken: files are damaged.
    """
    entity = FEEDS[grant.product]
    found = steps(zones, entity, after=0)
    base = zones.current(entity).resolve()
    ends, version = int(base.name), int(found[-1].parent.name) if found else 0
    if not found or _leads_to(found[-1]) != ends:
        raise SourceUnavailable(
            f"the feed of the {entity} base does not lead to the version in force", grant.product,
            f"a step to version {ends}", "run `sitong run`, which repairs it",
        )  # fmt: skip
    last, form = _last(agreement, grant, zones), _form(agreement, grant, key)
    if last and last.get("form") == form:
        missing = [step for step in found if int(step.parent.name) > int(last["version"])]
        if _is_chain(missing, int(last["to"]), ends):
            for step in missing:
                verify(step.parent)
            return Extract(grant, entity, tuple(missing), int(last["to"]), ends, version, key, form)
    verify(base)
    return Extract(grant, entity, (base / "data.parquet",), None, ends, version, key, form)


@contextmanager
def extracted(found: Extract, work: Path) -> Iterator[pa.RecordBatchReader]:
    """Stream the rows of an extract in the order of their cursors."""
    values: dict[str, object] = {"files": [str(path) for path in found.files]}
    if not found.files:
        values["files"] = [str(work / "nothing.parquet")]
        pq.write_table(product_schema(product_contract(found.grant.product)).empty_table(), work / "nothing.parquet")
    statement = _anew(found, values) if found.begins is None else _since(found, values)
    if "$inner" in statement and found.key is not None:
        values |= hash_pads(found.key)
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(work)}) as connection:
        yield connection.sql(statement, params=values).to_arrow_reader(BATCH_ROWS)


def _form(agreement: Agreement, grant: Grant, key: bytes | None) -> str:
    contracts = [product_contract(name).version for name in (grant.product, FEEDS[grant.product])]
    content = [agreement.version, asdict(grant), contracts, fingerprint(key) if key else None]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _last(agreement: Agreement, grant: Grant, zones: Zones) -> Mapping[str, Any] | None:
    """What the recipient's newest delivery says of the feed; None where there is none."""
    told: list[tuple[int, str, Mapping[str, Any]]] = []
    for folder in whole_folders(zones.deliveries(agreement.recipient, "any").parent):
        manifest = read_manifest(folder)
        tables: Any = manifest.facts.get("tables", {})
        feed = tables.get(grant.product, {}).get("feed")
        if feed:
            told.append((int(feed["version"]), manifest.created_at.isoformat(), feed))
    return max(told, key=lambda one: one[:2])[2] if told else None


def _leads_to(step: Path) -> int:
    return int(str(read_manifest(step.parent).facts["to"]))


def _is_chain(found: Sequence[Path], begins: int, ends: int) -> bool:
    """Whether steps lead from one version of the base to another without a gap."""
    at = begins
    for step in found:
        if leads_from(step) != at:
            return False
        at = _leads_to(step)
    return at == ends


def _attributes(grant: Grant) -> list[FieldGrant]:
    return [one for one in grant.fields if one.name not in FRAME and not one.name.endswith(BEFORE)]


def _since(found: Extract, values: dict[str, object]) -> str:
    """The steps, seen through the grant."""
    gone = ", ".join(f"'{kind}'" for kind in GONE)
    inside = " AND ".join([f"kind NOT IN ({gone})", *rows_condition(found.grant, values)])
    was_inside = " AND ".join([f"kind IN ('changed', {gone})", *rows_condition(found.grant, values, BEFORE)])
    differing = ", ".join(
        f"CASE WHEN {masked(one.name, one.mask)} IS DISTINCT FROM {masked(one.name + BEFORE, one.mask)}"
        f" THEN '{one.name}' END"
        for one in _attributes(found.grant)
    )
    frame = {
        "kind": "CASE WHEN kind <> 'changed' OR (was_in AND is_in) THEN kind"
        " WHEN is_in THEN 'added' ELSE 'removed' END",
        "changed": "CASE WHEN was_in AND is_in THEN differing END",
    }
    columns = ", ".join(f"{_seen(one, frame)} AS {quote_identifier(one.name)}" for one in found.grant.fields)
    return (
        f"WITH sided AS (SELECT *, {inside} AS is_in, {was_inside} AS was_in, concat_ws(';', {differing or 'NULL'})"
        " AS differing FROM read_parquet($files))"
        f" SELECT {columns} FROM sided WHERE (is_in OR was_in) AND NOT (is_in AND was_in AND differing = '')"
        " ORDER BY cursor"
    )


def _seen(one: FieldGrant, frame: Mapping[str, str]) -> str:
    if one.name in FRAME:
        return frame.get(one.name, masked(one.name, one.mask))
    side = "was_in" if one.name.endswith(BEFORE) else "is_in"
    return f"CASE WHEN {side} THEN {masked(one.name, one.mask)} END"


def _anew(found: Extract, values: dict[str, object]) -> str:
    """The granted part of the base, as if everybody had come with the last step."""
    frame = {
        "cursor": f"{found.version:d}::BIGINT * {POSITIONS} + row_number() OVER (ORDER BY master_id)",
        "version": f"{found.version:d}::BIGINT",
        "kind": "'added'",
        "related_master_id": "CAST(NULL AS VARCHAR)",
        "changed": "CAST(NULL AS VARCHAR)",
    }
    columns = []
    for one in found.grant.fields:
        if one.name.endswith(BEFORE):
            seen = f"CASE WHEN false THEN {masked(one.name.removesuffix(BEFORE), one.mask)} END"
        else:
            seen = frame.get(one.name, masked(one.name, one.mask))
        columns.append(f"{seen} AS {quote_identifier(one.name)}")
    where = " AND ".join(rows_condition(found.grant, values)) or "true"
    return f"SELECT {', '.join(columns)} FROM read_parquet($files) WHERE {where} ORDER BY master_id"
