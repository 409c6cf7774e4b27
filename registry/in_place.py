"""The rows of a version of few changes: changed in the partition of the version before, where readers find them.

Owns the statements of that change, which belong into the transaction that puts the version in force: a reader sees the
rows before or the rows after, and waits for nobody. What the version before looked like then stands in its files alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text

from registry.naming import SCHEMAS, gone_table, partition, stored
from registry.policy import Entity
from registry.sql import quoted


def change_in_place(connection: Connection, entity: Entity, version: int, place: int) -> None:
    """Take out what is gone, change what differs, add what is new, and drop what was loaded for it.

    Args:
        connection: in the transaction that puts the version in force.
        entity: person or enterprise.
        version: whose tables `registry.loading.load_changes` made.
        place: the partition whose rows are changed.
    """
    schema = quoted(SCHEMAS[entity])
    golden, crosswalk, provenance = stored(entity)
    gone = f"{schema}.{quoted(partition(gone_table(entity), version))}"
    for table, keys in {golden: (), crosswalk: _RECORD, provenance: ()}.items():
        rows, loaded = (f"{schema}.{quoted(partition(table, number))}" for number in (place, version))
        columns = columns_of(connection, SCHEMAS[entity], table)
        with by_index(connection):
            connection.execute(text(_delete(rows, gone, keys)))
            connection.execute(text(merge(rows, loaded, "master_id", keys, columns)))
        connection.execute(text(f"DROP TABLE {loaded}"))
    connection.execute(text(f"DROP TABLE {gone}"))
    connection.execute(
        text("UPDATE registry.version_product SET stored = NULL WHERE product = :entity AND stored = :place"),
        {"entity": entity, "place": place},
    )


_RECORD = ("record_id", "dataset", "source")


@contextmanager
def by_index(connection: Connection) -> Iterator[None]:
    """Let PostgreSQL find rows by indexes and not by reading whole tables: for a day's rows it is the quicker way."""
    for setting in ("off", "on"):
        for way in ("seqscan", "mergejoin"):
            connection.execute(text(f"SET LOCAL enable_{way} = {setting}"))
        if setting == "off":
            yield


def _delete(rows: str, gone: str, keys: Sequence[str]) -> str:
    """Masters that are no more, or, where there are `keys`, records that their master has no more."""
    if not keys:
        return f"DELETE FROM {rows} r USING {gone} g WHERE r.master_id = g.master_id AND g.record_id IS NULL"
    same = " AND ".join(f"r.{key} = g.{key}" for key in keys)
    return f"DELETE FROM {rows} r USING {gone} g WHERE {same}"


def merge(rows: str, loaded: str, owner: str, keys: Sequence[str], columns: Sequence[str]) -> str:
    """SQL that changes the rows of `loaded` that are there and differ, and adds those that are not.

    Rows are found owner by owner, in which order they lie, so that each page is read, logged and written once; of the
    rows of an owner, however many, the one with the keys is found by hashing. The transaction must be the only one that
    changes the table, for rows are changed where they were found (`ctid`).

    Args:
        rows: the table.
        loaded: the table of the new rows.
        owner: an indexed column.
        keys: the further columns that tell its rows apart.
        columns: all columns, quoted.
    """
    same = " AND ".join(f"o.{name} = l.{name}" for name in (owner, *keys))
    names = ", ".join(columns)
    old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("r", "s"))
    found = (
        f"SELECT r.ctid AS place, r.{', r.'.join((owner, *keys))}"
        f" FROM (SELECT DISTINCT {owner} FROM {loaded} ORDER BY {owner}) owners"
        f" CROSS JOIN LATERAL (SELECT ctid, * FROM {rows} t WHERE t.{owner} = owners.{owner} OFFSET 0) r"
    )
    return (
        f"MERGE INTO {rows} r USING (SELECT l.*, o.place FROM {loaded} l LEFT JOIN ({found}) o ON"
        f" {same}) s ON r.ctid = s.place"
        f" WHEN MATCHED AND ROW({old}) IS DISTINCT FROM ROW({new}) THEN UPDATE SET ({names}) = ROW({new})"
        f" WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({new})"
    )


def columns_of(connection: Connection, schema: str, table: str) -> list[str]:
    """The columns of a table, quoted."""
    found = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
            " AND attrelid = CAST(:place AS regclass) ORDER BY attnum"
        ),
        {"place": f"{quoted(schema)}.{quoted(table + '_versions')}"},
    )
    return [quoted(name) for name in found.scalars()]
