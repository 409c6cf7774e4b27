"""The base databases: from match output to published, in full and after a day of changes; search and as-of reads.

A simulated city and the day that follows it (about 1 % of the records change) go through the stages of `sitong run` in
a scratch home. Everything is done in this process and by the embedded PostgreSQL.
"""

import random
import shutil
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.changes import next_day
from benchmarks.meter import Meter, StepCost
from benchmarks.persons import City
from benchmarks.results import keep_registry
from benchmarks.search import persons_of
from registry.history.reading import as_of as read_as_of
from sitong import stages
from sitong.searching import open_index
from sitong.settings import Settings
from storage.engine import open_database

DAY = date(2026, 4, 1)
"""The first day after a simulated city."""

QUESTIONS = 500


def bench(size: int, seed: int, work: Path) -> None:
    """Measure and print one city: each step in full, then after a day; then reads in a warm process."""
    city = City("simulation", size, False, seed).folder(work, "persons")
    day = next_day(city)
    home = work / f"registry-{size}"
    shutil.rmtree(home, ignore_errors=True)
    settings = Settings(home=home)
    settings.zones.create()
    for title, drops, as_of in (("full", city, DAY - timedelta(days=1)), ("day", day, DAY)):
        with open_database(settings.zones), Meter(settings.zones.postgres).running() as meter:  # the server stays up
            _run(settings, drops, as_of, meter)
        _show(size, title, meter.steps)
        keep_registry(size, title, meter.steps)
    keep_registry(size, "reads", _reads(settings))


def _run(settings: Settings, drops: Path, as_of: date, meter: Meter) -> None:
    plan, _ = stages.scan(settings, drops)
    for batches in plan:
        stages.take_in(settings, batches, as_of=as_of)
    meter.done("pull")
    runs: dict[str, str | None] = {}
    for entity in stages.ENTITIES:
        found = stages.reconcile(settings, entity)
        runs[entity] = found.version if found else None
        meter.done(f"reconcile {entity}s")
    stages.publish(settings, as_of=as_of, runs=runs, on_step=lambda step: meter.done(f"publish: {step}"))
    meter.done("publish: readers granted")


def _reads(settings: Settings) -> list[StepCost]:
    """Milliseconds of the wall clock of reads in a warm process; printed, and kept in the place of seconds."""
    index = open_index(settings, "person")
    persons = persons_of(settings.zones.home, QUESTIONS)
    draw = random.Random(1)  # noqa: S311 - questions, repeatable by seed
    asked = [{name: one[name] for name in ("name", "birth_date")} for one in persons]
    found = [*_timed("search before create", [lambda one=one: index.search(one) for one in asked])]
    with open_database(settings.zones) as database, database.engine.connect() as connection:
        known = datetime.now(UTC)
        days = [DAY - timedelta(days=draw.randrange(400)) for _ in persons]
        reads: list[Callable[[], object]] = [
            lambda one=one, day=day: read_as_of(connection, "person", one["master_id"], valid=day, known=known)
            for one, day in zip(persons, days, strict=True)
        ]
        found += _timed("as-of read", reads)
    return found


def _timed(title: str, reads: list[Callable[[], object]]) -> list[StepCost]:
    for read in reads[:20]:
        read()
    walls = []
    busy = time.process_time()
    for read in reads:
        begun = time.perf_counter()
        read()
        walls.append((time.perf_counter() - begun) * 1000)
    cpu = (time.process_time() - busy) * 1000 / len(reads)
    p50, p99 = np.percentile(walls, [50, 99])
    print(f"{title:<44} p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  CPU of the client {cpu:7.2f} ms")
    return [StepCost(f"{title} p{at}", value, cpu, 0) for at, value in ((50, float(p50)), (99, float(p99)))]


def _show(size: int, title: str, steps: list[StepCost]) -> None:
    print(f"--- {size:,} persons, {title}")
    for one in steps:
        print(f"{one.step:<44} {one.seconds:8.2f} s  CPU {one.cpu:8.2f} s  peak {one.peak_mib:6,} MiB")
    for word in ("", "publish"):
        chosen = [one for one in steps if one.step.startswith(word)]
        total = f"all of {word or 'the day' if title == 'day' else word or 'it'}"
        print(
            f"{total:<44} {sum(one.seconds for one in chosen):8.2f} s  CPU {sum(one.cpu for one in chosen):8.2f} s"
            f"  peak {max(one.peak_mib for one in chosen):6,} MiB"
        )
