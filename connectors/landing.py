"""The landing zone: every batch as it was received, once.

A batch is known by its name, its mode and its bytes: the same batch twice is one landing, the same name with other
bytes is a correction, and both are kept. The folder is `<batch>-<16 hexadecimal digits of all three>`. A file
without a batch part is named after its arrival; it is the same batch again where its bytes and mode equal the last
such landing. Landings are never changed; the accepted state is a fold over them in their order.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.drops import DropFile
from connectors.readers import Received, read
from connectors.refusals import Refusal
from schemas.casting import cast as cast_values
from schemas.contract import Contract, Mode
from storage.commit import commit, staging
from storage.manifest import Manifest, describe_file, read_manifest, whole_folders
from storage.zones import Zones

_ORIGINAL = "original"
_NAME_LENGTH = 48  # characters of a batch's name in its folder's, at most 192 bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a drop came: the moment, and the day on which its dates are judged, now and whenever it is read again."""

    received_at: datetime
    as_of: date


@dataclass(frozen=True, slots=True)
class Landing:
    """One landed batch."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Its folder's name."""
        return self.manifest.version

    @property
    def batch(self) -> str:
        """Its name: the batch part of the file's name, or the moment of its arrival."""
        return str(self.manifest.facts["batch"])

    @property
    def mode(self) -> Mode:
        """How it applies."""
        return cast("Mode", self.manifest.facts["mode"])

    @property
    def named(self) -> bool:
        """Whether the file's name had a batch part."""
        return bool(self.manifest.facts["named"])

    @property
    def sha256(self) -> str:
        """Of the original bytes."""
        return str(self.manifest.facts["sha256"])

    @property
    def received_at(self) -> str:
        """When it first came: ISO 8601, UTC."""
        return str(self.manifest.facts["received_at"])

    @property
    def as_of(self) -> date:
        """The day on which its dates are judged."""
        return date.fromisoformat(str(self.manifest.facts["as_of"]))

    @property
    def sequence(self) -> int:
        """Its number among the arrivals of the dataset, from 1."""
        return int(str(self.manifest.facts["sequence"]))

    @property
    def order(self) -> tuple[str, bool, int]:
        """Its place among the batches of the dataset: by name, corrections by arrival.

        A batch without a name applies after every name that had arrived before it.
        """
        return str(self.manifest.facts["place"]), not self.named, self.sequence

    @property
    def file(self) -> DropFile:
        """The original, to be read again."""
        ending = str(self.manifest.facts["format"])
        return DropFile(self.manifest.name, self.batch, self.folder / f"{_ORIGINAL}.{ending}", ending, self.mode)


def landings(contract: Contract, zones: Zones) -> tuple[Landing, ...]:
    """All landed batches of a dataset, in the order in which they apply."""
    parent = zones.landing(contract.department, contract.dataset, "any").parent
    found = [Landing(folder, read_manifest(folder)) for folder in whole_folders(parent)]
    return tuple(sorted(found, key=lambda landing: (landing.order, landing.id)))


def land(
    file: DropFile, contract: Contract, zones: Zones, arrival: Arrival, history: Sequence[Landing]
) -> tuple[Landing, Received | None]:
    """Land a batch, or find it where it has been landed before.

    Args:
        file: the batch.
        contract: of its dataset.
        zones: the home folder.
        arrival: when it came.
        history: all landings of the dataset.

    Returns:
        The landing, and what was read where it is new.

    Raises:
        SourceRejected: the file is unusable; nothing of it is landed.
    """
    if file.refusal:
        raise file.refusal.error(file.path.name)
    mode = file.mode or contract.mode
    sha256 = _sha256(file)
    known = _known(file, mode, sha256, history)
    if known:
        return known, None
    with staging(zones) as folder:
        original = folder / f"{_ORIGINAL}.{file.format}"
        _copy(file, original, sha256)
        received = read(DropFile(file.dataset, file.batch, file.path, file.format), contract)
        _write_data(received.table, original, file.format)
        manifest = _manifest(file, contract, received, arrival, _Facts(mode, sha256, history))
        target = zones.landing(contract.department, contract.dataset, manifest.version)
        return Landing(target, commit(folder, target, manifest)), received


@dataclass(frozen=True)
class _Facts:
    mode: Mode
    sha256: str
    history: Sequence[Landing]

    @property
    def sequence(self) -> int:
        return max((landing.sequence for landing in self.history), default=0) + 1

    @property
    def last_name(self) -> str:
        return max((landing.batch for landing in self.history if landing.named), default="")


def _known(file: DropFile, mode: Mode, sha256: str, history: Sequence[Landing]) -> Landing | None:
    if file.batch:
        same = [landing for landing in history if landing.named and landing.batch == file.batch]
    else:
        same = sorted((landing for landing in history if not landing.named), key=lambda landing: landing.sequence)[-1:]
    return next((landing for landing in same if (landing.mode, landing.sha256) == (mode, sha256)), None)


def _sha256(file: DropFile) -> str:
    try:
        return describe_file(file.path).sha256
    except OSError as error:
        raise Refusal(
            f"the file cannot be read ({type(error).__name__})", "a readable file", "check its permissions"
        ).error(file.path.name) from None


def _copy(file: DropFile, original: Path, sha256: str) -> None:
    shutil.copyfile(file.path, original)
    if describe_file(original).sha256 != sha256:
        raise Refusal(
            "the file changed while it was read", "a file that is complete", "run again when the sender has finished"
        ).error(file.path.name)


def _write_data(table: pa.Table, original: Path, ending: str) -> None:
    """Keep the columns as received as Parquet; a Parquet file is that already."""
    data = original.with_name("data.parquet")
    if ending == "parquet":
        os.link(original, data)
    else:
        pq.write_table(table, data, compression="zstd")


def _manifest(file: DropFile, contract: Contract, received: Received, arrival: Arrival, facts: _Facts) -> Manifest:
    moment = arrival.received_at.astimezone(UTC)
    batch = file.batch or moment.strftime("%Y%m%dT%H%M%S.%fZ").replace(".", "-")
    identity = json.dumps([batch, facts.mode, facts.sha256])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return Manifest(
        kind="batch",
        name=contract.name,
        version=f"{readable(batch)}-{digest}",
        created_at=moment,
        rows=received.rows,
        facts={
            "batch": batch,
            "named": bool(file.batch),
            "place": file.batch or facts.last_name,
            "sequence": facts.sequence,
            "mode": facts.mode,
            "source": file.path.name,
            "format": file.format,
            "sha256": facts.sha256,
            "received_at": moment.isoformat(),
            "as_of": arrival.as_of.isoformat(),
            "contract_version": contract.version,
            "cursor": _cursor(received.table, contract),
            "drift": list(received.drift),
            "malformed": received.malformed.num_rows if received.malformed else 0,
        },
    )


def readable(batch: str) -> str:
    """A batch's name as a part of a folder's name."""
    return re.sub(r"[^\w-]", "_", batch)[:_NAME_LENGTH]


def _cursor(table: pa.Table, contract: Contract) -> str | None:
    """The highest readable value of the cursor column, ISO 8601."""
    if contract.cursor is None or contract.cursor not in table.column_names:
        return None
    values = pc.unique(table[contract.cursor])
    if pa.types.is_dictionary(values.type):
        values = values.dictionary
    highest = pc.max(cast_values(values, contract.column(contract.cursor).type).values).as_py()
    return None if highest is None else str(highest.isoformat())
