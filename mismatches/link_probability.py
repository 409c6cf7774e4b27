"""How sure the identity behind a finding is: the least match probability of the records that it cites.

A crosswalk holds a city's records and a rule cites few of their datasets, so that only these are read.
"""

import duckdb

from mismatches.inputs import MATCHED, identifier, literal

_LINKED = """
create table {linked} as
with cited as (
    select finding_id, unnest(evidence, recursive := true) from {finding} where outcome = 'hit'
)
select c.finding_id, min(x.match_probability) as link_probability
from cited c
join ({crosswalks}) x using (source, dataset, record_id)
group by c.finding_id
"""
_CITED = """
select distinct source || '.' || dataset
from (select unnest(evidence, recursive := true) from {finding} where outcome = 'hit')
"""
_NO_RECORDS = "select source, dataset, record_id, match_probability from person_crosswalk where false"


def link(connection: duckdb.DuckDBPyConnection, finding: str, linked: str) -> None:
    """Make the table `linked`: one row per hit of `finding` that cites a matched record; both names are quoted."""
    cited = {str(row[0]) for row in connection.execute(_CITED.format(finding=finding)).fetchall()}
    parts = [
        _records_of(product, dataset) for product, datasets in MATCHED.items() for dataset in sorted(datasets & cited)
    ]
    crosswalks = " union all ".join([*parts, _NO_RECORDS])
    connection.execute(_LINKED.format(linked=linked, finding=finding, crosswalks=crosswalks))


def _records_of(product: str, dataset: str) -> str:
    """The records of one dataset in a crosswalk; constants, so that the row groups of others are skipped."""
    source, _, part = dataset.partition(".")
    return (
        f"select source, dataset, record_id, match_probability from {identifier(product)}"
        f" where source = {literal(source)} and dataset = {literal(part)}"
    )
