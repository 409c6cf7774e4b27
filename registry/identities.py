"""Which cluster carries which master id: ids that stay from run to run, whatever the matching does.

Every id ever given has an anchor, one source record. The rule is one sentence: a cluster carries the oldest living id
among those whose anchors it holds, else the oldest of the others, else a new one. From it follows the rest: when
clusters merge, the older id survives and the other redirects to it; when a cluster splits, the id stays with its
anchor, and an id that had been merged comes back to its own anchor; no id is given twice; and a redirect names the
survivor in one step, because it is always computed anew from where the anchor lies. Where an anchor's record is gone,
the role passes to another record of the same master; where all are gone, the id retires, and returns only with its
anchor.

Pure: the result depends on the ledger, the two crosswalks and the key, not on the order of rows.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from registry.master_ids import master_ids
from registry.policy import Entity, policy
from registry.sql import connect, count
from storage.errors import BadSpecification

LEDGER = pa.schema(
    [
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("master_id", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("target", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("record_id", pa.string(), nullable=False),
    ]
)
"""The ledger of ids: one row per id ever given. `state`: live, merged (`target` is the survivor's id) or retired (no
record of it is left). source, dataset, record_id: its anchor."""


@dataclass(frozen=True)
class Past:
    """What the registry knows before: files of the last version, or the part of them that changes concern.

    `highest`: the highest number ever given, where the ledger is such a part.
    """

    ledger: Path
    crosswalk: Path
    highest: int | None = None


@dataclass(frozen=True)
class Assignment:
    """The ids of a new version.

    `crosswalk`: file with the columns of the product, sorted by master_id, source, dataset, record_id. `ledger`: file
    with the columns of LEDGER, all ids. `changes`: the rows of it that are new or changed. Counts of ids: `created`;
    `merged`, `retired`, `revived` in this run; `split`: ids whose records now lie in more than one cluster.
    """

    crosswalk: Path
    ledger: Path
    changes: Path
    created: int
    merged: int
    split: int
    retired: int
    revived: int


def assign(entity: Entity, clusters: Path, past: Past | None, key: bytes, out: Path) -> Assignment:
    """Give every cluster its master id.

    Args:
        entity: decides the letter of the ids and the order of the datasets in which an anchor is sought.
        clusters: a match's crosswalk; its master_id names the cluster and is not kept.
        past: the last version.
        key: the installation's key of ids.
        out: an empty folder for the result.
    """
    with connect(out) as connection:
        _open(connection, entity, clusters, past)
        _refuse_strangers(connection, entity)
        for step in (_ANCHORED, _HEIRS, _CLAIMS, _BEARERS, _FOUNDERS):
            connection.execute(step)
        _name_founders(connection, entity, key)
        for step in (_NAMED, _STANDING, _LEDGER_NOW):
            connection.execute(step)
        return _written(connection, out)


def _open(connection: duckdb.DuckDBPyConnection, entity: Entity, clusters: Path, past: Past | None) -> None:
    connection.read_parquet(str(clusters)).create_view("clusters")
    if past is None:
        connection.register("ledger", LEDGER.empty_table())
        connection.execute("CREATE VIEW previous AS SELECT * FROM clusters LIMIT 0")
    else:
        connection.read_parquet(str(past.ledger)).create_view("ledger")
        connection.read_parquet(str(past.crosswalk)).create_view("previous")
    highest = past.highest if past else None
    connection.execute(
        "CREATE TABLE numbering AS SELECT coalesce(?, (SELECT max(sequence) FROM ledger), -1) AS highest", [highest]
    )
    names = policy(entity).datasets
    order = {"source": [n.partition(".")[0] for n in names], "dataset": [n.partition(".")[2] for n in names]}
    connection.register("trust", pa.table(order | {"rank": pa.array(range(len(names)), pa.int32())}))


def _refuse_strangers(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    strangers = count(
        connection, "SELECT count(*) FROM clusters c ANTI JOIN trust t ON t.source = c.source AND t.dataset = c.dataset"
    )
    if strangers:
        raise BadSpecification(
            f"{strangers} records of the crosswalk are of datasets that do not make up the {entity} base",
            expected=", ".join(policy(entity).datasets),
            remedy=f"publish the output of matching {entity} records",
        )


_ANCHORED = """
CREATE TABLE anchored AS
SELECT l.sequence, l.state, c.master_id AS cluster, l.source, l.dataset, l.record_id
FROM ledger l JOIN clusters c
  ON c.record_id = l.record_id AND c.dataset = l.dataset AND c.source = l.source
"""

# A living id whose anchor is gone: the role passes to one of its other records, best one that anchors no other id.
_HEIRS = """
CREATE TABLE heirs AS
WITH lost AS (
  SELECT l.sequence, l.master_id FROM ledger l ANTI JOIN anchored a ON a.sequence = l.sequence WHERE l.state = 'live'),
remaining AS (
  SELECT lost.sequence, c.master_id AS cluster, c.source, c.dataset, c.record_id, t.rank,
         EXISTS (SELECT 1 FROM ledger o
                 WHERE o.record_id = c.record_id AND o.dataset = c.dataset AND o.source = c.source) AS taken
  FROM lost JOIN previous p ON p.master_id = lost.master_id
  JOIN clusters c ON c.record_id = p.record_id AND c.dataset = p.dataset AND c.source = p.source
  JOIN trust t ON t.source = c.source AND t.dataset = c.dataset)
SELECT sequence, 'live' AS state, cluster, source, dataset, record_id FROM remaining
QUALIFY row_number() OVER (PARTITION BY sequence ORDER BY taken, rank, source, dataset, record_id) = 1
"""

_CLAIMS = "CREATE TABLE claims AS FROM anchored UNION ALL BY NAME FROM heirs"

_BEARERS = """
CREATE TABLE bearers AS
SELECT cluster, coalesce(min(sequence) FILTER (state = 'live'), min(sequence)) AS sequence FROM claims GROUP BY cluster
"""

# The first record of the most trusted dataset: rank and record id in one text, whose order is that of both.
_FOUNDERS = """
CREATE TABLE founders AS
WITH first AS (
  SELECT c.master_id AS cluster, min(chr(48 + t.rank) || c.record_id) AS best
  FROM clusters c ANTI JOIN bearers b ON b.cluster = c.master_id
  JOIN trust t ON t.source = c.source AND t.dataset = c.dataset GROUP BY ALL)
SELECT cluster, t.source, t.dataset, best[2:] AS record_id,
       row_number() OVER (ORDER BY best) + (SELECT highest FROM numbering) AS sequence
FROM first JOIN trust t ON t.rank = ascii(best) - 48
"""

_NAMED = """
CREATE TABLE named AS
SELECT b.cluster, b.sequence, l.master_id FROM bearers b JOIN ledger l ON l.sequence = b.sequence
UNION ALL SELECT f.cluster, f.sequence, i.master_id FROM founders f JOIN issued i ON i.sequence = f.sequence
"""

# Where each old id stands: its claim's cluster, or, for a merged id whose anchor is gone, that of its target.
_STANDING = """
CREATE TABLE standing AS
WITH own AS (SELECT sequence, cluster FROM claims),
followed AS (
  SELECT l.sequence, own.cluster FROM ledger l ANTI JOIN own o ON o.sequence = l.sequence
  JOIN ledger s ON s.master_id = l.target JOIN own ON own.sequence = s.sequence
  WHERE l.state = 'merged')
FROM own UNION ALL FROM followed
"""

_LEDGER_NOW = """
CREATE TABLE ledger_now AS
SELECT l.sequence, l.master_id,
       CASE WHEN s.cluster IS NULL THEN 'retired' WHEN n.sequence = l.sequence THEN 'live' ELSE 'merged' END AS state,
       CASE WHEN n.sequence <> l.sequence THEN n.master_id END AS target,
       coalesce(h.source, l.source) AS source, coalesce(h.dataset, l.dataset) AS dataset,
       coalesce(h.record_id, l.record_id) AS record_id
FROM ledger l LEFT JOIN standing s ON s.sequence = l.sequence LEFT JOIN named n ON n.cluster = s.cluster
LEFT JOIN heirs h ON h.sequence = l.sequence
UNION ALL
SELECT f.sequence, i.master_id, 'live', NULL, f.source, f.dataset, f.record_id
FROM founders f JOIN issued i ON i.sequence = f.sequence
"""

_CROSSWALK = """
SELECT n.master_id, c.source, c.dataset, c.record_id, c.match_probability
FROM clusters c JOIN named n ON n.cluster = c.master_id
ORDER BY n.master_id, c.source, c.dataset, c.record_id
"""

_CHANGES = """
SELECT n.* FROM ledger_now n LEFT JOIN ledger l ON l.sequence = n.sequence
WHERE l.sequence IS NULL OR (l.state, l.source, l.dataset, l.record_id) <> (n.state, n.source, n.dataset, n.record_id)
   OR l.target IS DISTINCT FROM n.target
ORDER BY n.sequence
"""


_TURNED = """
SELECT count(*) FROM ledger_now n JOIN ledger l ON l.sequence = n.sequence WHERE n.state = $state AND l.state <> $state
"""

_SPLIT = """
SELECT count(*) FROM (
  SELECT p.master_id FROM previous p JOIN clusters c
    ON c.record_id = p.record_id AND c.dataset = p.dataset AND c.source = p.source
  GROUP BY p.master_id HAVING min(c.master_id) <> max(c.master_id))
"""


def _name_founders(connection: duckdb.DuckDBPyConnection, entity: Entity, key: bytes) -> None:
    sequences = connection.sql("SELECT sequence FROM founders ORDER BY sequence").to_arrow_table().column(0)
    ids = master_ids(entity, sequences.to_numpy().astype(np.int64), key)
    connection.register("issued", pa.table({"sequence": sequences, "master_id": ids}))


def _written(connection: duckdb.DuckDBPyConnection, out: Path) -> Assignment:
    crosswalk, ledger, changes = (out / f"{name}.parquet" for name in ("crosswalk", "ledger", "changes"))
    connection.sql(_CROSSWALK).write_parquet(str(crosswalk), compression="zstd")
    connection.sql("SELECT * FROM ledger_now ORDER BY sequence").write_parquet(str(ledger), compression="zstd")
    if count(connection, "SELECT count(*) FROM ledger"):
        connection.sql(_CHANGES).write_parquet(str(changes), compression="zstd")
    else:
        shutil.copyfile(ledger, changes)  # all ids are new
    return Assignment(
        crosswalk,
        ledger,
        changes,
        created=count(connection, "SELECT count(*) FROM founders"),
        merged=count(connection, _TURNED, {"state": "merged"}),
        split=count(connection, _SPLIT),
        retired=count(connection, _TURNED, {"state": "retired"}),
        revived=count(connection, _TURNED, {"state": "live"}),
    )
