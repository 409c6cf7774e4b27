"""Which district a finding belongs to: that of the enterprise it cites, as the commercial or the tax register says."""

from collections.abc import Sequence

import duckdb

from mismatches.engine import RuleRun
from schemas.divisions import division_name


def hits_by_district(connection: duckdb.DuckDBPyConnection, runs: Sequence[RuleRun]) -> list[tuple[str, int]]:
    """Hits by district name, most first; `—` where no enterprise is cited or none has a division."""
    tables = [f"select finding_id, evidence from {run.table} where outcome = 'hit'" for run in runs if run.ran]
    if not tables:
        return []
    rows = connection.execute(_QUERY.format(hits=" union all ".join(tables))).fetchall()
    counted: dict[str, int] = {}
    for code, hits in rows:
        name = (division_name(code) or str(code)) if code else "—"
        counted[name] = counted.get(name, 0) + int(hits)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


_QUERY = """
with hit as ({hits}),
cited as (select finding_id, unnest(evidence, recursive := true) from hit),
concerned as (
    select c.finding_id, min(x.master_id) as master_id
    from cited c
    join enterprise_crosswalk x using (source, dataset, record_id)
    group by c.finding_id
),
registered as (
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
)
select home.division, count(*)
from hit
left join concerned using (finding_id)
left join home using (master_id)
group by home.division
order by all
"""
