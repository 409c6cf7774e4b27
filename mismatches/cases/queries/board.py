"""The board: how many findings and how much yuan, by rule, severity, state, district and month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, and_, case, func, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.queries.listing import Filter, conditions, is_suppressed
from mismatches.rule import Severity
from mismatches.store.tables import finding

SUPPRESSED = "suppressed"
"""What a cell names the state of findings whose suppression is in force."""


@dataclass(frozen=True)
class BoardCell:
    """Findings that agree in all five; sums in yuan. `division`: six digits, null where unknown."""

    rule: str
    severity: Severity
    state: str
    division: str | None
    month: str
    findings: int
    estimate_low: Decimal | None
    estimate_likely: Decimal | None
    estimate_high: Decimal | None


def board(connection: Connection, actor: Actor, wanted: Filter | None = None, *, today: date) -> tuple[BoardCell, ...]:
    """The cells of the board, for the caller to add up as it is shown; by default of the hits that are still found.

    Raises:
        NotAllowed: the role reads no findings.
    """
    c = finding.c
    state = case((is_suppressed(today), SUPPRESSED), else_=c.state).label("state")
    keys = (c.rule, c.severity, state, c.division, c.month)
    rows = connection.execute(
        select(
            *keys,
            func.count().label("findings"),
            *(func.sum(column).label(column.name) for column in (c.estimate_low, c.estimate_likely, c.estimate_high)),
        )
        .where(and_(readable(actor), conditions(wanted or Filter(), today)))
        .group_by(*keys)
        .order_by(*keys)
    ).mappings()
    return tuple(BoardCell(**row) for row in rows)
