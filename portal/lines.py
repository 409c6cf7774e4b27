"""A finding as one line of a list, in the words of a reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from mismatches.cases.queries.listing import FindingRow
from mismatches.wording import UNKNOWN, money, share
from portal import words
from schemas.bilingual import Language


@dataclass(frozen=True)
class Line:
    """One line.

    `level`: high, medium or low; `late`: the due day of an open case is over; `pick`: id and version for a step to
    several, empty where it has no case.
    """

    finding_id: str
    level: str
    severity: str
    rule: str
    subject_id: str | None
    kind: str
    period: str
    district: str
    month: str
    likely: str
    span: str
    link: str
    state: str
    owner: str
    due: str
    late: bool
    gone: bool
    pick: str


def lines(rows: Iterable[FindingRow], language: Language, today: date) -> tuple[Line, ...]:
    """The lines of a list."""
    return tuple(_line(row, language, today) for row in rows)


def _line(row: FindingRow, language: Language, today: date) -> Line:
    suppressed = row.suppressed_until is not None and row.suppressed_until > today
    state = words.SUPPRESSED.say(language) if suppressed else words.state_title(row.state, language)
    return Line(
        finding_id=row.finding_id,
        level=row.severity,
        severity=words.SEVERITIES[row.severity].say(language),
        rule=words.rule_title(row.rule, language),
        subject_id=row.subject_id,
        kind=words.KINDS[row.subject_kind].say(language),
        period=row.period or UNKNOWN,
        district=words.district_title(row.division, language),
        month=row.month,
        likely=money(row.estimate_likely),
        span=span(row, language),
        link=share(row.link_probability),
        state=f"{state} → {row.suppressed_until}" if suppressed else state,
        owner=row.owner or "",
        due=row.due_on.isoformat() if row.due_on else "",
        late=row.due_on is not None and row.due_on < today and row.state != "closed",
        gone=row.gone_on is not None,
        pick=f"{row.finding_id}:{row.version}" if row.outcome == "hit" and not row.shadow else "",
    )


def span(row: FindingRow, language: Language) -> str:
    """The range of an estimate; empty where both ends are the same or there is none."""
    if row.estimate_low is None or row.estimate_low == row.estimate_high:
        return ""
    to = "至" if language == "zh" else "to"
    return f"{money(row.estimate_low)} {to} {money(row.estimate_high)}"
