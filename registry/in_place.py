"""The rows of a version of few changes: changed in the partition of the version before, where readers find them.

Owns the statements of that change, which belong into the transaction that puts the version in force: a reader sees the
rows before or the rows after, and waits for nobody. What the version before looked like then stands in its files alone.
"""

from sqlalchemy import Connection, text

from registry.naming import SCHEMAS, partition, stored, touched_table
from registry.policy import Entity
from registry.sql import quoted


def change_in_place(connection: Connection, entity: Entity, version: int, place: int) -> None:
    """Put the loaded rows of a version in the stead of those of its touched masters, and drop what was loaded.

    Args:
        connection: in the transaction that puts the version in force.
        entity: person or enterprise.
        version: whose tables `registry.loading.load_changes` made.
        place: the partition whose rows are changed.
    """
    schema = quoted(SCHEMAS[entity])
    touched = f"{schema}.{quoted(partition(touched_table(entity), version))}"
    for table in stored(entity):
        rows, loaded = (f"{schema}.{quoted(partition(table, number))}" for number in (place, version))
        connection.execute(text(f"DELETE FROM {rows} r USING {touched} t WHERE r.master_id = t.master_id"))
        connection.execute(text(f"INSERT INTO {rows} SELECT * FROM {loaded}"))
        connection.execute(text(f"DROP TABLE {loaded}"))
    connection.execute(text(f"DROP TABLE {touched}"))
    connection.execute(
        text("UPDATE registry.version_product SET stored = NULL WHERE product = :entity AND stored = :place"),
        {"entity": entity, "place": place},
    )
