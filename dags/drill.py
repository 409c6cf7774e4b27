"""### 恢复演练 Rehearse a restore

Restores the newest backup of `SITONG_BACKUP_TO` into scratch, by `SITONG_DRILL_SCHEDULE` (monthly), and looks at it:
hashes, rows, golden records worked out again. Its result says RPO and RTO.

- **Input** `SITONG_BACKUP_TO`; neither the home nor its database
- **Output** the task's result; the scratch is removed
- **When it fails** the error names each check that found something: make another backup and rehearse it.
- **Re-run, backfill** safe: nothing is changed.
"""

from typing import Any

from airflow.sdk import dag, task

from dags.clock import clock
from dags.defaults import dag_settings
from sitong.settings import load_settings

SETTINGS = load_settings()
MONTHLY = clock(SETTINGS.drill_schedule) if SETTINGS.backup_to else None


@dag(schedule=MONTHLY, **dag_settings(hours=2, documentation=__doc__, tags={"keeping"}))
def drill() -> None:
    """The newest backup → whether it comes back right."""

    @task
    def rehearse() -> dict[str, Any]:
        from sitong import keeping
        from sitong.settings import load_settings, now
        from storage.commit import private_files

        with private_files():
            done = keeping.rehearse(load_settings(), now())
        return {"backup": done.backup, "rpo_seconds": done.rpo_seconds, "rto_seconds": done.rto_seconds}

    rehearse()


drill()
