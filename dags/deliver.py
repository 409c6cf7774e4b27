"""### 交付 Deliver

Writes the datasets that are due to each recipient under an agreement, one mapped task an agreement.

- **Input** the asset `base_databases`, the agreement files
- **Output** `deliveries/<recipient>/<version>/`; the asset `deliveries`
- **When it fails** the error names the agreement. The other recipients have theirs.
- **Re-run, backfill** safe: the same versions under the same agreement are one delivery.
"""

from typing import Any

from airflow.sdk import dag, get_current_context, task

from dags.assets import BASE_DATABASES, DELIVERIES, announce, day_of
from dags.at_work import at_work, named
from dags.defaults import dag_settings


@dag(schedule=[BASE_DATABASES], **dag_settings(hours=1, documentation=__doc__, tags={"exchange"}))
def deliver() -> None:
    """Base databases → one delivery an agreement."""

    @task
    def agreements() -> list[dict[str, str]]:
        from sitong import stages

        with at_work() as settings:
            return stages.agreements_due(settings, as_of=day_of(get_current_context()))

    @task(map_index_template="{{ recipient }}")
    def hand_over(agreement: dict[str, str]) -> dict[str, Any]:
        from sitong import stages

        context = named(agreement["recipient"], "recipient")
        with at_work() as settings:
            as_of = day_of(context)
            return stages.deliver(settings, agreement["recipient"], as_of=as_of).to_values()

    @task(outlets=[DELIVERIES])
    def tell(delivered: Any) -> dict[str, str]:
        versions = {manifest["name"]: manifest["version"] for manifest in delivered[:]}
        context = get_current_context()
        announce(context, DELIVERIES, day_of(context), versions=versions)
        return versions

    tell(hand_over.expand(agreement=agreements()))


deliver()
