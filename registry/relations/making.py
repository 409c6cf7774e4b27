"""The product `relations`: statements of source records, with their ends resolved through the crosswalks, set-wise.

A statement whose end cannot be found stays, with the reason: `unknown_record` (the record that it names is not there),
`no_number`, `unknown_number`, `other_name` (the number is there, under another name), `unknown_name`, `ambiguous` (more
than one answers), `unknown_subject`. What was stated is kept only of ends that are unresolved. Invariant: one row per
kind and record.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from registry.policy import ENTITIES, Entity, policy
from registry.relations.changes import Kept, affected, differences, is_simple, splice_relations
from registry.relations.declarations import ORDER, Declarations, Statement, declarations
from registry.relations.serving import Rewritten
from registry.sql import connect, quoted, rows_in


@dataclass(frozen=True)
class Bases:
    """What relations are made from.

    `golden`, `crosswalks`: files of the base databases, by entity. `tables`: accepted tables by dataset; a dataset
    without one states nothing.
    """

    golden: Mapping[Entity, Path]
    crosswalks: Mapping[Entity, Path]
    tables: Mapping[str, Path]


_SORTED = f"ORDER BY {', '.join(ORDER)}"


def write_relations(bases: Bases, out: Path, work: Path) -> None:
    """Write the file of all relations, sorted by the master id of the subject.

    Args:
        bases: the base databases and the tables that they were made from.
        out: the file.
        work: an empty folder, to spill into.
    """
    declared = declarations()
    with connect(work) as connection:
        for statement in (*_opened(declared, bases), *_stated(declared, bases, None), *_indexed(declared), *_RESOLVED):
            connection.execute(statement)
        connection.sql(f"{_RELATIONS} {_SORTED}").write_parquet(str(out), compression="zstd")


def rewrite_relations(
    bases: Bases, kept: Kept, out: Path, work: Path, on_rewritten: Callable[[Rewritten], None]
) -> None:
    """Write the file that `write_relations` would write, from the relations in force and what changed since.

    Args:
        bases: the base databases and the tables that they were made from.
        kept: the relations in force.
        out: the file.
        work: an empty folder, to spill into.
        on_rewritten: told what differs before the file is written.
    """
    declared, rewritten = declarations(), Rewritten.beside(work)
    with connect(work) as connection:
        for statement in (*_opened(declared, bases), *affected(declared, bases.tables, kept)):
            connection.execute(statement)
        for statement in (*_stated(declared, bases, kept), *_indexed(declared), *_RESOLVED):
            connection.execute(statement)
        for statement in (f"CREATE TABLE remade AS {_RELATIONS}", *differences(declared, kept)):
            connection.execute(statement)
        connection.sql(f"FROM came {_SORTED}").write_parquet(str(rewritten.came))
        gone = f"SELECT w.* EXCLUDE (place) FROM went w ANTI JOIN came c USING ({', '.join(ORDER)})"
        connection.sql(f"{gone} {_SORTED}").write_parquet(str(rewritten.went))
        places = connection.sql("SELECT place FROM went ORDER BY place").to_arrow_table().column(0)
    on_rewritten(rewritten)
    splice_relations(kept, rewritten.came, places.to_numpy().astype(np.int64), out)


def counted(data: Path) -> Mapping[str, int]:
    """How many of the relations of a file are unresolved, by reason."""
    return dict(duckdb.execute(_UNRESOLVED, [str(data)]).fetchall())


def uses(statement: Statement) -> frozenset[str]:
    """The datasets that a statement is made from."""
    return frozenset(filter(None, (statement.dataset, statement.owner, statement.of)))


def entity_of(dataset: str) -> Entity:
    """The entity whose base a dataset makes up."""
    return next(entity for entity in ENTITIES if dataset in policy(entity).datasets)


def _opened(declared: Declarations, bases: Bases) -> Iterator[str]:
    """Views `<entity>_crosswalk` and `<entity>_golden`, empty where a base is not published; how names are compared."""
    for entity in ENTITIES:
        if entity in bases.golden:
            yield f"CREATE VIEW {entity}_golden AS FROM {rows_in(bases.golden[entity])}"
            yield f"CREATE VIEW {entity}_crosswalk AS FROM {rows_in(bases.crosswalks[entity])}"
        else:
            yield f"CREATE TABLE {entity}_crosswalk ({_CROSSWALK})"
            yield f"CREATE TABLE {entity}_golden ({_GOLDEN})"
    plain = "regexp_replace(translate(upper(name), '（）［］【】·•・．', '()[][]....'), '\\s|\\.', '', 'g')"
    yield f"CREATE MACRO firm(name) AS nullif({plain}, '')"
    yield f"CREATE MACRO person(name) AS nullif(regexp_replace({plain}, '[(\\[].*$', ''), '')"
    for macro, words in {"is_branch": declared.branch_words, "is_organisation": declared.organisation_words}.items():
        yield f"CREATE MACRO {macro}(name) AS coalesce(regexp_matches(firm(name), '({'|'.join(words)})$'), false)"


_GOLDEN = "master_id VARCHAR, name VARCHAR, uscc VARCHAR, organization_code VARCHAR"
_CROSSWALK = "master_id VARCHAR, source VARCHAR, dataset VARCHAR, record_id VARCHAR"


def _stated(declared: Declarations, bases: Bases, kept: Kept | None) -> Iterator[str]:
    """The table `stated`: what every record states, with the subject's master id; and what that takes.

    `kept`: simple ones only of records in the table `affected`. The crosswalk of a city is then read once for all: the
    tables `<entity>_known`, otherwise views of all, have those of its rows that are asked for.
    """
    yield "CREATE SEQUENCE statements"
    yield f"CREATE TABLE stated (id BIGINT DEFAULT nextval('statements'), {_STATED})"
    there = [one for one in declared.statements if one.dataset in bases.tables and entity_of(one.owner) in bases.golden]
    yield from (_insert(one, bases, "crosswalk") for one in there if not is_simple(one))
    yield "CREATE TABLE wanted AS SELECT DISTINCT reference AS number FROM stated WHERE target IN ('person', 'party')"
    yield "CREATE TABLE sighted (source VARCHAR, dataset VARCHAR, record_id VARCHAR, number VARCHAR, name VARCHAR)"
    yield from _sighted(bases)
    parts = "split_part(dataset, '.', 1) AS source, split_part(dataset, '.', 2) AS dataset, record_id"
    asked = "SELECT source, dataset, record_id FROM sighted" + (f" UNION SELECT {parts} FROM affected" if kept else "")
    for entity in ENTITIES:
        rows = f"FROM {entity}_crosswalk"
        some = f"{rows} SEMI JOIN ({asked}) USING (record_id, dataset, source)"
        yield f"CREATE TABLE {entity}_known AS {some}" if kept else f"CREATE VIEW {entity}_known AS {rows}"
    for one in there:
        if is_simple(one):
            yield _insert(one, bases, "known") + (_AFFECTED.format(one.dataset) if kept else "")


def _insert(one: Statement, bases: Bases, crosswalk: str) -> str:
    columns = ", ".join(item.split()[0] for item in _STATED.split(", "))
    return f"INSERT INTO stated ({columns}) {_statement(one, bases, crosswalk)}"


def _sighted(bases: Bases) -> Iterator[str]:
    """Records of persons who bear a number that somebody wants."""
    for name in policy("person").datasets if "person" in bases.golden else ():
        if name in bases.tables and {"id_number", "name"} <= set(_columns(bases.tables[name])):
            source, _, dataset = name.partition(".")
            yield (
                f"INSERT INTO sighted SELECT '{source}', '{dataset}', record_id, id_number, name"
                f" FROM {rows_in(bases.tables[name])} SEMI JOIN wanted ON number = id_number"
            )


_STATED = (
    "kind VARCHAR, target VARCHAR, source VARCHAR, dataset VARCHAR, record_id VARCHAR, from_kind VARCHAR,"
    " from_master_id VARCHAR, reference VARCHAR, name VARCHAR, of_record VARCHAR, role VARCHAR, share DOUBLE,"
    " state VARCHAR, updated_at TIMESTAMP"
)


_AFFECTED = " AND t.record_id IN (SELECT record_id FROM affected WHERE dataset = '{}')"


def _statement(one: Statement, bases: Bases, crosswalk: str) -> str:
    """The rows of one statement; columns that the table lacks are null. `crosswalk`: ends the name of the one used."""
    source, _, dataset = one.dataset.partition(".")
    owner_source, _, owner = one.owner.partition(".")
    entity = entity_of(one.owner)
    available = duckdb.read_parquet(str(bases.tables[one.dataset])).columns

    def column(name: str | None, kind: str = "VARCHAR") -> str:
        return f"t.{quoted(name)}::{kind}" if name and name in available else f"NULL::{kind}"

    def among(codes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        for name, allowed in codes.items():
            yield f"{column(name)} IN ({', '.join(repr(code) for code in allowed)})"

    named = column(one.subject.column) if one.subject else "t.record_id"
    ended = " OR ".join(among(one.ended)) or "false"
    wanted = [*among(one.where), f"coalesce({column(one.reference)}, {column(one.name)}) IS NOT NULL"]
    if one.to == "head_office":
        wanted.append(f"is_branch({column(one.name)})")
    return (
        f"SELECT '{one.kind}', '{one.to}', '{source}', '{dataset}', t.record_id, '{entity}', x.master_id,"
        f" {column(one.reference)}, {column(one.name)}, {repr(one.of) if one.of else 'NULL'}, {column(one.role)},"
        f" {column(one.share, 'DOUBLE')}, CASE WHEN {ended} THEN 'ended' ELSE 'current' END,"
        f" {column('updated_at', 'TIMESTAMP')} FROM {rows_in(bases.tables[one.dataset])} t"
        f" LEFT JOIN {entity}_{crosswalk} x ON x.record_id = {named} AND x.dataset = '{owner}'"
        f" AND x.source = '{owner_source}' WHERE {' AND '.join(f'({part})' for part in wanted)}"
    )


def _indexed(declared: Declarations) -> Iterator[str]:
    """What ends are found in: records, names and numbers of enterprises, persons whose number is named."""
    records = sorted({one.of for one in declared.statements if one.of})
    yield "CREATE TABLE records (of_record VARCHAR, record_id VARCHAR, kind VARCHAR, master_id VARCHAR)"
    for name in records:
        source, _, dataset = name.partition(".")
        entity = entity_of(name)
        yield (
            f"INSERT INTO records SELECT '{name}', record_id, '{entity}', master_id FROM {entity}_crosswalk"
            f" WHERE source = '{source}' AND dataset = '{dataset}'"
        )
    yield _NAMES
    yield _NUMBERS
    yield (
        "CREATE TABLE people AS SELECT DISTINCT t.number, person(t.name) AS name, x.master_id FROM sighted t"
        " JOIN person_known x ON x.record_id = t.record_id AND x.dataset = t.dataset AND x.source = t.source"
    )


def _columns(path: Path) -> list[str]:
    return duckdb.read_parquet(str(path)).columns


_NAMES = """
CREATE TABLE names AS
SELECT firm(name) AS name, min(master_id) AS master_id, count(*) AS bearers FROM enterprise_golden GROUP BY ALL
"""

# A unified code carries the organisation code, which tells an enterprise whose own code is not known.
_NUMBERS = """
CREATE TABLE numbers AS
SELECT number, min(master_id) AS master_id, count(DISTINCT master_id) AS bearers FROM (
  SELECT uscc AS number, master_id FROM enterprise_golden WHERE uscc IS NOT NULL
  UNION ALL SELECT organization_code, master_id FROM enterprise_golden WHERE organization_code IS NOT NULL)
GROUP BY number
"""

_FOUND = "CREATE TABLE found (id BIGINT, to_kind VARCHAR, to_id VARCHAR, resolved_by VARCHAR, reason VARCHAR)"

_HOUSEHOLDS = """
INSERT INTO found SELECT id, 'household', reference, 'record', NULL FROM stated WHERE target = 'household'
"""

_RECORDS = """
INSERT INTO found
SELECT s.id, coalesce(r.kind, 'enterprise'), r.master_id, CASE WHEN r.master_id IS NOT NULL THEN 'record' END,
       CASE WHEN r.master_id IS NULL THEN 'unknown_record' END
FROM stated s LEFT JOIN records r ON r.of_record = s.of_record AND r.record_id = s.reference
WHERE s.target = 'record'
"""

# Enterprises: the number stands before the name. Of parties, those that are seen to be enterprises.
_FIRMS = """
INSERT INTO found
WITH bearing AS (
  SELECT d.name, n.master_id, n.bearers
  FROM (SELECT DISTINCT name FROM stated WHERE target IN ('enterprise', 'party')) d
  JOIN names n ON n.name = firm(d.name)),
known AS (
  SELECT s.id, s.target, s.reference, s.name, coalesce(u.master_id, o.master_id) AS numbered,
         coalesce(u.bearers, o.bearers) AS numbered_bearers, n.master_id AS named, n.bearers AS named_bearers
  FROM stated s LEFT JOIN numbers u ON u.number = s.reference
  LEFT JOIN numbers o ON length(s.reference) = 18 AND o.number = s.reference[9:17]
  LEFT JOIN bearing n ON n.name = s.name
  WHERE s.target IN ('enterprise', 'party')),
answered AS (
  SELECT *, CASE WHEN numbered_bearers = 1 THEN 'number'
                 WHEN numbered IS NULL AND named_bearers = 1 AND (target = 'enterprise' OR reference IS NULL)
                 THEN 'name' END AS resolved_by
  FROM known)
SELECT id, 'enterprise', CASE resolved_by WHEN 'number' THEN numbered WHEN 'name' THEN named END, resolved_by,
       CASE WHEN resolved_by IS NOT NULL THEN NULL WHEN numbered_bearers > 1 OR named_bearers > 1 THEN 'ambiguous'
            WHEN reference IS NOT NULL THEN 'unknown_number' ELSE 'unknown_name' END
FROM answered WHERE target = 'enterprise' OR resolved_by IS NOT NULL OR is_organisation(name)
"""

# Persons: of those with the number, the one who bears the name.
_PERSONS = """
INSERT INTO found
WITH candidates AS (
  SELECT s.id, s.reference, p.master_id, bool_or(p.name = person(s.name)) AS same
  FROM stated s ANTI JOIN found f ON f.id = s.id
  LEFT JOIN people p ON p.number = s.reference WHERE s.target IN ('person', 'party') GROUP BY ALL),
counted AS (
  SELECT id, reference, count(master_id) AS known, count(*) FILTER (same) AS same,
         min(master_id) FILTER (same) AS master_id
  FROM candidates GROUP BY ALL)
SELECT id, 'person', CASE WHEN same = 1 THEN master_id END, CASE WHEN same = 1 THEN 'number_and_name' END,
       CASE WHEN same = 1 THEN NULL WHEN same > 1 THEN 'ambiguous' WHEN reference IS NULL THEN 'no_number'
            WHEN known > 0 THEN 'other_name' ELSE 'unknown_number' END
FROM counted
"""

# The longest beginning of a branch's name that is the name of another enterprise.
_HEAD_OFFICES = """
INSERT INTO found
WITH beginnings AS (
  SELECT id, from_master_id, firm(name) AS name, unnest(range(2, length(firm(name)))) AS size
  FROM stated WHERE target = 'head_office'),
offices AS (
  SELECT b.id, n.master_id, n.bearers FROM beginnings b JOIN names n ON n.name = b.name[:b.size]
  WHERE n.master_id IS DISTINCT FROM b.from_master_id
  QUALIFY row_number() OVER (PARTITION BY b.id ORDER BY b.size DESC) = 1)
SELECT s.id, 'enterprise', CASE WHEN o.bearers = 1 THEN o.master_id END, CASE WHEN o.bearers = 1 THEN 'name' END,
       CASE WHEN o.bearers = 1 THEN NULL WHEN o.bearers > 1 THEN 'ambiguous' ELSE 'unknown_name' END
FROM stated s LEFT JOIN offices o ON o.id = s.id WHERE s.target = 'head_office'
"""

_PREDECESSORS = """
INSERT INTO found
SELECT s.id, 'enterprise', CASE WHEN n.bearers = 1 THEN n.master_id END, CASE WHEN n.bearers = 1 THEN 'name' END,
       CASE WHEN n.bearers > 1 THEN 'ambiguous' END
FROM stated s JOIN names n ON n.name = firm(s.name)
WHERE s.target = 'predecessor' AND (n.bearers > 1 OR n.master_id IS DISTINCT FROM s.from_master_id)
"""

_RESOLVED = (_FOUND, _HOUSEHOLDS, _RECORDS, _FIRMS, _PERSONS, _HEAD_OFFICES, _PREDECESSORS)

_RELATIONS = """
SELECT s.kind, s.source, s.dataset, s.record_id, s.from_kind, s.from_master_id, f.to_kind, f.to_id,
       CASE WHEN f.to_id IS NULL THEN s.reference END AS to_reference,
       CASE WHEN f.to_id IS NULL THEN s.name END AS to_name,
       s.role AS household_relation, s.share AS share_ratio, s.state, f.resolved_by,
       CASE WHEN s.from_master_id IS NULL THEN 'unknown_subject' ELSE f.reason END AS reason, s.updated_at
FROM stated s JOIN found f ON f.id = s.id
"""

_UNRESOLVED = "SELECT reason, count(*) FROM read_parquet(?) WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason"
