"""A database that a former release made and filled comes forward: every row of every table, and what follows from it.

The database of a former release is made by its own migrations. It is filled with the rows that this release wrote, as
far as that release had the tables and columns for them, and then upgraded and published to.
"""

import datetime as dt
import re
import shutil
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from registry.history.reading import as_of
from registry.history.recording import told
from registry.judgements import ledger
from registry.judgements.judgement import Author, RecordKey, link, not_link, override, suppress
from registry.migration import MIGRATIONS, upgrade
from registry.naming import RELATIONS, SCHEMAS, feed_product
from registry.publication import publish, repair
from registry.rollback import roll_back
from storage.engine import create_engine
from storage.manifest import read_manifest
from storage.zones import Zones
from tests.registry import test_publication as publications
from tests.registry.test_publication import AS_OF, AT, POLICE, rows, served

city, companies = publications.city, publications.companies
STEWARD = Author("wang", "paper file")
PLACES = ("registry", *SCHEMAS.values())
FIRST_WITH = {"stored": 3, "judgements": 4, "judged values": 5}


@pytest.fixture
def both(city, companies):
    """Requests over both bases; of the enterprises nothing ever changes."""

    def make(*arguments, **more):
        request = city(*arguments, **more)
        return replace(request, enterprise=companies.enterprise, tables={**request.tables, **companies.tables})

    return make


def revisions():
    """All former releases, by their numbers."""
    return sorted(int(path.name[1:5]) for path in (MIGRATIONS / "versions").glob("r*.py"))[:-1]


def tables(engine):
    """Every table with its columns, those of partitions included; parents before their partitions."""
    found = rows(
        engine,
        "SELECT n.nspname, c.relname, c.relkind, p.relname, pg_get_expr(c.relpartbound, c.oid),"
        " array_agg(a.attname::text ORDER BY a.attnum)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
        " LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent"
        f" WHERE n.nspname IN {PLACES} AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'"
        " AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1, 2, 3, 4, c.relpartbound, c.oid"
        " ORDER BY p.relname IS NOT NULL, n.nspname = 'registry' DESC, c.relname <> 'version', c.oid",
    )
    return {f"{schema}.{name}": row for schema, name, *row in found}


def content(engine):
    """The rows of every table, as texts by column."""
    found = {}
    for name, (kind, _, _, columns) in tables(engine).items():
        if kind == "r":
            listed = ", ".join(f'"{column}"::text' for column in sorted(columns))
            found[name] = (tuple(sorted(columns)), sorted(map(repr, rows(engine, f"SELECT {listed} FROM {name}"))))
    return found


def to_revision(engine, number):
    """What the release of a number made of an empty database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA registry"))
        config.attributes["connection"] = connection
        command.upgrade(config, f"r{number:04d}")


def fill(source, target):
    """Give a database of a former release the rows of another one, as far as it has tables and columns for them."""
    ours = tables(target)
    with source.connect() as reading, target.begin() as writing:
        raw_in, raw_out = reading.connection.driver_connection, writing.connection.driver_connection
        for name, (kind, parent, bound, columns) in tables(source).items():
            schema, _, _ = name.partition(".")
            like = ours.get(f"{schema}.{parent}" if parent else name)
            if like is None or kind == "p":
                continue
            if parent:
                writing.execute(text(f"CREATE TABLE {name} PARTITION OF {schema}.{parent} {bound}"))
            listed = ", ".join(f'"{column}"' for column in columns if column in like[3])
            with (
                raw_in.cursor().copy(f"COPY {name} ({listed}) TO STDOUT (FORMAT binary)") as leaving,
                raw_out.cursor().copy(f"COPY {name} ({listed}) FROM STDIN (FORMAT binary)") as coming,
            ):
                for block in leaving:
                    coming.write(block)
        if "registry.judgement" in ours:
            writing.execute(
                text(
                    "SELECT setval(pg_get_serial_sequence('registry.judgement', 'judgement'),"
                    " (SELECT coalesce(max(judgement), 1) FROM registry.judgement))"
                )
            )


def judged(engine, number):
    """Judgements of every kind that a release knew, one of them taken back."""
    if number < FIRST_WITH["judgements"]:
        return
    one, other, third = (RecordKey.parse(f"{POLICE}/p{at}") for at in range(5, 8))
    said = [link(one, other), not_link(other, third), suppress(RecordKey.parse("police.resident/not-there"))]
    if number >= FIRST_WITH["judged values"]:
        master = rows(engine, "SELECT master_id FROM population.person_crosswalk WHERE record_id = 'p9'")[0][0]
        said += [override(master, "name", "判定"), override(master, "mobile", None)]
    with engine.begin() as connection:
        added = ledger.add(connection, STEWARD, said, AT)
        ledger.take_back(connection, STEWARD, [added[0].number], AT)


@pytest.mark.parametrize("number", revisions())
def test_a_filled_database_of_a_former_release_comes_forward(new_database, server, tmp_path, both, number):
    """Publications whole and in place, a merge, a rollback, judgements: each as far as the release knew it."""
    ours, zones = new_database(), Zones(tmp_path / "ours").create()
    one = both("one", together=(1,))
    two = both("two", together=(0, 1), since=one if number >= FIRST_WITH["stored"] else None)
    publish(ours, zones, one)
    judged(ours, number)
    publish(ours, zones, two)
    roll_back(ours, zones, 1, AT)
    if number < FIRST_WITH["stored"]:  # those releases knew no partition of another number
        publish(ours, zones, replace(both("again", together=(1, 2)), waived=frozenset({"rolled_back"})))
    theirs = server.ensure_database(name := f"{ours.url.database}_former") or create_engine(server.url("owner", name))
    try:
        to_revision(theirs, number)
        fill(ours, theirs)
        former, there = content(theirs), Zones(tmp_path / "theirs")
        empty = {table for table, (_, kept) in former.items() if not kept}
        assert empty <= {"enterprise.enterprise_history", "enterprise.enterprise_event"}, "every table is filled"
        shutil.copytree(zones.home, there.home, symlinks=True)
        if number < 2:
            for entity in SCHEMAS:  # the first release wrote no feeds
                shutil.rmtree(there.current(feed_product(entity)).parent, ignore_errors=True)
        upgrade(theirs)
        upgraded = content(theirs)
        for table, (columns, kept) in former.items():
            assert set(columns) <= set(upgraded[table][0])
            if columns == upgraded[table][0]:
                assert upgraded[table][1] == kept, table
        repair(theirs, there)
        assert relations(theirs) == relations(ours)
        assert relations(theirs)
        compare_what_follows(number, (ours, zones), (theirs, there), both)
    finally:
        theirs.dispose()


def relations(engine):
    return sorted(rows(engine, f"SELECT * FROM registry.{RELATIONS}"), key=repr)


def compare_what_follows(number, ours, theirs, both):
    """The next publications, one whole and one of changes, give the same; and what was known can be asked."""
    since = None
    for day, name in enumerate(("three", "four")):
        request = replace(both(name, persons=21 + day, together=(0, 2), since=since), as_of=AS_OF + dt.timedelta(day))
        assert publish(*ours, request).version == publish(*theirs, request).version
        in_force = read_manifest(ours[1].current("person")).facts["since"]
        assert (in_force is None) == (since is None)
        since = request
        one, other = served(*ours), served(*theirs)
        if number < 2:  # the past begins with the upgrade
            one, other = (
                {key: kept for key, kept in found.items() if not re.search("past|history|event|changes", str(key))}
                for found in (one, other)
            )
        for found in (one, other):  # former releases did not write down which relations a version has
            del found["version_relations", "registry"]
        assert other == one
    with theirs[0].connect() as connection:
        begun = told(connection, "person").since
        master = connection.execute(text("SELECT master_id FROM population.person LIMIT 1")).scalar_one()
        assert as_of(connection, "person", master).state.presence == "present"
    assert begun == (1 if number >= 2 else 4)
