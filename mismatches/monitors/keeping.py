"""What the monitors saw, kept as `monitors.json` of a day's report, with the district of each enterprise.

Quarters are sums over the city; moves and projects name enterprises, and whoever shows them asks for their districts.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from mismatches.districts import home_divisions
from mismatches.monitors.watching import Move, Project, Quarter, Watched
from schemas.bilingual import Bilingual

FILE: Final = "monitors.json"

_YUAN: Final = ("tax", "unassigned", "carried_tax", "paid", "paid_before", "total", "completed", "low_tax", "high_tax")


@dataclass(frozen=True)
class Kept:
    """What was kept of a day. `divisions`: master id → six digits; one whose district is unknown is not in it."""

    as_of: date
    watched: Watched
    divisions: Mapping[str, str]


def keep(connection: duckdb.DuckDBPyConnection, watched: Watched, as_of: date, folder: Path) -> None:
    """Write the file; the connection holds the views of the run."""
    named = [one.master_id for one in watched.moves] + [one.master_id for one in watched.projects if one.master_id]
    write(Kept(as_of, watched, home_divisions(connection, named)), folder)


def write(kept: Kept, folder: Path) -> None:
    """Write what `read` reads."""
    watched = kept.watched
    told = {
        "as_of": kept.as_of.isoformat(),
        "settings": {name: str(value) for name, value in watched.settings.items()},
        "absent": {name: [asdict(reason) for reason in why] for name, why in watched.absent.items()},
        "quarters": [_told(one) for one in watched.quarters],
        "moves": [_told(one) for one in watched.moves],
        "projects": [_told(one) for one in watched.projects],
        "divisions": kept.divisions,
    }
    (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def read(folder: Path) -> Kept | None:
    """What was kept in the folder of a report; null where it has none, as reports of older releases."""
    try:
        told = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    watched = Watched(
        quarters=tuple(Quarter(**_read(one)) for one in told["quarters"]),
        moves=tuple(Move(**_read(one)) for one in told["moves"]),
        projects=tuple(Project(**_read(one)) for one in told["projects"]),
        settings={name: Decimal(value) for name, value in told["settings"].items()},
        absent={name: tuple(Bilingual(**reason) for reason in why) for name, why in told["absent"].items()},
    )
    return Kept(date.fromisoformat(told["as_of"]), watched, told["divisions"])


def _told(one: Quarter | Move | Project) -> dict[str, object]:
    return {name: str(value) if isinstance(value, Decimal | date) else value for name, value in asdict(one).items()}


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(row)
    for name in values.keys() & set(_YUAN):
        values[name] = None if values[name] is None else Decimal(values[name])
    if begun := values.get("started_on"):
        values["started_on"] = date.fromisoformat(begun)
    return values
