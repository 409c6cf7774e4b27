"""The files of a match: the crosswalk as Parquet, the summary as JSON.

Owns their columns. Invariant: one crosswalk row for every record, ordered by dataset and record id; files 0600,
folder 0700.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from matching.blocking import Pairs
from matching.evidence import Evidence
from matching.nodes import Nodes, Places
from matching.parallel import ahead
from matching.records import Records
from matching.weighing import Bits

ROWS: Final = 1 << 20
"""Clusters that are named at once."""

CROSSWALK_ROWS: Final = 1 << 18
"""Rows of the crosswalk that are written at once, while the next are put together."""

PACKED: Final = {"compression": "zstd", "compression_level": 1}

CROSSWALK = pa.schema(
    [
        ("master_id", pa.string()),
        ("source", pa.string()),
        ("dataset", pa.string()),
        ("record_id", pa.string()),
        ("match_probability", pa.float64()),
    ]
)


def prepare(folder: Path) -> None:
    """Make the folder, readable by its owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def master_ids(records: Records, firsts: Places, prefix: str) -> pa.ChunkedArray:
    """A name for each cluster from the dataset and key of its first record, never from a person's number."""
    names = pa.array(records.datasets, pa.string())
    with duckdb.connect(config={"preserve_insertion_order": True}) as connection:
        parts = [_named(connection, names, records, firsts[start : start + ROWS], prefix)
                 for start in range(0, len(firsts), ROWS)]  # fmt: skip
    return pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())


def _named(
    connection: duckdb.DuckDBPyConnection, names: pa.StringArray, records: Records, firsts: Places, prefix: str
) -> pa.ChunkedArray:
    dataset, record_id = names.take(pa.array(records.dataset[firsts])), records.record_ids.take(pa.array(firsts))
    table = pa.table({"dataset": dataset, "record_id": record_id})
    connection.register("firsts", table)  # DuckDB gives rows in the order in which it read them
    named: pa.Table = connection.sql(
        "SELECT ? || upper(left(md5(dataset || chr(31) || record_id), 24)) AS id FROM firsts",
        params=[prefix],
    ).to_arrow_table()
    connection.unregister("firsts")
    return named.column("id")


def split_names(records: Records, rows: Places | slice) -> tuple[pa.StringArray, pa.StringArray]:
    """Department and dataset of some records, from `department.dataset`."""
    parts = [name.partition(".") if "." in name else ("", "", name) for name in records.datasets]
    place = pa.array(records.dataset[rows])
    departments, datasets = (pa.array([part[side] for part in parts], pa.string()).take(place) for side in (0, 2))
    return departments, datasets


def write_clusters(
    out: Path, records: Records, nodes: Nodes, prefix: str, decided: tuple[npt.NDArray[np.int32], Bits]
) -> tuple[int, int]:
    """Write the crosswalk; how many clusters, and how many of two records or more.

    `decided`: by node its cluster, named by its smallest node; by record the probability that it belongs there.
    """
    root, belongs = decided
    first_nodes = np.flatnonzero(root == np.arange(len(nodes)))
    place = np.zeros(len(nodes), np.int32)
    place[first_nodes] = np.arange(len(first_nodes))
    of_record = place[root[nodes.of_record]]
    ids = master_ids(records, nodes.first[first_nodes], prefix)
    write_crosswalk(out / "crosswalk.parquet", records, ids, of_record, belongs)
    sizes = np.bincount(of_record, minlength=len(first_nodes))
    return len(first_nodes), int((sizes > 1).sum())


def write_crosswalk(
    path: Path, records: Records, masters: pa.ChunkedArray, of_record: npt.NDArray[np.int32], chances: Bits
) -> None:
    """Write one row a record, slice by slice.

    Args:
        path: the file.
        records: all records.
        masters: a name by cluster.
        of_record: cluster by record.
        chances: probability by record that it belongs there; NaN where its cluster is one record.
    """

    def of_slice(start: int) -> pa.Table:
        rows = slice(start, start + CROSSWALK_ROWS)
        chance = pa.array(chances[rows], mask=np.isnan(chances[rows]))
        master, keys = masters.take(pa.array(of_record[rows])), records.record_ids.slice(start, CROSSWALK_ROWS)
        return pa.Table.from_arrays([master, *split_names(records, rows), keys, chance], schema=CROSSWALK)

    _private(path)
    options = {
        "use_dictionary": ["source", "dataset"],
        "write_statistics": ["source", "dataset", "record_id"],
        **PACKED,
    }
    with pq.ParquetWriter(path, CROSSWALK, **options) as writer:
        for table in ahead(of_slice, range(0, len(records), CROSSWALK_ROWS)):
            writer.write_table(table)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a Parquet file that only its owner may read."""
    _private(path)
    pq.write_table(table, path, **PACKED)


def _private(path: Path) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that only its owner may read."""
    _private(path)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Weighed:
    """Pairs with their vectors, total bits and match probability; `weigh` gives the bits by field of some vectors."""

    pairs: Pairs
    evidence: Evidence
    bits: Bits
    chances: Bits
    weigh: Callable[[Evidence], Bits]
