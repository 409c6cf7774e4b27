"""Locks on files that the kernel drops when their process ends, and that a forked child does not hold on to."""

import contextlib
import fcntl
import os
from enum import IntEnum
from pathlib import Path

_open: set[int] = set()


class Hold(IntEnum):
    """How a lock is held."""

    SHARED = fcntl.LOCK_SH
    ALONE = fcntl.LOCK_EX


def open_lock(path: Path) -> int:
    """Open a private lock file, made where it is missing; nothing is locked yet."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    _open.add(descriptor)
    return descriptor


def close_lock(descriptor: int) -> None:
    """Close a lock file and let go of it; a forked child, which never held it, does nothing."""
    if descriptor in _open:
        _open.discard(descriptor)
        os.close(descriptor)


def try_lock(descriptor: int, how: Hold) -> bool:
    """Lock at once or not at all; an earlier hold of the same descriptor is converted or lost."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Let go, and keep the file open."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _forget_in_child() -> None:
    while _open:
        with contextlib.suppress(OSError):
            os.close(_open.pop())


os.register_at_fork(after_in_child=_forget_in_child)
