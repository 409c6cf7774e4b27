"""Charts of the board: one bar a row, split by severity, each leading to the list that it counts.

Drawn as SVG by the template and not by Vega as in reports: a page has 200 ms, and a chart of Vega takes 40.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mismatches.cases.queries.board import BoardKey, Tally
from mismatches.rule import Severity
from mismatches.wording import UNKNOWN, money

WIDTH: Final = 1000  # of the longest bar, in units of its picture
LEVELS: Final[tuple[Severity, ...]] = ("high", "medium", "low")


@dataclass(frozen=True)
class Segment:
    """The findings of one severity in a bar."""

    level: Severity
    place: int
    width: int
    findings: int
    address: str


@dataclass(frozen=True)
class Bar:
    """One row of a chart; `likely`: yuan, as told."""

    title: str
    findings: int
    likely: str
    address: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Chart:
    """Bars by one key."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Counted:
    """What a bar counts: findings by severity, and yuan (null where none has an estimate)."""

    levels: Mapping[Severity, int]
    likely: Decimal | None

    @property
    def findings(self) -> int:
        """Those of all severities."""
        return sum(self.levels.values())


def counted(tallies: Iterable[Tally], key: BoardKey) -> dict[str | None, Counted]:
    """Tallies of one key by its values."""
    grouped: dict[str | None, list[Tally]] = {}
    for tally in tallies:
        if tally.key == key:
            grouped.setdefault(tally.value, []).append(tally)
    return {
        value: Counted({one.severity: one.findings for one in found}, total(one.estimate_likely for one in found))
        for value, found in grouped.items()
    }


def together(parts: Iterable[Counted]) -> Counted:
    """Several counted as one."""
    found = list(parts)
    levels = {level: sum(part.levels.get(level, 0) for part in found) for level in LEVELS}
    return Counted(levels, total(part.likely for part in found))


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is known; null where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def chart(
    name: str,
    rows: Sequence[tuple[str, str, Counted]],
    address: Callable[..., str],
) -> Chart:
    """Bars of a key; `rows`: value of the address, title, what it counts. `address` takes changes of the filter."""
    longest = max((row.findings for _, _, row in rows), default=0) or 1
    return Chart(name, tuple(_bar(name, value, title, row, longest, address) for value, title, row in rows))


def _bar(
    name: str, value: str, title: str, row: Counted, longest: int, address: Callable[..., str]
) -> Bar:  # fmt: skip
    segments, place = [], 0
    for level in LEVELS:
        if findings := row.levels.get(level, 0):
            width = max(findings * WIDTH // longest, 2)  # a single finding is still seen
            segments.append(Segment(level, place, width, findings, address(**{name: [value], "severity": [level]})))
            place += width
    likely = money(row.likely) if row.likely is not None else UNKNOWN
    return Bar(title, row.findings, likely, address(**{name: [value]}), tuple(segments))
