"""The board: how many findings and how much yuan, by rule, severity, state, district and month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from sqlalchemy import Connection, and_, case, func, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.queries.listing import Filter, conditions, is_suppressed
from mismatches.rule import Severity
from mismatches.store.tables import finding

SUPPRESSED = "suppressed"
"""What a cell names the state of findings whose suppression is in force."""


BoardKey = Literal["rule", "severity", "state", "division", "month"]
EVERY_KEY: tuple[BoardKey, ...] = get_args(BoardKey)


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
    c = finding.c
    state = case((is_suppressed(today), SUPPRESSED), else_=c.state).label("state")
    known = {"rule": c.rule, "severity": c.severity, "state": state, "division": c.division, "month": c.month}
    keys = [known[name] for name in by]
    amounts = (c.estimate_low, c.estimate_likely, c.estimate_high)
    rows = connection.execute(
        select(*keys, func.count().label("findings"), *(func.sum(column).label(column.name) for column in amounts))
        .where(and_(readable(actor), conditions(wanted or Filter(), today)))
        .group_by(*keys)
        .order_by(*keys)
    ).mappings()
    nothing = dict.fromkeys(EVERY_KEY)
    return tuple(BoardCell(**{**nothing, **row}) for row in rows)
