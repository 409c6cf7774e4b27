"""What people did about a finding, and what the runs saw of it, told line by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mismatches.cases.declaration import case_rules
from mismatches.cases.queries.pages import Observation
from mismatches.cases.replay import Event
from mismatches.wording import money
from portal import words
from schemas.bilingual import Bilingual, Language

_CHANGES: Final[Mapping[str, Bilingual]] = {
    "found": Bilingual("发现", "found"),
    "changed": Bilingual("有变化", "changed"),
    "gone": Bilingual("不再出现", "no longer found"),
    "returned": Bilingual("再次出现", "found again"),
}
_DETAILS: Final[Mapping[str, Bilingual]] = {
    "owner": Bilingual("承办人", "owner"),
    "reason_code": Bilingual("理由", "reason"),
    "amount": Bilingual("金额（元）", "yuan"),
    "voucher": Bilingual("凭证号", "voucher"),
    "due_on": Bilingual("期限", "due"),
    "until": Bilingual("暂缓至", "suppressed until"),
}


@dataclass(frozen=True)
class Told:
    """One step of a case. `facts`: words and values; `file`: name and hash of an attachment."""

    at: str
    actor: str
    action: str
    move: str
    facts: tuple[tuple[str, str], ...]
    text: str
    file: tuple[str, str] | None


@dataclass(frozen=True)
class Sight:
    """What a run saw."""

    day: str
    change: str
    severity: str
    likely: str
    version: str


def told(events: Iterable[Event], language: Language) -> tuple[Told, ...]:
    """The steps of a case, oldest first."""
    return tuple(_told(event, language) for event in events)


def sights(observations: Iterable[Observation], language: Language) -> tuple[Sight, ...]:
    """What the runs saw, oldest first."""
    return tuple(
        Sight(
            one.as_of.isoformat(),
            _CHANGES[one.change].say(language),
            words.SEVERITIES[one.severity].say(language) if one.severity else "",
            money(one.estimate_likely) if one.estimate_likely is not None else "",
            one.rule_version or "",
        )
        for one in observations
    )


def action_title(name: str, language: Language) -> str:
    """The words of an action; one that is no longer declared is named as it was written down."""
    known = case_rules().actions.get(name)
    return known.title.say(language) if known else name


def _told(event: Event, language: Language) -> Told:
    details, moved = event.details, event.state_before != event.state_after
    states = (words.state_title(state, language) for state in (event.state_before, event.state_after))
    file = details.get("file")
    return Told(
        at=words.moment(event.at),
        actor=event.actor,
        action=action_title(event.action, language),
        move=" → ".join(states) if moved else "",
        facts=tuple(
            (word.say(language), _value(event.action, name, str(details[name]), language))
            for name, word in _DETAILS.items()
            if name in details
        ),
        text=str(details.get("text", "")),
        file=(str(file["name"]), str(file["sha256"])) if file else None,
    )


def _value(action: str, name: str, value: str, language: Language) -> str:
    if name == "amount":
        return money(value)
    if name == "reason_code":
        known = case_rules().actions.get(action)
        named = known.reasons.get(value) if known else None
        return named.say(language) if named else value
    return value
