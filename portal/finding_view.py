"""One finding as its page shows it: what the rule says with its numbers, how sure it is, and where the case stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mismatches.cases.queries.listing import FindingRow
from mismatches.cases.queries.pages import FindingPage
from mismatches.cases.replay import faults, unpaid
from mismatches.rule import Rule
from mismatches.wording import UNKNOWN, fill, money, written
from portal import words
from portal.desk import Desk
from portal.history import Sight, Told, sights, told
from portal.identity_link import LinkShown, link_shown
from portal.lines import Line, lines
from portal.records import RecordGroup, record_groups
from schemas.bilingual import Bilingual, Language

_WIDTH: Final = 1000  # of the picture of a range, in its own units


@dataclass(frozen=True)
class Range:
    """An estimate as a picture: places from 0 to 1000 on a line that begins at no yuan."""

    low: int
    likely: int
    high: int


@dataclass(frozen=True)
class Said:
    """What the rule says of the finding, in words."""

    explanation: str
    reason: str
    formula: str
    estimate: str
    settings: tuple[tuple[str, str], ...]
    false_positives: tuple[str, ...]
    legal_basis: str
    other_version: str


@dataclass(frozen=True)
class FindingView:
    """A page of a finding.

    `intact`: the history fits its hashes. `names`: of the subject, as departments write them. `facts`: where the case
    stands, words and values that are known. `link`: the one that the identity of its records hangs on.
    """

    row: FindingRow
    line: Line
    names: tuple[str, ...]
    said: Said | None
    low: str
    likely: str
    high: str
    range: Range | None
    facts: tuple[tuple[str, str], ...]
    groups: tuple[RecordGroup, ...]
    history: tuple[Told, ...]
    intact: bool
    sights: tuple[Sight, ...]
    revealed: bool
    observed_on: str
    last_seen: str
    made_by: str | None
    link: LinkShown | None


def finding_view(page: FindingPage, desk: Desk, *, every: bool = False) -> FindingView:
    """The view of a page; with `every` all records that a page can show."""
    row, language = page.row, desk.language
    rule = words.rules().get(row.rule)
    [line] = lines([row], language, desk.today)
    return FindingView(
        row=row,
        line=line,
        names=_names(page),
        said=_said(rule, page, language) if rule else None,
        low=money(row.estimate_low),
        likely=money(row.estimate_likely),
        high=money(row.estimate_high),
        range=_range(row.estimate_low, row.estimate_likely, row.estimate_high),
        facts=_facts(row, language),
        groups=record_groups(page.evidence, language, every=every),
        history=told(page.events, language),
        intact=not faults(page.events),
        sights=sights(page.observations, language),
        revealed=page.revealed,
        observed_on=page.observed_on.isoformat(),
        last_seen=page.last_seen.isoformat(),
        made_by=page.made_by,
        link=link_shown(page.link, language) if page.link else None,
    )


def _names(page: FindingPage) -> tuple[str, ...]:
    """The names in the records of the subject, each once."""
    subject = page.row.master_id
    cited = [one for one in page.evidence if one.role == "subject" or (subject and one.master_id == subject)]
    return tuple(dict.fromkeys(name for one in cited if (name := one.values.get("name"))))


def _said(rule: Rule, page: FindingPage, language: Language) -> Said:
    row = page.row
    known: Mapping[str, object] = {
        "year": str(page.year), "as_of": page.observed_on, **page.parameters, **row.figures
    }  # fmt: skip
    reason = rule.reasons.get(row.reason)
    hit = row.outcome == "hit"
    return Said(
        explanation=rule.explanation.say(language),
        reason=fill(reason, language, known) if reason else row.reason,
        formula=fill(rule.formula, language, known) if hit else "",
        estimate=fill(rule.estimate, language, known) if rule.estimate and row.estimate_likely is not None else "",
        settings=tuple(
            (one.title.say(language), f"{written(page.parameters[one.name])} {_unit(one.unit, language)}".strip())
            for one in rule.parameters
            if one.name in page.parameters
        ),
        false_positives=tuple(text.say(language) for text in rule.false_positives),
        legal_basis=rule.legal_basis.say(language),
        other_version=row.rule_version if row.rule_version != rule.version else "",
    )


def _unit(unit: Bilingual, language: Language) -> str:
    return "" if unit.en == "ratio" else unit.say(language)


def _range(low: Decimal | None, likely: Decimal | None, high: Decimal | None) -> Range | None:
    if low is None or likely is None or high is None or high <= low or low < 0:
        return None
    return Range(*(int(value / high * _WIDTH) for value in (low, likely, high)))


_FACTS: Final[Mapping[str, Bilingual]] = {
    "owner": Bilingual("承办人", "Owner"),
    "due_on": Bilingual("期限", "Due"),
    "suppressed_until": Bilingual("暂缓至", "Suppressed until"),
    "assessed": Bilingual("核定税款（元）", "Assessed (yuan)"),
    "recovered": Bilingual("已入库（元）", "Recovered (yuan)"),
    "unpaid": Bilingual("未入库（元）", "Not paid yet (yuan)"),
    "closed_at": Bilingual("结案时间", "Closed"),
    "gone_on": Bilingual("不再出现", "No longer found since"),
}


def _facts(row: FindingRow, language: Language) -> tuple[tuple[str, str], ...]:
    values = {
        "owner": row.owner,
        "due_on": row.due_on,
        "suppressed_until": row.suppressed_until,
        "assessed": money(row.assessed),
        "recovered": money(row.recovered),
        "unpaid": money(short) if (short := unpaid(row.assessed, row.recovered)) else None,
        "closed_at": words.moment(row.closed_at),
        "gone_on": row.gone_on,
    }
    return tuple(
        (_FACTS[name].say(language), str(value)) for name, value in values.items() if value not in (None, UNKNOWN)
    )
