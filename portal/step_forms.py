"""The forms of a case: one for each step that its state and the reader's role allow, filled with what was typed."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

from mismatches.cases.declaration import Action, Part, case_rules
from mismatches.cases.queries.listing import FindingRow
from mismatches.cases.replay import unpaid
from portal.choices import Option
from portal.desk import Desk
from portal.steps import PARTS, Typed

_KINDS: Final[dict[Part, Literal["choice", "day", "area", "file", "yuan", "word"]]] = {
    "reason_code": "choice",
    "amount": "yuan",
    "voucher": "word",
    "owner": "word",
    "due_on": "day",
    "until": "day",
    "text": "area",
    "file": "file",
}


@dataclass(frozen=True)
class Field:
    """One field. `kind`: choice, day, area, file, yuan or word; `first`, `last`: the days that it takes."""

    name: str
    kind: str
    required: bool
    value: str
    options: tuple[Option, ...]
    first: str
    last: str


@dataclass(frozen=True)
class StepForm:
    """The form of one step; `open`: it is the one that its reader was at."""

    action: str
    title: str
    fields: tuple[Field, ...]
    open: bool


def step_forms(row: FindingRow, desk: Desk, typed: Typed | None = None) -> tuple[StepForm, ...]:
    """The forms of a case; none for a finding that has no case."""
    if row.outcome != "hit" or row.shadow:
        return ()
    late = row.due_on is not None and row.due_on < desk.today
    suppressed = row.suppressed_until is not None and row.suppressed_until > desk.today
    return tuple(
        _form(action, row, desk, typed if typed and typed.action == action.name else None)
        for action in case_rules().possible(row.state)
        if desk.actor.has(action.right)
        and (late or not action.only_overdue)
        and (suppressed or not action.lifts)
        and (row.recovered or row.state not in action.only_paid)
    )


def _form(action: Action, row: FindingRow, desk: Desk, typed: Typed | None) -> StepForm:
    needs, takes = action.needs, action.needs | action.may
    if action.short:  # a reason is asked for where less was paid than assessed, and nowhere else
        short = row.state in action.short and unpaid(row.assessed, row.recovered) > 0
        needs, takes = (needs | {"reason_code"}, takes) if short else (needs, takes - {"reason_code"})
    names: list[Part] = [name for name in (*PARTS, "file") if name in takes]
    fields = tuple(
        _field(replace(action, needs=needs), name, desk, typed.values.get(name, "") if typed else "") for name in names
    )
    return StepForm(action.name, action.title.say(desk.language), fields, typed is not None)


def _field(action: Action, name: Part, desk: Desk, value: str) -> Field:
    first, last = _days(name, desk.today)
    options = (
        tuple(Option(code, words.say(desk.language), code == value) for code, words in action.reasons.items())
        if name == "reason_code"
        else ()
    )
    return Field(name, _KINDS[name], name in action.needs, value, options, first, last)


def _days(name: Part, today: date) -> tuple[str, str]:
    if name == "until":
        last = today + timedelta(days=case_rules().longest_suppression_days)
        return (today + timedelta(days=1)).isoformat(), last.isoformat()
    return (today.isoformat(), "") if name == "due_on" else ("", "")
