"""From a cited record back to the file that brought it: which landed file, and which of its rows.

Reads the landing zone as it is kept; what was cleared away after its time is said to be gone. It names files, hashes
and rows, and no value of a record.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from mismatches.cases.queries.pages import EvidenceRecord
from storage.manifest import Manifest, read_manifest, whole_folders
from storage.zones import Zones

_MOST_BATCHES: Final = 400
"""Batches of a dataset that are searched, the newest first: a year of daily changes."""

_FIND: Final = """
    select record_id, max(file_row_number) + 1 as row from read_parquet(?, file_row_number = true)
    where record_id in (select unnest(?)) group by record_id
"""


@dataclass(frozen=True)
class Origin:
    """The row of a landed file that a record was read from.

    `row` counts the rows of data from 1; null where the file has rows that could not be split, which shift it.
    """

    file: str
    batch: str
    sha256: str
    received_at: datetime
    row: int | None


def origins(evidence: Iterable[EvidenceRecord], zones: Zones) -> Mapping[tuple[str, str], Origin]:
    """Dataset and record id → where it came from; a record that no kept file holds is left out.

    Only what had arrived when the finding's data was accepted is searched. Cost: a column of each batch, until all are
    found or a snapshot was searched.
    """
    wanted: dict[tuple[str, str], list[EvidenceRecord]] = {}
    for record in evidence:
        if record.received_at is not None:
            wanted.setdefault((record.source, record.dataset), []).append(record)
    found: dict[tuple[str, str], Origin] = {}
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as connection:
        for (source, dataset), records in wanted.items():
            until = max(record.received_at for record in records if record.received_at)
            batches = _batches(zones, source, dataset, until)
            for record_id, origin in _search(connection, batches, [record.record_id for record in records]).items():
                found[f"{source}.{dataset}", record_id] = origin
    return found


def _batches(zones: Zones, source: str, dataset: str, until: datetime) -> list[tuple[Path, Manifest]]:
    """Batches that were applied and had arrived by then, the last to apply first, down to the last snapshot."""
    refused = _refused(zones.quarantine(source, dataset, "any").parent)
    folders = whole_folders(zones.landing(source, dataset, "any").parent)
    landed = ((folder, read_manifest(folder)) for folder in folders if folder.name not in refused)
    arrived = [one for one in landed if datetime.fromisoformat(str(one[1].facts["received_at"])) <= until]
    batches = []
    for one in sorted(arrived, key=lambda one: _order(one[1]), reverse=True)[:_MOST_BATCHES]:
        batches.append(one)
        if one[1].facts["mode"] == "snapshot":
            break
    return batches


def _refused(parent: Path) -> frozenset[str]:
    """Landed batches that no decision applied, held ones among them."""
    decided: dict[str, bool] = {}
    for folder in whole_folders(parent):
        manifest = read_manifest(folder)
        landing = manifest.inputs.get("landing", "")
        decided[landing] = decided.get(landing, False) or manifest.facts.get("outcome") == "applied"
    return frozenset(landing for landing, applied in decided.items() if not applied)


def _order(manifest: Manifest) -> tuple[str, bool, int]:
    """As the batches apply: by name, one without a name after every name that had arrived before it."""
    facts = manifest.facts
    return str(facts["place"]), not facts["named"], int(str(facts["sequence"]))


def _search(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[tuple[Path, Manifest]], ids: Sequence[str]
) -> dict[str, Origin]:
    found: dict[str, Origin] = {}
    for folder, manifest in batches:
        missing = [one for one in ids if one not in found]
        if not missing:
            break
        facts = manifest.facts
        for record_id, row in connection.execute(_FIND, [str(folder / "data.parquet"), missing]).fetchall():
            found[record_id] = Origin(
                file=str(facts["source"]),
                batch=manifest.version,
                sha256=str(facts["sha256"]),
                received_at=datetime.fromisoformat(str(facts["received_at"])),
                row=None if facts["malformed"] else row,
            )
    return found
