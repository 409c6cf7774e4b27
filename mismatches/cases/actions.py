"""Acting on a case: one step, checked, written down and counted, or refused with a reason.

Optimistic: a step carries the version of the case that its actor saw. Of two that act on the same version the first
wins and the other is told who did what. The event and the case's row are one transaction, the caller's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Numeric,
    RowMapping,
    Text,
    cast,
    func,
    insert,
    select,
    text,
    update,
)

from mismatches.cases.access import Actor, readable, require
from mismatches.cases.declaration import Action, AmountKind, case_rules
from mismatches.cases.errors import ActionRefused, CaseConflict, UnknownFinding
from mismatches.cases.replay import NO_HASH, CaseState, Event, apply
from mismatches.store.tables import case_event, finding

_TEXT_LENGTH = 4000  # characters of a note or a reply
_WORD_LENGTH = 100  # characters of a voucher or a name
_MOST_YUAN = Decimal(10) ** 13  # more than any city collects: a slip of the pen


@dataclass(frozen=True)
class Step:
    """What somebody wants to do to a case.

    `seen`: the version of the case that they looked at (0: untouched). Days are of the city. `amount`: yuan.
    `file`: what `mismatches.cases.attachments.keep` returned. `mark` names where the step came from, so that it is not
    taken twice (a row of a workbook).
    """

    finding_id: str
    action: str
    seen: int
    text: str | None = None
    reason_code: str | None = None
    owner: str | None = None
    amount: Decimal | None = None
    voucher: str | None = None
    due_on: date | None = None
    until: date | None = None
    file: Mapping[str, Any] | None = field(default=None)
    mark: str | None = None


def act(connection: Connection, actor: Actor, step: Step, *, at: datetime, today: date) -> CaseState:
    """Take a step; where the case stands after it.

    Args:
        connection: in the caller's transaction, which commits the step.
        actor: who acts.
        step: what they do.
        at: the moment.
        today: the day on which clocks are judged.

    Raises:
        NotAllowed: the role may not do this.
        UnknownFinding: there is no such finding for the actor.
        CaseConflict: somebody else acted since `step.seen`.
        ActionRefused: the state does not allow the action, or what it carries is wrong.
    """
    if step.voucher:
        hold_vouchers(connection)
    row = dict(_look(connection, actor, step.finding_id))
    event, after = decide(
        row, actor, step, done(connection, [step.finding_id]).get(step.finding_id, NOTHING), (at, today)
    )
    if step.voucher:
        refuse_elsewhere(step, standing(connection, [step.voucher]).get(step.voucher, frozenset()))
    changed = connection.execute(
        update(finding)
        .where(finding.c.finding_id == step.finding_id, finding.c.version == step.seen)
        .values(**after.columns())
    )
    if changed.rowcount != 1:
        raise _conflict(step.finding_id, done(connection, [step.finding_id]).get(step.finding_id, NOTHING))
    connection.execute(insert(case_event).values(**vars(event)))
    return after


@dataclass(frozen=True)
class Deed:
    """One event of a case, as far as later steps are checked against it; what it does not have is null.

    `amount`: yuan, of a voided payment those that it had been.
    """

    sequence: int
    at: datetime
    actor: str
    action: str
    hash: str
    mark: str | None
    voucher: str | None
    amount: Decimal | None


NOTHING: tuple[Deed, ...] = ()


def done(connection: Connection, finding_ids: Sequence[str]) -> dict[str, tuple[Deed, ...]]:
    """What was done about some findings, oldest first; nothing of those that nobody touched."""
    found: dict[str, list[Deed]] = {}
    said: list[ColumnElement[Any]] = [
        *(case_event.c[name] for name in ("finding_id", "sequence", "at", "actor", "action", "hash")),
        *(case_event.c.details[name].astext for name in ("mark", "voucher")),
        cast(case_event.c.details["amount"].astext, Numeric),
    ]
    for row in connection.execute(
        select(*said)
        .where(case_event.c.finding_id == func.any(cast(list(finding_ids), ARRAY(Text))))
        .order_by(case_event.c.finding_id, case_event.c.sequence)
    ):
        found.setdefault(row[0], []).append(Deed(*row[1:]))
    return {finding_id: tuple(deeds) for finding_id, deeds in found.items()}


def hold_vouchers(connection: Connection) -> None:
    """Let nobody else record a payment until the transaction ends, so that no voucher counts twice; before any row."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('mismatches.vouchers'))"))


def standing(connection: Connection, vouchers: Collection[str]) -> dict[str, frozenset[str]]:
    """Voucher → the findings on which a payment with it stands, in all districts."""
    c, voucher = case_event.c, case_event.c.details["voucher"].astext
    recorded, voided = (func.count().filter(c.action.in_(_named(kind))) for kind in ("recovered", "voided"))
    found: dict[str, set[str]] = {}
    for said, finding_id in connection.execute(
        select(voucher, c.finding_id)
        .where(voucher == func.any(cast(list(vouchers), ARRAY(Text))))
        .group_by(voucher, c.finding_id)
        .having(recorded > voided)
    ):
        found.setdefault(said, set()).add(finding_id)
    return {said: frozenset(ids) for said, ids in found.items()}


def _named(kind: AmountKind) -> list[str]:
    return [action.name for action in case_rules().actions.values() if action.amount_is == kind]


def refuse_elsewhere(step: Step, finding_ids: Collection[str]) -> None:
    """Refuse a payment whose voucher stands on another case; which one is not told, it may be of another district."""
    if step.action in _named("recovered") and set(finding_ids) - {step.finding_id}:
        raise ActionRefused(
            "this voucher is recorded on another case",
            f"finding {step.finding_id}",
            "a voucher counts once",
            "check its number; where it pays several cases, add to it which part this is (V1-2)",
            kind="voucher_elsewhere",
        )


def paid(deeds: Sequence[Deed]) -> dict[str, Decimal]:
    """The payments of a case that stand: voucher → yuan."""
    payments: dict[str, Decimal] = {}
    for deed in deeds:
        if deed.voucher and deed.amount is not None and deed.action in _named("recovered"):
            payments[deed.voucher] = deed.amount
        elif deed.voucher and deed.action in _named("voided"):
            payments.pop(deed.voucher, None)
    return payments


def decide(
    row: Mapping[str, Any], actor: Actor, step: Step, deeds: Sequence[Deed], when: tuple[datetime, date]
) -> tuple[Event, CaseState]:
    """What a step makes of a case, and where the case then stands; nothing is written.

    Args:
        row: of `finding`, which the actor may read.
        actor: who acts.
        step: what they do.
        deeds: what was done about it, oldest first.
        when: the moment, and the day on which clocks are judged.

    Raises:
        NotAllowed, CaseConflict, ActionRefused: as `act`.
    """
    at, today = when
    action = case_rules().actions.get(step.action)
    if action is None:
        raise ActionRefused(f"no action is called {step.action}", expected=", ".join(case_rules().actions))
    require(actor, action.right)
    case = CaseState.of(row)
    if case.version != step.seen:
        raise _conflict(step.finding_id, deeds)
    _refuse(action, case, row, step, today)
    if action.amount_is:
        step = _priced(action, case, step, paid(deeds))
    event = Event(
        step.finding_id,
        case.version + 1,
        at.astimezone(UTC),
        actor.name,
        actor.role,
        action.name,
        case.state,
        action.moves[case.state],
        _details(action, step, row, actor, today),
    ).sealed(deeds[-1].hash if deeds else NO_HASH)
    return event, apply(case, event)


def _priced(action: Action, case: CaseState, step: Step, payments: Mapping[str, Decimal]) -> Step:
    """The step with its yuan; refused where more would stand as paid than is assessed."""
    where, recovered = f"finding {step.finding_id}", case.recovered or Decimal(0)
    if action.amount_is == "voided":
        if step.voucher is None or step.voucher not in payments:
            raise ActionRefused(
                "no payment stands with this voucher",
                where,
                ", ".join(payments),
                kind="no_payment",
            )
        return replace(step, amount=payments[step.voucher])
    if action.amount_is == "recovered" and step.voucher in payments:
        raise ActionRefused("this voucher is recorded already", where, "another voucher", kind="voucher")
    amount = step.amount or Decimal(0)
    if action.amount_is == "recovered" and recovered + amount > (case.assessed or Decimal(0)):
        raise ActionRefused(
            "more would be paid than is assessed",
            where,
            f"at most {case.shortfall:.2f} yuan",
            "correct the amount, assess anew, or void a payment that is wrong",
            kind="overpaid",
        )
    if action.amount_is == "assessed" and amount < recovered:
        raise ActionRefused(
            "less would be assessed than was paid",
            where,
            f"at least {recovered:.2f} yuan",
            "void the payment that is wrong or was paid back first",
            kind="overpaid",
        )
    return step


def _conflict(finding_id: str, deeds: Sequence[Deed]) -> CaseConflict:
    """Who did what last."""
    if not deeds:
        return CaseConflict(finding_id, "—", "—", datetime.now(UTC), 0)
    last = deeds[-1]
    return CaseConflict(finding_id, last.actor, last.action, last.at, last.sequence)


def _look(connection: Connection, actor: Actor, finding_id: str) -> RowMapping:
    row = connection.execute(select(finding).where(finding.c.finding_id == finding_id, readable(actor))).mappings()
    found = row.one_or_none()
    if found is None:
        raise unknown(finding_id)
    return found


def unknown(finding_id: str) -> UnknownFinding:
    """The same words whether it does not exist or is not the actor's."""
    return UnknownFinding(
        "there is no such finding in your districts", f"finding {finding_id[:40]!r}", remedy="check the id"
    )


def _refuse(action: Action, case: CaseState, row: Mapping[str, Any], step: Step, today: date) -> None:
    where = f"finding {step.finding_id}"
    if row["outcome"] != "hit" or row["shadow"]:
        raise ActionRefused("this finding has no case", where, "a hit of a rule that is not in shadow", kind="no_case")
    if case.state not in action.moves:
        possible = ", ".join(one.name for one in case_rules().possible(case.state))
        raise ActionRefused(f"{action.name} is not possible in state {case.state}", where, possible, kind="state")
    given = {name for name in _PARTS if getattr(step, name) not in (None, "")}
    if case.state in action.only_paid and not case.recovered:
        raise ActionRefused(f"{action.name} needs a payment, and none stands", where, "a payment", kind="nothing_paid")
    if asks_reason(action, case) and "reason_code" not in given:
        raise ActionRefused(
            f"{case.shortfall:.2f} yuan of the assessed were not paid: say why",
            where,
            f"reason_code: {', '.join(action.reasons)}",
            "give the reason, or record the payment first",
            kind="short",
        )
    if missing := sorted(action.needs - given):
        raise ActionRefused(
            f"{action.name} needs {', '.join(missing)}", where, remedy="say it and try again", kind="missing"
        )
    unasked = {"reason_code"} if action.short and not asks_reason(action, case) else set()
    if strange := sorted(given - action.needs - (action.may - unasked)):
        raise ActionRefused(
            f"{action.name} does not take {', '.join(strange)}", where, remedy="leave it out", kind="strange"
        )
    if step.reason_code and step.reason_code not in action.reasons:
        raise ActionRefused(
            f"{action.name} has no reason {step.reason_code[:40]!r}", where, ", ".join(action.reasons), kind="reason"
        )
    if action.only_overdue and not (case.due_on and case.due_on < today):
        raise ActionRefused("the days for the reply are not over", where, f"a day after {case.due_on}", kind="early")
    _refuse_values(step, where, today)


def asks_reason(action: Action, case: CaseState) -> bool:
    """Whether a step needs a reason because less was paid than assessed."""
    return case.state in action.short and case.shortfall > 0


_PARTS = ("owner", "text", "reason_code", "amount", "voucher", "due_on", "until", "file")


def _refuse_values(step: Step, where: str, today: date) -> None:
    for said in (step.text, step.voucher, step.owner):
        if said and ("\0" in said or any("\ud800" <= letter <= "\udfff" for letter in said)):
            raise ActionRefused(
                "the text holds a character that cannot be stored", where, "plain text", kind="character"
            )
    if len(step.text or "") > _TEXT_LENGTH:
        raise ActionRefused("the text is too long", where, f"at most {_TEXT_LENGTH} characters", kind="long")
    if max(len(step.voucher or ""), len(step.owner or "")) > _WORD_LENGTH:
        raise ActionRefused(
            "the voucher or the owner is too long", where, f"at most {_WORD_LENGTH} characters", kind="long"
        )
    if step.amount is not None and not _is_yuan(step.amount):
        raise ActionRefused("the amount cannot be used", where, "yuan above 0 with at most two decimals", kind="amount")
    if step.due_on and step.due_on < today:
        raise ActionRefused("the due day is over", where, f"{today} or later", kind="due")
    last = today + timedelta(days=case_rules().longest_suppression_days)
    if step.until and not today < step.until <= last:
        raise ActionRefused(
            "the expiry cannot be used", where, f"a day after {today} and not after {last}", kind="until"
        )


def _is_yuan(amount: Decimal) -> bool:
    return amount.is_finite() and Decimal(0) < amount < _MOST_YUAN and amount == amount.quantize(Decimal("0.01"))


def _details(action: Action, step: Step, row: Mapping[str, Any], actor: Actor, today: date) -> dict[str, Any]:
    due_on = step.due_on or (today + timedelta(days=case_rules().reply_days) if action.starts_reply_clock else None)
    values = {
        "text": step.text,
        "reason_code": step.reason_code,
        "owner": step.owner or (actor.name if action.name == "take" else None),
        "amount": f"{step.amount:.2f}" if step.amount is not None else None,
        "voucher": step.voucher,
        "due_on": due_on.isoformat() if due_on else None,
        "until": step.until.isoformat() if step.until else None,
        "file": dict(step.file) if step.file else None,
        "mark": step.mark,
        "rule_version": row["rule_version"] if action.verdict else None,
    }
    return {name: value for name, value in values.items() if value is not None}
