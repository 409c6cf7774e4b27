"""Roles of recipients: they see what is granted, as it is masked, while it is granted, and nothing else."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text

from exchange.agreement import Agreement, FieldGrant, Grant, Mask
from exchange.agreement_files import read_agreements
from exchange.masks import masked
from exchange.readers import _masked, grant_readers
from registry.migration import upgrade
from storage.engine import create_engine
from storage.server import EmbeddedServer
from tests.databases import quick_server

TODAY = dt.datetime.now(dt.UTC).date()
NAMES = [
    ("P1", "王小明", "370202", "370202198001011234"),
    ("P2", "欧阳小明", "370203", "1234"),
    ("P3", "李", None, None),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[EmbeddedServer]:
    with quick_server(tmp_path_factory.mktemp("readers") / "postgres") as running:
        yield running


@pytest.fixture(scope="module")
def engine(server) -> Iterator[Engine]:
    server.ensure_database("granted")
    engine = create_engine(server.url("owner", "granted"))
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE population.person_v1 PARTITION OF population.person_versions FOR VALUES IN (1)")
        )
        connection.execute(text(
            "INSERT INTO registry.version (version, committed_at, status, as_of, inputs_hash, counts, manifest)"
            " VALUES (1, now(), 'published', '2026-04-01', '', '{}', '{}')"
        ))  # fmt: skip
        connection.execute(text("INSERT INTO registry.version_product VALUES (1, 'person', 1, '', 1)"))
        for master, name, division, number in NAMES:
            connection.execute(
                text(
                    "INSERT INTO population.person_versions (version, master_id, name, division_code, id_number,"
                    " birth_date, sources, record_count)"
                    " VALUES (1, :master, :name, :division, :number, '1980-01-01', 'x', 1)"
                ),
                {"master": master, "name": name, "division": division, "number": number},
            )
    yield engine
    engine.dispose()


def agreement(**more):
    fields = (
        FieldGrant("name", Mask.SURNAME), FieldGrant("id_number", Mask.LAST4), FieldGrant("birth_date", Mask.YEAR),
        FieldGrant("division_code"), FieldGrant("mobile", Mask.KEYED_HASH),
    )  # fmt: skip
    grants = (
        Grant("person", fields, {"division_code": ("370202", "370203")}),
        Grant("findings", (FieldGrant("rule"),)),
    )
    values = {
        "recipient": "bureau", "recipient_name": "某局", "version": "1", "purpose": "核对", "legal_basis": "待核定",
        "valid_from": TODAY - dt.timedelta(3), "valid_to": TODAY + dt.timedelta(3), "format": "csv", "grants": grants,
    }  # fmt: skip
    return Agreement(**(values | more))


@pytest.fixture
def asked(engine, server):
    """Ask a query as somebody who signs in with nothing but the role."""

    def ask(query, role="reader_bureau"):
        with server._superuser() as master:
            master.execute("DROP ROLE IF EXISTS zhang_wei")
            master.execute("CREATE ROLE zhang_wei LOGIN PASSWORD 'secret'")
            master.execute(sql.SQL("GRANT {} TO zhang_wei").format(sql.Identifier(role)))
        address = engine.url.set(drivername="postgresql", username="zhang_wei", password="secret")  # noqa: S106
        with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
            return connection.execute(query).fetchall()

    return ask


def test_a_recipient_sees_granted_columns_and_rows_masked(engine, asked):
    grant_readers(engine, [agreement()])
    assert asked("SELECT * FROM reader_bureau.person ORDER BY 1") == [
        ("欧阳**", "****", "1980", "370203"), ("王**", "**************1234", "1980", "370202"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM population.person", "SELECT * FROM population.person_versions", "SELECT * FROM registry.version",
        "SELECT * FROM population.person_v1", "SELECT * FROM registry.installation",
        "DELETE FROM reader_bureau.person", "CREATE TABLE reader_bureau.mine (x int)",
    ],
)  # fmt: skip
def test_everything_else_is_closed(engine, asked, query):
    grant_readers(engine, [agreement()])
    with pytest.raises(InsufficientPrivilege):
        asked(query)


def test_a_function_in_a_query_sees_granted_rows_only(engine, asked):
    """Without the barrier the planner would run a cheap condition of the reader before ours."""
    grant_readers(engine, [agreement()])
    with engine.begin() as connection:
        connection.execute(text(
            "CREATE OR REPLACE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS"
            " $$ BEGIN IF $1 LIKE '李%' THEN RAISE EXCEPTION 'seen'; END IF; RETURN true; END $$"
        ))  # fmt: skip
    assert len(asked("SELECT * FROM reader_bureau.person WHERE public.leak(name)")) == 2


def test_what_is_over_or_withdrawn_shows_nothing(engine, asked):
    grant_readers(engine, [agreement(valid_to=TODAY - dt.timedelta(2))])
    assert asked("SELECT * FROM reader_bureau.person") == []
    assert grant_readers(engine, []) == ("reader_bureau",)
    with pytest.raises(psycopg.errors.UndefinedTable):
        asked("SELECT * FROM reader_bureau.person")


def test_the_same_agreements_change_nothing_and_others_do(engine, asked):
    one = agreement()
    grant_readers(engine, [one])
    assert grant_readers(engine, [one]) == ()
    narrowed = replace(one, grants=(Grant("person", (FieldGrant("division_code"),)),))
    assert grant_readers(engine, [narrowed]) == ("reader_bureau",)
    assert sorted(asked("SELECT * FROM reader_bureau.person"), key=str) == [("370202",), ("370203",), (None,)]


def test_relations_are_shown_of_granted_subjects_alone(engine, asked):
    """Of relations of enterprises, whose base is not granted, their own rows decide."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE registry.relations_v1 PARTITION OF registry.relations_versions"
                                " FOR VALUES IN (1)"))  # fmt: skip
        connection.execute(text("INSERT INTO registry.version_relations VALUES (1, 1, 1)"))
        for number, (kind, who, master) in enumerate(SUBJECTS):
            connection.execute(
                text(
                    "INSERT INTO registry.relations_versions (version, kind, source, dataset, record_id, from_kind,"
                    " from_master_id, to_kind, state) VALUES (1, :kind, 's', 'd', :record, :who, :master, 'household',"
                    " 'current')"
                ),
                {"kind": kind, "record": str(number), "who": who, "master": master},
            )
    related = Grant("relations", (FieldGrant("from_master_id"),), {"kind": ("household",)})
    grant_readers(engine, [agreement(grants=(*agreement().grants, related))])
    assert sorted(asked("SELECT * FROM reader_bureau.relations")) == [("E1",), ("P1",), ("P2",)]
    with pytest.raises(InsufficientPrivilege):
        asked("SELECT * FROM registry.relations")
    grant_readers(engine, [agreement(grants=(related,))])
    assert len(asked("SELECT * FROM reader_bureau.relations")) == 5


SUBJECTS = [
    ("household", "person", "P1"), ("household", "person", "P2"), ("household", "person", "P3"),
    ("household", "person", None), ("household", "enterprise", "E1"), ("employer", "person", "P1"),
]  # fmt: skip


def test_the_shipped_agreements_can_be_granted(engine):
    roles = grant_readers(engine, read_agreements())
    assert {f"reader_{one.recipient}" for one in read_agreements()} <= set(roles)
    query = text(
        "SELECT count(*) FILTER (WHERE col_description(a.attrelid, a.attnum) IS NULL), count(*) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE starts_with(n.nspname, 'reader_') AND a.attnum > 0"
    )
    with engine.connect() as connection:
        missing, columns = connection.execute(query).one()
    assert missing == 0
    assert columns > 5


def test_an_owner_who_may_not_make_roles_is_told_which_are_missing(engine, server, caplog):
    with server._superuser() as master:
        master.execute("CREATE ROLE modest LOGIN PASSWORD 'modest'")
        master.execute("GRANT CREATE, CONNECT ON DATABASE granted TO modest")
    address = engine.url.set(username="modest", password="modest")  # noqa: S106 - of a role of this test
    modest = create_engine(address.render_as_string(hide_password=False))
    try:
        assert grant_readers(modest, [agreement(recipient="unmade", grants=())]) == ()
    finally:
        modest.dispose()
    assert 'CREATE ROLE "reader_unmade" NOLOGIN' in caplog.text


TEXTS = st.text(st.sampled_from("欧阳王12a𠮷 "), max_size=6) | st.none()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=20),
    mask=st.sampled_from([Mask.NONE, Mask.LAST4, Mask.SURNAME, Mask.DISTRICT]),
)
def test_views_mask_as_deliveries_do(engine, texts, mask):
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"value": pa.array(texts, pa.string())}))
        delivered = [row[0] for row in connection.execute(f"SELECT {masked('value', mask)} FROM given").fetchall()]
    query = sql.SQL("SELECT {} FROM unnest(%s::text[]) WITH ORDINALITY AS t(value, n) ORDER BY n").format(
        _masked(FieldGrant("value", mask))
    )
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        assert [row[0] for row in connection.execute(query, (texts,)).fetchall()] == delivered
