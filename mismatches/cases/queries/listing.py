"""The list of findings: filters, order, paging, and the sums of everything that the filters let through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.declaration import CLOSED
from mismatches.rule import Outcome, Severity, SubjectKind
from mismatches.store.tables import finding
from storage.errors import BadSpecification

SortKey = Literal["severity", "estimate", "month", "rule", "district", "state", "due", "link", "acted"]
MOST_ROWS = 1000  # of a page


@dataclass(frozen=True)
class Filter:
    """Which findings are meant; an empty tuple or None does not limit.

    `states` names states; a suppressed finding counts in none of them until its expiry, and `suppressed` asks for
    those alone (True) or for none of them (False). `districts`: division codes or their first digits, or
    `unknown`. `months`: `YYYY-MM` in which a finding was first seen. `subject`: a master id. `id_starts`: how the id
    of the subject or of the finding begins. `open_only`: still found.
    `overdue`: the due day of an open case is over. `shadow`: findings of rules in shadow mode instead of the others.
    """

    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    subject: str | None = None
    id_starts: str | None = None
    subject_kind: SubjectKind | None = None
    owner: str | None = None
    outcome: Outcome | None = "hit"
    open_only: bool = True
    overdue: bool = False
    suppressed: bool | None = None
    shadow: bool = False


@dataclass(frozen=True)
class Page:
    """How a list is sorted (ties by severity, likely estimate and id) and which rows of it are shown."""

    order: SortKey = "severity"
    descending: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class FindingRow:
    """One line of the list. `month`: when it was first seen; `gone_on`: since when it is no longer found.

    `figures` fill the texts of the rule (`mismatches.wording.fill`); amounts in them are exact decimals.
    """

    finding_id: str
    rule: str
    rule_version: str
    period: str | None
    outcome: Outcome
    reason: str
    subject_kind: SubjectKind
    subject_id: str | None
    master_id: str | None
    severity: Severity
    estimate_low: Decimal | None
    estimate_likely: Decimal | None
    estimate_high: Decimal | None
    link_probability: float | None
    figures: dict[str, Any]
    division: str | None
    shadow: bool
    first_seen: date
    month: str
    gone_on: date | None
    state: str
    version: int
    owner: str | None
    due_on: date | None
    reason_code: str | None
    verdict: str | None
    assessed: Decimal | None
    recovered: Decimal | None
    suppressed_until: date | None
    closed_at: datetime | None
    acted_at: datetime | None


@dataclass(frozen=True)
class Listing:
    """A page of the list, and what all pages hold together: findings and yuan (null where none has an estimate)."""

    rows: tuple[FindingRow, ...]
    total: int
    estimate_low: Decimal | None
    estimate_likely: Decimal | None
    estimate_high: Decimal | None
    recovered: Decimal | None


COLUMNS = tuple(finding.c[name] for name in FindingRow.__annotations__)

_SORTED: dict[SortKey, Sequence[ColumnElement[Any]]] = {
    "severity": (finding.c.severity_rank,),
    "estimate": (finding.c.estimate_likely,),
    "month": (finding.c.first_seen,),
    "rule": (finding.c.rule,),
    "district": (finding.c.division,),
    "state": (finding.c.state,),
    "due": (finding.c.due_on,),
    "link": (finding.c.link_probability,),
    "acted": (finding.c.acted_at,),
}
_TIES = (finding.c.severity_rank, finding.c.estimate_likely.desc().nulls_last(), finding.c.finding_id)


def find(connection: Connection, actor: Actor, wanted: Filter, page: Page | None = None, *, today: date) -> Listing:
    """A page of the findings that an actor may see.

    Raises:
        NotAllowed: the role reads no findings.
        BadSpecification: an order or a page that does not exist.
    """
    condition = and_(readable(actor), conditions(wanted, today))
    return Listing(_page(connection, condition, page or Page()), *_totals(connection, condition))


def every(
    connection: Connection, actor: Actor, wanted: Filter, page: Page, *, today: date, most: int
) -> Iterator[FindingRow]:
    """All findings that an actor may see in the order of a list, fetched in parts; its limit and offset do not count.

    Raises:
        NotAllowed: the role reads no findings.
        BadSpecification: an order that does not exist, or more than `most` findings; none is given then.
    """
    condition = and_(readable(actor), conditions(wanted, today))
    first = _first(page)
    found = connection.execute(select(func.count()).select_from(finding).where(condition)).scalar_one()
    if found > most:
        raise BadSpecification("there are too many findings", "the list", f"at most {most:,}", "narrow the filter")
    rows = connection.execution_options(yield_per=MOST_ROWS).execute(
        select(*COLUMNS).where(condition).order_by(*first, *_TIES)
    )
    return (FindingRow(**row) for row in rows.mappings())


def conditions(wanted: Filter, today: date) -> ColumnElement[bool]:
    """A filter as SQL. It limits further what `readable` allows and never widens it."""
    c = finding.c
    parts: list[ColumnElement[bool]] = [c.shadow if wanted.shadow else ~c.shadow]
    for column, values in ((c.rule, wanted.rules), (c.severity, wanted.severities), (c.month, wanted.months)):
        if values:
            parts.append(column.in_(values))
    for column, value in (
        (c.subject_id, wanted.subject),
        (c.subject_kind, wanted.subject_kind),
        (c.owner, wanted.owner),
        (c.outcome, wanted.outcome),
    ):
        if value is not None:
            parts.append(column == value)
    if wanted.id_starts:
        parts.append(_begins(wanted.id_starts))
    if wanted.open_only:
        parts.append(c.gone_on.is_(None))
    if wanted.states:
        parts += [c.state.in_(wanted.states), ~is_suppressed(today)]
    if wanted.suppressed is not None:
        parts.append(is_suppressed(today) if wanted.suppressed else ~is_suppressed(today))
    if wanted.overdue:
        parts += [c.due_on < today, c.state != CLOSED]
    districts = [_in_district(code) for code in wanted.districts]
    return and_(*parts, or_(*districts)) if districts else and_(*parts)


def is_suppressed(today: date) -> ColumnElement[bool]:
    """Whether a suppression is in force on a day; the day of expiry is the first on which it is not."""
    return func.coalesce(finding.c.suppressed_until > today, False)


def _begins(text: str) -> ColumnElement[bool]:
    return or_(*(column.startswith(text, autoescape=True) for column in (finding.c.subject_id, finding.c.finding_id)))


def _in_district(code: str) -> ColumnElement[bool]:
    if code == "unknown":
        return finding.c.division.is_(None)
    return finding.c.division == code if len(code) == 6 else func.left(finding.c.division, len(code)) == code


def _first(page: Page) -> list[ColumnElement[Any]]:
    """What a list is sorted by before its ties."""
    if page.order not in get_args(SortKey) or not 0 < page.limit <= MOST_ROWS or page.offset < 0:
        raise BadSpecification(
            "the list cannot be shown like this",
            "order or page",
            f"one of {', '.join(get_args(SortKey))}, 1 to {MOST_ROWS} rows",
        )
    if page.order == "severity" and not page.descending:
        return []  # the ties say the same, and the index holds them
    return [(column.desc() if page.descending else column.asc()).nulls_last() for column in _SORTED[page.order]]


def _page(connection: Connection, condition: ColumnElement[bool], page: Page) -> tuple[FindingRow, ...]:
    first = _first(page)
    ids = select(finding.c.finding_id).where(condition).order_by(*first, *_TIES).limit(page.limit).offset(page.offset)
    chosen = finding.c.finding_id.in_(ids)  # sorts ids, and reads whole rows of the page only
    rows = connection.execute(select(*COLUMNS).where(chosen).order_by(*first, *_TIES)).mappings()
    return tuple(FindingRow(**row) for row in rows)


def _totals(
    connection: Connection, condition: ColumnElement[bool]
) -> tuple[int, Decimal | None, Decimal | None, Decimal | None, Decimal | None]:
    c = finding.c
    sums = (func.sum(column) for column in (c.estimate_low, c.estimate_likely, c.estimate_high, c.recovered))
    total, low, likely, high, recovered = connection.execute(select(func.count(), *sums).where(condition)).one()
    return total, low, likely, high, recovered
