"""Evidence side by side: each finding with attributes of the records that it cites, read from the accepted tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from mismatches.engine import RuleRun
from mismatches.inputs import identifier
from mismatches.wording import figures_of
from schemas.bilingual import Bilingual
from schemas.contract import PersonalData, ValueType, source_contract

_FETCHED = 4096  # rows at a time
RECORD = "record_id"


@dataclass(frozen=True)
class EvidenceColumn:
    """One attribute of the cited records of a dataset."""

    dataset: str
    dataset_title: Bilingual
    column: str
    title: Bilingual
    numeric: bool
    secret: bool  # an identifier of a person, to be masked on pages


@dataclass(frozen=True)
class Sighted:
    """A finding beside what it rests on; several records of a dataset stand one below the other in a value."""

    finding_id: str
    period: str | None
    outcome: str
    subject_kind: str
    master_id: str | None
    link_probability: float | None
    estimate_low: object
    estimate_likely: object
    estimate_high: object
    severity: str
    reason: str
    figures: dict[str, object]
    evidence: tuple[str | None, ...]  # in the order of `evidence_columns`


_FINDING_COLUMNS = tuple(name for name in Sighted.__annotations__ if name != "evidence")


def evidence_columns(run: RuleRun) -> tuple[EvidenceColumn, ...]:
    """The columns that a rule declares, each dataset's record id first."""
    columns: list[EvidenceColumn] = []
    for dataset, names in run.rule.evidence.items():
        contract = source_contract(dataset)
        titled = Bilingual(contract.title_zh, contract.title_en)
        for name in (RECORD, *names):
            column = contract.column(name)
            columns.append(
                EvidenceColumn(
                    dataset,
                    titled,
                    name,
                    Bilingual(column.name_zh, column.name_en),
                    numeric=column.type in {ValueType.MONEY, ValueType.NUMBER, ValueType.INTEGER},
                    secret=column.identifier is not None and column.personal is not PersonalData.NONE,
                )
            )
    return tuple(columns)


def sighted(
    connection: duckdb.DuckDBPyConnection, run: RuleRun, *, limit: int | None = None, hits_only: bool = False
) -> Iterator[Sighted]:
    """Findings of a rule, gravest first: hits before not comparables, by severity, then by likely estimate."""
    columns = evidence_columns(run)
    result = connection.cursor().execute(_query(run, columns, limit, hits_only=hits_only))
    width = len(_FINDING_COLUMNS)
    while rows := result.fetchmany(_FETCHED):
        for row in rows:
            values = dict(zip(_FINDING_COLUMNS, row[:width], strict=True))
            values["figures"] = figures_of(values["figures"])
            yield Sighted(**values, evidence=tuple(row[width:]))


def _query(run: RuleRun, columns: Sequence[EvidenceColumn], limit: int | None, *, hits_only: bool) -> str:
    datasets = list(dict.fromkeys(column.dataset for column in columns))
    gathered = ",\n".join(_gathered(dataset, columns, position) for position, dataset in enumerate(datasets))
    joined = " ".join(f"left join e{position} using (finding_id)" for position in range(len(datasets)))
    selected = ", ".join(f"e{datasets.index(column.dataset)}.{identifier(column.column)}" for column in columns)
    named = ", ".join(f"f.{name}" for name in _FINDING_COLUMNS)
    order = _ORDER.format(f="f")
    chosen = f"from {run.table} f {_HITS if hits_only else ''} order by {order}"
    cut = f"limit {limit:d}" if limit is not None else ""
    return (
        f"with chosen as (select * {chosen} {cut}),\n"
        "cited as (select finding_id, unnest(evidence, recursive := true) from chosen),\n"
        f"{gathered}\n"
        f"select {named}, {selected} from chosen f {joined} order by {order}"
    )


_HITS = "where f.outcome = 'hit'"
_ORDER = (
    "{f}.outcome, case {f}.severity when 'high' then 0 when 'medium' then 1 else 2 end,"
    " {f}.estimate_likely desc nulls last, {f}.finding_id"
)


def _gathered(dataset: str, columns: Sequence[EvidenceColumn], position: int) -> str:
    source, _, part = dataset.partition(".")
    listed = ", ".join(
        f"string_agg(coalesce(replace(t.{identifier(column.column)}::varchar, chr(10), ' '), '—'), chr(10)"
        " order by t.record_id)"
        f" as {identifier(column.column)}"
        for column in columns
        if column.dataset == dataset
    )
    return (
        f"e{position} as (select c.finding_id, {listed} from cited c join {identifier(dataset)} t using (record_id)"
        f" where c.source = '{source}' and c.dataset = '{part}' group by c.finding_id)"
    )
