"""What the loss of the database or a full disk means for whoever publishes."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import adbc_driver_manager
import duckdb
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.errors import SourceUnavailable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_WORDS = ("No space left", "File too large", "quota exceeded", "Could not write", "Failed to write")
_SHORTAGES = ("53", "58")  # SQLSTATE classes: insufficient resources, system error


@contextmanager
def named_failures(where: str = "publication") -> Iterator[None]:
    """Say what happened, without the values that a driver's text may quote, and that nothing was lost.

    Raises:
        SourceUnavailable: the database refused or was lost, or a disk is full.
    """
    try:
        yield
    except (OperationalError, adbc_driver_manager.OperationalError) as error:
        raise _lost(error, where) from error
    except (DBAPIError, adbc_driver_manager.Error) as error:
        if not _is_shortage(error):
            raise
        raise _lost(error, where) from error
    except (OSError, duckdb.IOException) as error:
        if not is_full(error):
            raise
        raise _full(where) from error


def is_full(error: BaseException) -> bool:
    """Whether an error says that a file cannot be written for want of room."""
    if isinstance(error, duckdb.IOException):
        return any(word in str(error) for word in _FULL_WORDS)
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def _is_shortage(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""
    return str(state)[:2] in _SHORTAGES


def _lost(error: Exception, where: str) -> SourceUnavailable:
    kind = type(getattr(error, "orig", None) or error).__name__
    return SourceUnavailable(
        f"the database refused or was lost ({kind})",
        where,
        remedy="what was published before stays in force; see the server's log and disk, and run again",
    )


def _full(where: str) -> SourceUnavailable:
    return SourceUnavailable(
        "a file cannot be written: the disk is full, or a quota or limit is reached",
        where,
        remedy="what was published before stays in force; free room (`sitong prune` says what may go), and run again",
    )
