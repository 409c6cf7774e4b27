"""The board: how many findings and how much yuan, by rule, severity, state, district and month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, and_, case, func, select, tuple_

from mismatches.cases.access import Actor, readable
from mismatches.cases.queries.listing import Filter, conditions, is_suppressed
from mismatches.rule import Severity
from mismatches.store.tables import finding

SUPPRESSED = "suppressed"
"""What a cell names the state of findings whose suppression is in force."""


BoardKey = Literal["rule", "severity", "state", "division", "month"]
EVERY_KEY: tuple[BoardKey, ...] = get_args(BoardKey)
_AMOUNTS = ("estimate_low", "estimate_likely", "estimate_high")


@dataclass(frozen=True)
class BoardCell:
    """Findings that agree in all keys; sums in yuan. A key that was not asked for is null.

    `division`: six digits, null where unknown.
    """

    rule: str | None
    severity: Severity | None
    state: str | None
    division: str | None
    month: str | None
    findings: int
    estimate_low: Decimal | None
    estimate_likely: Decimal | None
    estimate_high: Decimal | None


@dataclass(frozen=True)
class Tally:
    """Findings that agree in one key and in severity, whatever their other keys; sums in yuan.

    `value`: null where the division is unknown.
    """

    key: BoardKey
    value: str | None
    severity: Severity
    findings: int
    estimate_low: Decimal | None
    estimate_likely: Decimal | None
    estimate_high: Decimal | None


def tallies(
    connection: Connection,
    actor: Actor,
    wanted: Filter | None = None,
    *,
    today: date,
    by: Sequence[BoardKey] = ("rule", "state", "division", "month"),
) -> tuple[Tally, ...]:
    """The board added up for each key by itself, in one pass over the findings; by key, value and severity.

    Raises:
        NotAllowed: the role reads no findings.
    """
    # a subquery, so that the state has a name: to PostgreSQL its expression written again is another one
    found = _found(actor, wanted, today).subquery()
    keys = [found.c[name] for name in by]
    sets = func.grouping_sets(*(tuple_(key, found.c.severity) for key in keys))
    sums = [func.sum(found.c[name]) for name in _AMOUNTS]
    rows = connection.execute(
        select(*(func.grouping(key) for key in keys), *keys, found.c.severity, func.count(), *sums)
        .group_by(sets)
        .order_by(*(func.grouping(key) for key in keys), *keys, found.c.severity)
    )
    return tuple(_tally(by, tuple(row)) for row in rows)


def _tally(by: Sequence[BoardKey], row: Sequence[Any]) -> Tally:
    place = row[: len(by)].index(0)  # PostgreSQL marks the keys that a row is added up over with 1
    severity, findings, low, likely, high = row[2 * len(by) :]
    return Tally(by[place], row[len(by) + place], severity, int(findings), low, likely, high)


def board(
    connection: Connection,
    actor: Actor,
    wanted: Filter | None = None,
    *,
    today: date,
    by: Sequence[BoardKey] = EVERY_KEY,
) -> tuple[BoardCell, ...]:
    """The cells of the board, for the caller to add up as it is shown; by default of the hits that are still found.

    Fewer keys in `by` are fewer cells.

    Raises:
        NotAllowed: the role reads no findings.
    """
    rows = connection.execute(_cells(actor, wanted, today, by).order_by(*by)).mappings()
    nothing = dict.fromkeys(EVERY_KEY)
    return tuple(BoardCell(**{**nothing, **row}) for row in rows)


def _cells(actor: Actor, wanted: Filter | None, today: date, by: Sequence[BoardKey]) -> Select[Any]:
    found = _found(actor, wanted, today).subquery()
    keys = [found.c[name] for name in by]
    sums = (func.sum(found.c[name]).label(name) for name in _AMOUNTS)
    return select(*keys, func.count().label("findings"), *sums).group_by(*keys)


def _found(actor: Actor, wanted: Filter | None, today: date) -> Select[Any]:
    """The keys and the amounts of each finding."""
    c = finding.c
    state = case((is_suppressed(today), SUPPRESSED), else_=c.state).label("state")
    amounts = (c[name] for name in _AMOUNTS)
    return select(c.rule, c.severity, state, c.division, c.month, *amounts).where(
        and_(readable(actor), conditions(wanted or Filter(), today))
    )
