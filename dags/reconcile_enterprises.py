"""### 法人归集 Reconcile enterprises

Decides which accepted records are the same enterprise: standardise → block → compare → weigh → cluster.

- **Input** the accepted state of commerce.enterprise, tax.taxpayer, quality_supervision.organization,
  social_security.employer
- **Output** zone `matching/enterprise/<run>`; the asset `enterprise_match`
- **When it fails** nothing has changed for readers; the task can be cleared as often as needed.
- **Re-run, backfill** safe: the run's name comes from its inputs, so the same inputs find the finished run.
"""

from typing import Any

from airflow.sdk import dag, get_current_context, task

from dags.assets import ACCEPTED, ENTERPRISE_MATCH, announce, day_of
from dags.at_work import at_work
from dags.defaults import dag_settings


@dag(schedule=[ACCEPTED], **dag_settings(hours=3, documentation=__doc__, tags={"matching"}))
def reconcile_enterprises() -> None:
    """Accepted states → crosswalk of enterprises."""

    @task(outlets=[ENTERPRISE_MATCH])
    def match() -> dict[str, Any] | None:
        from sitong import stages

        with at_work() as settings:
            manifest = stages.reconcile(settings, "enterprise")
        context = get_current_context()
        announce(context, ENTERPRISE_MATCH, day_of(context), version=manifest.version if manifest else None)
        return manifest.to_values() if manifest else None

    match()


reconcile_enterprises()
