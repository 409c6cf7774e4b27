"""What the registry's things are called: schemas, products, the tables and folders of a version."""

from collections.abc import Mapping

from registry.policy import Entity

SCHEMAS: Mapping[Entity, str] = {"person": "population", "enterprise": "enterprise"}
"""The PostgreSQL schema of each base database."""

WRITER = "sitong_writer"
"""The role that adds judgements to their ledger."""

READERS = ("sitong_reader", WRITER)
"""Roles that read products through their views, and nothing else of this room."""

LEDGER_TABLE = "master_id"
"""The table of all ids ever given, in each schema."""

VERSIONS = "registry"
"""The schema of what belongs to no single base: versions, judgements, relations."""

RELATIONS = "relations"
"""The product that joins the bases, and its table."""

RELATIONS_GONE = "relations_gone"
"""The table of the relations that a version of few changes lets go; each has its own until its commit."""


def products(entity: Entity) -> tuple[str, str]:
    """The products of an entity: golden records and crosswalk."""
    return entity, f"{entity}_crosswalk"


def stored(entity: Entity) -> tuple[str, str, str]:
    """The tables of an entity that have one partition a version."""
    return entity, f"{entity}_crosswalk", f"{entity}_provenance"


def feed_product(entity: Entity) -> str:
    """The product that says what changed in an entity's base with each version."""
    return f"{entity}_changes"


def segments(entity: Entity) -> tuple[str, str]:
    """The tables of an entity's past, to which each version adds rows: history of values, events."""
    return f"{entity}_history", f"{entity}_event"


def gone_table(entity: Entity) -> str:
    """The table of the masters and records that a version of few changes lets go; each has its own until its commit."""
    return f"{entity}_gone"


def partition(table: str, version: int) -> str:
    """The partition that holds a table's rows of one version.

    >>> partition("person", 12)
    'person_v12'
    """
    return f"{table}_v{version}"


def folder_name(version: int) -> str:
    """A version as the name of a folder; names sort as versions do.

    >>> folder_name(12)
    '000012'
    """
    return f"{version:06d}"
