"""Engines, identifiers and bulk load against a real server."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.engine import bulk_load, create_engine, database_error, open_database, quote_identifier
from storage.errors import BadSpecification, Internal, SourceUnavailable
from storage.zones import Zones


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with open_database(Zones(tmp_path_factory.mktemp("home"))) as database:
        yield database


@pytest.fixture
def connection(database):
    with database.engine.connect() as connection:
        yield connection
        connection.rollback()


def test_every_plain_type_arrives_as_it_was(connection):
    table = pa.table(
        {
            "text": pa.array(["", None, '引号"逗号,\r\n換行 \\N \\.', "𠮷"]),
            "code": pa.array(["01", "01", None, "02"]).dictionary_encode(),
            "count": pa.array([1, None, -(2**62), 0], pa.int64()),
            "yuan": pa.array([Decimal("0.10"), None, Decimal("-12345678901234.56"), Decimal(0)], pa.decimal128(18, 2)),
            "ratio": pa.array([0.1, None, 1e300, -0.0]),
            "flag": pa.array([True, None, False, True]),
            "day": pa.array([date(1900, 1, 1), None, date(2026, 2, 28), date(9999, 12, 31)]),
            "moment": pa.array(
                [datetime.fromisoformat("2026-03-31T08:00:00.123456"), None, None, None], pa.timestamp("us")
            ),
        }
    )
    columns = "text text, code text, count bigint, yuan numeric(18, 2), ratio double precision, flag boolean, day date"
    connection.execute(sa.text(f"CREATE TEMPORARY TABLE every ({columns}, moment timestamp)"))
    assert bulk_load(connection, "pg_temp", "every", table) == 4
    rows = connection.execute(sa.text("SELECT * FROM every")).all()
    assert [tuple(row) for row in rows] == [tuple(row.values()) for row in table.to_pylist()]


text = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | text, max_size=20))
def test_load_and_read_is_the_identity(connection, values):
    connection.execute(sa.text("CREATE TEMPORARY TABLE IF NOT EXISTS one (n bigint, value text)"))
    connection.execute(sa.text("DELETE FROM one"))
    table = pa.table({"n": pa.array(range(len(values)), pa.int64()), "value": pa.array(values, pa.string())})
    bulk_load(connection, "pg_temp", "one", table.to_reader(max_chunksize=3))
    assert connection.execute(sa.text("SELECT value FROM one ORDER BY n")).scalars().all() == values


def test_a_load_belongs_to_the_transaction(database):
    with database.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (n bigint)"))
    with database.engine.connect() as connection:
        bulk_load(connection, "public", "kept", pa.table({"n": [1, 2]}))
        connection.rollback()
        bulk_load(connection, "public", "kept", pa.table({"n": [3]}))
        connection.commit()
    with database.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT n FROM kept")).scalars().all() == [3]


def test_a_type_that_copy_does_not_take_is_refused(connection):
    with pytest.raises(Internal, match="list"):
        bulk_load(connection, "pg_temp", "any", pa.table({"n": [[1]]}))


@pytest.mark.parametrize("name", ['a"; DROP TABLE x; --', "中文 名", "select", "A", "'", "%s", ":x"])
def test_a_quoted_name_is_only_a_name(connection, name):
    table = pa.table({name: ["v"]})
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE odd ({quote_identifier(name).replace('%', '%%')} text)")
    bulk_load(connection, "pg_temp", "odd", table)
    assert list(connection.execute(sa.text("SELECT * FROM odd")).keys()) == [name]


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "名" * 22])
def test_names_that_would_be_cut_are_refused(name):
    with pytest.raises(BadSpecification):
        quote_identifier(name)


def test_errors_hide_the_values(connection):
    connection.execute(sa.text("CREATE TEMPORARY TABLE person (id text CONSTRAINT one_each PRIMARY KEY)"))
    insert = sa.text("INSERT INTO person VALUES (:id)")
    with pytest.raises(sa.exc.IntegrityError) as caught:
        connection.execute(insert, [{"id": "440524188001010014"}, {"id": "440524188001010014"}])
    told = database_error(caught.value, "population.person")
    assert "440524188001010014" not in str(told)
    assert "one_each" in str(told)
    assert "23505" in str(told)


def test_an_address_of_ones_own_serves_all_three(database):
    with open_database(Zones("unused"), database.uri) as own, own.writer.connect() as connection:
        assert own.engine.url.drivername == "postgresql+psycopg"
        assert connection.execute(sa.text("SELECT current_user")).scalar() == "sitong_owner"
        assert own.uri == database.uri


@pytest.mark.parametrize(
    "url", ["sqlite://", "mysql://root:hunter2@db/x", "nonsense:hunter2", "postgresql://a:hunter2@h:port/"]
)
def test_other_addresses_are_refused_without_their_password(url):
    with pytest.raises(BadSpecification, match="SITONG_DATABASE_URL") as caught:
        create_engine(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path):
    url = "postgresql://someone:hunter2@127.0.0.1:1/base"
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1:1/base") as caught, open_database(Zones(tmp_path), url):
        pass
    assert "hunter2" not in str(caught.value)
