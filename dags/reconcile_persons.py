"""### 人口归集 Reconcile persons

Decides which accepted records are the same person: standardise → block → compare → weigh → cluster.

- **Input** the accepted state of police.resident, social_security.insured, tax.natural_person,
  family_planning.person, provident_fund.account
- **Output** zone `matching/person/<run>`; the asset `person_match`
- **When it fails** nothing has changed for readers; the task can be cleared as often as needed.
- **Re-run, backfill** safe: the run's name comes from its inputs, so the same inputs find the finished run.
"""

from typing import Any

from airflow.sdk import dag, get_current_context, task

from dags.assets import ACCEPTED, PERSON_MATCH, announce, day_of
from dags.at_work import at_work
from dags.defaults import dag_settings


@dag(schedule=[ACCEPTED], **dag_settings(hours=3, documentation=__doc__, tags={"matching"}))
def reconcile_persons() -> None:
    """Accepted states → crosswalk of persons."""

    @task(outlets=[PERSON_MATCH])
    def match() -> dict[str, Any] | None:
        from sitong import stages

        with at_work() as settings:
            manifest = stages.reconcile(settings, "person")
        context = get_current_context()
        announce(context, PERSON_MATCH, day_of(context), version=manifest.version if manifest else None)
        return manifest.to_values() if manifest else None

    match()


reconcile_persons()
