"""What holds, as a file that a match reads: links, not-links and suppressed records of one base.

Values are none of it: publication reads them from the ledger.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.judgements.judgement import Judgement
from registry.judgements.replay import Live

SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in ("source", "dataset", "record_id")),
        *(pa.field(f"other_{name}", pa.string()) for name in ("source", "dataset", "record_id")),
    ]
)
"""One row per judgement that holds, sorted; the other record is null where a record is suppressed."""


def judgement_table(live: Live) -> pa.Table:
    """What holds, of one base (`Live.of`)."""
    rows = sorted(_row(one) for one in (*live.links, *live.not_links, *live.suppressed.values()))
    columns = {field.name: pa.array([row[at] or None for row in rows], field.type) for at, field in enumerate(SCHEMA)}
    return pa.table(columns, schema=SCHEMA)


def write_judgements(live: Live, path: Path) -> int:
    """Write `judgement_table`; how many rows."""
    table = judgement_table(live)
    path.touch(mode=0o600)
    pq.write_table(table, path, compression="zstd")
    return int(table.num_rows)


def _row(one: Judgement) -> tuple[str, ...]:
    said = one.said
    keys = [(key.source, key.dataset, key.record_id) if key else ("", "", "") for key in (said.record, said.other)]
    return (said.kind, *keys[0], *keys[1])
