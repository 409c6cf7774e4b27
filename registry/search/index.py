"""The index of a search: what the records of each master say, and where each blocking key stands.

One folder, memory-mapped, for one version of a base database and the match that it was made of:
`rows.arrow` (master_id and the columns that the model reads, as text; rows that say the same of a master once),
`<rule>.keys.npy` sorted, `<rule>.rows.npy` beside it, and the model with its values. Made anew whenever it is missing:
nothing rests on it.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching import frozen
from matching.explaining.finished import trained_model
from matching.model import MatchModel
from matching.placeholders import without_known
from matching.records import Records, columns_read, read
from matching.standardise.sightings import grouped
from matching.standardise.values import Keys
from registry.members import Sources
from registry.search.keys import fields_of, kept_keys, rule_keys, rules, spoken_fields
from registry.sql import connect, quoted
from storage.errors import ContractBroken

BATCH = 1 << 22
"""Rows of a batch of `rows.arrow`: a question takes a few rows out of each, a city has half a GiB in one."""

ROWS, MODEL = "rows.arrow", "model.json"
Rows = npt.NDArray[np.int32]


def write_index(match: Path, sources: Sources, out: Path) -> int:
    """Write the index of a match's records under the ids of a published crosswalk; returns its rows.

    Args:
        match: folder of the match that the version was made of.
        sources: published crosswalk, and the accepted tables.
        out: an empty folder.

    Raises:
        ContractBroken: the match does not say how common values are.
    """
    model, _ = trained_model(match)
    known = frozen.read(match)
    if known is None:
        raise ContractBroken("the match does not say how common values are", str(match), frozen.FILE, "match anew")
    shutil.copyfile(match / MODEL, out / MODEL)
    shutil.copyfile(match / frozen.FILE, out / frozen.FILE)
    _write_rows(model, sources, out)
    rows = opened_rows(out)
    records, _ = without_known(standardised(rows, model), model, known.placeholders)
    values = kept_keys(model, records)
    for number, rule in enumerate(rules(model)):  # one at a time: a city's keys of a rule fill two GiB
        keys, places = _sorted(rule_keys(records, values, rule))
        np.save(out / f"{number}.keys.npy", keys)
        np.save(out / f"{number}.rows.npy", places)
    return int(rows.num_rows)


def standardised(rows: pa.Table, model: MatchModel) -> Records:
    """Rows of an index, in their order, as the match sees records."""
    ids = pc.utf8_lpad(pa.array(np.arange(rows.num_rows)).cast(pa.string()), 12, "0")
    columns = {name: rows.column(name) for name in rows.column_names if name != "master_id"}
    return read({"rows": pa.table({**columns, model.key: ids})}, model)


def opened_rows(folder: Path) -> pa.Table:
    """The rows, mapped into memory."""
    return pa.ipc.open_file(pa.memory_map(str(folder / ROWS))).read_all()


def taken(rows: pa.Table, places: Rows) -> pa.Table:
    """Some rows, in order of their places, without a look at the others."""
    batches = rows.to_batches()
    ends = np.cumsum([batch.num_rows for batch in batches])
    owner = np.searchsorted(ends, places, side="right")
    parts = [
        batches[at].take(pa.array(places[owner == at] - (ends[at] - batches[at].num_rows)))
        for at in np.unique(owner).tolist()
    ]
    return pa.Table.from_batches(parts, schema=rows.schema)


def text_columns(model: MatchModel) -> tuple[str, ...]:
    """The columns of rows but the master id."""
    return tuple(sorted(columns_read(model) - {model.key}))


def _write_rows(model: MatchModel, sources: Sources, out: Path) -> None:
    wanted = text_columns(model)
    with connect(out) as connection:
        connection.read_parquet(str(sources.crosswalk)).create_view("crosswalk")
        parts = []
        for number, (dataset, path) in enumerate(sorted(sources.tables.items())):
            table = connection.read_parquet(str(path))
            table.create_view(f"table_{number}")
            parts.append(_part(f"table_{number}", dataset, wanted, table.columns))
        query = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) ORDER BY ALL"
        reader = connection.sql(query).to_arrow_reader(BATCH)
        with pa.OSFile(str(out / ROWS), "wb") as file, pa.ipc.new_file(file, reader.schema) as writer:
            for batches in _gathered(reader):
                writer.write_table(pa.Table.from_batches(batches).combine_chunks())
    shutil.rmtree(out / "spill", ignore_errors=True)


def _gathered(reader: pa.RecordBatchReader) -> Iterator[list[pa.RecordBatch]]:
    """Batches of BATCH rows at most in all: DuckDB gives smaller ones than it is asked for."""
    held: list[pa.RecordBatch] = []
    for batch in reader:
        if held and sum(one.num_rows for one in held) + batch.num_rows > BATCH:
            yield held
            held = []
        held.append(batch)
    if held:
        yield held


def _part(view: str, dataset: str, wanted: tuple[str, ...], present: list[str]) -> str:
    columns = ", ".join(
        f"CAST({'t.' + quoted(name) if name in present else 'NULL'} AS VARCHAR) AS {quoted(name)}" for name in wanted
    )
    source, _, name = dataset.partition(".")
    return (
        f"SELECT c.master_id, {columns} FROM {view} t JOIN crosswalk c ON c.record_id = t.record_id"
        f" AND c.source = {_literal(source)} AND c.dataset = {_literal(name)}"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sorted(parts: Iterator[Keys]) -> tuple[Keys, Rows]:
    """All (key, row) that there are, each once, by key."""
    keys, rows = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)]
    for part in parts:
        present = np.flatnonzero(part)
        if len(present):
            keys.append(part[present])
            rows.append(present.astype(np.int32))
    key, row = np.concatenate(keys), np.concatenate(rows)
    if len(rows) > 2:  # more than one part, each of rows that rise
        order = np.argsort(row, kind="stable")
        key, row = key[order], row[order]
    places, _ = grouped(key)
    key, row = key[places], row[places]
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
    return key[new], row[new]


class Blocks:
    """The keys of an index, mapped into memory."""

    def __init__(self, folder: Path, model: MatchModel) -> None:
        self._rules = rules(model)
        self._keys = [np.load(folder / f"{number}.keys.npy", mmap_mode="r") for number in range(len(self._rules))]
        self._rows = [np.load(folder / f"{number}.rows.npy", mmap_mode="r") for number in range(len(self._rules))]

    def candidates(self, asked: Records, values: Mapping[str, Mapping[str, Keys]], most: int) -> tuple[Rows, bool]:
        """Rows that share a key with the one record that is asked about, small blocks first; and whether some are left.

        Blocks of a rule come before those of the rules after it where they are alike in size; single fields last.
        """
        blocks, spoken = [], spoken_fields(asked)
        for number, rule in enumerate(self._rules):
            if not fields_of(rule) <= spoken:
                continue
            keys = np.unique(np.concatenate(list(rule_keys(asked, values, rule))))
            for key in keys[keys != 0]:
                start, stop = (np.searchsorted(self._keys[number], key, side) for side in ("left", "right"))
                blocks.append((len(rule.keys) == 1, int(stop - start), number, int(start)))
        found, count = [np.zeros(0, np.int32)], 0
        for _, size, number, start in sorted(blocks):
            taken = min(size, most - count)
            found.append(np.asarray(self._rows[number][start : start + taken]))
            count += taken
            if taken < size:
                return np.unique(np.concatenate(found)), True
        return np.unique(np.concatenate(found)), False
