"""Named steps that several rules may share: tables made once a run, when the first rule asks for them.

A step is a query in `steps/<name>.sql`, or one of the Python steps below.
"""

from collections.abc import Callable, Mapping
from datetime import date
from importlib import resources

import duckdb
import pyarrow as pa

from mismatches.codes import create_organisation_code
from mismatches.declarations import bound_names
from mismatches.inputs import identifier
from mismatches.names import fold_companies, fold_names
from mismatches.places import current_districts, parsed_addresses
from schemas.code_tables import code_table
from schemas.industries import former_divisions
from storage.errors import BadSpecification

_DIVISION_DIGITS = 2


class Steps:
    """The tables of one run; asking again for a step that is there costs nothing.

    `city`: the first digits of its division codes, which say whose district names an address may bear. A query may name
    the day that is judged, `$as_of`, and nothing else.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, city: str, as_of: date) -> None:
        self._connection = connection
        self._city = city
        self._as_of = as_of
        self._made: set[str] = set()
        create_organisation_code(connection)

    def make(self, name: str) -> None:
        """Make the table of a step.

        Raises:
            BadSpecification: no step bears the name.
        """
        if name in self._made:
            return
        if name in _PYTHON_STEPS:
            _PYTHON_STEPS[name](self._connection, self._city)
        else:
            query = _query(name)
            bound = {"as_of": self._as_of} if "as_of" in bound_names(query) else {}
            self._connection.execute(f"create table {identifier(name)} as {query}", bound)
        self._made.add(name)


def _query(name: str) -> str:
    file = resources.files("mismatches") / "steps" / f"{name}.sql"
    if not file.is_file():
        raise BadSpecification(
            f"no step is called {name}", "mismatches/steps", "a .sql file or a Python step", "correct the rule"
        )
    return file.read_text("utf-8")


def _folded_name(connection: duckdb.DuckDBPyConnection, _city: str) -> None:
    """One row per name to compare: of the holders of representatives' numbers, and of the representatives."""
    texts = _texts(
        connection,
        "select name from holder_name union"
        " select legal_representative from \"commerce.enterprise\" where status = '1'",
    )
    folded = pa.array(fold_names(texts.to_pylist()), pa.string())
    _keep(connection, "folded_name", pa.table({"name": texts, "folded": folded}))


def _folded_company(connection: duckdb.DuckDBPyConnection, _city: str) -> None:
    """One row per name of an enterprise, or of a party that may be one: `name`, `folded`."""
    texts = _texts(connection, "select name from registered_name union select name from named_party")
    folded = pa.array(fold_companies(texts.to_pylist()), pa.string())
    _keep(connection, "folded_company", pa.table({"name": texts, "folded": folded}))


def _parsed_address(connection: duckdb.DuckDBPyConnection, city: str) -> None:
    """One row per address of the commercial and of the tax register: `mismatches.places.parsed_addresses`."""
    texts = _texts(connection, 'select address from "commerce.enterprise" union select address from "tax.taxpayer"')
    _keep(connection, "parsed_address", parsed_addresses(texts, city))


def _current_district(connection: duckdb.DuckDBPyConnection, _city: str) -> None:
    """One row per division code of the two registers: `mismatches.places.current_districts`."""
    codes = _texts(
        connection, 'select division_code from "commerce.enterprise" union select division_code from "tax.taxpayer"'
    )
    _keep(connection, "current_district", current_districts(codes))


def _industry_division(connection: duckdb.DuckDBPyConnection, _city: str) -> None:
    """One row per division of any edition of GB/T 4754: `division`, and `successors` where its digits changed."""
    pairs = sorted(former_divisions())
    known = sorted({code for code in code_table("industry").names if len(code) == _DIVISION_DIGITS})
    successors = [[present for former, present in pairs if former == code] for code in known]
    table = pa.table({"division": known, "successors": pa.array(successors, pa.list_(pa.string()))})
    _keep(connection, "industry_division", table)


def _texts(connection: duckdb.DuckDBPyConnection, query: str) -> pa.StringArray:
    """The distinct texts that a query of one column finds, null left out."""
    rows = connection.execute(f"select * from ({query}) found(value) where value is not null").fetchall()
    return pa.array([str(row[0]) for row in rows], pa.string())


def _keep(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    rows = f"{name}_rows"
    connection.register(rows, table)
    connection.execute(f"create table {identifier(name)} as select * from {identifier(rows)}")
    connection.unregister(rows)


_PYTHON_STEPS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, str], None]] = {
    "folded_name": _folded_name,
    "folded_company": _folded_company,
    "parsed_address": _parsed_address,
    "current_district": _current_district,
    "industry_division": _industry_division,
}
