"""Which links two matches of the same records do not share: what retraining a model would change.

Invariant: no row where the partitions are equal; joining and parting what the rows say makes one of the other.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.outputs import split_names, write_parquet
from matching.records import Records

FILE: Final = "link_changes.parquet"

Clusters = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LinkChanges:
    """Parts that only one of two matches puts together.

    One row a part beside the first part of its cluster, by the first record of each: `joined` where the later match
    puts them together, else the earlier one did. `left_records`, `right_records`: how many records the parts have.
    """

    joined: npt.NDArray[np.bool_]
    left: Rows
    right: Rows
    left_records: Rows
    right_records: Rows

    def __len__(self) -> int:
        return len(self.left)


def link_changes(before: Clusters, after: Clusters) -> LinkChanges:
    """Compare two partitions.

    Args:
        before: cluster by record in the earlier match.
        after: the same in the later one.
    """
    both = (before.astype(np.uint64) << np.uint64(32)) | after.astype(np.uint64)
    parts, firsts, counts = np.unique(both, return_index=True, return_counts=True)
    sides = ((parts >> np.uint64(32)), parts & np.uint64(0xFFFFFFFF))
    found = [_beside_first(side, firsts.astype(np.int64), counts.astype(np.int64)) for side in sides]
    joined = np.repeat([False, True], [len(one[0]) for one in found])
    left, right, left_records, right_records = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.lexsort((right, left, joined))
    return LinkChanges(joined[order], left[order], right[order], left_records[order], right_records[order])


def _beside_first(cluster: npt.NDArray[np.uint64], firsts: Rows, counts: Rows) -> tuple[Rows, Rows, Rows, Rows]:
    """Each further part of a cluster beside its first one."""
    order = np.lexsort((firsts, cluster))
    cluster, firsts, counts = cluster[order], firsts[order], counts[order]
    opens = np.append(True, cluster[1:] != cluster[:-1]) if len(cluster) else np.zeros(0, bool)
    anchor = np.maximum.accumulate(np.where(opens, np.arange(len(cluster)), 0)) if len(cluster) else np.zeros(0, int)
    rest = np.flatnonzero(~opens)
    return firsts[anchor[rest]], firsts[rest], counts[anchor[rest]], counts[rest]


def write(path: Path, records: Records, changes: LinkChanges) -> None:
    """Write the changes with the names of the records: change (joined | parted), left_…, right_…, records of each."""
    columns: dict[str, Any] = {"change": pa.array(np.where(changes.joined, "joined", "parted"))}
    for side, rows, counts in (
        ("left", changes.left, changes.left_records),
        ("right", changes.right, changes.right_records),
    ):
        department, dataset = split_names(records, rows)
        columns |= {
            f"{side}_source": department,
            f"{side}_dataset": dataset,
            f"{side}_record_id": records.record_ids.take(pa.array(rows)).combine_chunks(),
            f"{side}_records": pa.array(counts),
        }
    write_parquet(path, pa.table(columns))
