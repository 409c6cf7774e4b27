"""What the loss of the database or a full disk means for whoever publishes."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import adbc_driver_manager
import duckdb
import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from schemas.column_checks import MOST_KEY_BYTES
from storage.errors import ContractBroken, SourceUnavailable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_WORDS = ("No space left", "File too large", "quota exceeded", "Could not write", "Failed to write")
_SHORTAGES = ("53", "58")  # SQLSTATE classes: insufficient resources, system error
_LIMITS = "54"  # SQLSTATE class: program limit exceeded


@contextmanager
def named_failures(where: str = "publication") -> Iterator[None]:
    """Say what happened, without the values that a driver's text may quote, and that nothing was lost.

    Raises:
        SourceUnavailable: the database refused or was lost, or a disk is full.
        ContractBroken: a value is too large for the database.
    """
    try:
        yield
    except (DBAPIError, adbc_driver_manager.Error, psycopg.Error) as error:
        if _class_of(error) == _LIMITS:
            raise _too_large(where) from error
        is_lost = isinstance(error, (OperationalError, adbc_driver_manager.OperationalError, psycopg.OperationalError))
        if not is_lost and _class_of(error) not in _SHORTAGES:
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


def _class_of(error: Exception) -> str:
    """The class of an error's SQLSTATE."""
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""
    return str(state)[:2]


def _too_large(where: str) -> ContractBroken:
    return ContractBroken(
        "a value of a record is larger than the database can keep or index",
        where,
        f"keys of at most {MOST_KEY_BYTES} bytes, which is checked when records are taken in",
        "what was published before stays in force; have the record corrected or deleted, or suppress it"
        " (`sitong judge suppress`), and run again",
    )


def _lost(error: Exception, where: str) -> SourceUnavailable:
    kind = type(getattr(error, "orig", None) or error).__name__
    if kind == psycopg.errors.LockNotAvailable.__name__:
        return SourceUnavailable(
            "another session holds a table of the base databases and does not let go of it",
            where,
            "nobody to lock them for more than a minute",
            "what was published before stays in force; see who it is (pg_stat_activity, pg_locks; a dump, a report),"
            " wait for its end or end it, and run again",
        )
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
