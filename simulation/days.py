"""The days after: every day's delta batches of all departments, with the truth as it stands in the evening.

`advance` may follow `simulate` or itself: what it needs of the city lies in `truth/` of the folder it follows, so the
folders need not lie side by side, and `out` may be `previous` itself.
"""

import dataclasses
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from simulation import enterprise_events, fact_events, person_events
from simulation.city import write_truth
from simulation.findings import true_findings
from simulation.layout import ENTERPRISE_DATASETS, LAYOUT, PERSON_DATASETS
from simulation.randomness import stream
from simulation.settings import CitySettings
from simulation.state import ENTERPRISES, EVENTS, PERSONS, Changing, Day, load, plain, truth_of
from simulation.writing import folder, write_drop, write_json, write_parquet

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DaysSummary:
    """What was written: the last day, changed and deleted records by dataset, events by kind, seconds."""

    last_day: date
    changed: dict[str, int]
    deleted: dict[str, int]
    events: dict[str, int]
    files: tuple[Path, ...]
    seconds: float


def advance(
    previous: Path, days: int, seed: int, out: Path, *, progress: Callable[[str], None] | None = None
) -> DaysSummary:
    """Write the deltas of the `days` after the last day of `previous` into `out`, and the truth into `out/truth`.

    Args:
        previous: A folder that `simulate` or `advance` wrote.
        days: How many days, at least 1.
        seed: Seed of every draw; the days of one seed are the same in one call or several.
        out: Folder of the drops; may be `previous`.
        progress: Called with each day when it is written.

    Raises:
        FileNotFoundError: `previous` holds no city.
        ValueError: `days` is below 1, or drops and truth of `previous` do not belong together.
    """
    if days < 1:
        raise ValueError(f"days: {days} is not a number of days; give at least 1")
    started = time.monotonic()
    tables, told = load(previous)
    settings = restored(told)
    today = date.fromisoformat(told.get("last_day", settings.as_of.isoformat()))
    folder(out)
    changed, deleted = dict.fromkeys(LAYOUT, 0), dict.fromkeys(LAYOUT, 0)
    events: list[dict[str, Any]] = []
    files: list[Path] = []
    for _ in range(days):
        today += timedelta(days=1)
        day = live(tables, today, settings, seed)
        _count(day, changed, deleted)
        files += _write_day(day, out)
        tables = {name: one.settled() for name, one in day.tables.items()}
        events += day.events
        if progress:
            progress(today.isoformat())
    _write_truth(tables, events, out, settings, told | {"last_day": today.isoformat(), "days_seed": seed})
    LOG.info("days simulated", extra={"days": days, "changed": sum(changed.values())})
    kinds = sorted({event["kind"] for event in events})
    return DaysSummary(
        last_day=today,
        changed=changed,
        deleted=deleted,
        events={kind: sum(event["kind"] == kind for event in events) for kind in kinds},
        files=tuple(files),
        seconds=time.monotonic() - started,
    )


def _count(day: Day, changed: dict[str, int], deleted: dict[str, int]) -> None:
    for name in LAYOUT:
        one = day.tables[name]
        changed[name] += len(one.changed.keys() - one.removed) + len(one.added)
        deleted[name] += len(one.removed)


def restored(told: dict[str, Any]) -> CitySettings:
    """The settings of a city from its `settings.json`."""
    values = {name: entry["value"] for name, entry in told["settings"].items()}
    known = {one.name for one in dataclasses.fields(CitySettings)}
    return CitySettings(
        **{name: value for name, value in values.items() if name in known}
        | {"as_of": date.fromisoformat(values["as_of"])}
    )


def live(tables: dict[str, pa.Table], today: date, settings: CitySettings, seed: int) -> Day:
    """One day: events of persons, enterprises and facts, then routine changes up to the daily share."""
    keys = {name: "_person" if name in PERSON_DATASETS else "_enterprise" for name in LAYOUT}
    keys |= {PERSONS: "person", ENTERPRISES: "enterprise"}
    day = Day(today, {name: Changing(name, table, keys[name]) for name, table in tables.items()})
    for room in (person_events, enterprise_events, fact_events):
        rng = stream(seed, f"{room.__name__} {today}")
        for event in room.EVENTS:
            event(day, settings, rng)
    _routine(day, settings, stream(seed, f"routine {today}"))
    return day


def _routine(day: Day, settings: CitySettings, rng: np.random.Generator) -> None:
    """Fill the day up to its share of changed records: new telephone numbers, bases and mere confirmations."""
    for name in (*PERSON_DATASETS, *ENTERPRISE_DATASETS):
        table = day.tables[name]
        wanted = round(table.table.num_rows * settings.daily_change) - len(table.changed) - len(table.added)
        rows = rng.choice(table.table.num_rows, max(0, min(wanted, table.table.num_rows)), replace=False).tolist()
        rows = [row for row in rows if row not in table.removed and row not in table.changed]
        kinds, numbers = rng.random(len(rows)), rng.integers(13_000_000_000, 19_900_000_000, len(rows))
        for record, kind, number in zip(table.change_many(rows), kinds.tolist(), numbers.tolist(), strict=True):
            record["updated_at"] = day.moment()
            if kind < 0.4 and "mobile" in record:
                record["mobile"] = str(number)
            elif kind < 0.6 and "phone" in record:
                record["phone"] = f"0532{number % 10**8:08d}"


def _write_day(day: Day, out: Path) -> list[Path]:
    files = []
    for name in LAYOUT:
        delta = day.tables[name].delta()
        if delta.num_rows:
            batch = f"{day.today:%Y%m%d}"
            files.append(write_drop(delta, out, name, batch))
            write_json({"mode": "delta"}, out / f"{name}.{batch}.manifest.json")
    return files


def _write_truth(
    tables: dict[str, pa.Table],
    events: list[dict[str, Any]],
    out: Path,
    settings: CitySettings,
    told: dict[str, Any],
) -> None:
    truth, datasets = truth_of(tables), plain(tables)
    last = date.fromisoformat(told["last_day"])
    shutil.rmtree(out / "truth" / "state", ignore_errors=True)
    write_truth(out, truth, true_findings(datasets, truth, settings, last), datasets, set(LAYOUT))
    write_parquet(pa.Table.from_pylist(events, schema=EVENTS), out / "truth" / "events.parquet")
    write_json(told, out / "truth" / "settings.json")
