"""The monitors of a cross-check: read after the rules, over the same views and steps.

`key_taxpayer_share`: the smallest set of enterprises that carries the given share of tax, quarter by quarter.
`large_projects`: projects from the given investment on against the tax that owner and contractors paid. Their settings
are those of the rules `key_taxpayer_drop` and `project_tax_gap`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any

import duckdb

from mismatches.declarations import bound_names, shipped_rules
from mismatches.engine import Engine
from mismatches.inputs import absences
from mismatches.request import CrossCheckRequest
from mismatches.rule import Needs, Rule
from schemas.bilingual import Bilingual

LARGEST = 10  # enterprises whose share of all tax says how concentrated it is
_YEARS = 3  # how far back the quarters are looked at
_DECLARED = Needs({"tax.declaration": ("taxpayer_id", "period", "tax_type", "tax_paid")}, {})
_PROJECTS = Needs({**_DECLARED.needed, "development_reform.project": ("total_investment", "completed_investment")}, {})


@dataclass(frozen=True)
class Quarter:
    """A whole quarter; yuan. `entries` and `exits` are since the quarter before, null where that is not there.

    `unassigned` is tax under an id that leads to no enterprise or to several; it is in none of the other figures.
    """

    quarter: str
    tax: Decimal
    unassigned: Decimal
    payers: int
    carriers: int
    carried_tax: Decimal
    entries: int | None
    exits: int | None
    largest_share: float


@dataclass(frozen=True)
class Move:
    """An enterprise that came into the set in the latest quarter (`in`) or went out of it (`out`); yuan."""

    move: str
    master_id: str
    name: str | None
    paid: Decimal
    paid_before: Decimal


@dataclass(frozen=True)
class Project:
    """A large project; yuan. `low_tax` and `high_tax` are null where the work done is not known."""

    record_id: str
    name: str
    owner_name: str
    master_id: str | None
    started_on: date | None
    seen_from: str | None
    total: Decimal
    completed: Decimal | None
    paid: Decimal
    unknown_parties: int
    low_tax: Decimal | None
    high_tax: Decimal | None


@dataclass(frozen=True)
class Watched:
    """What the monitors saw; `absent` says by monitor why one could not look."""

    quarters: tuple[Quarter, ...] = ()
    moves: tuple[Move, ...] = ()
    projects: tuple[Project, ...] = ()
    settings: Mapping[str, Decimal] = field(default_factory=dict)
    absent: Mapping[str, tuple[Bilingual, ...]] = field(default_factory=dict)


def watch(connection: duckdb.DuckDBPyConnection, engine: Engine, request: CrossCheckRequest) -> Watched:
    """Look at tax and projects as of the day that is judged."""
    known = {rule.id: rule for rule in shipped_rules()}
    drop, gap = known["key_taxpayer_drop"], known["project_tax_gap"]
    values: dict[str, Decimal] = {}
    absent: dict[str, tuple[Bilingual, ...]] = {}
    for monitor, rule, needs in (("key_taxpayer_share", drop, _DECLARED), ("large_projects", gap, _PROJECTS)):
        set_here, unset = engine.settings(rule, request.as_of.year)
        values.update(set_here)
        missing = (*absences(connection, request, needs, rule.crosswalks), *unset)
        if missing:
            absent[monitor] = missing
    bound = {**values, "as_of": request.as_of, "years": _YEARS, "largest": LARGEST, "share": values.get("key_share")}
    quarters: tuple[Quarter, ...] = ()
    moves: tuple[Move, ...] = ()
    projects: tuple[Project, ...] = ()
    if "key_taxpayer_share" not in absent:
        _prepare(engine, drop)
        _run(connection, "key_taxpayer_quarter", bound, table=True)
        quarters = tuple(Quarter(*row) for row in _run(connection, "key_taxpayer_share", bound))
        moves = tuple(Move(*row) for row in _run(connection, "key_taxpayer_moves", bound))
    if "large_projects" not in absent:
        _prepare(engine, gap)
        projects = tuple(Project(*row) for row in _run(connection, "large_projects", bound))
    return Watched(quarters, moves, projects, values, absent)


def _prepare(engine: Engine, rule: Rule) -> None:
    for step in rule.steps:
        engine.steps.make(step)


def _run(
    connection: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, object], *, table: bool = False
) -> list[tuple[Any, ...]]:
    query = (resources.files("mismatches") / "monitors" / f"{name}.sql").read_text("utf-8")
    bound = {key: values[key] for key in bound_names(query)}
    if table:
        query = f"create or replace table {name} as {query}"
    return connection.execute(query, bound).fetchall()
