"""Where a case stands, as a function of its events, and the chain of hashes that ties them together.

Pure. The columns of a case in the database are what `apply` made of the events one after another; replaying them all
gives the same, and a history that was altered no longer fits its hashes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mismatches.cases.declaration import CLOSED, NEW, Verdict, case_rules
from mismatches.migration import CASE_COLUMNS

NO_HASH = ""


def unpaid(assessed: Decimal | None, recovered: Decimal | None) -> Decimal:
    """Yuan of the assessed that were not paid; nothing before the first assessment."""
    return max((assessed or Decimal(0)) - (recovered or Decimal(0)), Decimal(0))


@dataclass(frozen=True)
class CaseState:
    """Where a case stands: the columns `mismatches.migration.CASE_COLUMNS`. `version` counts its events."""

    state: str = NEW
    version: int = 0
    owner: str | None = None
    due_on: date | None = None
    reason_code: str | None = None
    verdict: Verdict | None = None
    judged_version: str | None = None
    assessed: Decimal | None = None
    recovered: Decimal | None = None
    suppressed_until: date | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    acted_at: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "CaseState":
        """The case of a row of `finding`."""
        return cls(**{name: row[name] for name in CASE_COLUMNS})

    @property
    def shortfall(self) -> Decimal:
        """Yuan of the assessed that were not paid."""
        return unpaid(self.assessed, self.recovered)

    def columns(self) -> dict[str, object]:
        """The values for the row."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True)
class Event:
    """One step of a case. `details`: plain JSON values; amounts and days as text."""

    finding_id: str
    sequence: int
    at: datetime
    actor: str
    role: str
    action: str
    state_before: str
    state_after: str
    details: Mapping[str, Any]
    previous_hash: str = NO_HASH
    hash: str = NO_HASH

    def sealed(self, previous_hash: str) -> "Event":
        """This event as the next link of a chain."""
        linked = replace(self, previous_hash=previous_hash, at=self.at.astimezone(UTC))
        return replace(linked, hash=_digest(linked))


def apply(case: CaseState, event: Event) -> CaseState:
    """The case after an event."""
    action, details = case_rules().actions[event.action], event.details
    moved = event.state_after != case.state
    due_on = details.get("due_on")
    after = replace(
        case,
        state=event.state_after,
        version=event.sequence,
        owner=details.get("owner", case.owner),
        due_on=date.fromisoformat(due_on) if due_on else None if moved else case.due_on,
        suppressed_until=None if moved or action.lifts else case.suppressed_until,
        opened_at=case.opened_at or event.at,
        closed_at=event.at if moved and event.state_after == CLOSED else None if moved else case.closed_at,
        acted_at=event.at,
    )
    if until := details.get("until"):
        return replace(after, suppressed_until=date.fromisoformat(until))
    return _judged(_counted(after, event), event)


def replay(events: Iterable[Event]) -> CaseState:
    """Where a case stands after all its events."""
    case = CaseState()
    for event in events:
        case = apply(case, event)
    return case


def faults(events: Sequence[Event]) -> list[str]:
    """What is wrong with a chain of events; empty where it is as it was written."""
    found, previous = [], NO_HASH
    for place, event in enumerate(events, 1):
        if event.sequence != place:
            found.append(f"event {place} is missing")
        if event.previous_hash != previous or event.hash != _digest(event):
            found.append(f"event {event.sequence} differs from its hash")
        previous = event.hash
    return found


def _counted(case: CaseState, event: Event) -> CaseState:
    kind = case_rules().actions[event.action].amount_is
    if kind is None:
        return case
    amount = Decimal(event.details["amount"])
    if kind == "recovered":
        return replace(case, recovered=(case.recovered or Decimal(0)) + amount)
    if kind == "voided":
        return replace(case, recovered=(case.recovered or Decimal(0)) - amount)
    return replace(case, assessed=amount)


def _judged(case: CaseState, event: Event) -> CaseState:
    action = case_rules().actions[event.action]
    if action.clears_verdict:
        return replace(case, verdict=None, judged_version=None, reason_code=None)
    if action.verdict:
        case = replace(case, verdict=action.verdict, judged_version=event.details["rule_version"])
    if action.amount_is == "voided":  # its reason is that of the payment, not of the case
        return case
    return replace(case, reason_code=event.details.get("reason_code", case.reason_code))


def _digest(event: Event) -> str:
    said = [
        event.previous_hash,
        event.finding_id,
        event.sequence,
        event.at.astimezone(UTC).isoformat(),
        event.actor,
        event.role,
        event.action,
        event.state_before,
        event.state_after,
        dict(event.details),
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
