"""Bring the schema `portal` to this release: accounts, sessions and what happened around them.

The portal's own role may open and end sessions and add to the history; accounts are made and changed by the owner, at
the terminal. On a server of others the operator grants the rights.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from storage.engine import quote_identifier
from storage.migrating import migrate

SCHEMA = "portal"
VERSION_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x51_70_6F_72  # any number that nobody else takes: "Qpor"
_WRITER, _READER = "sitong_writer", "sitong_reader"


def upgrade(engine: Engine) -> None:
    """Bring the schema to this release; two processes that upgrade at once wait for each other.

    Args:
        engine: connects as the owner.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        migrate(connection, MIGRATIONS, SCHEMA)
        _grant(connection)


def _grant(connection: Connection) -> None:
    found = connection.execute(
        text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"), {"names": [_WRITER, _READER]}
    )
    roles = set(found.scalars())
    for role in sorted(roles):
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {quote_identifier(role)}"))
        connection.execute(text(f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {quote_identifier(role)}"))
    if _WRITER not in roles:
        return
    connection.execute(text(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {_WRITER}"))
    connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {_WRITER}"))
    connection.execute(text(f"GRANT INSERT, UPDATE, DELETE ON {SCHEMA}.session, {SCHEMA}.attempt TO {_WRITER}"))
    connection.execute(text(f"GRANT INSERT ON {SCHEMA}.event TO {_WRITER}"))
    connection.execute(text(f"GRANT UPDATE (password_hash) ON {SCHEMA}.account TO {_WRITER}"))
