"""The portal at city size: auditors with accounts of their own at work on `sitong serve`, a process of its own.

Prints and keeps, by page, what a reader waited for (p50, p95, p99 of whole answers, the load's own work included), and
what a request costs in CPU of the portal and of the database, measured with nobody else on the portal: those figures
hold on a machine that does other things, too.
"""

import asyncio
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from benchmarks import portal_readers as readers
from benchmarks.measure import process_tree
from benchmarks.meter import cpu_seconds, server_pid
from benchmarks.portal_findings import CITY, LAST, fill
from benchmarks.portal_monitors import report
from benchmarks.portal_report import BAR_MS
from benchmarks.results import keep_portal
from portal import accounts
from schemas.divisions import district_names
from sitong.portal_home import open_accounts
from sitong.settings import Settings, now

_WARM_SECONDS: Final = 10.0
_ALONE: Final = 40  # requests of each page with nobody else there
_STARTS_WITHIN: Final = 60.0
_SITONG: Final = Path(sys.executable).with_name("sitong")


@dataclass(frozen=True)
class Load:
    """What is asked of the portal. `think`: seconds between what a reader does, on average."""

    findings: int
    auditors: int
    seconds: float
    think: float
    workers: int


@dataclass(frozen=True)
class PageCost:
    """One page. Milliseconds; `cpu_*`: of one request, null where it was not asked for alone."""

    page: str
    requests: int
    p50: float
    p95: float
    p99: float
    errors: int
    cpu_portal: float | None
    cpu_database: float | None


@dataclass(frozen=True)
class Portal:
    """A portal that answers: its address and the processes whose CPU counts."""

    address: str
    pid: int
    postgres: Path

    def spent(self) -> tuple[float, float]:
        """Seconds of CPU of the portal and of the database so far."""
        server = server_pid(self.postgres)
        database = set(process_tree(server)) if server else set()
        own = set(process_tree(self.pid)) - database
        return sum(map(cpu_seconds, own)), sum(map(cpu_seconds, database))


def bench(load: Load, work: Path) -> None:
    """Measure and print one load."""
    home = city(load.findings, work)
    settings = Settings(home=home)
    with serving(settings, load.workers) as portal:
        alone = asyncio.run(_alone(portal))
        before = portal.spent()
        asked, seconds = asyncio.run(_together(portal, load))
        spent = [after - first for after, first in zip(portal.spent(), before, strict=True)]
    costs = _costs([one for one in asked if one.begun > _WARM_SECONDS], alone)
    rate = sum(one.requests for one in costs) / (seconds - _WARM_SECONDS)
    facts = asdict(load) | {
        "requests_a_second": round(rate, 2), "portal_cores": round(spent[0] / seconds, 3),
        "database_cores": round(spent[1] / seconds, 3), "load_after": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    keep_portal(facts, [asdict(one) for one in costs])
    _show(facts, costs)


def city(findings: int, work: Path) -> Path:
    """The home of a city of so many findings with its accounts, made once."""
    home = work / f"portal-{findings}"
    if (home / "whole").exists():
        return home
    shutil.rmtree(home, ignore_errors=True)
    settings = Settings(home=home)
    settings.zones.create()
    with open_accounts(settings) as database, database.engine.begin() as connection:
        fill(connection, findings)
        districts = sorted(set(district_names(CITY).values()))
        report(settings.zones.reports(LAST), LAST, districts)
        for number in range(50):
            whole = number % 10 == 9
            role, limits = ("supervisor", None) if whole else ("auditor", _some(districts, number))
            wanted = accounts.Account(f"auditor{number}", role, limits, False, True, None)
            accounts.add(connection, wanted, readers.PASSWORD, at=now())
        officer = accounts.Account("officer", "security_officer", None, False, True, None)
        accounts.add(connection, officer, readers.PASSWORD, at=now())
    with open_accounts(settings) as database, database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
    (home / "whole").touch()
    return home


def _some(districts: list[str], number: int) -> tuple[str, ...]:
    """One district, or two for every third auditor."""
    return tuple({districts[(number + more) % len(districts)] for more in range(2 if number % 3 == 0 else 1)})


@contextmanager
def serving(settings: Settings, workers: int) -> Iterator[Portal]:
    """`sitong serve` until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(_SITONG), "serve", "--port", str(port), "--home", str(settings.home)]
    process = subprocess.Popen(command if workers == 1 else [*command, "--workers", str(workers)])  # noqa: S603 - ours
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        yield Portal(address, process.pid, settings.zones.postgres)
    finally:
        process.terminate()
        process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    begun = time.perf_counter()
    while time.perf_counter() - begun < _STARTS_WITHIN and process.poll() is None:
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise readers.LoadFailedError("the portal does not answer")


async def _alone(portal: Portal) -> Mapping[str, tuple[float, float]]:
    """Page → milliseconds of CPU of the portal and the database for one request, with one reader there."""
    costs: dict[str, tuple[float, float]] = {}
    for account, doing in (("auditor9", readers.AUDITING), ("officer", readers.WATCHING)):
        async with _client(portal) as client:
            reader = readers.Reader(client, random.Random(1), time.perf_counter())  # noqa: S311 - repeatable
            await readers.sign_in(reader, account)
            for act in doing:
                if act is readers.step:
                    continue  # two pages
                await act(reader)
                reader.asked.clear()
                before = portal.spent()
                for _ in range(_ALONE):
                    await act(reader)
                after = portal.spent()
                pages = {one.page for one in reader.asked}
                if len(pages) == 1:
                    each = [1000 * (end - first) / len(reader.asked) for end, first in zip(after, before, strict=True)]
                    costs[pages.pop()] = (each[0], each[1])
    return costs


async def _together(portal: Portal, load: Load) -> tuple[list[readers.Asked], float]:
    """All readers at once; what they asked for, and for how long."""
    people = [f"auditor{number}" for number in range(load.auditors)] + ["officer"]
    async with asyncio.TaskGroup() as group:
        clients = [_client(portal) for _ in people]
        origin = time.perf_counter()
        team = [
            readers.Reader(client, random.Random(place), origin)  # noqa: S311 - repeatable
            for place, client in enumerate(clients)
        ]
        for reader, name in zip(team, people, strict=True):
            await readers.sign_in(reader, name)
        begun = time.perf_counter()
        for reader in team:
            reader.asked.clear()
            reader.origin = begun
            doing = readers.WATCHING if reader is team[-1] else readers.AUDITING
            group.create_task(readers.work(reader, doing, until=load.seconds + _WARM_SECONDS, think=load.think))
    seconds = time.perf_counter() - begun
    for client in clients:
        await client.aclose()
    return [one for reader in team for one in reader.asked], seconds


def _client(portal: Portal) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=portal.address, timeout=30, trust_env=False)


def _costs(asked: list[readers.Asked], alone: Mapping[str, tuple[float, float]]) -> list[PageCost]:
    pages: dict[str, list[readers.Asked]] = {}
    for one in asked:
        pages.setdefault(one.page, []).append(one)
    costs = []
    for page, found in sorted(pages.items()):
        p50, p95, p99 = (float(each) for each in np.percentile([1000 * one.seconds for one in found], [50, 95, 99]))
        errors = sum(one.status == 0 or (one.status >= 400 and one.status != 409) for one in found)
        cpu = [round(each, 1) for each in alone[page]] if page in alone else [None, None]
        costs.append(PageCost(page, len(found), round(p50, 1), round(p95, 1), round(p99, 1), errors, *cpu))
    return costs


def _show(facts: Mapping[str, object], costs: list[PageCost]) -> None:
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items()))
    for one in costs:
        cpu = "" if one.cpu_portal is None else f"  CPU portal {one.cpu_portal:6.1f} database {one.cpu_database:6.1f}"
        print(
            f"{one.page:<14} {one.requests:>6,}  p50 {one.p50:7.1f}  p95 {one.p95:7.1f}  p99 {one.p99:7.1f} ms"
            f"  errors {one.errors}{cpu}{'' if one.p95 <= BAR_MS else '  above the bar'}"
        )
