"""`make airflow`: a local Airflow on this installation's own home folder, until Ctrl-C."""

import contextlib
import os
import signal
import sys
from pathlib import Path

from sitong.console import complain, note, step
from sitong.demo.local_airflow import LocalAirflow
from sitong.settings import load_settings
from storage.errors import SitongError
from storage.server import EmbeddedServer


def main() -> int:
    """Start, say where it is, wait, stop."""
    os.umask(0o077)
    root = Path(os.environ.get("AIRFLOW_HOME", ".")).resolve()
    settings = load_settings()
    zones = settings.zones.create()
    variables = {"SITONG_HOME": str(zones.home), "SITONG_DROPS": str(settings.drops.resolve())}
    try:
        with EmbeddedServer(zones.postgres) as server:
            server.ensure_database("airflow")
            with step("start Airflow 启动调度"):
                airflow = LocalAirflow(root, server.url("owner", database="airflow"), variables).start()
            try:
                note(f"{airflow.url}  user admin, password in {root}/var/airflow/passwords.json; Ctrl-C stops it")
                note(f"drops are looked for in {variables['SITONG_DROPS']}: trigger the DAG pull, or wait for 02:00")
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
            finally:
                airflow.stop()
    except SitongError as error:
        complain(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
