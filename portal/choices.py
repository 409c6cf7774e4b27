"""What can be chosen in the filter of a list: rules, departments, states, districts and months that findings have.

Districts and months change only when a cross-check is recorded, so they are asked for once a run and scope.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from mismatches.cases.declaration import case_rules
from mismatches.cases.queries.board import board
from mismatches.cases.queries.listing import Filter
from mismatches.store.tables import run
from portal import words
from portal.desk import Desk
from portal.filters import ListQuery
from schemas.bilingual import Language

_MOST_KEPT: Final = 512  # scopes of one process


@dataclass(frozen=True)
class Option:
    """One value that can be ticked."""

    value: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class Group:
    """The values of one name of the address."""

    name: str
    options: tuple[Option, ...]

    @property
    def chosen(self) -> tuple[Option, ...]:
        """Those that are ticked."""
        return tuple(option for option in self.options if option.chosen)


@dataclass(frozen=True)
class _Seen:
    divisions: tuple[str | None, ...]
    months: tuple[str, ...]


def groups(connection: Connection, desk: Desk, query: ListQuery) -> tuple[Group, ...]:
    """The groups of the filter; a value that the address names and nothing has stands there all the same."""
    seen, language = _seen(connection, desk), desk.language
    districts = [division or "unknown" for division in seen.divisions]
    return (
        _group("rule", words.rules(), query.rule, lambda rule: words.rule_title(rule, language)),
        _group("state", case_rules().states, query.state, lambda state: words.state_title(state, language)),
        _group("severity", words.SEVERITIES, query.severity, lambda level: words.SEVERITIES[level].say(language)),
        _group("district", districts, query.district, lambda code: _district(code, language)),
        _group("department", words.departments(), query.department, lambda name: _department(name, language)),
        _group("month", seen.months, query.month, str),
    )


def _group(name: str, values: Iterable[str], chosen: Iterable[str], title: Callable[[str], str]) -> Group:
    ticked = list(chosen)
    every = dict.fromkeys([*values, *ticked])
    return Group(name, tuple(Option(value, title(value), value in ticked) for value in every))


def _district(code: str, language: Language) -> str:
    return words.district_title(None if code == "unknown" else code, language)


def _department(name: str, language: Language) -> str:
    known = words.departments().get(name)
    return known.say(language) if known else name


def _seen(connection: Connection, desk: Desk) -> _Seen:
    last = connection.execute(select(func.max(run.c.run))).scalar_one() or 0
    key, kept = (last, desk.actor.role, desk.actor.districts), desk.workplace.choices
    if isinstance(known := kept.get(key), _Seen):
        return known
    everything = Filter(outcome=None, open_only=False)
    cells = board(connection, desk.actor, everything, today=desk.today, by=("division", "month"))
    divisions = sorted({cell.division for cell in cells}, key=lambda code: code or "~")
    found = _Seen(tuple(divisions), tuple(sorted({cell.month for cell in cells if cell.month}, reverse=True)))
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = found
    return found
