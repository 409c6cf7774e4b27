"""A local Airflow for the demo: scheduler, DAG processor, API server and LocalExecutor, stopped as one group.

Speaks to it by its public REST API only. Everything it writes lies under `var/airflow`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sitong.airflow_home import admin_password, prepare
from storage.errors import Internal, SourceUnavailable

START_SECONDS = 180  # 15 s on a calm machine; a first start compiles
STOP_SECONDS = 40


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LocalAirflow:
    """One Airflow on loopback.

    `root` is AIRFLOW_HOME, `metadata_url` a SQLAlchemy URL, `variables` go to every task.
    """

    root: Path
    metadata_url: str
    variables: Mapping[str, str]
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None
    _token: str = ""

    @property
    def url(self) -> str:
        """Where the interface is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the components print."""
        return self.root / "var" / "airflow" / "logs" / "standalone.log"

    def start(self) -> Self:
        """Prepare its database, start the components and wait until they are healthy."""
        folder = prepare(self.root)
        environment = self._environment()
        with self.log.open("wb") as log:
            migration = subprocess.run(
                [_binary("airflow"), "db", "migrate"], env=environment, stdout=log, stderr=log, check=False
            )
            if migration.returncode:
                raise Internal("Airflow's database could not be prepared", str(self.log), remedy="read that log")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sitong.demo.airflow_guard", _binary("airflow"), "standalone"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy()
            self._sign_in(admin_password(folder))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all components and wait for their end."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()  # what the guard waits for
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def get(self, path: str) -> dict[str, Any]:
        """JSON of `GET /api/v2<path>`."""
        return self._call("GET", f"/api/v2{path}")

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """JSON of `POST /api/v2<path>`."""
        return self._call("POST", f"/api/v2{path}", body)

    def _environment(self) -> dict[str, str]:
        binaries = str(Path(sys.executable).parent)
        return {
            **os.environ,
            **self.variables,
            "AIRFLOW_HOME": str(self.root),
            "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.metadata_url,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": self.metadata_url,  # psycopg serves both
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
        }

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                health = self.get("/monitor/health")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                health = {}
            if all(health.get(part, {}).get("status") == "healthy" for part in ("scheduler", "dag_processor")):
                return
            time.sleep(0.5)
        raise SourceUnavailable(
            what="the local Airflow did not start",
            where=str(self.log),
            expected="a healthy scheduler",
            remedy="read that log; the usual causes are little memory or a full disk",
        )

    def _sign_in(self, password: str) -> None:
        answer = self._call("POST", "/auth/token", {"username": "admin", "password": password})
        self._token = answer["access_token"]

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - loopback http
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback http
            return dict(json.load(answer))


def _binary(name: str) -> str:
    return str(Path(sys.executable).parent / name)
