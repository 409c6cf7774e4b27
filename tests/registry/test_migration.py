"""The database's schemas: at this release, described, granted, and the same when said twice."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from registry.choice import DECISIONS
from registry.migration import MIGRATIONS, new_id_key, upgrade
from registry.naming import SCHEMAS, products, segments
from schemas.contract import ValueType, product_contract
from storage.engine import create_engine

SQL_TYPES = {
    ValueType.STRING: "text",
    ValueType.INTEGER: "bigint",
    ValueType.MONEY: "numeric(18,2)",
    ValueType.NUMBER: "double precision",
    ValueType.DATE: "date",
    ValueType.TIMESTAMP: "timestamp without time zone",
}
PRODUCTS = [(schema, product) for entity, schema in SCHEMAS.items() for product in products(entity)]


def columns(engine, schema, view):
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) FROM pg_attribute"
                " WHERE attrelid = CAST(:view AS regclass) AND attnum > 0 ORDER BY attnum"
            ),
            {"view": f"{schema}.{view}"},
        )
        return [tuple(row) for row in found]


@pytest.mark.parametrize(("schema", "product"), PRODUCTS)
def test_the_database_has_the_columns_of_the_contract_described_in_both_languages(engine, schema, product):
    contract = product_contract(product)
    assert columns(engine, schema, product) == [
        (column.name, SQL_TYPES[column.type], f"{column.name_zh} / {column.name_en}") for column in contract.columns
    ]


def test_the_words_of_provenance_are_those_of_the_choice(engine):
    first = (MIGRATIONS / "versions" / "r0001_base_databases.py").read_text("utf-8")
    said = re.search(r'_DECISIONS = \(\s*"(.*)"', first)
    assert said is not None
    with engine.connect() as connection:
        view = connection.execute(text("SELECT pg_get_viewdef('population.provenance'::regclass)")).scalar_one()
    assert said[1].split(", ") == list(DECISIONS)[:-1]
    assert f"'{', '.join(DECISIONS)}'" in view


def test_upgrading_again_changes_nothing_and_keeps_the_key(engine):
    with engine.connect() as connection:
        before = connection.execute(text("SELECT id, id_key FROM registry.installation")).all()
    upgrade(engine, id_key=new_id_key())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, id_key FROM registry.installation")).all() == before


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_others_read_products_through_their_views_only(engine, server, role):
    other = create_engine(server.url(role, engine.url.database))
    try:
        with other.connect() as connection:
            for schema, product in PRODUCTS:
                assert connection.execute(text(f"SELECT count(*) FROM {schema}.{product}")).scalar_one() == 0
            for name in ("redirect", "provenance"):
                assert connection.execute(text(f"SELECT count(*) FROM population.{name}")).scalar_one() == 0
        for statement in REFUSED:
            with other.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(statement))
    finally:
        other.dispose()


REFUSED = (
    "DELETE FROM population.person_versions",
    "SELECT * FROM population.person_versions",
    "DELETE FROM registry.version",
    "SELECT id_key FROM registry.installation",
)


def test_the_tables_of_the_past_are_described_in_both_languages(engine):
    places = [("registry", "past")] + [(schema, table) for one, schema in SCHEMAS.items() for table in segments(one)]
    for schema, table in places:
        described = columns(engine, schema, table)
        assert described
        for name, _, comment in described:
            chinese, _, english = (comment or "").partition(" / ")
            assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), (table, name)
            assert english.isascii(), (table, name)
            assert english, (table, name)


@pytest.mark.parametrize("table", ["population.person_history", "enterprise.enterprise_event", "registry.past"])
def test_others_read_the_past_and_never_change_it(engine, server, table):
    other = create_engine(server.url("reader", engine.url.database))
    try:
        with other.connect() as connection:
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        with other.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(f"DELETE FROM {table}"))
    finally:
        other.dispose()
