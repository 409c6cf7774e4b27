"""What the page shows, prepared: rules and findings as plain words, identifiers masked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from mismatches.engine import RuleRun
from mismatches.evidence import EvidenceColumn, Sighted, evidence_columns, sighted
from mismatches.request import CrossCheckRequest
from mismatches.wording import UNKNOWN, brief, fill, masked, money, share, written
from schemas.bilingual import Bilingual

_ENTERPRISE_CODE = re.compile(r"9[1-3][0-9]{6}[0-9A-Z]{10}")  # a public code; other taxpayer ids may be a citizen's
_VALUE = 300  # characters of a value of a record on a page; the workbook has more
_RECORDS = 6  # cited records of a dataset that the page shows; the workbook has them all


@dataclass(frozen=True)
class RecordsView:
    """The cited records of one dataset as a small table."""

    title: Bilingual
    dataset: str
    columns: tuple[Bilingual, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int


@dataclass(frozen=True)
class FindingView:
    """One hit."""

    finding_id: str
    subject: str
    master_id: str
    period: str
    severity: str
    probability: str
    low: str
    likely: str
    high: str
    estimated: bool
    reason: Bilingual
    formula: Bilingual
    estimate_formula: Bilingual | None
    records: tuple[RecordsView, ...]


@dataclass(frozen=True)
class ReasonView:
    """Why some subjects could not be compared."""

    text: Bilingual
    count: int


@dataclass(frozen=True)
class RuleView:
    """One rule with its gravest hits."""

    run: RuleRun
    findings: tuple[FindingView, ...]
    reasons: tuple[ReasonView, ...]
    parameters: tuple[tuple[Bilingual, str, Bilingual], ...]  # title, value, unit


def rule_view(connection: duckdb.DuckDBPyConnection, run: RuleRun, request: CrossCheckRequest) -> RuleView:
    """A rule that ran, with the hits that the settings allow a page."""
    columns = evidence_columns(run)
    found = sighted(connection, run, limit=request.settings.top, hits_only=True)
    known: dict[str, object] = {"as_of": request.as_of, "year": str(run.year), **run.parameters}
    return RuleView(
        run,
        tuple(_finding(run, columns, item, known, hide=request.settings.masked) for item in found),
        tuple(
            ReasonView(_filled(run.rule.reasons[reason], known), count) for reason, count in run.not_comparable.items()
        ),
        tuple(
            (parameter.title, written(run.parameters[parameter.name]), parameter.unit)
            for parameter in run.rule.parameters
        ),
    )


def _finding(
    run: RuleRun, columns: Sequence[EvidenceColumn], found: Sighted, known: dict[str, object], *, hide: bool
) -> FindingView:
    short = {name: brief(value) if isinstance(value, str) else value for name, value in found.figures.items()}
    figures = {**known, **short}
    records = _records(columns, found, hide=hide)
    return FindingView(
        finding_id=found.finding_id,
        subject=_subject(columns, found),
        master_id=found.master_id or UNKNOWN,
        period=brief(found.period or UNKNOWN),
        severity=found.severity,
        probability=share(found.link_probability),
        low=money(found.estimate_low),
        likely=money(found.estimate_likely),
        high=money(found.estimate_high),
        estimated=found.estimate_likely is not None,
        reason=_filled(run.rule.reasons[found.reason], figures),
        formula=_filled(run.rule.formula, figures),
        estimate_formula=_filled(run.rule.estimate, figures) if run.rule.estimate else None,
        records=records,
    )


def _filled(text: Bilingual, figures: dict[str, object]) -> Bilingual:
    return Bilingual(fill(text, "zh", figures), fill(text, "en", figures))


def _subject(columns: Sequence[EvidenceColumn], found: Sighted) -> str:
    """The names in the evidence, the subject's first: who this is about."""
    names = [
        brief(text.split("\n")[0])
        for column, text in zip(columns, found.evidence, strict=True)
        if column.column == "name" and text
    ]
    return brief(" · ".join(dict.fromkeys(names)), _VALUE) or UNKNOWN


def _records(columns: Sequence[EvidenceColumn], found: Sighted, *, hide: bool) -> tuple[RecordsView, ...]:
    views = []
    for dataset in dict.fromkeys(column.dataset for column in columns):
        chosen = [
            (column, (text or "").split("\n"))
            for column, text in zip(columns, found.evidence, strict=True)
            if column.dataset == dataset and text is not None
        ]
        if not chosen:
            continue
        shown = [[_shown(column, value, hide=hide) for value in values] for column, values in chosen]
        rows = tuple(zip(*shown, strict=True))
        views.append(
            RecordsView(
                chosen[0][0].dataset_title,
                dataset,
                tuple(column.title for column, _ in chosen),
                rows[:_RECORDS],
                max(len(rows) - _RECORDS, 0),
            )
        )
    return tuple(views)


def _shown(column: EvidenceColumn, value: str, *, hide: bool) -> str:
    return brief(masked(value) if hide and column.secret and not _ENTERPRISE_CODE.fullmatch(value) else value, _VALUE)
