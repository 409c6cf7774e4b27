"""Bring a database to this release: schemas, tables, comments and rights.

Alembic runs from code, without a file of settings, in one transaction; two processes that upgrade at once wait for each
other. Column comments come from the contracts in Chinese and English and are said anew each time. Rights are granted to
the roles of the embedded server where they exist; on a server of others the operator grants them.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from registry.descriptions import comments
from registry.history.functions import as_of_functions
from registry.naming import READERS, SCHEMAS, WRITER, products, segments
from storage.migrating import migrate

VERSION_SCHEMA = "registry"
VERSION_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x51_70_6E_67  # any number that nobody else takes: "Qpng"


def upgrade(engine: Engine, id_key: bytes | None = None) -> None:
    """Bring the database's schemas to this release.

    Args:
        engine: connects as the owner of the base databases.
        id_key: the installation's key of master ids, kept at the first upgrade and never changed after it. Without one
            it is fixed, so that equal
            histories in two places give equal ids.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
        migrate(connection, MIGRATIONS, "registry")
        connection.execute(
            text("INSERT INTO registry.installation (id_key) VALUES (:key) ON CONFLICT DO NOTHING"),
            {"key": id_key or b"sitong"},
        )
        for statement in (*comments(), *_grants(connection), *as_of_functions(connection)):
            _run(connection, statement)


def new_id_key() -> bytes:
    """A random key for an installation whose ids should not be foreseeable."""
    return secrets.token_bytes(32)


def _grants(connection: Connection) -> Iterator[sql.Composed]:
    found = connection.execute(
        text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"), {"names": list(READERS)}
    )
    names = sorted(found.scalars())
    schemas = sql.SQL(", ").join(map(sql.Identifier, (VERSION_SCHEMA, *SCHEMAS.values())))
    for role in map(sql.Identifier, names):
        yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}").format(schemas, role)
        yield sql.SQL("GRANT USAGE ON SCHEMA registry TO {}").format(role)
        yield sql.SQL(
            "GRANT SELECT ON registry.version, registry.version_product, registry.current_product, registry.past,"
            " registry.relations TO {}"
        ).format(role)
        for entity, schema in SCHEMAS.items():
            views = [*products(entity), *segments(entity), "redirect", "provenance"]
            yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role)
            for name in views:
                yield sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(schema, name), role)
    if WRITER in names:
        yield sql.SQL("GRANT SELECT, INSERT ON registry.judgement TO {}").format(sql.Identifier(WRITER))


def _run(connection: Connection, statement: sql.Composed) -> None:
    raw = connection.connection.driver_connection
    connection.exec_driver_sql(statement.as_string(raw).replace("%", "%%"))
