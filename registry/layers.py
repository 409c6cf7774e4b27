"""Provenance in layers: that of the last version made whole, and of each version since then what it made anew.

The layers lie in the folder of the version: `provenance.parquet`, then `provenance.000001.parquet` and so on; all but
the last are links to those of the version before. Invariant: the newest row of a master is the one that counts; a
master that the golden records do not know has none.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.increment.splicing import Replacement, as_keys, splice
from registry.sql import rows_in

FIRST = "provenance.parquet"
"""The layer of all masters. The further ones stand beside it."""

_MOST = 0.25
"""Rows of further layers, as a share of the first, up to which they stay apart: going back holds them in memory."""


def layers(first: Path) -> tuple[Path, ...]:
    """All layers of a version, oldest first; `first` is where its FIRST lies."""
    return first, *sorted(first.parent.glob(f"{first.stem}.*{first.suffix}"))


def newest_rows(first: Path) -> str:
    """SQL of DuckDB: the rows that count, and those of masters who are no more."""
    oldest, *further = layers(first)
    if not further:
        return f"FROM {rows_in(oldest)}"
    parts = (f"SELECT *, {at} AS layer FROM {rows_in(path)}" for at, path in enumerate(further))
    later = f"({' UNION ALL '.join(parts)})"
    ranked = f"FROM {later} QUALIFY row_number() OVER (PARTITION BY master_id ORDER BY layer DESC) = 1"
    return f"(SELECT * EXCLUDE (layer) {ranked}) UNION ALL FROM {rows_in(oldest)} ANTI JOIN {later} USING (master_id)"


def add_layer(before: Path, rows: Path, out: Path) -> None:
    """Give a version the layers of the version before and one of its own.

    Args:
        before: FIRST of the version before.
        rows: provenance of the masters made anew, sorted.
        out: folder of the version.
    """
    found = layers(before)
    for path in found:
        _link(path, out / path.name)
    shutil.copyfile(rows, out / f"{before.stem}.{len(found):06d}{before.suffix}")


def unite_many(first: Path, golden: Path, work: Path) -> None:
    """Make the layers of a version one, where they have become many; the rest as for `as_one`."""
    oldest, *further = layers(first)
    rows = [pq.read_metadata(path).num_rows for path in (oldest, *further)]
    if sum(rows[1:]) > _MOST * rows[0]:
        one = as_one(first, golden, work / f"united-{FIRST}", work)
        for path in (oldest, *further):
            path.unlink()
        one.rename(first)


def as_one(first: Path, golden: Path, out: Path, work: Path) -> Path:
    """A file with the rows that count, in the order of the golden records: the only layer, or `out`.

    Args:
        first: FIRST of a version.
        golden: its golden records.
        out: where the file is written, where that is needed.
        work: a folder for what is on the way.
    """
    oldest, *further = layers(first)
    if not further:
        return oldest
    masters = pq.read_table(golden, columns=["master_id"]).column(0)
    rows = pa.concat_tables(pq.read_table(path) for path in reversed(further))
    _, newest = np.unique(as_keys(rows.column("master_id")), return_index=True)
    rows = rows.take(pa.array(newest))
    known = pq.read_table(oldest, columns=["master_id"]).column(0)
    gone = known.filter(pc.invert(pc.is_in(known, value_set=masters)))
    touched = pa.chunked_array([*rows.column("master_id").chunks, *gone.chunks], pa.string())
    new = work / "newest-provenance.parquet"
    pq.write_table(rows.filter(pc.is_in(rows.column("master_id"), value_set=masters)), new)
    splice(oldest, Replacement("master_id", new, touched), out)
    return out


def _link(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:  # a file system without links
        shutil.copyfile(path, to)
