"""Runs a rule: from a declaration and the views of the inputs to a table of findings, set-wise.

Invariants: a subject has one outcome; hits, clears and not comparables add up to the subjects; finding ids are
unique and the same from run to run whatever the order of the rows and the version of the rule.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from time import monotonic

import duckdb

from mismatches.declarations import bound_names
from mismatches.inputs import absences, identifier
from mismatches.kept_tables import Rows, put_back
from mismatches.link_probability import link
from mismatches.request import CrossCheckRequest
from mismatches.rule import Outcome, Parameter, Rule
from mismatches.steps import Steps
from schemas.bilingual import Bilingual
from storage.errors import Internal

_LOG = logging.getLogger(__name__)

RESULT_COLUMNS = (
    "subject_kind",
    "master_id",
    "identity",
    "period",
    "outcome",
    "reason",
    "grade",
    "estimate_low",
    "estimate_likely",
    "estimate_high",
    "figures",
    "evidence",
)
OUTCOMES: tuple[Outcome, ...] = ("hit", "clear", "not_comparable")


@dataclass(frozen=True)
class Estimate:
    """Yuan over all hits of a rule."""

    low: Decimal
    likely: Decimal
    high: Decimal


@dataclass(frozen=True)
class RuleRun:
    """What became of a rule: its counts by outcome, or why it did not run."""

    rule: Rule
    absent: tuple[Bilingual, ...] = ()
    suspended: bool = False  # `absent` then says why
    year: int | None = None
    parameters: Mapping[str, Decimal] = field(default_factory=dict)
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    not_comparable: Mapping[str, int] = field(default_factory=dict)  # by reason
    severities: Mapping[str, int] = field(default_factory=dict)  # of the hits
    estimate: Estimate | None = None
    seconds: float = 0.0

    @property
    def ran(self) -> bool:
        """Whether there was everything that it needs."""
        return not self.absent

    @property
    def findings(self) -> int:
        """Rows of its findings table: hits and not comparables."""
        return self.counts.get("hit", 0) + self.counts.get("not_comparable", 0)

    @property
    def table(self) -> str:
        """The quoted name of its findings table."""
        return identifier(f"finding.{self.rule.id}")


class Engine:
    """Runs rules one after another over the same views and steps.

    `kept`: where one finding is judged again, the rows of tables that look at everybody as they were stored with it;
    other subjects are then there in part only.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        request: CrossCheckRequest,
        kept: Mapping[str, Rows] | None = None,
    ) -> None:
        self._connection = connection
        self._request = request
        self._kept = kept
        self.steps = Steps(connection, request.settings.city, request.as_of)

    def run(self, rule: Rule) -> RuleRun:
        """Judge every subject of a rule.

        Its findings stay in the connection as the table `RuleRun.table`: the columns of findings.parquet, then
        reason and figures (JSON).
        """
        if why := self._request.settings.suspended.get(rule.id):
            return RuleRun(rule, absent=(why,), suspended=True)
        absent = absences(self._connection, self._request, rule.needs, rule.crosswalks)
        if absent:
            return RuleRun(rule, absent=tuple(absent))
        return self.judge(rule)

    def judge(self, rule: Rule, year: int | None = None) -> RuleRun:
        """Judge every subject over whatever is there; `year` says which dated settings count, where it is known."""
        started = monotonic()
        year = self._year(rule) if year is None else year
        if year is None:
            what = f"{rule.year.dataset}.{rule.year.column}" if rule.year else "as_of"
            return RuleRun(rule, absent=(Bilingual(f"{what} 没有年度", f"{what} holds no year"),))
        values, unset = self.settings(rule, year)
        if unset:
            return RuleRun(rule, absent=tuple(unset), year=year)
        known: dict[str, object] = {"as_of": self._request.as_of, "year": year, **values}
        for step in rule.steps:
            self.steps.make(step)
            put_back(self._connection, step, self._kept or {})
        for kept in rule.keeps:
            if kept.query:
                self._bind(f"create table {identifier(kept.name)} as {kept.query}", kept.query, known)
                put_back(self._connection, kept.name, self._kept or {})
        self._judge(rule, known)
        run = self._summary(rule, year, values, started)
        _LOG.info("rule judged", extra={"rule": rule.id, "counts": dict(run.counts), "seconds": run.seconds})
        return run

    def _year(self, rule: Rule) -> int | None:
        """The year of the dated settings: the latest of the data that is not in the future, else the latest."""
        if rule.year is None:
            return self._request.as_of.year
        column = identifier(rule.year.column)
        query = (
            f"select coalesce(max({column}) filter ({column} <= $now), max({column}))"
            f" from {identifier(rule.year.dataset)}"
        )
        found = self._connection.execute(query, {"now": self._request.as_of.year}).fetchall()[0][0]
        return None if found is None else int(found)

    def settings(self, rule: Rule, year: int) -> tuple[dict[str, Decimal], list[Bilingual]]:
        """The values of a rule's parameters in that year, and which of them have none."""
        settings = self._request.settings
        values: dict[str, Decimal] = {}
        unset: list[Bilingual] = []
        for parameter in rule.parameters:
            key = f"{rule.id}.{parameter.name}"
            dated = settings.parameters.get(key, settings.parameters.get(parameter.name, parameter.values))
            value = Parameter(parameter.name, parameter.title, parameter.unit, dated).value(settings.city, year)
            if value is None:
                unset.append(
                    Bilingual(
                        f"没有 {settings.city} 在 {year} 年的设置：{parameter.title.zh}（{parameter.name}）",
                        f"no setting {parameter.name} ({parameter.title.en}) for {settings.city} in {year}",
                    )
                )
            else:
                values[parameter.name] = value
        return values, unset

    def _bind(self, statement: str, query: str, known: Mapping[str, object]) -> None:
        self._connection.execute(statement, {name: known[name] for name in bound_names(query)})

    def _judge(self, rule: Rule, known: Mapping[str, object]) -> None:
        columns = ", ".join(RESULT_COLUMNS)
        result = identifier(f"result.{rule.id}")
        self._bind(f"create table {result} as select {columns} from ({rule.query})", rule.query, known)
        finding, named, linked = (identifier(f"{word}.{rule.id}") for word in ("finding", "named", "linked"))
        self._connection.execute(
            f"create table {named} as {_NAMED.format(result=result)}",
            {
                "rule": rule.id,
                "version": rule.version,
                "grades": list(rule.severities),
                "levels": list(rule.severities.values()),
            },
        )
        link(self._connection, named, linked)
        self._connection.execute(f"create table {finding} as {_FINDINGS.format(named=named, linked=linked)}")
        self._connection.execute(f"drop table {named}")
        self._connection.execute(f"drop table {linked}")
        rows, ids, gaps = self._connection.execute(
            f"select count(*), count(distinct finding_id), count(*) filter (severity is null or evidence is null or"
            f" len(evidence) = 0) from {finding}"
        ).fetchall()[0]
        if self._kept is None and (rows != ids or gaps):
            raise Internal(
                f"{rows} findings, {ids} identities, {gaps} without severity or evidence",
                f"rule {rule.id}",
                "one identity, a severity and evidence for each finding",
            )

    def _summary(self, rule: Rule, year: int, values: Mapping[str, Decimal], started: float) -> RuleRun:
        result, finding = identifier(f"result.{rule.id}"), identifier(f"finding.{rule.id}")
        execute = self._connection.execute
        counted = dict(execute(f"select outcome, count(*) from {result} group by outcome").fetchall())
        strange = set(counted) - set(OUTCOMES)
        if strange:
            raise Internal(f"unknown outcomes {sorted(strange)}", f"rule {rule.id}", "hit, clear or not_comparable")
        execute(f"drop table {result}")
        by_reason = execute(
            f"select reason, count(*) from {finding} where outcome = 'not_comparable' group by reason order by reason"
        ).fetchall()
        by_severity = execute(
            f"select severity, count(*) from {finding} where outcome = 'hit' group by severity order by severity"
        ).fetchall()
        low, likely, high = execute(
            f"select sum(estimate_low), sum(estimate_likely), sum(estimate_high) from {finding} where outcome = 'hit'"
        ).fetchall()[0]
        return RuleRun(
            rule,
            year=year,
            parameters=values,
            counts={outcome: counted.get(outcome, 0) for outcome in OUTCOMES},
            not_comparable=dict(by_reason),
            severities=dict(by_severity),
            estimate=Estimate(low, likely, high) if likely is not None else None,
            seconds=round(monotonic() - started, 3),
        )


_NAMED = """
select
    'F' || upper(left(sha256($rule || chr(31) || identity), 24)) as finding_id,
    $rule as rule,
    $version as rule_version,
    period,
    outcome,
    subject_kind,
    master_id,
    estimate_low,
    estimate_likely,
    estimate_high,
    map($grades::varchar[], $levels::varchar[])[grade] as severity,
    evidence,
    reason,
    to_json(figures) as figures
from {result}
where outcome <> 'clear'
"""

_FINDINGS = """
select
    n.finding_id, n.rule, n.rule_version, n.period, n.outcome, n.subject_kind, n.master_id, l.link_probability,
    n.estimate_low, n.estimate_likely, n.estimate_high, n.severity, n.evidence, n.reason, n.figures
from {named} n
left join {linked} l using (finding_id)
"""
