"""Departments' own SQL: a role `reader_<recipient>` for each agreement, which sees what the agreement grants.

A role has the right to one schema of its own name. Its views show the granted columns, masked, of the granted rows, and
nothing outside the days of the agreement; they are security barriers, so that no function in a query sees a row that
is not granted. The tables below and the other schemas stay closed. What `keyed_hash` masks needs a secret that must not
lie in a view: such columns are delivered as files only. The roles cannot sign in: the operator makes users in them.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import assert_never

from psycopg import sql
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from exchange.agreement import Agreement, FieldGrant, Grant, Mask
from exchange.masks import COMPOUND_SURNAMES
from registry.naming import RELATIONS, SCHEMAS, VERSIONS, products
from schemas.contract import product_contract
from storage.engine import quote_identifier

PREFIX = "reader_"

_FORM = 1  # raise it when the views of an unchanged agreement change
_MARK = "sitong agreement "
_LOCK = 0x51_72_64_72  # any number that nobody else takes: "Qrdr"
_PLACES = {
    **{product: schema for entity, schema in SCHEMAS.items() for product in products(entity)},
    RELATIONS: VERSIONS,
}

_logger = logging.getLogger(__name__)


def role_name(agreement: Agreement) -> str:
    """The role, and the schema, of an agreement.

    Raises:
        BadSpecification: the recipient's name is too long for a role.
    """
    quote_identifier(name := f"{PREFIX}{agreement.recipient}")
    return name


def grant_readers(engine: Engine, agreements: Sequence[Agreement]) -> tuple[str, ...]:
    """Bring roles and views to what the agreements say; returns the names of those that changed.

    Where the owner may not make roles, the ones that are missing are named in a warning, and the rest is done.
    """
    changed = []
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        marks = _marks(connection)
    wanted = {role_name(agreement): agreement for agreement in agreements}
    for name in sorted(marks.keys() | wanted.keys()):
        mark = _MARK + _fingerprint(wanted[name]) if name in wanted else None
        if marks.get(name) != mark and _change(engine, name, wanted.get(name), mark):
            changed.append(name)
    return tuple(changed)


def _marks(connection: Connection) -> dict[str, str]:
    """The schemas that were made here, with what they were made of."""
    found = connection.execute(
        text(
            "SELECT nspname, obj_description(oid, 'pg_namespace') AS mark FROM pg_namespace"
            " WHERE starts_with(nspname, :prefix) AND starts_with(obj_description(oid, 'pg_namespace'), :mark)"
        ),
        {"prefix": PREFIX, "mark": _MARK},
    )
    return {row.nspname: row.mark for row in found}


def _fingerprint(agreement: Agreement) -> str:
    contracts = {grant.product: product_contract(grant.product).version for grant in agreement.grants}
    content = json.dumps([_FORM, asdict(agreement), contracts], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _change(engine: Engine, name: str, agreement: Agreement | None, mark: str | None) -> bool:
    """Make one schema anew, in one transaction that waits only briefly for who reads in it."""
    try:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first()
            for statement in _statements(name, agreement, mark, role_known=known is not None):
                raw = connection.connection.driver_connection
                connection.exec_driver_sql(statement.as_string(raw).replace("%", "%%"))
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient privilege
            raise
        _logger.warning('the owner of the database may not make roles; have it done: CREATE ROLE "%s" NOLOGIN', name)
        return False
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":  # lock not available
            raise
        _logger.warning("%s is being read and is brought up to date by the next publication", name)
        return False
    return True


def _statements(
    name: str, agreement: Agreement | None, mark: str | None, *, role_known: bool
) -> Iterator[sql.Composed]:
    role = sql.Identifier(name)
    yield sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(role)
    if agreement is None:
        return
    if not role_known:
        yield sql.SQL("CREATE ROLE {} NOLOGIN").format(role)
    yield sql.SQL("CREATE SCHEMA {}").format(role)
    yield sql.SQL("COMMENT ON SCHEMA {} IS {}").format(role, sql.Literal(mark))
    for grant in agreement.grants:
        if grant.product in _PLACES:
            yield from _view(name, agreement, grant)
    yield sql.SQL(
        "DO $$ BEGIN IF NOT has_database_privilege({0}, current_database(), 'CONNECT') THEN"
        " EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), {0}); END IF; END $$"
    ).format(sql.Literal(name))
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM PUBLIC").format(role)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(role, role)
    yield sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(role, role)


def _view(name: str, agreement: Agreement, grant: Grant) -> Iterator[sql.Composed]:
    fields = [field for field in grant.fields if field.mask is not Mask.KEYED_HASH]
    if not fields:
        return
    place, contract = sql.Identifier(name, grant.product), product_contract(grant.product)
    columns = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(_masked(field), sql.Identifier(field.name)) for field in fields
    )
    conditions = [
        sql.SQL("(now() AT TIME ZONE 'Asia/Shanghai')::date BETWEEN {} AND {}").format(
            sql.Literal(agreement.valid_from), sql.Literal(agreement.valid_to)
        ),
        *_rows(grant.rows),
        *(_subjects(base) for base in agreement.limiting(grant)),
    ]
    yield sql.SQL("CREATE VIEW {} WITH (security_barrier = true) AS SELECT {} FROM {} WHERE {}").format(
        place, columns, sql.Identifier(_PLACES[grant.product], grant.product), sql.SQL(" AND ").join(conditions)
    )
    title = f"{contract.title_zh}（{agreement.recipient_name}） / {contract.title_en}"
    yield sql.SQL("COMMENT ON VIEW {} IS {}").format(place, sql.Literal(title))
    for field in fields:
        column = contract.column(field.name)
        masked = "" if field.mask is Mask.NONE else f"; {field.mask.value}"
        comment = f"{column.name_zh} / {column.name_en}{masked}"
        where = sql.Identifier(name, grant.product, field.name)
        yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(where, sql.Literal(comment))


def _rows(rows: Mapping[str, Sequence[str]]) -> Iterator[sql.Composable]:
    for column, values in rows.items():
        yield sql.SQL("{} = ANY({}::text[])").format(sql.Identifier(column), sql.Literal(list(values)))


def _subjects(base: Grant) -> sql.Composable:
    """Relations of whom another grant gives the recipient."""
    return sql.SQL("(from_kind <> {} OR from_master_id IN (SELECT master_id FROM {} WHERE {}))").format(
        sql.Literal(base.product),
        sql.Identifier(_PLACES[base.product], base.product),
        sql.SQL(" AND ").join(_rows(base.rows)),
    )


def _masked(field: FieldGrant) -> sql.Composable:
    """The column as `exchange.masks` leaves it, in PostgreSQL's words."""
    column = sql.Identifier(field.name)
    match field.mask:
        case Mask.NONE:
            return column
        case Mask.LAST4:
            shown = sql.SQL("CASE WHEN length({0}) > 4 THEN right({0}, 4) ELSE '' END").format(column)
            return sql.SQL("repeat('*', length({0}) - length({1})) || {1}").format(column, shown)
        case Mask.YEAR:
            return sql.SQL("extract(year FROM {})::integer::text").format(column)
        case Mask.SURNAME:
            return sql.SQL(
                "left({0}, CASE WHEN length({0}) > 2 AND left({0}, 2) = ANY({1}::text[]) THEN 2 ELSE 1 END) || '**'"
            ).format(column, sql.Literal(list(COMPOUND_SURNAMES)))
        case Mask.DISTRICT:
            return sql.SQL("left({}, 6)").format(column)
        case Mask.KEYED_HASH:
            raise ValueError("a keyed hash has no place in a view")
    assert_never(field.mask)
