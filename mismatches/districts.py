"""Which district a finding belongs to.

An enterprise's is that of its commercial, else its tax registration. A finding about a person belongs to the district
of the enterprise that it cites, else to the one where the person is registered.
"""

from collections.abc import Iterable, Sequence

import duckdb

from mismatches.engine import RuleRun
from schemas.divisions import division_name

TABLE = "finding_division"


def place_findings(connection: duckdb.DuckDBPyConnection, runs: Sequence[RuleRun]) -> None:
    """Make the table `finding_division`: finding_id, outcome, division (six digits, null where none is known)."""
    tables = [
        f"select finding_id, outcome, subject_kind, master_id, evidence from {run.table}" for run in runs if run.ran
    ]
    found = " union all ".join([_NO_FINDINGS, *tables])
    connection.execute(f"create or replace table {TABLE} as {_QUERY.format(found=found, home=_HOME)}")


def home_divisions(connection: duckdb.DuckDBPyConnection, masters: Iterable[str]) -> dict[str, str]:
    """Master id of an enterprise → the six digits of its district; one whose district is unknown is left out."""
    query = f"with concerned as (select unnest($masters::varchar[]) as master_id), {_HOME} from home order by master_id"
    return dict(connection.execute(query, {"masters": sorted(set(masters))}).fetchall())


def hits_by_district(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Hits by district name, most first; `—` where no district is known. Reads what `place_findings` made."""
    rows = connection.execute(
        f"select division, count(*) from {TABLE} where outcome = 'hit' group by division order by all"
    ).fetchall()
    counted: dict[str, int] = {}
    for code, hits in rows:
        name = (division_name(code) or str(code)) if code else "—"
        counted[name] = counted.get(name, 0) + int(hits)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


_NO_FINDINGS = """
    select
        ''::varchar as finding_id, ''::varchar as outcome, ''::varchar as subject_kind, ''::varchar as master_id,
        []::struct(source varchar, dataset varchar, record_id varchar, role varchar)[] as evidence
    where false
"""

_HOME = """registered as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, division_code, 0 as rank from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, division_code, 1 from "tax.taxpayer"
),
home as (
    select x.master_id, arg_min(left(r.division_code, 6), (r.rank, r.record_id)) as division
    from enterprise_crosswalk x
    join registered r using (source, dataset, record_id)
    where r.division_code is not null and x.master_id in (select master_id from concerned)
    group by x.master_id
)"""

_QUERY = """
with found as ({found}),
cited as (select finding_id, unnest(evidence, recursive := true) from found),
cited_enterprise as (
    select c.finding_id, min(x.master_id) as master_id
    from cited c
    join enterprise_crosswalk x using (source, dataset, record_id)
    group by c.finding_id
),
concerned as (
    select f.finding_id, if(f.subject_kind = 'enterprise', coalesce(f.master_id, c.master_id), c.master_id) as master_id
    from found f
    left join cited_enterprise c using (finding_id)
),
{home},
residence as (
    select x.master_id, arg_min(left(r.division_code, 6), r.record_id) as division
    from person_crosswalk x
    join "police.resident" r using (record_id)
    where x.source = 'police' and x.dataset = 'resident' and r.division_code is not null
        and x.master_id in (select master_id from found where subject_kind = 'person')
    group by x.master_id
)
select f.finding_id, f.outcome, coalesce(home.division, residence.division) as division
from found f
left join concerned using (finding_id)
left join home on home.master_id = concerned.master_id
left join residence on residence.master_id = f.master_id and f.subject_kind = 'person'
"""
