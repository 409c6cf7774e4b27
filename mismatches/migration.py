"""Bring the schema `mismatches` to this release: findings, cases and their histories, with rights and comments.

The writer may add to histories and never change them; triggers refuse the owner, too. The role that departments read
the base databases with sees nothing of this room. On a server of others the operator grants the rights.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from storage.engine import quote_identifier
from storage.migrating import migrate

SCHEMA = "mismatches"
VERSION_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"

APPEND_ONLY = ("run", "observation", "case_event", "look")
"""Tables whose rows are never changed and never removed."""

_LOCK = 0x51_6D_69_67  # any number that nobody else takes: "Qmig"
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
    if _READER in roles:
        connection.execute(text(f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {_READER}"))
    if _WRITER not in roles:
        return
    connection.execute(text(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {_WRITER}"))
    connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {_WRITER}"))
    connection.execute(text(f"GRANT INSERT ON {SCHEMA}.case_event, {SCHEMA}.look TO {_WRITER}"))
    connection.execute(text(f"GRANT INSERT, UPDATE, DELETE ON {SCHEMA}.saved_view TO {_WRITER}"))
    columns = ", ".join(CASE_COLUMNS)
    connection.execute(text(f"GRANT UPDATE ({columns}) ON {SCHEMA}.finding TO {_WRITER}"))


CASE_COLUMNS = (
    "state",
    "version",
    "owner",
    "due_on",
    "reason_code",
    "verdict",
    "judged_version",
    "assessed",
    "recovered",
    "suppressed_until",
    "opened_at",
    "closed_at",
    "acted_at",
)
"""The columns of `finding` that say where its case stands; a function of the case's events."""
