"""Roles of the embedded server: an owner that defines, a writer that fills, a reader that reads.

Every statement may be given again: a start that was killed is completed by the next.
"""

from typing import LiteralString

import psycopg
from psycopg import sql

from storage.credentials import Credentials

_LOCK_KEY = 0x5174  # any constant: users that start together prepare one after the other

_ROLE_OPTIONS: dict[str, LiteralString] = {
    "owner": "LOGIN CREATEROLE",
    "writer": "LOGIN",
    "reader": "LOGIN",
}
_GRANTS: tuple[LiteralString, ...] = (
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO sitong_writer",
    "GRANT CONNECT ON DATABASE {database} TO sitong_reader",
)
_DEFAULTS: tuple[LiteralString, ...] = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES FOR ROLE sitong_owner GRANT USAGE ON SCHEMAS TO sitong_writer, sitong_reader",
    "ALTER DEFAULT PRIVILEGES FOR ROLE sitong_owner GRANT SELECT ON TABLES TO sitong_reader",
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE sitong_owner"
        " GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO sitong_writer"
    ),
    "ALTER DEFAULT PRIVILEGES FOR ROLE sitong_owner GRANT USAGE, SELECT ON SEQUENCES TO sitong_writer",
)


def prepare_roles(connection: psycopg.Connection, credentials: Credentials) -> None:
    """Make the three roles where they are missing. Passwords travel and are kept as SCRAM verifiers only."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    if {f"sitong_{role}" for role in _ROLE_OPTIONS} <= known:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role, options in _ROLE_OPTIONS.items():
            name = f"sitong_{role}"
            if name not in known:
                _make_role(connection, name, options, getattr(credentials, role))


def _make_role(connection: psycopg.Connection, name: str, options: LiteralString, password: str) -> None:
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("CREATE ROLE {name} {options} PASSWORD {verifier}")
    connection.execute(
        statement.format(name=sql.Identifier(name), options=sql.SQL(options), verifier=sql.Literal(verifier))
    )


def prepare_database(connection: psycopg.Connection, name: str) -> None:
    """Make a database of `sitong_owner` where it is missing; writer and reader may use what the owner makes in it."""
    connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))  # CREATE DATABASE knows no transaction
    try:
        if not _is_prepared(connection, name):
            _make_database(connection, name)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK_KEY,))


def _is_prepared(connection: psycopg.Connection, name: str) -> bool:
    query = "SELECT 1 FROM pg_database WHERE datname = %s AND shobj_description(oid, 'pg_database') = 'prepared'"
    return connection.execute(query, (name,)).fetchone() is not None


def _make_database(connection: psycopg.Connection, name: str) -> None:
    database = sql.Identifier(name)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER sitong_owner").format(database))
    for grant in _GRANTS:
        connection.execute(sql.SQL(grant).format(database=database))
    with psycopg.connect(connection.info.dsn, password=connection.info.password, dbname=name) as inside:
        for statement in _DEFAULTS:
            inside.execute(statement)
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS 'prepared'").format(database))
