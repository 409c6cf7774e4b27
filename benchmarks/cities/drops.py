"""Cities as folders: drops in the layout that `sitong match` reads, and `truth/` beside them.

`truth/person_truth.parquet` (`enterprise_truth.parquet`) holds source, dataset, record_id and `person` (`enterprise`),
one row per record.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.cities.departments import DEPARTMENTS, draw_records
from benchmarks.cities.lettering import lettering
from benchmarks.cities.population import draw_population

Array = np.ndarray[Any, np.dtype[Any]]


def write_persons(folder: Path, persons: int, *, seed: int, harsh: bool = False) -> int:
    """Write a city of persons; the number of records. The same arguments write the same city."""
    letters = lettering()
    people = draw_population(persons, letters, np.random.default_rng([seed, 1]))
    truths = []
    for place, department in enumerate(DEPARTMENTS):
        rng = np.random.default_rng([seed, 2, place])
        table, who = draw_records(people, letters, department.harsh() if harsh else department, rng)
        truths.append(put(folder, department.name, table, who))
    return put_truth(folder, "person", truths)


def put(folder: Path, name: str, table: pa.Table, who: Array) -> pa.Table:
    """Write one dataset; its truth."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pq.write_table(table, folder / f"{name}.20260331.parquet")
    source, _, dataset = name.partition(".")
    return pa.table(
        {
            "source": pa.repeat(source, len(who)), "dataset": pa.repeat(dataset, len(who)),
            "record_id": table["record_id"].combine_chunks(), "belongs_to": pa.array(who.astype(np.int64)),
        }
    )  # fmt: skip


def put_truth(folder: Path, kind: str, truths: list[pa.Table]) -> int:
    """Write the truth of all datasets; the number of records. `kind` is person or enterprise."""
    (folder / "truth").mkdir(mode=0o700, exist_ok=True)
    whole = pa.concat_tables(truths).rename_columns({"belongs_to": kind})
    pq.write_table(whole, folder / "truth" / f"{kind}_truth.parquet")
    return int(whole.num_rows)
