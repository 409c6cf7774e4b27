"""Named steps that several rules may share: tables made once a run, when the first rule asks for them.

A step is a query in `steps/<name>.sql`, or one of the Python steps below.
"""

from collections.abc import Callable, Mapping
from importlib import resources

import duckdb
import pyarrow as pa

from mismatches.inputs import identifier
from mismatches.names import fold_names
from storage.errors import BadSpecification


class Steps:
    """The tables of one run; asking again for a step that is there costs nothing."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._made: set[str] = set()

    def make(self, name: str) -> None:
        """Make the table of a step.

        Raises:
            BadSpecification: no step bears the name.
        """
        if name in self._made:
            return
        if name in _PYTHON_STEPS:
            _PYTHON_STEPS[name](self._connection)
        else:
            self._connection.execute(f"create table {identifier(name)} as {_query(name)}")
        self._made.add(name)


def _query(name: str) -> str:
    file = resources.files("mismatches") / "steps" / f"{name}.sql"
    if not file.is_file():
        raise BadSpecification(
            f"no step is called {name}", "mismatches/steps", "a .sql file or a Python step", "correct the rule"
        )
    return file.read_text("utf-8")


def _folded_name(connection: duckdb.DuckDBPyConnection) -> None:
    """One row per name to compare: of the holders of representatives' numbers, and of the representatives."""
    rows = connection.execute(
        "select distinct name from (select name from holder_name union all"
        " select legal_representative from \"commerce.enterprise\" where status = '1') where name is not null"
    ).fetchall()
    names = [str(row[0]) for row in rows]
    table = pa.table({"name": pa.array(names, pa.string()), "folded": pa.array(fold_names(names), pa.string())})
    connection.register("folded_name_rows", table)
    connection.execute("create table folded_name as select * from folded_name_rows")
    connection.unregister("folded_name_rows")


_PYTHON_STEPS: Mapping[str, Callable[[duckdb.DuckDBPyConnection], None]] = {"folded_name": _folded_name}
