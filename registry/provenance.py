"""Provenance unfolded: one row for each value of the golden records of a few masters."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from registry.layers import newest_rows
from registry.sql import quoted


def trace(provenance: Path, masters: Sequence[str]) -> pa.Table:
    """Where each value of some masters comes from.

    Args:
        provenance: `provenance.parquet` of a version; further layers beside it count (`registry.layers`).
        masters: master ids.

    Returns:
        One row per master and attribute that has a value or was judged, sorted by both: master_id, attribute, source,
        dataset, record_id, updated_at, policy, candidates, conflicts, and runner_up (source, dataset, record_id,
        updated_at; null where nothing disagrees). Of a judged value that no record states, the record is null.
    """
    attributes = [name for name in pq.read_schema(provenance).names if name not in ("master_id", "records")]
    origins = ", ".join(f"{{'attribute': ?, 'origin': {quoted(name)}}}" for name in attributes)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW provenance AS {newest_rows(provenance)}")
        connection.execute(
            f"CREATE TABLE origins AS SELECT master_id, records, unnest([{origins}], recursive := true) FROM provenance"
            " WHERE master_id IN (SELECT unnest(?::VARCHAR[]))",
            [*attributes, list(masters)],
        )
        return connection.sql(_UNFOLDED).to_arrow_table()


_UNFOLDED = """
SELECT master_id, attribute, r.source, r.dataset, r.record_id, r.updated_at, policy, candidates, conflicts,
       records[runner_up + 1] AS runner_up
FROM (SELECT *, records[record + 1] AS r FROM origins WHERE record IS NOT NULL OR policy = 'judgement')
ORDER BY master_id, attribute
"""
