"""The embedded PostgreSQL of a home folder, for everybody who has no server of his own.

Every user of the server calls `start` and `stop`, in whatever process: the first start begins it, the last stop (or
the end of the last user's process, by kill -9 too) ends it. It listens on a free port of the loopback interface and
asks for SCRAM passwords, which lie in `credentials.json`. See `storage.server_guard` for how it is kept and ended.
"""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg

from storage.credentials import Credentials, read_credentials
from storage.errors import Internal, SourceUnavailable
from storage.file_lock import Hold, close_lock, open_lock, try_lock, unlock
from storage.roles import prepare_database, prepare_roles
from storage.server_guard import ANOTHER_GUARD, GUARD_LOCK, STATE, SUPERUSER, USERS_LOCK

Role = Literal["owner", "writer", "reader"]
DATABASE = "sitong"

_POLL_SECONDS = 0.02
_START_PATIENCE_SECONDS = 900.0  # recovery after a crash in the middle of a city's load
_STOP_PATIENCE_SECONDS = 150.0

_logger = logging.getLogger(__name__)
_kept: list[subprocess.Popen[bytes]] = []  # guards that outlive us for other users


class EmbeddedServer:
    """A user's hold on the embedded server of a folder.

    Args:
        folder: HOME/postgres; made where it is missing, with mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._share: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        """Start or join the server."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the server."""
        self.stop()

    def start(self, *, patience: float = _START_PATIENCE_SECONDS) -> None:
        """Start the server, or join it where it runs, with the roles and the database `sitong` in place.

        Args:
            patience: seconds to wait; recovery after a crash may take minutes.

        Raises:
            Internal: the server ended while it started.
            SourceUnavailable: it was not ready in time.
        """
        if self._share is not None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + patience
        self._share = open_lock(self._folder / USERS_LOCK)
        try:
            while not try_lock(self._share, Hold.SHARED):  # the guard is just stopping
                self._pause(deadline)
            while not self._is_up():
                self._keep_guard()
                self._pause(deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Leave the server; wait for its end where nobody else uses it."""
        if self._share is None:
            return
        share, self._share = self._share, None
        unlock(share)
        deadline = time.monotonic() + _STOP_PATIENCE_SECONDS
        while time.monotonic() < deadline and self._is_guarded() and not _others_use(share):
            time.sleep(_POLL_SECONDS)
        close_lock(share)
        guard, self._guard = self._guard, None
        if guard and self._is_guarded():
            _kept.append(guard)
        elif guard:
            guard.wait()

    def url(self, role: Role, database: str = DATABASE) -> str:
        """Give the SQLAlchemy address of a database for a role. It holds the password: never log it."""
        return self.libpq_uri(role, database).replace("postgresql:", "postgresql+psycopg:", 1)

    def libpq_uri(self, role: Role, database: str = DATABASE) -> str:
        """Give the address of a database for libpq and ADBC. It holds the password: never log it."""
        password = getattr(self._credentials(), role)
        return f"postgresql://sitong_{role}:{password}@127.0.0.1:{self._port}/{database}"

    def ensure_database(self, name: str) -> None:
        """Make a database of `sitong_owner` where it is missing."""
        with self._superuser() as connection:
            prepare_database(connection, name)

    def libpq_parts(self) -> tuple[str, str]:
        """Address and password of the superuser, for programs that copy the whole server."""
        address = f"host=127.0.0.1 port={self._port} user={SUPERUSER} connect_timeout=10"
        return address, self._credentials().superuser

    def _credentials(self) -> Credentials:
        return read_credentials(self._folder / "credentials.json")

    def _superuser(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self._port,
            user=SUPERUSER,
            password=self._credentials().superuser,
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )

    def _is_up(self) -> bool:
        """Say whether the server answers; put roles and the database in place when it does."""
        try:
            self._port = json.loads((self._folder / STATE).read_text("utf-8"))["port"]
            with self._superuser() as connection:
                prepare_roles(connection, self._credentials())
                prepare_database(connection, DATABASE)
        except (FileNotFoundError, psycopg.OperationalError):
            return False
        else:
            return True

    def _is_guarded(self) -> bool:
        descriptor = open_lock(self._folder / GUARD_LOCK)
        try:
            return not try_lock(descriptor, Hold.SHARED)
        finally:
            close_lock(descriptor)

    def _keep_guard(self) -> None:
        """Spawn a guard where there is none, and say why the one that we spawned has ended."""
        if self._guard is not None and self._guard.poll() is not None:
            status, self._guard = self._guard.returncode, None
            if status != ANOTHER_GUARD:
                log = self._folder / "guard.log"
                lines = log.read_text("utf-8", "replace").strip().splitlines()
                why = lines[-1] if lines else f"exit status {status}"
                raise Internal(f"the embedded PostgreSQL did not start: {why}", str(self._folder), remedy=f"read {log}")
        if self._guard is None and not self._is_guarded():
            self._guard = self._spawn_guard()

    def _spawn_guard(self) -> subprocess.Popen[bytes]:
        log = os.open(self._folder / "guard.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603 - this interpreter, a module of ours, no shell
                [sys.executable, "-m", "storage.server_guard", str(self._folder)],
                cwd=Path(__file__).resolve().parents[1],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # neither Ctrl-C nor a killed process group reaches it
            )
        finally:
            os.close(log)

    def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise SourceUnavailable(
                "the embedded PostgreSQL is not ready in time", str(self._folder), remedy="run again"
            )
        time.sleep(_POLL_SECONDS)


def _others_use(share: int) -> bool:
    """Say whether other users hold their share; afterwards we hold nothing."""
    alone = try_lock(share, Hold.ALONE)
    shared = not alone and try_lock(share, Hold.SHARED)
    unlock(share)
    return shared
