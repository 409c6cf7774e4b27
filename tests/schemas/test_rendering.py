"""Arrow schemas, DDL and the data dictionary, rendered from contracts."""

import datetime as dt

import duckdb
import pyarrow as pa
import pytest

from schemas.contract import Contract, ValueType, product_contract, product_contracts, source_contract, source_contracts
from schemas.errors import BadSpecification
from schemas.rendering.arrow import accepted_schema, product_schema, received_schema
from schemas.rendering.code_rows import code_rows
from schemas.rendering.ddl import create_table, literal, quote
from schemas.rendering.dictionary import TARGET, code_tables_used, dictionary
from schemas.validation import validate

EVERY = [*source_contracts().values(), *product_contracts().values()]


def test_accepted_state_of_an_equity_transfer() -> None:
    assert accepted_schema(source_contract("commerce.equity_transfer")).equals(
        pa.schema(
            [
                ("record_id", pa.string()),
                ("uscc", pa.string()),
                ("uscc_raw", pa.string()),
                ("transferor_name", pa.string()),
                ("transferor_id_number", pa.string()),
                ("transferor_id_number_raw", pa.string()),
                ("transferee_name", pa.string()),
                ("share_ratio", pa.float64()),
                ("price", pa.decimal128(18, 2)),
                ("net_assets", pa.decimal128(18, 2)),
                ("changed_on", pa.date32()),
                ("_flags", pa.dictionary(pa.int32(), pa.string())),
                ("_batch", pa.string()),
            ]
        )
    )


def test_raw_values_are_kept_of_identifiers_and_dates_of_birth() -> None:
    names = accepted_schema(source_contract("police.resident")).names

    assert [name for name in names if name.endswith("_raw")] == ["id_number_raw", "birth_date_raw"]


@pytest.mark.parametrize("contract", source_contracts().values(), ids=lambda contract: contract.name)
def test_validation_gives_the_accepted_schema(contract: Contract) -> None:
    received = pa.table([pa.array(["1"])] * len(contract.columns), schema=received_schema(contract))

    accepted = validate(received, contract, batch="b", mode="snapshot", as_of=dt.date(2026, 3, 31)).accepted

    assert accepted.schema.equals(accepted_schema(contract))


def test_received_columns_are_text() -> None:
    for contract in EVERY:
        assert set(received_schema(contract).types) == {pa.string()}
        assert tuple(received_schema(contract).names) == contract.column_names


def test_evidence_is_a_list_of_structs() -> None:
    kind = product_schema(product_contract("findings")).field("evidence").type

    assert [field.name for field in kind.value_type] == ["source", "dataset", "record_id", "role"]
    assert product_contract("findings").column("evidence").type is ValueType.EVIDENCE


@pytest.fixture
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TYPE jsonb AS VARCHAR")
    connection.execute("CREATE SCHEMA population")
    return connection


@pytest.mark.parametrize("contract", EVERY, ids=lambda contract: contract.name)
def test_tables_can_be_created_and_are_commented(contract: Contract, database: duckdb.DuckDBPyConnection) -> None:
    for statement in create_table(contract, schema="population"):
        database.execute(statement)

    columns = database.execute(
        "SELECT column_name, is_nullable, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [contract.dataset],
    ).fetchall()
    assert tuple(name for name, _, _ in columns) == contract.column_names
    for name, nullable, comment in columns:
        column = contract.column(name)
        assert nullable == column.nullable, name
        assert comment.startswith(f"{column.name_zh} / {column.name_en}"), name
    (comment,) = database.execute("SELECT comment FROM duckdb_tables()").fetchone() or ("",)
    assert comment == f"{contract.title_zh} / {contract.title_en}"


def test_the_key_is_enforced(database: duckdb.DuckDBPyConnection) -> None:
    for statement in create_table(product_contract("person_crosswalk"), table="crosswalk"):
        database.execute(statement)
    row = ["m1", "tax", "wage", "1", 0.5]
    database.execute("INSERT INTO crosswalk VALUES (?, ?, ?, ?, ?)", row)

    with pytest.raises(duckdb.ConstraintException):
        database.execute("INSERT INTO crosswalk VALUES (?, ?, ?, ?, ?)", row)


@pytest.mark.parametrize("name", ['a"b', "a; drop table x", "select", "中文", "a'b"])
def test_quoted_names_are_names(name: str, database: duckdb.DuckDBPyConnection) -> None:
    database.execute(f"CREATE TABLE {quote(name)} (a integer)")
    database.execute(f"COMMENT ON TABLE {quote(name)} IS {literal(name)}")

    assert database.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall() == [(name, name)]


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "名" * 22])
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        quote(name)


def test_a_zero_character_cannot_be_a_literal() -> None:
    with pytest.raises(ValueError, match="zero character"):
        literal("a\0b")


def test_the_dictionary_says_what_contracts_and_code_tables_say() -> None:
    written = TARGET.read_bytes().decode("utf-8")

    assert written == dictionary(), "refresh it with: python -m schemas.rendering.dictionary"


def test_the_dictionary_covers_every_dataset_column_and_code_table() -> None:
    text = dictionary()

    for contract in EVERY:
        section = text.split(f"### `{contract.name}` ")[1].split("\n### ")[0]
        for column in contract.columns:
            assert f"\n| `{column.name}`" in section, (contract.name, column.name)
        for rule in contract.rules:
            assert f"`{rule.name}`" in section
    for name in code_tables_used():
        assert f'<a id="codes-{name}"></a>' in text
    assert "| 2 |" in text.split('<a id="codes-sex"></a>')[1].split("<a id")[0]


def test_cells_of_the_dictionary_keep_their_row() -> None:
    rows = [line for line in dictionary().splitlines() if line.startswith("| `period`")]

    assert rows
    assert all(line.replace("\\|", "").count("|") == 11 for line in rows)


def test_an_unknown_code_table_is_named() -> None:
    with pytest.raises(BadSpecification, match=r"shoe_size"):
        code_rows("shoe_size")
