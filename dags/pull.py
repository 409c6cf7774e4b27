"""### 采集 Pull

Every night (`SITONG_PULL_SCHEDULE`): looks at the drops folder, and for each dataset found there lands the batches,
validates them against the contract, applies them to the accepted state and checks that state with Great Expectations.
One mapped task group a dataset.

- **Input** `SITONG_DROPS` (default `var/drops`), files named `<department>.<dataset>[.<batch>].<ext>`
- **Output** zones `landing`, `accepted`, `quarantine`, `quality`; the asset `accepted`
- **When it fails** the task's error names the file and what to do. A rejected file or a held batch (row-count floor)
  keeps the asset from being updated, so nothing is published; what was published stays. Mend the file and clear the
  task, or, if a shrunken snapshot is right, trigger the DAG with `accept` = the dataset's name.
- **Re-run, backfill** safe: a batch that has been landed is not landed again.
"""

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task, task_group

from dags.assets import ACCEPTED, announce, day_of
from dags.at_work import at_work, named
from dags.clock import clock
from dags.defaults import AS_OF, dag_settings
from sitong.settings import load_settings

log = logging.getLogger(__name__)

NIGHTLY = clock(load_settings().pull_schedule)


@dag(
    schedule=NIGHTLY,
    **{
        **dag_settings(hours=2, documentation=__doc__, tags={"pull"}),
        "params": {
            "as_of": AS_OF,
            "accept": Param(
                [],
                type="array",
                items={"type": "string"},
                title="放行 Accept in spite of a broken floor",
                description="Datasets (police.resident, …) whose held snapshot is right.",
            ),
        },
    },
)
def pull() -> None:
    """Drops → accepted state of each dataset."""

    @task(execution_timeout=timedelta(minutes=10))
    def scan() -> list[dict[str, Any]]:
        from sitong import stages

        with at_work() as settings:
            plan, warnings = stages.scan(settings, settings.drops)
        for warning in warnings:
            log.warning("drop: %s", warning)
        return plan

    @task(map_index_template="{{ dataset }}")
    def take_in(batches: dict[str, Any]) -> dict[str, Any]:
        from sitong import stages

        context = named(batches["dataset"])
        released = frozenset(context["params"]["accept"])
        with at_work() as settings:
            outcome = stages.take_in(settings, batches, as_of=day_of(context), released=released)
        for warning in outcome["warnings"]:
            log.warning("drop: %s", warning)
        stages.refuse_incomplete([outcome])
        return outcome

    @task(map_index_template="{{ dataset }}")
    def check_quality(state: dict[str, Any]) -> dict[str, Any]:
        from sitong import stages

        context = named(state["dataset"])
        with at_work() as settings:
            return stages.check_quality(settings, state["dataset"], as_of=day_of(context))

    @task_group
    def dataset(batches: dict[str, Any]) -> dict[str, Any]:
        return check_quality(take_in(batches))

    @task(outlets=[ACCEPTED], execution_timeout=timedelta(minutes=10))
    def admit(checked: Any) -> dict[str, str]:
        from sitong import stages

        versions = {state["dataset"]: state["version"] for state in checked[:] if state["version"]}
        with at_work() as settings:
            stages.write_quality_index(settings)
        context = get_current_context()
        announce(context, ACCEPTED, day_of(context), versions=versions)
        return versions

    admit(dataset.expand(batches=scan()))


pull()
