"""The findings of a cross-check with the values of the records that they cite, as rows for the database.

Made by sets in DuckDB, where the rules ran. Of every cited record those columns are kept that its rule reads or shows,
as text, beside the master that it belongs to, and of what a rule looked up about everybody those rows that bear on the
finding: enough to judge it again from what is stored.
"""

from collections.abc import Sequence

import duckdb

from mismatches.districts import TABLE as DIVISIONS
from mismatches.engine import RuleRun
from mismatches.inputs import identifier, literal
from mismatches.kept_tables import CONCERNED, kept_rows
from mismatches.rule import Rule
from schemas.contract import source_contract

GATHERED = "gathered_finding"
"""One row per finding of a rule that ran: the columns below, `evidence` and `kept` (JSON text) and `digest`."""

SEEN = (
    "rule_version",
    "period",
    "outcome",
    "reason",
    "subject_kind",
    "master_id",
    "severity",
    "estimate_low",
    "estimate_likely",
    "estimate_high",
    "link_probability",
    "figures",
    "division",
)
_YUAN = frozenset({"estimate_low", "estimate_likely", "estimate_high"})

_TOLD = tuple(name for name in SEEN if name not in {"figures", "link_probability"})
"""What counts as a change. Figures follow from the cited values and from the day, which alone changes nothing."""


def gather(connection: duckdb.DuckDBPyConnection, runs: Sequence[RuleRun]) -> None:
    """Make the table `gathered_finding`; `finding_division` is there."""
    connection.execute(f"create or replace table {GATHERED} as {_EMPTY}")
    for run in runs:
        if run.ran and run.findings:
            connection.execute(f"insert into {GATHERED} by name {_query(connection, run)}")


def kept_columns(rule: Rule, dataset: str) -> tuple[str, ...]:
    """The columns of a dataset that are kept for a rule: what it reads and what it shows, and their raw forms."""
    contract = source_contract(dataset)
    asked = (
        rule.needs.needed.get(dataset, ()),
        rule.needs.optional.get(dataset, ()),
        rule.evidence.get(dataset, ()),
    )
    names = [name for part in asked for name in part if name != "record_id"]
    raw = [f"{name}_raw" for name in names if contract.column(name).keeps_raw]
    return tuple(dict.fromkeys([*names, *raw]))


def _query(connection: duckdb.DuckDBPyConnection, run: RuleRun) -> str:
    rows = connection.execute(
        "select distinct source, dataset"
        f" from (select unnest(evidence, recursive := true) from {run.table}) order by all"
    ).fetchall()
    valued = " union all ".join(_valued(run.rule, f"{source}.{part}") for source, part in rows)
    seen = ", ".join(
        f"f.{name}::decimal(18, 2) as {name}" if name in _YUAN else f"f.{name}" for name in SEEN if name != "division"
    )
    told = ", ".join(f"coalesce({name}::varchar, chr(30))" for name in _TOLD)
    return (
        f"with cited as (select finding_id, unnest(evidence, recursive := true) from {run.table}),\n"
        f"linked as ({_LINKED}),\n"
        f"valued as ({valued}),\n"
        f"gathered as ({_GATHERED}),\n"
        f"concerned as ({CONCERNED.format(linked='linked', finding=run.table)}),\n"
        f"kept as ({kept_rows(connection, run.rule.keeps, run.table, 'concerned')}),\n"
        f"whole as (select f.finding_id, f.rule, {seen}, d.division, g.evidence, k.kept from {run.table} f"
        f" join gathered g using (finding_id) left join {DIVISIONS} d using (finding_id)"
        " left join kept k using (finding_id))\n"
        f"select *, md5(concat_ws(chr(31), {told}, coalesce(round(link_probability, 3)::varchar, chr(30)), evidence))"
        " as digest from whole"
    )


def _valued(rule: Rule, dataset: str) -> str:
    columns = kept_columns(rule, dataset)
    pairs = ", ".join(f"{literal(name)}, t.{identifier(name)}::varchar" for name in columns)
    source, _, part = dataset.partition(".")
    return (
        f"select l.*, json_object({pairs}) as kept from linked l left join {identifier(dataset)} t using (record_id)"
        f" where l.source = {literal(source)} and l.dataset = {literal(part)}"
    )


_LINKED = """
    select c.finding_id, c.source, c.dataset, c.record_id, c.role, x.master_id, x.match_probability
    from cited c
    left join (from person_crosswalk union all from enterprise_crosswalk) x using (source, dataset, record_id)
"""

_GATHERED = """
    select
        finding_id,
        '[' || string_agg(
            json_object(
                'source', source, 'dataset', dataset, 'record_id', record_id, 'role', role, 'master_id', master_id,
                'match_probability', round(match_probability, 4), 'values', kept
            )::varchar,
            ',' order by role <> 'subject', source, dataset, record_id
        ) || ']' as evidence
    from valued
    group by finding_id
"""

_EMPTY = """
select
    ''::varchar as finding_id, ''::varchar as rule, ''::varchar as rule_version, ''::varchar as period,
    ''::varchar as outcome, ''::varchar as reason, ''::varchar as subject_kind, ''::varchar as master_id,
    ''::varchar as severity, 0::decimal(18, 2) as estimate_low, 0::decimal(18, 2) as estimate_likely,
    0::decimal(18, 2) as estimate_high, 0::double as link_probability, ''::varchar as figures,
    ''::varchar as division, ''::varchar as evidence, ''::varchar as kept, ''::varchar as digest
where false
"""
