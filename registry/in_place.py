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
    for table, keys in {golden: _MASTER, crosswalk: _RECORD, provenance: _MASTER}.items():
        rows, loaded = (f"{schema}.{quoted(partition(table, number))}" for number in (place, version))
        same = " AND ".join(f"r.{key} = s.{key}" for key in keys)
        which = "" if keys == _RECORD else " AND s.record_id IS NULL"
        with by_index(connection):
            connection.execute(text(f"DELETE FROM {rows} r USING {gone} s WHERE {same}{which}"))
            connection.execute(text(_merge(rows, loaded, keys, _columns(connection, SCHEMAS[entity], table))))
        connection.execute(text(f"DROP TABLE {loaded}"))
    connection.execute(text(f"DROP TABLE {gone}"))
    connection.execute(
        text("UPDATE registry.version_product SET stored = NULL WHERE product = :entity AND stored = :place"),
        {"entity": entity, "place": place},
    )


_MASTER = ("master_id",)
_RECORD = ("record_id", "dataset", "source")


@contextmanager
def by_index(connection: Connection) -> Iterator[None]:
    """Let PostgreSQL find rows by indexes and not by reading whole tables: for a day's rows it is the quicker way."""
    ways = ("seqscan", "hashjoin", "mergejoin")
    for setting in ("off", "on"):
        for way in ways:
            connection.execute(text(f"SET LOCAL enable_{way} = {setting}"))
        if setting == "off":
            yield


def _merge(rows: str, loaded: str, keys: Sequence[str], columns: Sequence[str]) -> str:
    """Rows come in the order of the index, so that each of its pages is read once."""
    same, order = " AND ".join(f"r.{key} = s.{key}" for key in keys), ", ".join(keys)
    names = ", ".join(columns)
    old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("r", "s"))
    return (
        f"MERGE INTO {rows} r USING (SELECT * FROM {loaded} ORDER BY {order}) s ON {same}"
        f" WHEN MATCHED AND ROW({old}) IS DISTINCT FROM ROW({new}) THEN UPDATE SET ({names}) = ROW({new})"
        f" WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({new})"
    )


def _columns(connection: Connection, schema: str, table: str) -> list[str]:
    """The columns of a table, quoted."""
    found = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
            " AND attrelid = CAST(:place AS regclass) ORDER BY attnum"
        ),
        {"place": f"{quoted(schema)}.{quoted(table + '_versions')}"},
    )
    return [quoted(name) for name in found.scalars()]
