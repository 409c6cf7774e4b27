"""### 发布基础库 Publish

Makes the golden records of both base databases from the latest matches, checks them against the version before and
swaps them in by one transaction. Readers see the old version or the new one.

- **Input** the assets `person_match` and `enterprise_match`
- **Output** PostgreSQL schemas `population` and `enterprise`, zone `published/`; the asset `base_databases`
- **When it fails** with *publication held*: the figures and the remedy are in the error; the version before is still
  served. If the change is right, trigger the DAG with `accept` = the names of the checks.
- **Re-run, backfill** safe: the same inputs are the same version.
"""

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from dags.assets import BASE_DATABASES, ENTERPRISE_MATCH, PERSON_MATCH, announce, carried, day_of
from dags.at_work import at_work
from dags.defaults import AS_OF, dag_settings


@dag(
    schedule=[PERSON_MATCH, ENTERPRISE_MATCH],
    **{
        **dag_settings(hours=2, documentation=__doc__, tags={"registry"}),
        "params": {
            "as_of": AS_OF,
            "accept": Param(
                [],
                type="array",
                items={"type": "string"},
                title="放行 Publish in spite of a failed check",
                description="Names of the checks in the error: fewer_masters, source_coverage, attribute_drift.",
            ),
        },
    },
)
def publish() -> None:
    """Matches → a committed version of the base databases."""

    @task(outlets=[BASE_DATABASES])
    def swap() -> dict[str, Any]:
        from sitong import stages

        context = get_current_context()
        as_of = day_of(context)
        runs = {"person": carried(context, PERSON_MATCH), "enterprise": carried(context, ENTERPRISE_MATCH)}
        with at_work() as settings:
            waived = frozenset(context["params"]["accept"])
            manifest = stages.publish(settings, as_of=as_of, runs=runs, waived=waived)
        announce(context, BASE_DATABASES, as_of, version=manifest.version)
        return manifest.to_values()

    swap()


publish()
