"""The relations in the database: the rows in force, as the view `registry.relations` shows them.

Owns the way from the product's files to that view, which is the way of the bases: a version has a partition of its own,
or goes on with the one before and changes its rows within the transaction that puts it in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, text

from registry.in_place import by_index, columns_of, merge
from registry.loading import load_relation_changes, load_relations
from registry.naming import RELATIONS, RELATIONS_GONE, VERSIONS, partition
from registry.relations.declarations import ORDER
from registry.sql import quoted


@dataclass(frozen=True)
class Served:
    """Relations that were loaded for a version, which no reader sees yet.

    `product_version`: of their files. `place`: the partition whose rows they change; None where they have their own.
    """

    product_version: int
    place: int | None = None


@dataclass(frozen=True)
class Rewritten:
    """What a version changes of the relations in force, as files of relations.

    `came`: those that are new or otherwise now. `went`: those that are no more under the same subject.
    """

    came: Path
    went: Path

    @classmethod
    def beside(cls, work: Path) -> "Rewritten":
        """Their places in a folder of work."""
        return cls(work / "came.parquet", work / "went.parquet")


def place_in_force(connection: Connection) -> tuple[int, int | None] | None:
    """Version and partition of the relations in force; None where the database has none."""
    row = connection.execute(text("SELECT product_version, stored FROM registry.current_relations")).one_or_none()
    return None if row is None else (row.product_version, row.stored)


def place_of(connection: Connection, version: int) -> tuple[int, int | None] | None:
    """Those of a publication."""
    row = connection.execute(
        text("SELECT product_version, stored FROM registry.version_relations WHERE version = :version"),
        {"version": version},
    ).one_or_none()
    return None if row is None else (row.product_version, row.stored)


def load_whole(url: URL, version: int, file: Path, product_version: int) -> Served:
    """Copy the relations of a file into a partition to be, of the number of a publication."""
    load_relations(url, version, file)
    return Served(product_version)


def load_rewritten(url: URL, version: int, rewritten: Rewritten, place: int) -> None:
    """Copy what a version changes into tables of its own, for the rows of a partition."""
    load_relation_changes(url, version, rewritten.came, rewritten.went, place)


def put_in_force(connection: Connection, version: int, served: Served | None) -> None:
    """Show the relations of a version; belongs into the transaction that puts it in force.

    Args:
        connection: in that transaction, in which the version's row is already written.
        version: the publication.
        served: what was loaded for it, and changed in place (`change_rows`) where they go on in a partition; None
            keeps what is in force.
    """
    if served is None:
        connection.execute(
            text(
                "INSERT INTO registry.version_relations SELECT :version, product_version, stored"
                " FROM registry.version_relations WHERE version ="
                " (SELECT max(version) FROM registry.version WHERE status = 'published' AND version < :version)"
            ),
            {"version": version},
        )
        return
    if served.place is None:
        _attach(connection, version)
    _write_down(connection, version, served.product_version, version if served.place is None else served.place)


def change_rows(connection: Connection, version: int, place: int) -> None:
    """Put loaded changes into the rows of a partition; belongs into the transaction that puts the version in force."""
    rows, came = (f"{VERSIONS}.{quoted(partition(RELATIONS, number))}" for number in (place, version))
    gone = f"{VERSIONS}.{quoted(partition(RELATIONS_GONE, version))}"
    subject, *others = ORDER
    same = " AND ".join(f"r.{key} = g.{key}" for key in others)
    with by_index(connection):
        connection.execute(text(f"DELETE FROM {rows} r USING {gone} g WHERE r.{subject} = g.{subject} AND {same}"))
    nobody = f"r.{subject} IS NULL AND g.{subject} IS NULL"  # of these an index would find all for each
    connection.execute(text(f"DELETE FROM {rows} r USING {gone} g WHERE {nobody} AND {same}"))
    with by_index(connection):
        connection.execute(text(merge(rows, came, subject, others, columns_of(connection, VERSIONS, RELATIONS))))
    connection.execute(text(f"DROP TABLE {came}, {gone}"))
    went_on = text("UPDATE registry.version_relations SET stored = NULL WHERE stored = :place")
    connection.execute(went_on, {"place": place})


def take_over(connection: Connection, version: int, to: int, loaded: Served | None) -> None:
    """Show what an older version showed; belongs into the transaction of a rollback.

    Args:
        connection: in that transaction, in which the row of the new version is already written.
        version: the new version.
        to: the one gone back to.
        loaded: its relations, where they had no partition any more.
    """
    if loaded:
        _attach(connection, version)
        _write_down(connection, version, loaded.product_version, version)
        return
    connection.execute(
        text(
            "INSERT INTO registry.version_relations SELECT :version, product_version, stored"
            " FROM registry.version_relations WHERE version = :to"
        ),
        {"version": version, "to": to},
    )


def make_up(connection: Connection, version: int, product_version: int) -> None:
    """Show the relations of the version in force that the database lacked, once they are loaded under its number."""
    _attach(connection, version)
    _write_down(connection, version, product_version, version)


def kept_places(connection: Connection, keep: int) -> frozenset[int]:
    """The partitions that the newest `keep` publications need."""
    found = connection.execute(
        text(
            "SELECT DISTINCT stored FROM registry.version_relations WHERE stored IS NOT NULL AND version IN"
            " (SELECT version FROM registry.version WHERE status = 'published' ORDER BY version DESC LIMIT :keep)"
        ),
        {"keep": keep},
    )
    return frozenset(found.scalars())


def relation_partitions(connection: Connection, *, attached: bool) -> Sequence[str]:
    """The tables of single versions: partitions, or what is not (yet, or any more) one."""
    found = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
            " WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r' AND c.relispartition = :attached"
            " AND c.relname ~ :pattern AND i.inhdetachpending IS NOT TRUE ORDER BY c.relname"
        ),
        {"schema": VERSIONS, "attached": attached, "pattern": f"^({RELATIONS}|{RELATIONS_GONE})_v[0-9]+$"},
    )
    return tuple(found.scalars())


def _write_down(connection: Connection, version: int, product_version: int, stored: int) -> None:
    connection.execute(
        text(
            "INSERT INTO registry.version_relations VALUES (:version, :product, :stored) ON CONFLICT (version)"
            " DO UPDATE SET product_version = excluded.product_version, stored = excluded.stored"
        ),
        {"version": version, "product": product_version, "stored": stored},
    )


def _attach(connection: Connection, number: int) -> None:
    child = f"{VERSIONS}.{quoted(partition(RELATIONS, number))}"
    connection.execute(
        text(f"ALTER TABLE {VERSIONS}.{RELATIONS}_versions ATTACH PARTITION {child} FOR VALUES IN ({number:d})")
    )
