"""The city as it stands on a day: every dataset's current records with their truth, and the changes of one day.

A table of state has the dataset's columns and behind them `_person`, `_enterprise` (true keys, null where none) and
`_errors`. `Changing` collects one day's changes of one table; `settled` gives the next table. Row numbers are those of
the morning.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simulation.findings import Truth
from simulation.layout import ENTERPRISE_DATASETS, FACT_DATASETS, LAYOUT, PERSON_DATASETS
from simulation.randomness import Ints
from simulation.truth import ERRORS

Row = dict[str, Any]
KEYS = {"_person": pa.string(), "_enterprise": pa.string(), "_errors": ERRORS}
PERSONS, ENTERPRISES = "persons", "enterprises"


class Changing:
    """One table and what a day does to it."""

    def __init__(self, name: str, table: pa.Table, key: str) -> None:
        self.name = name
        self.table = table
        self.changed: dict[int, Row] = {}
        self.added: list[Row] = []
        self.removed: set[int] = set()
        self.noted: dict[int, list[str]] = {}  # what the truth now says of rows that the department left as they were
        digits = pc.utf8_slice_codeunits(pc.fill_null(table[key], "_00000000"), 1, 9)
        self.subject: Ints = digits.cast(pa.int64()).to_numpy()

    def of(self, subjects: Iterable[int]) -> list[int]:
        """Rows of these persons or enterprises (the numbers of their keys) that the day has not removed."""
        rows = np.flatnonzero(np.isin(self.subject, list(subjects))).tolist()
        return [row for row in rows if row not in self.removed]

    def value(self, column: str, row: int) -> Any:  # noqa: ANN401 - whatever the column holds
        """One value of the morning or of the day."""
        if column == "_errors" and row in self.noted:
            return self.noted[row]
        return self.changed[row][column] if row in self.changed else self.table[column][row].as_py()

    def change(self, row: int, **values: object) -> Row:
        """Change a row and return it."""
        if row not in self.changed:
            self.changed[row] = self.table.slice(row, 1).to_pylist()[0]
        if "_errors" in values:
            self.noted.pop(row, None)
        self.changed[row].update(values)
        return self.changed[row]

    def note(self, row: int, errors: list[str]) -> None:
        """Change what the truth says of a record that its department leaves as it is."""
        self.noted[row] = sorted(errors)

    def change_many(self, rows: list[int]) -> list[Row]:
        """Rows to be changed in place, read at once."""
        fresh = [row for row in rows if row not in self.changed]
        self.changed.update(zip(fresh, self.table.take(pa.array(fresh, pa.int64())).to_pylist(), strict=True))
        return [self.changed[row] for row in rows]

    def settled(self) -> pa.Table:
        """The table of the evening: changed rows in their place, new ones at the end."""
        for row, errors in self.noted.items():
            self.change(row)["_errors"] = errors
        rows = [row for row in self.changed if row not in self.removed]
        fresh = pa.Table.from_pylist([self.changed[row] for row in rows] + self.added, schema=self.table.schema)
        order = np.arange(self.table.num_rows, dtype=np.int64)
        order[rows] = self.table.num_rows + np.arange(len(rows))
        keep = np.ones(self.table.num_rows, dtype=bool)
        keep[list(self.removed)] = False
        new = self.table.num_rows + len(rows) + np.arange(len(self.added))
        return pa.concat_tables([self.table, fresh]).take(pa.array(np.concatenate([order[keep], new]))).combine_chunks()

    def delta(self) -> pa.Table:
        """The day's batch: upserts with op U, deletes with op D and their last values."""
        written = [self.changed[row] | {"op": "U"} for row in sorted(self.changed) if row not in self.removed]
        written += [row | {"op": "U"} for row in self.added]
        gone = self.table.take(pa.array(sorted(self.removed), pa.int64())).to_pylist()
        written += [row | {"op": "D"} for row in gone]
        columns = [pa.field(name, kind) for name, kind in LAYOUT[self.name].items()]
        return pa.Table.from_pylist(written, schema=pa.schema([*columns, pa.field("op", pa.string())]))


@dataclass
class Day:
    """One day of the city: its tables while they change, and the events that happened."""

    today: date
    tables: dict[str, Changing]
    events: list[Row] = field(default_factory=list)
    serial: int = 0

    def log(self, kind: str, subject: str, other: str | None = None) -> None:
        """Note an event of a person or an enterprise (true key), with the other one that took part."""
        self.events.append({"day": self.today, "kind": kind, "subject": subject, "other": other})

    def record_id(self, prefix: str) -> str:
        """A new record id: prefix, day and a number that runs over the day."""
        self.serial += 1
        return f"{prefix}{self.today:%y%m%d}{self.serial:06d}"

    def moment(self) -> datetime:
        """The time of a change made today."""
        self.serial += 1
        return datetime.combine(self.today, time(9)) + timedelta(seconds=self.serial % 30_000)


EVENTS = pa.schema([("day", pa.date32()), ("kind", pa.string()), ("subject", pa.string()), ("other", pa.string())])


def load(previous: Path) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """All tables of state, and what `settings.json` says, of a folder that `simulate` or `advance` wrote.

    Raises:
        FileNotFoundError: The folder has no truth, or a dataset's drop is missing.
    """
    place = previous / "truth"
    if not (place / "settings.json").exists():
        raise FileNotFoundError(f"{previous}: no truth/settings.json; name a folder that simulate wrote")
    told = json.loads((place / "settings.json").read_text(encoding="utf-8"))
    truths = [pq.read_table(place / f"{name}.parquet") for name in ("person_truth", "enterprise_truth", "fact_truth")]
    tables = {name: pq.read_table(place / f"{name}.parquet") for name in (PERSONS, ENTERPRISES)}
    for name in LAYOUT:
        kept = place / "state" / f"{name}.parquet"
        path = (
            kept
            if kept.exists()
            else previous / f"{name}.{told['settings']['as_of']['value'].replace('-', '')}.parquet"
        )
        tables[name] = _with_truth(name, pq.read_table(path), truths)
    return tables, told


def _with_truth(name: str, table: pa.Table, truths: list[pa.Table]) -> pa.Table:
    source, dataset = name.split(".")
    known = truths[0 if name in PERSON_DATASETS else 1 if name in ENTERPRISE_DATASETS else 2]
    rows = known.filter(pc.and_(pc.equal(known["source"], source), pc.equal(known["dataset"], dataset)))
    if not rows["record_id"].equals(table["record_id"]):
        raise ValueError(f"{name}: the drop and truth/ tell of different records; simulate the city again")
    for column, kind in KEYS.items():
        plain = column.removeprefix("_")
        values = rows[plain] if plain in rows.column_names else pa.nulls(len(rows), kind)
        table = table.append_column(pa.field(column, kind), values)
    return table.combine_chunks()


def truth_of(tables: dict[str, pa.Table]) -> Truth:
    """The tables of truth that belong to a state."""

    def told(names: tuple[str, ...], columns: tuple[str, ...]) -> pa.Table:
        parts = []
        for name in names:
            table, (source, dataset) = tables[name], name.split(".")
            address = {"source": pa.repeat(source, len(table)), "dataset": pa.repeat(dataset, len(table))}
            address["record_id"] = table["record_id"]
            parts.append(pa.table(address | {column: table[f"_{column}"] for column in columns}))
        return pa.concat_tables(parts)

    return Truth(
        persons=tables[PERSONS],
        enterprises=tables[ENTERPRISES],
        person_truth=told(PERSON_DATASETS, ("person", "errors")),
        enterprise_truth=told(ENTERPRISE_DATASETS, ("enterprise", "errors")),
        fact_truth=told(FACT_DATASETS, ("person", "enterprise")),
    )


def plain(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The datasets without the columns of truth."""
    return {name: tables[name].select(list(columns)) for name, columns in LAYOUT.items()}
