"""The accepted state of a dataset as a fold over its landed batches.

The state depends on the landings and on what was released, not on the runs that made it: any number of runs and any
kill give the same, and a batch that arrives late takes its place. Work that was done is found by its version. Only
the last state of a fold is written out whole; the states between are made again where a late batch needs them. A
batch that breaks a floor is held: the state stays, deltas after it wait with it, a later snapshot that passes is
applied.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import pyarrow.parquet as pq

from connectors.checking import check
from connectors.landing import Landing
from connectors.readers import Received, read
from connectors.state import NOTHING, Advanced, Batch, State, advance
from connectors.verdicts import Verdict, known_state_rows, making, next_version, read_verdict, write_verdict
from schemas.contract import Contract
from schemas.validation import Validated
from storage.commit import commit, point, staging
from storage.errors import Internal
from storage.manifest import Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

logger = logging.getLogger(__name__)

_ROW_GROUP = 1 << 18  # rows; small enough for DuckDB to read one state with several threads


@dataclass(frozen=True)
class _Point:
    """Where the fold stands: after `at` batches, under that name; `accepted` is the version that holds the state.

    `whole`: the state can be loaded; otherwise only its number of rows is known, which is all that a snapshot needs.
    """

    at: int = 0
    version: str = ""
    state: State = NOTHING
    accepted: str | None = None
    whole: bool = True


@dataclass(frozen=True)
class Fold:
    """The fold of one dataset.

    Attributes:
        contract: of the dataset.
        zones: the home folder.
        landings: all its landings, in the order in which they apply.
        moment: of this run; recorded only.
        releasing: whether broken floors are waived now, and for good.
        fresh: landing id → what was just read, to spare a second reading.
    """

    contract: Contract
    zones: Zones
    landings: Sequence[Landing]
    moment: datetime
    releasing: bool
    fresh: Mapping[str, Received]

    def run(self) -> tuple[Verdict, ...]:
        """Bring the accepted state up to date.

        Returns:
            The verdicts that are known about the batches, in their order; the last batch's is always among them.
        """
        if not self.landings:
            return ()
        released = self._released()
        limit, chain = len(self.landings), None
        while chain is None:
            start = self._start(limit, released)
            chain = self._advance(start, released)
            limit = start.at
        verdicts = self._verdicts(chain)
        if verdicts[-1].state:
            point(self._accepted("current"), verdicts[-1].state)
        return verdicts

    def _released(self) -> frozenset[str]:
        """Landings whose floors were waived by earlier runs: the states that came of it remember them."""
        manifests = (read_manifest(folder) for folder in whole_folders(self._accepted("any").parent))
        return frozenset(one for manifest in manifests for one in cast("list[str]", manifest.facts["released"]))

    def _chain(self, released: frozenset[str]) -> list[str]:
        """The versions of the decisions about all batches, that before the first one included."""
        versions = [""]
        for landing in self.landings:
            waived = landing.id in released
            versions.append(next_version(versions[-1], landing, self.contract, released=waived))
        return versions

    def _start(self, limit: int, released: frozenset[str]) -> _Point:
        """The last point, at most `limit` batches in, from which the fold can go on."""
        chain = self._chain(released)
        rows: Mapping[str, int] | None = None
        for at in range(limit, 0, -1):
            found = self._point(at, chain[at])
            if found:
                return found
            if at < limit and self.landings[at].mode == "snapshot":
                rows = known_state_rows(self.contract, self.zones) if rows is None else rows
                known = rows.get(self.landings[at - 1].id)
                if known is not None:
                    return _Point(at, chain[at], State(known), whole=False)
        return _Point()

    def _point(self, at: int, version: str) -> _Point | None:
        """The point after a batch that was decided, where its state is at hand."""
        verdict = self._verdict(version)
        if verdict is None or (self.releasing and verdict.held):
            return None
        if verdict.state is None:
            return _Point(at, version, State(held=verdict.held))
        folder = self._accepted(verdict.state)
        if not is_whole(folder):
            return None
        state = State(verdict.state_rows, lambda: pq.read_table(folder / "data.parquet"), verdict.held)
        return _Point(at, version, state, verdict.state)

    def _advance(self, start: _Point, released: frozenset[str]) -> list[str] | None:
        """Decide about every batch after a point; None where the state at the point is needed and not at hand."""
        now, versions, waived = start, self._chain(released)[: start.at + 1], set(released)
        for landing in self.landings[start.at :]:
            now = self._step(now, landing, waived)
            if not now.whole:
                return None
            versions.append(now.version)
        if now.accepted and not is_whole(self._accepted(now.accepted)):
            self._write_state(now, waived, self._verdicts(versions))
        return versions[1:]

    def _step(self, now: _Point, landing: Landing, waived: set[str]) -> _Point:
        received = self.fresh.get(landing.id) or read(landing.file, self.contract)
        checked = check(received, self.contract, batch=landing.batch, mode=landing.mode, as_of=landing.as_of)
        batch = Batch(landing.batch, landing.id, landing.mode, released=self.releasing or landing.id in waived)
        result = advance(now.state, batch, checked, self.contract)
        if result.waived:
            waived.add(landing.id)
        version = next_version(now.version, landing, self.contract, released=landing.id in waived)
        applied = result.outcome == "applied"
        after = _Point(now.at + 1, version, result.state, version if applied else now.accepted, now.whole or applied)
        if after.whole:
            verdict = _verdict(self.contract, landing, checked, result, after)
            write_verdict(self.contract, self.zones, version, verdict, checked.quarantined, self.moment)
            logger.info("batch decided", extra={"dataset": self.contract.name, **verdict.summary()})
        return after

    def _write_state(self, now: _Point, waived: set[str], verdicts: Sequence[Verdict]) -> None:
        table = now.state.load()
        version = now.accepted
        if table is None or version is None:
            raise Internal("a state to write is not at hand", self.contract.name)
        with staging(self.zones) as folder:
            pq.write_table(table, folder / "data.parquet", compression="zstd", row_group_size=_ROW_GROUP)
            commit(folder, self._accepted(version), self._manifest(version, waived, verdicts))

    def _manifest(self, version: str, waived: set[str], verdicts: Sequence[Verdict]) -> Manifest:
        last, makers = verdicts[-1], making(verdicts)
        arrived = {landing.id: landing.received_at for landing in self.landings}
        columns = {name for one in makers for name in one.columns}
        return Manifest(
            kind="accepted",
            name=self.contract.name,
            version=version,
            created_at=self.moment,
            rows=last.state_rows,
            facts={
                "contract_version": self.contract.version,
                "batches": len(verdicts),
                "received": sum(one.received for one in verdicts),
                "accepted": sum(one.accepted for one in verdicts),
                "quarantined": sum(one.quarantined for one in verdicts),
                "released": sorted(waived),
                "columns": [name for name in self.contract.column_names if name in columns],
                "received_at": max(arrived[one.landing] for one in makers),
            },
        )

    def _accepted(self, version: str) -> Path:
        return self.zones.accepted(self.contract.department, self.contract.dataset, version)

    def _verdict(self, version: str) -> Verdict | None:
        return read_verdict(self.contract, self.zones, version)

    def _verdicts(self, chain: Sequence[str]) -> tuple[Verdict, ...]:
        """The decisions of a chain that are known; under a new contract they begin at the last snapshot."""
        return tuple(filter(None, (self._verdict(version) for version in chain if version)))


def _verdict(contract: Contract, landing: Landing, checked: Validated, result: Advanced, after: _Point) -> Verdict:
    return Verdict(
        landing=landing.id,
        batch=landing.batch,
        mode=landing.mode,
        outcome=result.outcome,
        received=checked.received,
        accepted=checked.accepted.num_rows,
        quarantined=checked.quarantined.num_rows,
        rules=checked.rule_counts,
        flags=checked.flag_counts,
        state=after.accepted,
        state_rows=result.state.rows,
        held=result.state.held,
        columns=tuple(name for name in contract.column_names if name not in checked.absent_columns),
    )
