"""The files of a match: the crosswalk as Parquet, the summary as JSON.

Owns their columns. Invariant: one crosswalk row for every record, ordered by dataset and record id; files 0600,
folder 0700.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from matching.blocking import Pairs
from matching.evidence import Evidence
from matching.nodes import Nodes, Places
from matching.parallel import ahead
from matching.records import Records
from matching.standardise.codepoints import utf8
from matching.weighing import Bits

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS: Final = 1 << 20
"""Clusters that are named at once."""

CROSSWALK_ROWS: Final = 1 << 18
"""Rows of the crosswalk that are written at once, while the next are put together."""

NAME_LENGTH: Final = 24
"""Characters of a cluster's name behind its prefix: 96 bits of a hash."""

Names = npt.NDArray[np.bytes_]

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


def cluster_names(records: Records, firsts: Places, prefix: str) -> Names:
    """A name for each of some records that may be the first of a cluster: of its dataset and key, of no number."""
    import duckdb  # noqa: PLC0415 - takes its time, which pairs take meanwhile

    datasets = pa.array(records.datasets, pa.string())
    names = np.empty(len(firsts), f"S{len(prefix.encode()) + NAME_LENGTH}")
    with duckdb.connect(config={"preserve_insertion_order": True}) as connection:
        for start in range(0, len(firsts), ROWS):
            _name(connection, datasets, records, (firsts[start : start + ROWS], names[start : start + ROWS]), prefix)
    return names


def _name(
    connection: "DuckDBPyConnection",
    datasets: pa.StringArray,
    records: Records,
    asked: tuple[Places, Names],
    prefix: str,
) -> None:
    """Fill the names of some records."""
    firsts, names = asked
    dataset, record_id = datasets.take(pa.array(records.dataset[firsts])), records.record_ids.take(pa.array(firsts))
    table = pa.table({"dataset": dataset, "record_id": record_id})
    connection.register("firsts", table)  # DuckDB gives rows in the order in which it read them
    named: pa.Table = connection.sql(
        f"SELECT ? || upper(left(md5(dataset || chr(31) || record_id), {NAME_LENGTH})) AS id FROM firsts",
        params=[prefix],
    ).to_arrow_table()
    connection.unregister("firsts")
    data = np.concatenate([utf8(chunk)[0] for chunk in named.column("id").chunks]) if len(firsts) else b""
    names[:] = np.frombuffer(data, names.dtype)


def split_names(records: Records, rows: Places | slice) -> tuple[pa.StringArray, pa.StringArray]:
    """Department and dataset of some records, from `department.dataset`."""
    parts = [name.partition(".") if "." in name else ("", "", name) for name in records.datasets]
    place = pa.array(records.dataset[rows])
    departments, datasets = (pa.array([part[side] for part in parts], pa.string()).take(place) for side in (0, 2))
    return departments, datasets


def write_clusters(
    out: Path, records: Records, nodes: Nodes, names: Names, decided: tuple[npt.NDArray[np.int32], Bits]
) -> tuple[int, int]:
    """Write the crosswalk; how many clusters, and how many of two records or more.

    Args:
        out: the folder of the match.
        records: all records.
        nodes: their nodes.
        names: by node the name of the cluster that it is the smallest node of.
        decided: by node its cluster, named by its smallest node; by record the probability that it belongs there.
    """
    root, belongs = decided
    of_record = root[nodes.of_record]
    write_crosswalk(out / "crosswalk.parquet", records, names, of_record, belongs)
    sizes = np.bincount(of_record, minlength=1)
    return int((sizes > 0).sum()), int((sizes > 1).sum())


def write_crosswalk(
    path: Path, records: Records, names: Names, of_record: npt.NDArray[np.int32], chances: Bits
) -> None:
    """Write one row a record, slice by slice.

    Args:
        path: the file.
        records: all records.
        names: names of clusters.
        of_record: by record the place of its cluster's name.
        chances: probability by record that it belongs there; NaN where its cluster is one record.
    """

    def of_slice(start: int) -> pa.Table:
        rows = slice(start, start + CROSSWALK_ROWS)
        chance = pa.array(chances[rows], mask=np.isnan(chances[rows]))
        master, keys = _texts(names[of_record[rows]]), records.record_ids.slice(start, CROSSWALK_ROWS)
        return pa.Table.from_arrays([master, *split_names(records, rows), keys, chance], schema=CROSSWALK)

    _private(path)
    options = {
        "use_dictionary": ["source", "dataset", "match_probability"],
        "column_encoding": {"master_id": "DELTA_LENGTH_BYTE_ARRAY"},
        "write_statistics": ["source", "dataset", "record_id"],
        **PACKED,
    }
    with pq.ParquetWriter(path, CROSSWALK, **options) as writer:
        for table in ahead(of_slice, range(0, len(records), CROSSWALK_ROWS)):
            writer.write_table(table)


def _texts(names: Names) -> pa.StringArray:
    """Names, all of one length, as texts."""
    offsets = np.arange(0, names.nbytes + 1, names.itemsize, dtype=np.int32)
    return pa.StringArray.from_buffers(len(names), pa.py_buffer(offsets), pa.py_buffer(names))


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
