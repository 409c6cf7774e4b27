"""How cases are worked, read from `cases.yaml`: states, actions, reason codes, roles, limits.

Pydantic at the edge, frozen inside. Refuses an action that names a state, a list of reasons or a right that is not
declared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.bilingual import Bilingual
from storage.errors import BadSpecification

Right = Literal["read", "work", "reveal", "assign", "see_shadow"]
Part = Literal["owner", "text", "reason_code", "amount", "voucher", "due_on", "until", "file"]
Verdict = Literal["confirmed", "excluded"]
AmountKind = Literal["assessed", "recovered", "voided"]
NEW, CLOSED = "new", "closed"


@dataclass(frozen=True)
class Action:
    """One kind of step. `moves`: state before → state after; `reasons`: reason code → its words.

    `only_paid`: states in which it is possible only where a payment stands. `short`: states in which it needs a reason
    code where less was paid than assessed; where all was paid, and in other states, it then takes none.
    """

    name: str
    title: Bilingual
    right: Right
    moves: Mapping[str, str]
    needs: frozenset[Part]
    may: frozenset[Part]
    reasons: Mapping[str, Bilingual]
    verdict: Verdict | None = None
    clears_verdict: bool = False
    starts_reply_clock: bool = False
    only_overdue: bool = False
    amount_is: AmountKind | None = None
    lifts: bool = False
    only_paid: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AttachmentLimits:
    """What may be attached: bytes of a file, files of a case, endings."""

    largest_bytes: int
    most: int
    types: tuple[str, ...]


@dataclass(frozen=True)
class CaseRules:
    """Everything that is declared."""

    states: Mapping[str, Bilingual]
    actions: Mapping[str, Action]
    reasons: Mapping[str, Mapping[str, Bilingual]]
    roles: Mapping[str, frozenset[Right]]
    reply_days: int
    longest_suppression_days: int
    attachments: AttachmentLimits

    def possible(self, state: str) -> tuple[Action, ...]:
        """The actions that a state allows."""
        return tuple(action for action in self.actions.values() if state in action.moves)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def inside(self) -> Bilingual:
        return Bilingual(self.zh, self.en)


class _Action(_Strict):
    title: _Text
    right: Right
    moves: dict[str, str] = {}
    stays: bool = False
    needs: list[Part] = []
    may: list[Part] = []
    reasons: str | None = None
    verdict: Verdict | None = None
    clears_verdict: bool = False
    clock: Literal["reply"] | None = None
    only_overdue: bool = False
    amount_is: AmountKind | None = None
    lifts: bool = False
    only_paid: list[str] = []
    short: list[str] = []


class _Attachments(_Strict):
    largest_bytes: int = Field(gt=0)
    most: int = Field(gt=0)
    types: list[str]


class _Cases(_Strict):
    states: dict[str, _Text]
    reply_days: int = Field(gt=0)
    actions: dict[str, _Action]
    longest_suppression_days: int = Field(gt=0)
    reasons: dict[str, dict[str, _Text]]
    roles: dict[str, list[Right]]
    attachments: _Attachments


@lru_cache(maxsize=1)
def case_rules() -> CaseRules:
    """What `cases.yaml` declares."""
    return parse((resources.files("mismatches") / "cases" / "cases.yaml").read_text("utf-8"))


def parse(declaration: str) -> CaseRules:
    """The rules of cases from their text.

    Raises:
        BadSpecification: it cannot be used as it is written.
    """
    try:
        stated = _Cases.model_validate(yaml.safe_load(declaration))
    except (ValidationError, yaml.YAMLError) as error:
        raise _refusal(f"cannot be read ({type(error).__name__}: {error})") from error
    _refuse_strange_names(stated)
    reasons = {name: {code: text.inside() for code, text in codes.items()} for name, codes in stated.reasons.items()}
    return CaseRules(
        states={name: text.inside() for name, text in stated.states.items()},
        actions={name: _action(name, item, stated, reasons) for name, item in stated.actions.items()},
        reasons=reasons,
        roles={name: frozenset(rights) for name, rights in stated.roles.items()},
        reply_days=stated.reply_days,
        longest_suppression_days=stated.longest_suppression_days,
        attachments=AttachmentLimits(
            stated.attachments.largest_bytes, stated.attachments.most, tuple(stated.attachments.types)
        ),
    )


def _action(name: str, stated: _Action, cases: _Cases, reasons: Mapping[str, Mapping[str, Bilingual]]) -> Action:
    return Action(
        name=name,
        title=stated.title.inside(),
        right=stated.right,
        moves={state: state for state in cases.states} if stated.stays else dict(stated.moves),
        needs=frozenset(stated.needs),
        may=frozenset(stated.may),
        reasons=reasons[stated.reasons] if stated.reasons else {},
        verdict=stated.verdict,
        clears_verdict=stated.clears_verdict,
        starts_reply_clock=stated.clock == "reply",
        only_overdue=stated.only_overdue,
        amount_is=stated.amount_is,
        lifts=stated.lifts,
        only_paid=frozenset(stated.only_paid),
        short=frozenset(stated.short),
    )


def _refuse_strange_names(stated: _Cases) -> None:
    for name, action in stated.actions.items():
        named = {*action.moves, *action.moves.values(), *action.only_paid, *action.short}
        strange = named - stated.states.keys()
        if strange:
            raise _refusal(f"action {name} names unknown states: {', '.join(sorted(strange))}")
        if action.reasons and action.reasons not in stated.reasons:
            raise _refusal(f"action {name} names an unknown list of reasons: {action.reasons}")
        if action.stays == bool(action.moves):
            raise _refusal(f"action {name} has to move between states or to stay")
    if NEW not in stated.states or CLOSED not in stated.states:
        raise _refusal("the states new and closed are missing")


def _refusal(what: str) -> BadSpecification:
    return BadSpecification(what, "mismatches/cases/cases.yaml", "declarations that fit together", "correct the file")
