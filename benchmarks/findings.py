"""Findings beside planted cases: what each rule found rightly, found wrongly and missed.

A finding is about a case where one of the records that it accuses is one of the case. A case planted as `hit` is found
by one finding; a second one is wrong, and so is a finding about a `clear` case, about nothing that was planted, or,
where the data show an innocent explanation (`mild`), one of more than low severity. Findings about open cases count
for nothing.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

_TABLES = """
create table finding as select *, row_number() over () as place from read_parquet($findings) where outcome = 'hit';
create table planted as
select
    {number} as number, rule, {kind} as kind,
    if(planted in ('hit', 'clear', 'mild'), planted, 'open') as planted,
    {low} as low, {high} as high, records
from read_parquet($truth);
create table met as
with accused as (
    select place, rule, unnest(evidence) as e from finding
),
cited as (
    select number, rule, unnest(records) as r from planted
)
select distinct a.place, c.number
from accused a
join cited c on a.rule = c.rule and a.e.source = c.r.source and a.e.dataset = c.r.dataset
    and a.e.record_id = c.r.record_id
where a.e.role = 'subject';
create table judged as
-- a finding about several cases counts for the gravest
select
    f.place, any_value(f.rule) as rule, any_value(f.estimate_low) as estimate_low,
    any_value(f.estimate_high) as estimate_high,
    arg_max(p.number, rank) as number,
    case
        when max(rank) = 4 then 'hit'
        when max(rank) = 3 then if(any_value(f.severity) = 'low', 'nothing', 'mild')
        when max(rank) = 2 then 'nothing'
        when max(rank) = 1 then 'clear'
        else 'unplanted'
    end as about
from finding f
left join met m using (place)
left join (
    select *, case planted when 'hit' then 4 when 'mild' then 3 when 'open' then 2 else 1 end as rank from planted
) p using (number)
group by f.place
"""
_BY_RULE = """
with found as (
    select
        rule,
        count(*) filter (about <> 'nothing') as found,
        count(distinct number) filter (about = 'hit') as right
    from judged
    group by rule
),
yuan as (
    select
        p.rule,
        count(distinct p.number) as estimated,
        count(distinct p.number) filter (
            round(abs(j.estimate_low - p.low), 2) <= 0.02 and round(abs(j.estimate_high - p.high), 2) <= 0.02
        ) as agreed
    from planted p
    join judged j using (number)
    where p.planted = 'hit' and p.low is not null
    group by p.rule
),
cases as (select rule, count(*) as planted from planted where planted = 'hit' group by rule)
select
    rule, c.planted, coalesce(f.found, 0), coalesce(f.right, 0), coalesce(y.estimated, 0), coalesce(y.agreed, 0)
from cases c
left join found f using (rule)
left join yuan y using (rule)
order by rule
"""
_BY_KIND = """
select p.rule, p.planted, p.kind, count(*), count(*) filter (number in (select number from met))
from planted p
group by all
union all
select rule, 'unplanted', '', count(*), count(*)
from judged
where about = 'unplanted' and rule in (select rule from planted where planted = 'hit')
group by rule
order by all
"""


@dataclass(frozen=True)
class RuleCount:
    """One rule on one city.

    Attributes:
        planted, found, right: cases planted as hits, findings that count, and cases found.
        estimated, agreed: cases found whose estimate the catalogue gives, and those where it is the same to two fen.
    """

    rule: str
    planted: int
    found: int
    right: int
    estimated: int
    agreed: int

    @property
    def precision(self) -> float:
        """The part of what it found that is right."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """The part of what was planted that it found."""
        return self.right / self.planted


@dataclass(frozen=True)
class KindCount:
    """One kind of case: how many there are, and how many of them were found. `planted` is the verdict."""

    rule: str
    planted: str
    kind: str
    cases: int
    found: int


def judge(findings: Path, truth: Path) -> tuple[list[RuleCount], list[KindCount]]:
    """Rules of which hits are planted, and the kinds of their cases.

    Args:
        findings: `findings.parquet` of a report.
        truth: `findings_truth.parquet` of a city: rule, planted, records; kind and estimates where it has them.
    """
    said = set(pq.read_schema(truth).names)
    words = {
        "number": "number" if "number" in said else "row_number() over ()", "kind": "kind" if "kind" in said else "''",
        "low": "estimate_low" if "estimate_low" in said else "null::double",
        "high": "estimate_high" if "estimate_high" in said else "null::double",
    }  # fmt: skip
    with duckdb.connect() as connection:
        for statement in _TABLES.format(**words).split(";\n"):
            asked = {
                name: str(path) for name, path in (("findings", findings), ("truth", truth)) if f"${name}" in statement
            }
            connection.execute(statement, asked)
        rules = [RuleCount(*row) for row in connection.execute(_BY_RULE).fetchall()]
        return rules, [KindCount(*row) for row in connection.execute(_BY_KIND).fetchall()]
