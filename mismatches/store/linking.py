"""The link that a finding rests on, as text for the database: asked for once, when the finding is found or changed.

Owns the question; whoever knows the match answers it. A page then reads the answer beside the values of that day.
"""

from collections.abc import Callable
from typing import Final

import duckdb
import pyarrow as pa

LINK: Final = "finding_link"
"""One row per finding that rests on a link: finding_id and `link`, JSON text."""

Explain = Callable[[pa.Table], pa.Table]
"""From the cited records of findings to the links that they rest on.

In: one row per record, finding_id, master_id, dataset (`department.dataset`), record_id. Out: one row per link,
finding_id and `link`, a struct that holds `joins` (it joins two cited records), `total_bits`, and what
`mismatches.cases.queries.pages.IdentityLink` reads.
"""

_CITED = """
    with cited as (
        select finding_id, unnest(from_json(evidence, '[{"source": "VARCHAR", "dataset": "VARCHAR",
            "record_id": "VARCHAR", "master_id": "VARCHAR"}]'), recursive := true)
        from %s
        where outcome = 'hit'
    )
    select distinct finding_id, master_id, source || '.' || dataset as dataset, record_id
    from cited
    where master_id is not null
    order by all
"""


_WEAKEST = f"""
    create or replace table {LINK} as
    select finding_id, to_json(link)::varchar as link
    from explained
    qualify row_number() over (partition by finding_id order by not link.joins, link.total_bits, link::varchar) = 1
"""
_NONE = f"create or replace table {LINK} (finding_id varchar, link varchar)"


def link_findings(connection: duckdb.DuckDBPyConnection, gathered: str, explain: Explain | None) -> None:
    """Make the table `finding_link` for the hits of a table of gathered findings: the weakest of their links.

    Links between cited records come before those of a record that is cited alone. Without `explain` there are none.
    """
    found = explain(connection.sql(_CITED % gathered).to_arrow_table()) if explain else None
    if found is None or not found.num_rows:
        connection.execute(_NONE)
        return
    connection.register("explained", found)
    connection.execute(_WEAKEST)
    connection.unregister("explained")
