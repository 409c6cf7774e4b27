# ruff: noqa: ANN401, ARG002 - the signatures are SQLAlchemy's
"""A SQLAlchemy dialect over one Parquet file, through an in-memory DuckDB.

Great Expectations knows no DuckDB, but it knows PostgreSQL, whose SQL DuckDB speaks: the dialect is a PostgreSQL
dialect that differs in how it connects, reflects and matches regular expressions. It reads only: each connection is a
database of its own with one view, `data`. Rows are buffered, because Great Expectations reads them after it has given
the connection back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import ConnectArgsType, ReflectedColumn

VIEW: Final = "data"

DRIVER: Final = "postgresql+sitong_duckdb"

Row = tuple[Any, ...]


@dataclass
class BufferedCursor:
    """A DB-API cursor whose rows are all read when the statement has run."""

    database: duckdb.DuckDBPyConnection
    description: Sequence[Row] | None = None
    rowcount: int = -1
    arraysize: int = 1
    _rows: Iterator[Row] = field(default_factory=lambda: iter(()))

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> "BufferedCursor":
        """Run a statement with bound values and keep its rows."""
        self.database.execute(statement, list(parameters))
        self.description = self.database.description
        rows = self.database.fetchall() if self.description else []
        self.rowcount = len(rows)
        self._rows = iter(rows)
        return self

    def fetchone(self) -> Row | None:
        """The next row, null at the end."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, at most `size`."""
        return [row for _, row in zip(range(size or self.arraysize), self._rows, strict=False)]

    def fetchall(self) -> list[Row]:
        """The rows that are left."""
        return list(self._rows)

    def close(self) -> None:
        """Forget the rows."""
        self._rows = iter(())


@dataclass
class BufferedConnection:
    """A DB-API connection to a database of its own; there is nothing to commit."""

    database: duckdb.DuckDBPyConnection

    def cursor(self) -> BufferedCursor:
        """A new cursor on the same database."""
        return BufferedCursor(self.database)

    def commit(self) -> None:
        """Nothing is written."""

    def rollback(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Close the database."""
        self.database.close()


class Driver:
    """The part of a DB-API module that SQLAlchemy asks for."""

    paramstyle = "qmark"
    threadsafety = 1
    apilevel = "2.0"
    Error = duckdb.Error
    DatabaseError = duckdb.DatabaseError
    OperationalError = duckdb.OperationalError
    ProgrammingError = duckdb.ProgrammingError

    @staticmethod
    def connect(*, parquet: str, scratch: str, memory_limit: str, threads: int) -> BufferedConnection:
        """Open an in-memory database whose view `data` is the Parquet file; it spills into `scratch`."""
        database = duckdb.connect(
            ":memory:", config={"memory_limit": memory_limit, "temp_directory": scratch, "threads": threads}
        )
        database.read_parquet(parquet).create_view(VIEW)
        return BufferedConnection(database)


class DuckDBCompiler(PGCompiler):
    """PostgreSQL's SQL, but for regular expressions."""

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> str:
        """`~` finds a match anywhere, as in PostgreSQL; in DuckDB that operator wants the whole text to match."""
        if operator.opstring not in {"~", "!~"}:
            return cast("str", super().visit_custom_op_binary(element, operator, **kw))  # type: ignore[no-untyped-call]
        left, right = self.process(element.left, **kw), self.process(element.right, **kw)
        found = f"regexp_matches({left}, {right})"
        return found if operator.opstring == "~" else f"NOT {found}"


class DuckDBDialect(PGDialect):
    """Reflection through `duckdb_columns()`; no transactions, no server to ask for its settings."""

    driver = "sitong_duckdb"
    supports_statement_cache = True
    statement_compiler = DuckDBCompiler
    default_paramstyle = "qmark"

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """What stands for the DB-API module."""
        return cast("ModuleType", Driver)

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        """What `Driver.connect` takes, from the URL that `parquet_url` made."""
        query = dict(url.query)
        return (), {**query, "threads": int(str(query.get("threads", "1")))}

    def initialize(self, connection: Connection) -> None:
        """State what PostgreSQL would be asked for."""
        self.server_version_info = (15, 0)
        self.default_schema_name = "main"
        self.max_identifier_length = 255

    def on_connect(self) -> None:
        """Nothing is to be set on a new connection."""

    def get_schema_names(self, connection: Connection, **kw: Any) -> list[str]:
        """The only schema."""
        return ["main"]

    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        """The view stands for a table."""
        return [VIEW]

    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        """The view is listed among the tables."""
        return []

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Whether it is the view."""
        return table_name == VIEW

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedColumn]:
        """Columns in the order of the file; nested types stand as JSON, which is only reflected, never read."""
        query = sa.text(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = :table ORDER BY column_index"
        )
        rows = connection.execute(query, {"table": table_name}).all()
        if not rows:
            raise sa.exc.NoSuchTableError(table_name)
        return [{"name": name, "type": _type(kind), "nullable": True, "default": None} for name, kind in rows]

    def _nothing(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        return []

    get_indexes = get_foreign_keys = get_unique_constraints = get_check_constraints = _nothing

    def get_pk_constraint(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A Parquet file states no key."""
        return {"constrained_columns": [], "name": None}

    def get_table_comment(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A Parquet file has no comment."""
        return {"text": None}


_TYPES: Final[Mapping[str, type[sa.types.TypeEngine[Any]]]] = {
    "BIGINT": sa.BIGINT,
    "INTEGER": sa.INTEGER,
    "DOUBLE": sa.DOUBLE,
    "DATE": sa.DATE,
    "TIMESTAMP": sa.TIMESTAMP,
    "VARCHAR": sa.VARCHAR,
    "BOOLEAN": sa.BOOLEAN,
}


def _type(stated: str) -> sa.types.TypeEngine[Any]:
    kind, _, size = stated.partition("(")
    if kind == "DECIMAL":
        precision, scale = (int(part) for part in size.rstrip(")").split(","))
        return sa.NUMERIC(precision, scale)
    return _TYPES.get(kind, sa.JSON)()


def parquet_url(parquet: Path, *, scratch: Path, memory_limit: str = "2GB", threads: int = 2) -> str:
    """The URL of a Parquet file for `sqlalchemy.create_engine`, the dialect being registered in this process."""
    registry.register(DRIVER.replace("+", "."), __name__, DuckDBDialect.__name__)
    query = {"parquet": str(parquet), "scratch": str(scratch), "memory_limit": memory_limit, "threads": str(threads)}
    return URL.create(DRIVER, query=query).render_as_string(hide_password=False)
