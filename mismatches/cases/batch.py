"""Many steps at once: the cases are read and held together, decided one after another, and written together.

The same checks as `act` takes, step by step; a step that is refused changes nothing and the others go on. Whoever acts
on one of these cases meanwhile waits until the caller's transaction ends, and is then told that somebody was first;
where vouchers are among them, whoever records a payment waits, too.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ARRAY, Connection, Text, cast, func, select, text

from mismatches.cases.access import Actor, readable
from mismatches.cases.actions import (
    NOTHING,
    Deed,
    Step,
    decide,
    done,
    hold_vouchers,
    paid,
    refuse_elsewhere,
    standing,
    unknown,
)
from mismatches.cases.replay import Event
from mismatches.migration import CASE_COLUMNS
from mismatches.store.tables import case_event, finding

_EVENT: Final = tuple(Event.__annotations__)
_ADD: Final = """INSERT INTO mismatches.case_event ({names})
    SELECT {names} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS said ({typed})"""
_STAND: Final = """UPDATE mismatches.finding f SET ({names}) = (SELECT {said})
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS said (finding_id text, {typed})
    WHERE f.finding_id = said.finding_id"""


class Batch:
    """The cases of some findings in one transaction of the caller; `write` before it ends.

    `vouchers`: those that its steps will name.

    Raises:
        NotAllowed: the role reads no findings.
    """

    def __init__(
        self, connection: Connection, actor: Actor, finding_ids: Iterable[str], vouchers: Iterable[str] = ()
    ) -> None:
        ids, named = sorted(set(finding_ids)), sorted(set(vouchers))
        if named:
            hold_vouchers(connection)
        rows = connection.execute(
            select(finding)
            .where(finding.c.finding_id == func.any(cast(ids, ARRAY(Text))), readable(actor))
            .order_by(finding.c.finding_id)  # so that two batches do not wait for each other
            .with_for_update()
        ).mappings()
        self._connection, self._actor = connection, actor
        self._rows: dict[str, Mapping[str, Any]] = {row["finding_id"]: dict(row) for row in rows}
        self._deeds = done(connection, list(self._rows))
        self._standing = standing(connection, named) if named else {}
        self._events: list[Event] = []

    def deeds(self, finding_id: str) -> tuple[Deed, ...]:
        """What was done about a finding, by this batch, too; nothing where the actor may not read it."""
        return self._deeds.get(finding_id, NOTHING)

    def act(self, step: Step, *, at: datetime, today: date) -> None:
        """Take a step; it is written with the others.

        Raises:
            NotAllowed, UnknownFinding, CaseConflict, ActionRefused: as `mismatches.cases.actions.act`.
        """
        row, deeds = self._rows.get(step.finding_id), self.deeds(step.finding_id)
        if row is None:
            raise unknown(step.finding_id)
        event, after = decide(row, self._actor, step, deeds, (at, today))
        if step.voucher:
            refuse_elsewhere(step, self._standing.get(step.voucher, frozenset()))
        amount = event.details.get("amount")
        deed = Deed(
            *(event.sequence, event.at, event.actor, event.action, event.hash, step.mark, step.voucher),
            Decimal(amount) if amount else None,
        )
        self._events.append(event)
        self._rows[step.finding_id] = {**row, **after.columns()}
        self._deeds[step.finding_id] = (*deeds, deed)
        if step.voucher:
            others = self._standing.get(step.voucher, frozenset()) - {step.finding_id}
            here = {step.finding_id} if step.voucher in paid(self._deeds[step.finding_id]) else set()
            self._standing[step.voucher] = others | here

    def write(self) -> None:
        """Write all steps that were taken."""
        if not self._events:
            return
        names, said = ", ".join(_EVENT), json.dumps([vars(event) for event in self._events], default=str)
        typed = ", ".join(f"{name} {case_event.c[name].type.compile(self._connection.dialect)}" for name in _EVENT)
        self._connection.execute(text(_ADD.format(names=names, typed=typed)), {"rows": said})
        changed = {event.finding_id: self._rows[event.finding_id] for event in self._events}
        stand = [{name: row[name] for name in ("finding_id", *CASE_COLUMNS)} for row in changed.values()]
        typed = ", ".join(f"{name} {finding.c[name].type.compile(self._connection.dialect)}" for name in CASE_COLUMNS)
        statement = _STAND.format(
            names=", ".join(CASE_COLUMNS), said=", ".join(f"said.{name}" for name in CASE_COLUMNS), typed=typed
        )
        self._connection.execute(text(statement), {"rows": json.dumps(stand, default=str)})
