"""Verdicts: what was decided about each landed batch on top of the batches before it, and with which figures.

One object of the quarantine zone per batch and history: the refused rows and, in the manifest, the verdict. Its
version is a chain: it names the batch, everything that was considered before it, the contract and whether its
floors were waived. So an equal version is an equal decision, and work done once is found again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.landing import Landing, readable
from schemas.contract import Contract, Mode
from storage.commit import commit, staging
from storage.manifest import Json, Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

Outcome = Literal["applied", "held", "behind"]  # behind: a delta on top of a held batch

_RULES = 3  # raise it when validation decides otherwise on the same contract: every state is then folded anew
_CODES = resources.files("schemas") / "codes"


@dataclass(frozen=True, slots=True)
class Held:
    """A batch that was landed and not applied: which floors it broke, with their figures, and what to do."""

    dataset: str
    batch: str
    landing: str
    reasons: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.dataset} batch {self.batch} is held: {'; '.join(self.reasons)}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a batch.

    Attributes:
        landing: the batch's landing.
        batch: its name.
        mode: how it applies.
        outcome: whether it changed the state.
        received: rows, accepted + quarantined.
        accepted: rows.
        quarantined: rows.
        rules: refused rows by `column:rule`.
        flags: flagged rows by `column:rule`.
        state: version of the accepted state after it; None where there is none yet.
        state_rows: rows of that state.
        held: the batches that wait, this one included; empty again as soon as a snapshot is applied.
        columns: of the contract, those that the batch had.
    """

    landing: str
    batch: str
    mode: Mode
    outcome: Outcome
    received: int
    accepted: int
    quarantined: int
    rules: Mapping[str, int]
    flags: Mapping[str, int]
    state: str | None
    state_rows: int
    held: tuple[Held, ...] = ()
    columns: tuple[str, ...] = ()

    def summary(self) -> dict[str, object]:
        """What a log line says of it."""
        keys = ("batch", "mode", "outcome", "received", "accepted", "quarantined", "state_rows")
        return {key: getattr(self, key) for key in keys}

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        values: dict[str, object] = json.loads(json.dumps(asdict(self)))
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "Verdict":
        """The verdict that `to_json` gave."""
        entries = cast("list[dict[str, Any]]", values["held"])
        held = tuple(Held(**{**entry, "reasons": tuple(entry["reasons"])}) for entry in entries)
        columns = tuple(cast("list[str]", values.get("columns", [])))
        return cls(**(dict(values) | {"held": held, "columns": columns}))  # type: ignore[arg-type]


def making(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Of a chain of verdicts those that make the state: the last snapshot that was applied, and what followed."""
    applied = [one for one in verdicts if one.outcome == "applied"]
    starts = [at for at, one in enumerate(applied) if one.mode == "snapshot"]
    return tuple(applied[starts[-1] if starts else 0 :])


def next_version(previous: str, landing: Landing, contract: Contract, *, released: bool) -> str:
    """Name the decision about a batch that follows another decision (empty: the first)."""
    text = json.dumps([previous, landing.id, _fingerprint(contract), released])
    return f"{readable(landing.batch)}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _fingerprint(contract: Contract) -> str:
    """What decides about rows: of a contract all but its titles and descriptions, and the code tables."""
    columns = [
        (one.name, one.type, one.required, one.nullable, one.lenient, one.identifier, one.codes)
        for one in contract.columns
    ]
    floors = asdict(contract.floors)
    text = json.dumps([_RULES, _codes(), contract.version, contract.key, floors, columns], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _codes() -> str:
    tables = sorted((table.name, table.read_bytes()) for table in _CODES.iterdir() if table.name.endswith(".csv"))
    digest = hashlib.sha256()
    for name, content in tables:
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def read_verdict(contract: Contract, zones: Zones, version: str) -> Verdict | None:
    """The verdict of that version, where it has been given."""
    folder = zones.quarantine(contract.department, contract.dataset, version)
    return Verdict.from_json(read_manifest(folder).facts) if is_whole(folder) else None


def write_verdict(
    contract: Contract, zones: Zones, version: str, verdict: Verdict, refused: pa.Table, moment: datetime
) -> None:
    """Commit a verdict with the rows refused."""
    target = zones.quarantine(contract.department, contract.dataset, version)
    with staging(zones) as folder:
        pq.write_table(refused, folder / "data.parquet", compression="zstd")
        commit(
            folder,
            target,
            Manifest(
                kind="quarantine",
                name=contract.name,
                version=version,
                created_at=moment,
                rows=refused.num_rows,
                inputs={"landing": verdict.landing},
                facts=cast("Mapping[str, Json]", verdict.to_json()),
            ),
        )


def known_state_rows(contract: Contract, zones: Zones) -> Mapping[str, int]:
    """Landing → rows of the state after it, by whatever contract and history; the latest verdict counts."""
    parent = zones.quarantine(contract.department, contract.dataset, "any").parent
    manifests = sorted((read_manifest(folder) for folder in whole_folders(parent)), key=lambda one: one.created_at)
    verdicts = (Verdict.from_json(manifest.facts) for manifest in manifests)
    return {verdict.landing: verdict.state_rows for verdict in verdicts}
