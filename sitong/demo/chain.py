"""The chain of DAGs in a running Airflow: trigger the first, follow all of them to the end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sitong.demo.local_airflow import LocalAirflow
from storage.errors import SourceUnavailable

CHAIN = ("pull", "reconcile_persons", "reconcile_enterprises", "publish", "cross_check", "deliver")
PARSE_SECONDS = 120
CHAIN_SECONDS = 1800
POLL_SECONDS = 0.5

Progress = Callable[[Mapping[str, str]], None]
"""Told the state of each DAG of the chain whenever it is looked at: waiting, queued, running, success or failed."""


@dataclass(frozen=True)
class FailedTask:
    """A task that failed for good, and its log."""

    dag: str
    task: str
    log: str


class ChainFailedError(Exception):
    """A DAG of the chain failed; `tasks` says where to look."""

    def __init__(self, tasks: list[FailedTask]) -> None:
        self.tasks = tasks
        super().__init__("; ".join(f"{task.dag}.{task.task}" for task in tasks))


def run_chain(airflow: LocalAirflow, *, as_of: str, progress: Progress) -> None:
    """Trigger `pull` and wait until every DAG that follows has succeeded.

    Raises:
        ChainFailedError: a DAG failed.
        SourceUnavailable: the DAGs were not parsed, or the chain did not end in time.
    """
    _wait_until_parsed(airflow)
    before = {dag: _latest(airflow, dag).get("dag_run_id") for dag in CHAIN}
    airflow.post("/dags/pull/dagRuns", {"logical_date": None, "conf": {"as_of": as_of}})
    deadline = time.monotonic() + CHAIN_SECONDS
    while time.monotonic() < deadline:
        states = {dag: _state(_latest(airflow, dag), before[dag]) for dag in CHAIN}
        progress(states)
        if "failed" in states.values():
            raise ChainFailedError(_failed_tasks(airflow, [dag for dag, state in states.items() if state == "failed"]))
        if set(states.values()) == {"success"}:
            return
        time.sleep(POLL_SECONDS)
    raise SourceUnavailable(
        what="the chain of DAGs did not end",
        where=airflow.url,
        expected=f"an end within {CHAIN_SECONDS} s",
        remedy=f"read {airflow.log}",
    )


def _wait_until_parsed(airflow: LocalAirflow) -> None:
    deadline = time.monotonic() + PARSE_SECONDS
    while time.monotonic() < deadline:
        known = {dag["dag_id"] for dag in airflow.get("/dags?limit=100")["dags"]}
        if known.issuperset(CHAIN):
            return
        time.sleep(POLL_SECONDS)
    errors = [error["filename"] for error in airflow.get("/importErrors")["import_errors"]]
    raise SourceUnavailable(
        what=f"the DAGs were not parsed {errors or ''}".strip(),
        where=str(airflow.log),
        expected=", ".join(CHAIN),
        remedy="run `sitong doctor`; an import error names the file",
    )


def _latest(airflow: LocalAirflow, dag: str) -> dict[str, Any]:
    runs = airflow.get(f"/dags/{dag}/dagRuns?order_by=-run_after&limit=1")["dag_runs"]
    return dict(runs[0]) if runs else {}


def _state(run: Mapping[str, Any], before: str | None) -> str:
    if not run or run["dag_run_id"] == before:
        return "waiting"
    return str(run["state"])


def _failed_tasks(airflow: LocalAirflow, dags: list[str]) -> list[FailedTask]:
    tasks = []
    for dag in dags:
        run = _latest(airflow, dag)["dag_run_id"]
        for task in airflow.get(f"/dags/{dag}/dagRuns/{run}/taskInstances?limit=200")["task_instances"]:
            if task["state"] == "failed":
                log = f"var/airflow/logs/dag_id={dag}/run_id={run}/task_id={task['task_id']}"
                tasks.append(FailedTask(dag, task["task_id"], log))
    return tasks
