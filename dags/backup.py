"""### 备份 Back up

Copies database and files of one moment to `SITONG_BACKUP_TO`, by `SITONG_BACKUP_SCHEDULE` (nightly, after the run).
Where no folder is set it runs by hand alone, and says what to set. Of our own server the log is archived beside the
backups.

- **Input** the home folder and its database, of which nobody else makes anything meanwhile
- **Output** `SITONG_BACKUP_TO/<moment>/`; older ones beyond `SITONG_KEEP_BACKUPS` go
- **When it fails** the error says why: a full disk, a folder out of reach, a home at work. Earlier backups stay.
- **Re-run, backfill** safe: one more backup of now; what did not change is linked.
"""

from airflow.sdk import dag, task

from dags.at_work import at_work
from dags.clock import clock
from dags.defaults import dag_settings
from sitong.settings import load_settings

SETTINGS = load_settings()
NIGHTLY = clock(SETTINGS.backup_schedule) if SETTINGS.backup_to else None


@dag(schedule=NIGHTLY, **dag_settings(hours=2, documentation=__doc__, tags={"keeping"}))
def backup() -> None:
    """Home and database → a folder of backups."""

    @task
    def copy() -> dict[str, str]:
        from sitong import keeping
        from sitong.settings import now

        with at_work(alone=True) as settings:
            made = keeping.scheduled_backup(settings, now())
        return {"backup": made.version, "version": str(made.facts["version"])}

    copy()


backup()
