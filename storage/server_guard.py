"""The guard of an embedded server: a process of its own that keeps PostgreSQL up for as long as anybody uses it.

A user holds a shared lock on `users.lock`, which the kernel drops when that process ends, by kill -9 too. The guard is
the parent of PostgreSQL; as soon as it gets that lock for itself nobody is left, and it stops the server in good order.
Should the guard be killed, PostgreSQL gets the signal to stop from the kernel. One guard at a time: it holds
`guard.lock`.
"""

import contextlib
import ctypes
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from storage.archive import MOST_WAITING, SEGMENT_BYTES, Receiver, configured
from storage.commit import write_private
from storage.credentials import make_credentials, read_credentials
from storage.errors import Internal, SitongError
from storage.file_lock import Hold, open_lock, try_lock
from storage.postgres_account import Account, reachable_binaries, server_account

GUARD_LOCK, USERS_LOCK, STATE, LOG = "guard.lock", "users.lock", "server.json", "postgres.log"
SUPERUSER = "postgres"
ANOTHER_GUARD = 3  # exit status

_POLL_SECONDS = 0.05
_LOCK_PATIENCE_SECONDS = 1.0  # a user that looks whether there is a guard holds the lock for an instant
_STOP_PATIENCE_SECONDS = 120.0  # the last checkpoint of a large load
_STARTS = 5  # a port may be taken between choosing and using it; memory of a killed server takes a moment to go
_PR_SET_PDEATHSIG = 1  # prctl(2)

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a deep home exceeds the 107 bytes of a socket's path
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "work_mem": "32MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # statements and details carry personal data: never in the log
    "log_error_verbosity": "terse",
}
_SMALL_SHARED_MEMORY = 1 << 30  # bytes; containers give 64 MB by default, too little for parallel queries

_logger = logging.getLogger(__name__)


def main(folder: Path) -> int:
    """Guard the server of a folder until nobody uses it; return the exit status."""
    guard = open_lock(folder / GUARD_LOCK)
    if not _locked(guard, _LOCK_PATIENCE_SECONDS):
        return ANOTHER_GUARD
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    users = open_lock(folder / USERS_LOCK)
    _forget(folder)
    account = server_account(folder / "data")
    binaries, copy = reachable_binaries(account)
    try:
        _initialise(folder, binaries, account)
        _end_leftover(folder / "data")
        server = _start(folder, binaries, account)
        receiver = _receiver(folder, binaries, server[1]["port"])
        write_private(folder / STATE, json.dumps(server[1] | {"copy": str(copy) if copy else None}) + "\n")
        while server[0].poll() is None and not stopping and not _locked(users, 0):
            if receiver:
                receiver.keep_up()
            time.sleep(_POLL_SECONDS)
        (folder / STATE).unlink()
        _await_recovery(server[0], binaries, server[1]["port"])
        status = _stop(server[0])
        if receiver and status == 0:
            receiver.finish(_last_record(folder / "data", binaries))
        return status
    finally:
        if copy:
            shutil.rmtree(copy, ignore_errors=True)


def _locked(descriptor: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not try_lock(descriptor, Hold.ALONE):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _forget(folder: Path) -> None:
    """Remove what a killed guard left: its state, and its copy of the binaries."""
    state = folder / STATE
    if state.exists():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            copy = Path(json.loads(state.read_text("utf-8"))["copy"])
            if copy.name.startswith("sitong-postgresql-"):
                shutil.rmtree(copy, ignore_errors=True)
        state.unlink()


def _initialise(folder: Path, binaries: Path, account: Account) -> None:
    """Make the data folder once: beside its place, moved there when it is complete."""
    data, draft = folder / "data", folder / "data.initialising"
    if data.exists():
        read_credentials(folder / "credentials.json")
        return
    password = make_credentials(folder / "credentials.json").superuser
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    account.own(draft)
    with tempfile.TemporaryFile() as secret:
        secret.write(password.encode())
        secret.flush()
        account.own(secret.fileno())
        secret.seek(0)
        command = [str(binaries / "bin" / "initdb"), "-D", account.name_of(draft), "-U", SUPERUSER]
        command += ["--auth=scram-sha-256", f"--pwfile=/dev/fd/{secret.fileno()}", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
        initdb = _spawn(command, draft, account, pass_fd=secret.fileno())
        if initdb.wait() != 0:
            raise Internal("initdb failed", str(folder), remedy=f"read {folder / 'guard.log'}")
    draft.rename(data)


def _end_leftover(data: Path) -> None:
    """Stop a server that lost its guard; remove the trace of one that is gone although its process id lives again."""
    trace = data / "postmaster.pid"
    if not trace.exists() or not Path("/proc/self/cwd").exists():
        return
    pid = int(trace.read_text("ascii").partition("\n")[0])
    place = Path(f"/proc/{pid}/cwd")
    deadline = time.monotonic() + _STOP_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            ours = place.readlink() == data.resolve()
        except OSError:
            ours = False
        if not ours:
            trace.unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        time.sleep(_POLL_SECONDS * 4)
    raise Internal("a server of an earlier run does not stop", f"process {pid}", remedy="end it and run again")


def _start(folder: Path, binaries: Path, account: Account) -> tuple[subprocess.Popen[bytes], dict[str, int]]:
    data = folder / "data"
    for _ in range(_STARTS):
        port = _free_port()
        settings = _SETTINGS | {"port": str(port), "dynamic_shared_memory_type": _shared_memory()}
        if configured(folder):
            settings |= {"max_slot_wal_keep_size": MOST_WAITING}
        command = [str(binaries / "bin" / "postgres"), "-D", account.name_of(data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = _spawn(command, data, account, log=folder / LOG)
        while server.poll() is None:
            if _is_ready(data / "postmaster.pid", server.pid):
                return server, {"port": port, "pid": server.pid}
            time.sleep(_POLL_SECONDS / 5)
        time.sleep(1)
    raise Internal("PostgreSQL does not start", str(folder), remedy=f"read {folder / LOG}")


def _receiver(folder: Path, binaries: Path, port: int) -> Receiver | None:
    """The stream into the archive, as the account that owns the archive: that of this process."""
    archive = configured(folder)
    if archive is None:
        return None
    address = f"host=127.0.0.1 port={port} user={SUPERUSER} dbname=replication connect_timeout=10"
    password = read_credentials(folder / "credentials.json").superuser

    def spawn(command: list[str]) -> subprocess.Popen[bytes]:
        return _spawn(command, folder, Account(), log=folder / "archive.log", password=password)

    return Receiver(archive, binaries / "bin" / "pg_receivewal", address, spawn)


def _last_record(data: Path, binaries: Path) -> tuple[str, int]:
    """Where the log of a server that has stopped ends: the segment and the place in it of its last checkpoint."""
    command = [str(binaries / "bin" / "pg_controldata"), "-D", str(data)]
    done = subprocess.run(command, env={"LC_ALL": "C"}, capture_output=True, text=True, check=False)  # noqa: S603
    told = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    segment = told.get("Latest checkpoint's REDO WAL file", "").strip()
    low = told.get("Latest checkpoint location", "0/FFFFFFFF").strip().partition("/")[2]
    return segment, int(low, 16) % SEGMENT_BYTES


def _spawn(
    command: list[str],
    place: Path,
    account: Account,
    *,
    log: Path | None = None,
    pass_fd: int | None = None,
    password: str = "",
) -> subprocess.Popen[bytes]:
    """Run a program of PostgreSQL as its account, with an environment of its own, to end with this process."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else None
    try:
        return subprocess.Popen(  # noqa: S603 - a program of the wheel, no shell
            command,
            cwd=place,
            user=account.uid,
            group=account.gid,
            extra_groups=[] if account.uid is not None else None,
            umask=0o077,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath), "PGPASSWORD": password},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[pass_fd] if pass_fd is not None else [],
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
        )
    finally:
        if output is not None:
            os.close(output)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _await_recovery(server: subprocess.Popen[bytes], binaries: Path, port: int) -> None:
    """Let a server come up that lost one of its processes and replays its log: told to stop meanwhile, 18 may hang."""
    command = [str(binaries / "bin" / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "5"]
    deadline = time.monotonic() + _STOP_PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if subprocess.run(command, env={"LC_ALL": "C"}, check=False).returncode == 0:  # noqa: S603 - no shell
            return
        time.sleep(_POLL_SECONDS)


def _stop(server: subprocess.Popen[bytes]) -> int:
    """Stop in fast mode (clients are disconnected, a checkpoint is written), at once where that takes too long."""
    if server.poll() is not None:
        return 1
    for number, patience in ((signal.SIGINT, _STOP_PATIENCE_SECONDS), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience)
            return 0
    return 1


def _is_ready(trace: Path, pid: int) -> bool:
    try:
        lines = trace.read_text("ascii").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _shared_memory() -> str:
    place = Path("/dev/shm")  # noqa: S108 - looked at only
    return "posix" if place.exists() and shutil.disk_usage(place).free > _SMALL_SHARED_MEMORY else "mmap"


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        sys.exit(main(Path(sys.argv[1])))
    except SitongError as failure:
        _logger.error("%s", failure)  # noqa: TRY400 - the message says what to do
        sys.exit(1)
