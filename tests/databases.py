"""Servers and databases for tests: quick ones, and copies of what took longer to make."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from storage.server import EmbeddedServer

EMPTY = "template1"
_UNNEEDED = ("fsync", "full_page_writes", "synchronous_commit")  # what outlives a loss of power, and no kill -9


@contextmanager
def quick_server(folder: Path) -> Iterator[EmbeddedServer]:
    """An embedded server that does not wait for the disk."""
    with EmbeddedServer(folder) as running:
        with running._superuser() as connection:
            for setting in _UNNEEDED:
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")
        yield running


def make_database(server: EmbeddedServer, name: str, template: str = EMPTY) -> None:
    """Make a database of the owner, like another one that nobody uses just now."""
    with server._superuser() as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER sitong_owner")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    server.ensure_database(name)
