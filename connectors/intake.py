"""Intake: what arrived of a dataset, made into its accepted state.

Touches nothing of any other dataset, so datasets can be taken in by processes of their own at the same time; one
dataset is taken in by one process at a time. Running it again, after a kill too, ends in the same state.
"""

import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from datetime import date, datetime

from connectors.direct import read_drop, write_drop
from connectors.drops import DropFile
from connectors.fold import Fold
from connectors.landing import Arrival, Landing, land, landings
from connectors.readers import Received
from connectors.refusals import Rejection
from connectors.verdicts import Held, Verdict
from schemas.contract import Contract, source_contract, source_contracts
from storage.commit import pointed
from storage.errors import SourceRejected
from storage.manifest import Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

__all__ = ["Intake", "accepted", "accepted_state", "landed", "read_drop", "take_in", "write_drop"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a dataset's files.

    Attributes:
        manifest: of the accepted state in force; None where nothing was ever accepted.
        rejected: files that were refused; nothing of them was landed.
        held: batches that were landed and wait.
        batches: verdicts about the batches of this intake in the order in which they apply, those that had been landed
            before included.
        warnings: what a person should know and nothing failed for.
    """

    manifest: Manifest | None
    rejected: tuple[Rejection, ...] = ()
    held: tuple[Held, ...] = ()
    batches: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain JSON values, to hand the outcome to another process."""
        return {
            "version": self.manifest.version if self.manifest else None,
            "rows": self.manifest.rows if self.manifest else 0,
            "rejected": [asdict(one) for one in self.rejected],
            "held": [asdict(one) for one in self.held],
            "batches": [one.to_json() for one in self.batches],
            "warnings": list(self.warnings),
        }


def take_in(
    dataset: str,
    files: Sequence[DropFile],
    zones: Zones,
    *,
    as_of: date,
    received_at: datetime,
    released: AbstractSet[str] = frozenset(),
) -> Intake:
    """Land, validate and apply the batches of one dataset.

    Args:
        dataset: its name.
        files: its batches; none brings the state up to date with what was landed before.
        zones: the home folder; the caller holds its lock.
        as_of: the day on which the dates of new batches are judged.
        received_at: the moment of arrival, with a time zone.
        released: datasets whose broken floors are waived, now and for good.

    Raises:
        SourceUnavailable, OSError: the home folder cannot be written; nothing is half done.
    """
    contract = source_contract(dataset)
    arrivals = _land(contract, files, zones, Arrival(received_at, as_of))
    history = landings(contract, zones)
    verdicts = Fold(contract, zones, history, received_at, dataset in released, arrivals.fresh).run()
    current = accepted_state(contract, zones)
    return Intake(
        current,
        tuple(arrivals.rejected),
        verdicts[-1].held if verdicts else (),
        tuple(verdict for verdict in verdicts if verdict.landing in arrivals.landed),
        tuple(arrivals.warnings),
    )


def accepted(zones: Zones) -> Mapping[str, Manifest]:
    """The accepted states in force, by dataset, in the order of the contracts."""
    states = {name: accepted_state(contract, zones) for name, contract in source_contracts().items()}
    return {name: manifest for name, manifest in states.items() if manifest}


def landed(zones: Zones) -> tuple[str, ...]:
    """The datasets of which anything was ever landed, in the order of the contracts."""
    return tuple(
        name
        for name, contract in source_contracts().items()
        if whole_folders(zones.landing(contract.department, contract.dataset, "any").parent)
    )


def accepted_state(contract: Contract, zones: Zones) -> Manifest | None:
    """The accepted state in force of one dataset; None where there is none yet."""
    version = pointed(zones.accepted(contract.department, contract.dataset, "current"))
    if version is None:
        return None
    folder = zones.accepted(contract.department, contract.dataset, version)
    return read_manifest(folder) if is_whole(folder) else None


class _Arrivals:
    """What landing the files of one intake gave."""

    def __init__(self) -> None:
        self.landed: set[str] = set()
        self.rejected: list[Rejection] = []
        self.warnings: list[str] = []
        self.fresh: dict[str, Received] = {}


def _land(contract: Contract, files: Sequence[DropFile], zones: Zones, arrival: Arrival) -> _Arrivals:
    arrivals = _Arrivals()
    history = list(landings(contract, zones))
    for file in sorted(files, key=lambda file: file.order):
        try:
            landing, received = land(file, contract, zones, arrival, history)
        except SourceRejected as error:
            arrivals.rejected.append(Rejection(contract.name, file.path.name, str(error)))
            logger.warning("file rejected", extra={"dataset": contract.name, "file": file.path.name})
            continue
        arrivals.landed.add(landing.id)
        if received:
            arrivals.warnings += _warnings(file, landing, received, history)
            arrivals.fresh = {landing.id: received}  # the last one only: memory holds one batch
            history.append(landing)
            logger.info("batch landed", extra={"dataset": contract.name, "landing": landing.id, "rows": received.rows})
    return arrivals


def _warnings(file: DropFile, landing: Landing, received: Received, history: Sequence[Landing]) -> list[str]:
    name = file.path.name
    warnings = []
    if received.drift:
        listed = ", ".join(" ".join(column.split())[:40] for column in received.drift)
        warnings.append(f"{name}: columns that the contract does not know were landed and not loaded: {listed}")
    same = [one for one in history if one.named and one.batch == landing.batch]
    if landing.named and same:
        warnings.append(f"{name}: corrects batch {landing.batch}, which was landed before with other bytes or mode")
    later = sum(one.order > landing.order for one in history)
    if later:
        warnings.append(f"{name}: arrived after {later} later batches and was put in its place before them")
    return warnings
