"""The folder of a match, put in place whole: what it was before or what the match made, also where it was killed.

A match writes into a folder of its own inside. Once that is whole it gets another name, and from then on it counts:
whoever comes next moves what is still there to its place. Invariant: moving can be begun anew at any point.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

MAKING: Final = ".match-"
WHOLE: Final = ".whole-"
GONE: Final = ".gone"
STATE: Final = "state"
NOT_ALWAYS: Final = ("golden.parquet", "review.parquet", "link_changes.parquet", "decided.parquet")
"""What only some matches write: of the match before it goes, as it speaks of other master ids."""


@contextmanager
def made_beside(out_folder: Path) -> Iterator[Path]:
    """A folder inside the one to write; what the block makes there is put in place at its end, unless it fails.

    It is locked meanwhile. What a killed match left unfinished is removed: it holds personal data, and nobody its lock.

    Raises:
        BadParameter: nothing can be written there.
    """
    try:
        out_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        finish(out_folder)
        for left in out_folder.glob(f"{MAKING}*"):
            if (lock := _locked(left)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(lock)
        place = tempfile.TemporaryDirectory(prefix=MAKING, dir=out_folder)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise typer.BadParameter(
            f"--out {out_folder}: nothing can be written there ({error.strerror}); name a folder that you may write to"
        ) from error
    lock = _locked(Path(place.name))
    try:
        with place as folder:
            yield Path(folder)
            _put_in_place(_declared_whole(Path(folder)), out_folder)
    finally:
        if lock is not None:
            os.close(lock)


def finish(out_folder: Path) -> None:
    """Put in place what a match had made when it was killed; nothing where none was."""
    for made in sorted(out_folder.glob(f"{WHOLE}*"), key=lambda path: path.stat().st_mtime_ns):
        if (lock := _locked(made)) is not None:
            _put_in_place(made, out_folder)
            os.close(lock)


def _declared_whole(made: Path) -> Path:
    """Give what was made the name by which it counts."""
    for name in NOT_ALWAYS:
        if not (made / name).exists():
            (made / f"{name}{GONE}").touch(mode=0o600)
    for path in made.iterdir():
        path.chmod(0o700 if path.is_dir() else 0o600)
    return made.rename(made.with_name(made.name.replace(MAKING, WHOLE, 1)))


def _put_in_place(made: Path, out_folder: Path) -> None:
    """Move what was made, the state first: a state goes with the model beside it, and says so where it does not."""
    for path in sorted(made.iterdir(), key=lambda path: (path.name != STATE, path.name)):
        if path.name.endswith(GONE):
            (out_folder / path.name.removesuffix(GONE)).unlink(missing_ok=True)
            path.unlink()
            continue
        if path.is_dir():
            shutil.rmtree(out_folder / path.name, ignore_errors=True)
        path.replace(out_folder / path.name)
    made.rmdir()


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock, or None where another process holds it or the folder has gone."""
    try:
        lock = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
