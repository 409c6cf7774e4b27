"""`make demo`: simulate, start Airflow, run the DAGs, show what came of it, stop everything."""

import os
import shutil
import sys
import time
from datetime import date
from pathlib import Path

from sitong.console import complain, err, note, step
from sitong.demo.chain import ChainFailedError, run_chain
from sitong.demo.local_airflow import LocalAirflow
from sitong.demo.outcome import outcome
from sitong.demo.table import show
from sitong.settings import Settings
from storage.errors import SitongError
from storage.server import EmbeddedServer

PERSONS = 20_000
SEED = 20260331
AS_OF = date(2026, 4, 1)  # the day after the city's batches


def main(persons: int = PERSONS) -> int:
    """Run the demo in `var/demo`; a second run finds the city there and goes on from it. Exit status 0 or 1."""
    os.umask(0o077)
    root = Path(os.environ.get("AIRFLOW_HOME", ".")).resolve()
    home = root / "var" / "demo"
    settings = Settings(home=home, drops=home / "drops")
    started = time.monotonic()
    try:
        truth = _simulate(settings.drops, persons)
        _run(settings, root)
        show(outcome(settings.zones, truth, settings.zones.reports(AS_OF)), _places(settings))
    except ChainFailedError as failure:
        for task in failure.tasks:
            complain(f"DAG {task.dag}, task {task.task} failed", remedy=f"read {root / task.log}")
        return 1
    except SitongError as error:
        complain(str(error))
        return 1
    note(f"\ndone in {time.monotonic() - started:.0f} s")
    return 0


def _simulate(drops: Path, persons: int) -> Path:
    from simulation.city import simulate
    from simulation.writing import DEMO

    truth = drops / "truth"
    if not truth.is_dir():
        unfinished = drops.with_name("drops.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        with step(f"simulate a city of {persons:,} persons 模拟城市") as said:
            summary = simulate(persons, SEED, unfinished, formats=DEMO)
            said.append(f"{sum(summary.rows.values()):,} records")
        unfinished.rename(drops)
    return truth


def _run(settings: Settings, root: Path) -> None:
    zones = settings.zones.create()
    with EmbeddedServer(zones.postgres) as server:
        server.ensure_database("airflow")
        variables = {
            "SITONG_HOME": str(zones.home),
            "SITONG_DROPS": str(settings.drops.resolve()),
            "SITONG_PULL_SCHEDULE": "off",  # the demo triggers
        }
        airflow = LocalAirflow(root, server.url("owner", database="airflow"), variables)
        with step("start Airflow 启动调度"):
            airflow.start()
        try:
            note(f"Airflow: {airflow.url} (user admin, password in var/airflow/passwords.json)")
            with step("run the DAGs 运行任务"):
                run_chain(airflow, as_of=AS_OF.isoformat(), progress=_Progress().update)
        finally:
            airflow.stop()


class _Progress:
    """Prints each change of a DAG's state once."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def update(self, states: object) -> None:
        assert isinstance(states, dict)  # noqa: S101 - run_chain hands over a dict
        for dag, state in states.items():
            if state != self.states.get(dag) and state != "waiting":
                err.print(f"  {dag}: {state}", markup=False)
        self.states = dict(states)


def _places(settings: Settings) -> dict[str, Path]:
    zones = settings.zones
    report = zones.reports(AS_OF)
    return {
        "mismatch report 疑点报告": report / "report.html",
        "workbook 工作簿": report / "findings.xlsx",
        "data quality 数据质量": zones.home / "quality" / "index.html",
        "deliveries 交付": zones.home / "deliveries",
    }


if __name__ == "__main__":
    sys.exit(main())
