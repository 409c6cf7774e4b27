"""The lock of a home folder: one process at a time works on it, or several tasks of one scheduler.

The kernel holds the lock for the process and lets go when it ends, by kill -9 too; there is no stale lock to clean.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import Busy
from storage.file_lock import Hold, close_lock, open_lock, try_lock
from storage.zones import Zones

_POLL_SECONDS = 0.1


@contextmanager
def home_lock(zones: Zones, *, patience: float = 0.0, shared: bool = False) -> Iterator[Zones]:
    """Hold a home folder, made where it is missing, with HOME/work emptied.

    Args:
        zones: the home folder.
        patience: how long to wait for another holder, in seconds.
        shared: hold it together with others that share it (tasks of one scheduler); HOME/work is left as it is.

    Raises:
        Busy: another process still holds it; its process id is named.
    """
    zones.create()
    descriptor = open_lock(zones.lock)
    try:
        _acquire(descriptor, Hold.SHARED if shared else Hold.ALONE, zones, time.monotonic() + patience)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        if not shared:
            _empty_work(zones)
        yield zones
    finally:
        close_lock(descriptor)


def _acquire(descriptor: int, how: Hold, zones: Zones, deadline: float) -> None:
    while not try_lock(descriptor, how):
        if time.monotonic() >= deadline:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            what = f"another process (id {holder}) works on this home folder"
            raise Busy(what, str(zones.home), remedy="wait until it ends, or end it")
        time.sleep(_POLL_SECONDS)


def _empty_work(zones: Zones) -> None:
    for path in zones.work.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
