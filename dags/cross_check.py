"""### 比对 Cross-check

Runs every rule over the base databases and the facts of the departments and writes the mismatch report of the day.

- **Input** the asset `base_databases` and the accepted facts
- **Output** `reports/<as-of>/`: `findings.parquet`, `findings.xlsx`, `report.html`, `report.pdf`; the asset `findings`
- **When it fails** the report of the day before is untouched. A rule that lacks a dataset does not fail: the summary
  says so.
- **Re-run, backfill** safe: an equal run replaces its report.
"""

from typing import Any

from airflow.sdk import dag, get_current_context, task

from dags.assets import BASE_DATABASES, FINDINGS, announce, day_of
from dags.at_work import at_work
from dags.defaults import dag_settings


@dag(schedule=[BASE_DATABASES], **dag_settings(hours=1, documentation=__doc__, tags={"mismatches"}))
def cross_check() -> None:
    """Base databases and facts → findings and the report."""

    @task(outlets=[FINDINGS])
    def find() -> dict[str, Any]:
        from sitong import stages

        context = get_current_context()
        as_of = day_of(context)
        with at_work() as settings:
            run = f"{context['dag'].dag_id}/{context['run_id']}"
            manifest = stages.cross_check(settings, as_of=as_of, made_by=run)
        announce(context, FINDINGS, as_of, version=manifest.version)
        return manifest.to_values()

    find()


cross_check()
