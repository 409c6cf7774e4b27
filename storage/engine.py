"""The database as the rooms use it: engines by role, identifiers, and bulk load inside the caller's transaction.

One dialect: PostgreSQL 15 or newer through psycopg 3. Errors of the driver quote values: show them through
`database_error` only.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from psycopg import Error as DriverError
from pyarrow import csv
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from storage.errors import BadSpecification, Internal, SitongError, SourceUnavailable
from storage.server import EmbeddedServer
from storage.zones import Zones

MAX_IDENTIFIER_BYTES = 63  # PostgreSQL cuts longer ones silently
_DRIVER = "postgresql+psycopg"
_BATCH_ROWS = 65_536
_CSV = csv.WriteOptions(include_header=False, quoting_style="all_valid")


@dataclass(frozen=True, slots=True)
class Database:
    """One database as its owner (`engine`), its writer and its reader see it.

    With a server of one's own the three are the account of its address. `uri` is the owner's address for libpq and
    ADBC; it holds a password: never log it.
    """

    engine: sa.Engine
    writer: sa.Engine
    reader: sa.Engine
    uri: str = field(repr=False)


@contextmanager
def open_database(zones: Zones, url: str | None = None) -> Iterator[Database]:
    """Open the database of a home folder: the server at an address, or the embedded one, for as long as this is open.

    Args:
        zones: whose embedded server is used where no address is given.
        url: a PostgreSQL address, usually SITONG_DATABASE_URL; empty stands for none.

    Raises:
        BadSpecification: the address is not one of PostgreSQL.
        SourceUnavailable: the server does not answer.
    """
    if url:
        with _engines({"owner": url}) as engines:
            _check_answer(engines["owner"])
            yield Database(engines["owner"], engines["owner"], engines["owner"], _libpq(engines["owner"].url))
        return
    with EmbeddedServer(zones.postgres) as server:
        urls = {"owner": server.url("owner"), "writer": server.url("writer"), "reader": server.url("reader")}
        with _engines(urls) as engines:
            yield Database(engines["owner"], engines["writer"], engines["reader"], server.libpq_uri("owner"))


def create_engine(url: str) -> sa.Engine:
    """Make an engine whose errors and logs hide bound values.

    Raises:
        BadSpecification: the address is not one of PostgreSQL.
    """
    expected, remedy = "postgresql://user:password@host:port/database", "correct SITONG_DATABASE_URL"
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # their texts may quote the password
        raise BadSpecification("this is not a database address", expected=expected, remedy=remedy) from None
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise BadSpecification(f"{address.drivername} is not PostgreSQL", expected=expected, remedy=remedy)
    return sa.create_engine(address.set(drivername=_DRIVER), hide_parameters=True, pool_pre_ping=True)


def quote_identifier(name: str) -> str:
    """Quote the name of a schema, table or column for a statement. The one place where names enter SQL text.

    Raises:
        BadSpecification: PostgreSQL would not take the name, or would cut it.

    >>> quote_identifier('a"b')
    '"a""b"'
    """
    if not name or "\0" in name or len(name.encode("utf-8", "surrogatepass")) > MAX_IDENTIFIER_BYTES:
        expected = f"1 to {MAX_IDENTIFIER_BYTES} bytes without a null character"
        raise BadSpecification("a name cannot be used in the database", repr(name[:40]), expected)
    return '"' + name.replace('"', '""') + '"'


def bulk_load(connection: sa.Connection, schema: str, table: str, rows: pa.RecordBatchReader | pa.Table) -> int:
    """Append Arrow rows to a table by COPY, inside the transaction of the connection; return their number.

    Columns are matched by name. Null and empty text stay different. Memory: one batch.

    Args:
        connection: an open connection; the caller commits.
        schema: schema of the table.
        table: its name.
        rows: columns of text, numbers, decimals, booleans, dates and timestamps; dictionaries are decoded.

    Raises:
        Internal: a column has a type that COPY does not take (lists, structs, bytes).
    """
    reader = rows.to_reader(_BATCH_ROWS) if isinstance(rows, pa.Table) else rows
    plain = pa.schema([_plain(column) for column in reader.schema])
    columns = ", ".join(quote_identifier(name) for name in plain.names)
    target = f"{quote_identifier(schema)}.{quote_identifier(table)}"
    loaded = 0
    driver: Any = connection.connection.dbapi_connection  # psycopg's own; a detached connection gives no other name
    if driver is None:
        raise Internal("the connection is closed", target)
    if not connection.in_transaction():
        connection.begin()  # otherwise the caller's commit would know nothing of this
    with driver.cursor() as cursor, cursor.copy(f"COPY {target} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        for batch in reader:
            for start in range(0, batch.num_rows, _BATCH_ROWS):
                part = batch.slice(start, _BATCH_ROWS)
                copy.write(_csv(pa.Table.from_batches([part]).cast(plain)))
                loaded += part.num_rows
    return loaded


def database_error(error: DBAPIError | DriverError, where: str) -> SitongError:
    """Tell a database error without the values it quotes: SQLSTATE and the names of table, column and constraint."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, DriverError):
        return Internal(f"the database refused ({type(cause).__name__})", where)
    diag = cause.diag
    named = {"table": diag.table_name, "column": diag.column_name, "constraint": diag.constraint_name}
    names = "".join(f", {kind} {name}" for kind, name in named.items() if name)
    if diag.sqlstate is None or diag.sqlstate[:2] in ("08", "53", "57"):  # connection, resources, operator
        what = f"the database is gone or has no room ({type(cause).__name__}, {diag.sqlstate or 'no answer'}{names})"
        return SourceUnavailable(what, where, remedy="run again when it answers and its disk has room")
    return Internal(f"the database refused ({type(cause).__name__}, {diag.sqlstate}{names})", where)


def _plain(column: pa.Field) -> pa.Field:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise Internal(f"a column of type {kind} cannot be loaded", column.name, "text, numbers, dates and times")
    return pa.field(column.name, kind)


def _csv(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink, _CSV)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return] # pyarrow has no types


@contextmanager
def _engines(urls: Mapping[str, str]) -> Iterator[Mapping[str, sa.Engine]]:
    engines = {role: create_engine(url) for role, url in urls.items()}
    try:
        yield engines
    finally:
        for engine in engines.values():
            engine.dispose()


def _check_answer(engine: sa.Engine) -> None:
    address = f"{engine.url.host or 'localhost'}:{engine.url.port or 5432}/{engine.url.database or ''}"
    try:
        with engine.connect():
            pass
    except DBAPIError as error:
        what = f"the database does not let us in ({type(error.orig).__name__})"
        raise SourceUnavailable(what, address, remedy="check SITONG_DATABASE_URL and that the server runs") from None


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
