"""Which cross-check findings truly hold, computed from the facts and the true keys and not from recorded numbers.

The definitions are those of the rule catalogue. A row is one finding: rule, subject_kind, subject (true key),
counterpart (the other true key, null where there is none), period, planted (`hit`, or `not_comparable` where
the finding holds but the records do not carry the number that would show it), severity, and the records of the
subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

import duckdb
import pyarrow as pa

from simulation.settings import CitySettings

RULES = (
    "unregistered_taxpayer",
    "ended_enterprise_declaring",
    "deceased_legal_representative",
    "underdeclared_contribution_base",
    "deceased_payee",
    "underpriced_equity_transfer",
    "land_grant_without_deed_tax",
    "project_tax_gap",
)
# the columns of large datasets that the rules read; the others are read whole
COLUMNS = {
    "police.resident": ("record_id", "status", "death_date"),
    "social_security.insured": ("record_id", "employer_no", "contribution_base", "status"),
    "tax.natural_person": ("record_id",),
    "family_planning.person": ("record_id",),
    "provident_fund.account": ("record_id",),
}
RECORD = pa.struct([("source", pa.string()), ("dataset", pa.string()), ("record_id", pa.string())])
SCHEMA = pa.schema([
    ("rule", pa.string()), ("subject_kind", pa.string()), ("subject", pa.string()), ("counterpart", pa.string()),
    ("period", pa.string()), ("planted", pa.string()), ("severity", pa.string()), ("records", pa.list_(RECORD)),
])  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """The tables of `truth/` that findings need."""

    persons: pa.Table
    enterprises: pa.Table
    person_truth: pa.Table
    enterprise_truth: pa.Table
    fact_truth: pa.Table


def true_findings(datasets: Mapping[str, pa.Table], truth: Truth, settings: CitySettings, as_of: date) -> pa.Table:
    """All findings of all rules on the as-of day, ordered by rule, subject and record."""
    connection = duckdb.connect()
    try:
        for name, table in datasets.items():
            connection.register(name.replace(".", "_"), table)
        for name in Truth.__dataclass_fields__:
            connection.register(name, getattr(truth, name))
        parameters: dict[str, object] = {"as_of": as_of, "mean_wage": settings.city_mean_wage}
        found = [_run(connection, rule, parameters) for rule in RULES]
    finally:
        connection.close()
    return pa.concat_tables(found)


def _run(connection: duckdb.DuckDBPyConnection, rule: str, parameters: dict[str, object]) -> pa.Table:
    statement = files("simulation").joinpath("rules", f"{rule}.sql").read_text(encoding="utf-8")
    used = {name: value for name, value in parameters.items() if f"${name}" in statement}
    table: pa.Table = connection.sql(statement, params=used).to_arrow_table()
    columns = {"rule": pa.array([rule] * table.num_rows, pa.string())}
    columns |= {name: table.column(name).cast(SCHEMA.field(name).type) for name in SCHEMA.names[1:]}
    return pa.table(columns, schema=SCHEMA)
