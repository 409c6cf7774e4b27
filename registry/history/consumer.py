"""The reference consumer of a change feed: a copy of a base, and how it becomes the next version.

A consumer keeps its copy and the version that the copy holds. Each step of the feed says in its manifest from which
version it leads to which (`facts`: `from` null for the first, `to`); steps apply in the order of their cursors. A
consumer that has nothing, or that stayed away until its next step was gone, starts from the base's own file.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.history.differences import FEED
from registry.naming import feed_product
from registry.policy import Entity
from registry.sql import connect, quoted
from schemas.contract import product_contract
from schemas.rendering.arrow import ARROW_TYPES
from storage.manifest import is_whole, read_manifest
from storage.zones import Zones

GONE = ("removed", "merged")
"""Kinds of rows after which the id is no more; after the others it has the values of the row."""


def apply_feed(entity: Entity, copy: Path | None, feed: Path, out: Path, work: Path) -> None:
    """Write the version that a step of the feed leads to.

    Args:
        entity: of the base.
        copy: Parquet with the version that the step starts from; None where it starts from nothing.
        feed: Parquet with the step's rows.
        out: file to write: the columns of the base, sorted by master_id.
        work: an empty folder, to spill into.
    """
    columns = product_contract(entity).columns
    schema = pa.schema([pa.field(item.name, ARROW_TYPES[item.type], item.nullable) for item in columns])
    names = ", ".join(quoted(name) for name in schema.names)
    with connect(work) as connection:
        connection.read_parquet(str(feed)).create_view("feed")
        kept = f"SELECT {names} FROM feed WHERE false"
        if copy is not None:
            connection.read_parquet(str(copy)).create_view("copy")
            kept = f"SELECT {names} FROM copy c ANTI JOIN feed f ON f.master_id = c.master_id"
        rows = connection.sql(
            f"SELECT {names} FROM ({kept} UNION ALL BY NAME SELECT {names} FROM feed"
            f" WHERE kind NOT IN ({', '.join(repr(kind) for kind in GONE)})) ORDER BY master_id"
        )
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for batch in rows.to_arrow_reader(100_000):
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def steps(zones: Zones, entity: Entity, after: int) -> Sequence[Path]:
    """Files of the feed that a copy has not seen, in order.

    Args:
        zones: of the published products.
        entity: of the base.
        after: the last version of the feed that the copy has applied, or of the publication that it was taken from.
    """
    parent = zones.current(feed_product(entity)).parent
    folders = sorted(parent.iterdir()) if parent.is_dir() else ()
    found = [one for one in folders if one.name.isdecimal() and not one.is_symlink() and is_whole(one)]
    return [one / FEED for one in found if int(one.name) > after]


def leads_from(feed: Path) -> int | None:
    """The version of the base that a step starts from; None where it starts from nothing."""
    version = read_manifest(feed.parent).facts["from"]
    return None if version is None else int(str(version))


__all__ = ["GONE", "apply_feed", "leads_from", "steps"]
