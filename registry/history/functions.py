"""The past for SQL: `population.person_as_of` and `enterprise.enterprise_as_of`, one master on both times.

The functions say what `registry.history.timeline.state_at` says, for a test holds the two together, and are made from
the same declarations (`times/<entity>.yaml`). They run with the rights of whoever asks.
"""

import hashlib
from collections.abc import Iterator

from psycopg import sql
from sqlalchemy import Connection, text

from registry.history.timeline import COMES, GOES
from registry.history.times import times
from registry.naming import READERS, SCHEMAS, segments
from registry.policy import ENTITIES, Entity
from schemas.contract import product_contract
from schemas.rendering.ddl import SQL_TYPES


def function_name(entity: Entity) -> str:
    """The name of an entity's function, in the schema of its base.

    >>> function_name("person")
    'person_as_of'
    """
    return f"{entity}_as_of"


def as_of_functions(connection: Connection) -> Iterator[sql.Composed]:
    """Statements that make the functions which are not of this release, and let readers call all of them."""
    for entity in ENTITIES:
        definition = _definition(entity)
        mark = f"{_COMMENT} [{hashlib.sha256(repr(definition).encode()).hexdigest()[:12]}]"
        place = sql.Identifier(SCHEMAS[entity], function_name(entity))
        if _comment(connection, entity) != mark:
            yield sql.SQL("DROP FUNCTION IF EXISTS {}").format(place)
            yield definition
            yield sql.SQL("COMMENT ON FUNCTION {} IS {}").format(place, sql.Literal(mark))
        yield sql.SQL("REVOKE ALL ON FUNCTION {} FROM PUBLIC").format(place)
        roles = connection.execute(
            text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"), {"names": list(READERS)}
        )
        for role in sorted(roles.scalars()):
            yield sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(place, sql.Identifier(role))


_COMMENT = "按有效时间与知晓时间查询一个主体 / One master as of both times: when it was so, and when it was known"


def _comment(connection: Connection, entity: Entity) -> str | None:
    found: str | None = connection.execute(
        text("SELECT obj_description(to_regproc(:name)::oid, 'pg_proc')"),
        {"name": f"{SCHEMAS[entity]}.{function_name(entity)}"},
    ).scalar()
    return found


def _definition(entity: Entity) -> sql.Composed:
    declared, contract = times(entity), product_contract(entity)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(SQL_TYPES[column.type]))
        for column in contract.columns
    )
    history, events = segments(entity)
    schema = SCHEMAS[entity]
    return sql.SQL(_FUNCTION).format(
        function=sql.Identifier(schema, function_name(entity)),
        id=sql.Identifier(f"{entity}_id"),
        columns=columns,
        entity=sql.Literal(entity),
        view=sql.Identifier(schema, entity),
        history=sql.Identifier(schema, history),
        events=sql.Identifier(schema, events),
        turns=_words((*COMES, *GOES)),
        comes=_words(COMES),
        goes=_words(GOES),
        ended=sql.Literal(declared.ended.attribute),
        codes=_words(declared.ended.codes),
        ending=sql.Literal(declared.ended.day),
        begins=sql.Literal(declared.begins),
    )


def _words(words: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(map(sql.Literal, words)))


# `known`: what was known last; `stated`: what was so on the day; both attribute → value. `since`: the day since which
# the value of an attribute is so, which a correction takes over from what it corrects.
_FUNCTION = """
CREATE FUNCTION {function}({id} text, valid_at date DEFAULT NULL, recorded_at timestamptz DEFAULT NULL)
RETURNS TABLE (presence text, target text, known_version integer, {columns})
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    asked ALIAS FOR $1; on_day ALIAS FOR $2; by_moment ALIAS FOR $3;
    begun integer; seen integer; is_behind boolean; life_begins integer := 0; life_ends integer;
    before_turn record; after_turn record; one record;
    known jsonb; stated jsonb; since jsonb := '{{}}'; day_of_end date; so_since date;
    is_present text := 'present'; other text;
BEGIN
    SELECT p.since, p.product_version IS DISTINCT FROM
           (SELECT c.product_version FROM registry.current_product c WHERE c.product = {entity})
    INTO begun, is_behind FROM registry.past p WHERE p.entity = {entity};
    IF is_behind THEN
        RAISE EXCEPTION 'the past is behind the version in force' USING HINT = 'run sitong run, which repairs it';
    END IF;
    SELECT v.version INTO seen FROM registry.version v WHERE by_moment IS NULL OR v.committed_at <= by_moment
    ORDER BY v.version DESC LIMIT 1;
    IF begun IS NULL OR seen IS NULL OR seen < begun THEN
        RETURN QUERY SELECT 'not_recorded', NULL::text, seen, r.* FROM jsonb_populate_record(NULL::{view}, '{{}}') r;
        RETURN;
    END IF;
    SELECT e.version, e.event, e.related INTO before_turn FROM {events} e
    WHERE e.master_id = asked AND e.version > begun AND e.version <= seen AND e.event = ANY({turns})
    ORDER BY e.version DESC, e.event DESC, e.related DESC LIMIT 1;
    SELECT e.version, e.event INTO after_turn FROM {events} e
    WHERE e.master_id = asked AND e.version > begun AND e.version > seen AND e.event = ANY({turns})
    ORDER BY e.version, e.event, e.related LIMIT 1;
    SELECT to_jsonb(b) - 'master_id' INTO stated FROM {view} b WHERE b.master_id = asked;
    IF before_turn.event = ANY({goes}) THEN
        is_present := 'gone'; other := before_turn.related;
    ELSIF before_turn.version IS NULL
        AND (after_turn.event = ANY({comes}) OR (after_turn.version IS NULL AND stated IS NULL)) THEN
        is_present := 'unknown';
    END IF;
    IF is_present <> 'present' THEN
        RETURN QUERY SELECT is_present, other, seen, r.*
        FROM jsonb_populate_record(NULL::{view}, jsonb_build_object('master_id', asked)) r;
        RETURN;
    END IF;
    life_begins := coalesce(before_turn.version, 0);
    life_ends := after_turn.version;
    IF life_ends IS NOT NULL OR stated IS NULL THEN
        stated := '{{}}';
    END IF;
    FOR one IN SELECT DISTINCT ON (h.attribute) h.attribute, h.before FROM {history} h
        WHERE h.master_id = asked AND h.version > begun AND h.version > life_begins
        AND (life_ends IS NULL OR h.version <= life_ends) ORDER BY h.attribute, h.version
    LOOP
        stated := stated || jsonb_build_object(one.attribute, one.before);
    END LOOP;
    SELECT stated || coalesce(jsonb_object_agg(l.attribute, l.after), '{{}}') INTO known FROM (
        SELECT DISTINCT ON (h.attribute) h.attribute, h.after FROM {history} h
        WHERE h.master_id = asked AND h.version > begun AND h.version > life_begins AND h.version <= seen
        ORDER BY h.attribute, h.version DESC) l;
    day_of_end := known->>{ending};
    IF on_day IS NULL THEN
        stated := known;
    ELSE
        IF day_of_end IS NOT NULL AND stated->>{ended} = ANY({codes}) AND on_day < day_of_end THEN
            stated := stated || jsonb_build_object({ended}, NULL);
        END IF;
        FOR one IN SELECT h.attribute, h.after, h.valid_from FROM {history} h
            WHERE h.master_id = asked AND h.version > begun AND h.version > life_begins AND h.version <= seen
            ORDER BY h.version
        LOOP
            so_since := coalesce(one.valid_from, (since->>one.attribute)::date);
            since := since || jsonb_build_object(one.attribute, so_since);
            IF one.attribute = {ended} AND one.after = ANY({codes}) AND day_of_end IS NOT NULL THEN
                so_since := day_of_end;
            END IF;
            IF so_since IS NULL OR so_since <= on_day THEN
                stated := stated || jsonb_build_object(one.attribute, one.after);
            END IF;
        END LOOP;
        stated := stated || jsonb_build_object({ending},
            CASE WHEN day_of_end IS NULL OR day_of_end <= on_day THEN known->>{ending} END);
        IF (known->>{begins})::date > on_day THEN
            is_present := 'not_begun';
        END IF;
    END IF;
    RETURN QUERY SELECT is_present, other, seen, r.*
    FROM jsonb_populate_record(NULL::{view}, stated || jsonb_build_object('master_id', asked)) r;
END $$
"""
