"""One master's state on both times, from what is written of its past: a pure function.

Recorded time comes first: what was known with a version. Of what was known, valid time says what was so on a day. A
change says that a value is so from its day on; a later one overrules an earlier one from its own day on, in whatever
order the days lie, so late records fall into place; a correction holds since the value that it corrects. Before the
first change known, a value is so since ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from registry.history.times import Times

Presence = Literal["present", "unknown", "gone", "not_begun"]

COMES = ("added", "split", "unmerged")
"""Events with which an id comes into the base."""

GOES = ("removed", "merged")
"""Events with which an id leaves it."""


@dataclass(frozen=True)
class Change:
    """With a version it became known that a value is another one; `valid_from` is None in a correction."""

    version: int
    attribute: str
    before: str | None
    after: str | None
    valid_from: date | None


@dataclass(frozen=True)
class Event:
    """With a version it became known that something happened; `related` is the other id of a merge or a split."""

    version: int
    event: str
    valid_on: date | None
    related: str | None


@dataclass(frozen=True)
class Past:
    """All that is written of one master: `current` is its row in the base in force, None where it has none.

    Changes and events stand in the order of their versions. Values are text; those of `current` too.
    """

    changes: Sequence[Change]
    events: Sequence[Event]
    current: Mapping[str, str | None] | None


@dataclass(frozen=True)
class State:
    """What was known with a version of a master on a day.

    `presence`: gone where the id had left the base by then, and `target` is the id that it was merged into; unknown
    where it was not yet in the base; not_begun where the day lies before the birth or the foundation. `values`: of all
    attributes where the id was in the base. `events`: those known with the version and, where they have a day, not
    after the day.
    """

    presence: Presence
    target: str | None
    values: Mapping[str, str | None]
    events: Sequence[Event]


def state_at(past: Past, names: Sequence[str], declared: Times, version: int, day: date | None) -> State:
    """The state of a master.

    Args:
        past: what is written of it.
        names: attributes of the base.
        declared: the entity's valid time.
        version: the last one that was known.
        day: on which it was so; None for all that was known.
    """
    events = [one for one in past.events if one.version <= version and _by(one.valid_on, day)]
    turns = [one for one in past.events if one.event in (*COMES, *GOES)]
    last = next((one for one in reversed(turns) if one.version <= version), None)
    following = next((one for one in turns if one.version > version), None)
    if last and last.event in GOES:
        return State("gone", last.related, {}, events)
    if last is None and ((following and following.event in COMES) or (following is None and past.current is None)):
        return State("unknown", None, {}, events)
    first, end = last.version if last else 0, following.version if following else None
    life = [one for one in past.changes if one.version > first and (end is None or one.version <= end)]
    current = past.current if end is None and past.current is not None else {}
    lines = {name: _Line([one for one in life if one.attribute == name], current.get(name), version) for name in names}
    values = {name: line.known if day is None else line.on(day) for name, line in lines.items()}
    if day is not None:
        _end(values, lines, declared, day)
        if not _by(_day(lines[declared.begins].known), day):
            return State("not_begun", None, values, events)
    return State("present", None, values, events)


class _Line:
    """One attribute of one life of a master."""

    def __init__(self, changes: Sequence[Change], current: str | None, version: int) -> None:
        self.changes = [one for one in changes if one.version <= version]
        self.first = changes[0].before if changes else current

    @property
    def known(self) -> str | None:
        return self.changes[-1].after if self.changes else self.first

    def on(self, day: date, dated: Mapping[str, date] | None = None) -> str | None:
        """The value on a day; `dated`: values that are so since a day that is known otherwise."""
        value, since, dated = self.first, None, dated or {}
        if value is not None and value in dated and day < dated[value]:
            value = None  # what was before is not known
        for one in self.changes:
            since = one.valid_from or since
            begun = dated.get(one.after, since) if one.after is not None else since
            if _by(begun, day):
                value = one.after
        return value


def _end(values: dict[str, str | None], lines: Mapping[str, _Line], declared: Times, day: date) -> None:
    """Somebody is no more from the day that is known of the end, whenever and however often that became known."""
    ended = declared.ended
    known = _day(lines[ended.day].known)
    values[ended.day] = lines[ended.day].known if _by(known, day) else None
    if known is not None:
        values[ended.attribute] = lines[ended.attribute].on(day, dict.fromkeys(ended.codes, known))


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _by(begun: date | None, day: date | None) -> bool:
    return begun is None or day is None or begun <= day
