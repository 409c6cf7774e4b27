"""The archive of the embedded server's write-ahead log: every change, in a folder elsewhere, seconds after it was made.

`pg_receivewal` streams the log through a replication slot, so the server keeps what has not arrived, whatever befalls
the archive. There is no `archive_command`: it would copy whole segments of 16 MiB or wait for a timeout, and each copy
would have to be made safe against crashes by a shell line. What a folder of the archive holds:
segments, the newest one with the ending `.partial`, and `state.json`: whether the server has stopped and everything is
here. A generation is one such folder, written by one home; a restored home begins another one.
"""

import contextlib
import json
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from storage.commit import write_private
from storage.zones import FOLDER_MODE

CONFIGURATION = "archive.json"  # in HOME/postgres: where to
SLOT = "sitong_archive"
MOST_WAITING = "16GB"  # what the server keeps for an archive that cannot be reached, before it lets go of the slot
PARTIAL = ".partial"
SEGMENT_BYTES = 16 << 20

_RETRY_SECONDS = 1.0
_FINISH_SECONDS = 20.0
_STATE = "state.json"
_SEGMENT = re.compile(r"[0-9A-F]{24}")


@dataclass(frozen=True)
class Archive:
    """A generation of the archive. `complete`: the server has stopped, and all that it wrote is here."""

    folder: Path
    complete: bool
    until: datetime | None


def enable(postgres: Path, archives: Path, *, anew: bool = False) -> Path:
    """Have a server archived below a folder from its next start on; returns its generation's folder.

    Args:
        postgres: HOME/postgres.
        archives: parent of generations.
        anew: begin another generation, as when the slot was lost.
    """
    found = configured(postgres)
    if found is not None and found.parent == archives and found.is_dir() and not anew:
        return found
    folder = archives / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    folder.mkdir(mode=FOLDER_MODE, parents=True)
    postgres.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    values = {"folder": str(folder), "of": str(postgres.resolve())}
    write_private(postgres / CONFIGURATION, json.dumps(values) + "\n")
    return folder


def configured(postgres: Path) -> Path | None:
    """The generation that a server is archived to; None where it is not, as in a copy of a home that is."""
    try:
        values = json.loads((postgres / CONFIGURATION).read_text("utf-8"))
        return Path(values["folder"]) if values["of"] == str(postgres.resolve()) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_state(folder: Path, *, complete: bool) -> None:
    """Write down whether everything is here."""
    write_private(folder / _STATE, json.dumps({"complete": complete, "at": datetime.now(UTC).isoformat()}) + "\n")


def read_archive(folder: Path) -> Archive:
    """What a generation's folder holds."""
    try:
        state = json.loads((folder / _STATE).read_text("utf-8"))
        complete, at = bool(state["complete"]), datetime.fromisoformat(state["at"])
    except (OSError, ValueError, KeyError, TypeError):
        complete, at = False, None
    moments = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for _, path in _segments(folder)]
    newest = max([*moments, *([at] if at and complete else [])], default=None)
    return Archive(folder, complete, newest)


def copy_log(folder: Path, start: str, target: Path) -> int:
    """Put the segments of an archive that follow one another from a base backup's first one into its `pg_wal`.

    Of a segment that both have, the one with more in it is taken.

    Args:
        folder: a generation.
        start: the first segment that the base backup needs.
        target: `pg_wal` of the restored data folder.

    Returns:
        How many segments came from the archive.
    """
    came, before = 0, None
    for name, path in _segments(folder):
        there = target / name
        if name < start:
            continue
        if before is not None and name != _next(before):
            break
        if before is None and name != start and not _reaches(target, start, name):
            break
        before = name
        if not there.exists() or _length(path) > _length(there):
            shutil.copyfile(path, there)
            came += 1
    return came


def newest(folder: Path) -> str | None:
    """The last segment of an archive."""
    return max((name for name, _ in _segments(folder)), default=None)


def gap_after(folder: Path, start: str) -> str | None:
    """The first segment after one that an archive lacks and that later ones follow; None where all stand in a row."""
    names = [name for name, _ in _segments(folder) if name >= start]
    for before, name in pairwise(names):
        if name != _next(before):
            return _next(before)
    return None


def prune_log(folder: Path, start: str) -> None:
    """Remove the segments before one that the oldest base backup needs."""
    for name, path in _segments(folder):
        if name < start:
            path.unlink()


Spawn: TypeAlias = Callable[[list[str]], "subprocess.Popen[bytes]"]


class Receiver:
    """The stream of a running server's log into the archive, kept up by the guard of the server.

    Args:
        folder: the generation.
        program: `pg_receivewal`.
        address: of the server, without its password.
        spawn: runs a program with the password at hand.
    """

    def __init__(self, folder: Path, program: Path, address: str, spawn: Spawn) -> None:
        self._folder = folder
        self._command = [str(program), "-D", str(folder), "-d", address, "--no-password", "--slot", SLOT]
        self._spawn = spawn
        self._process: subprocess.Popen[bytes] | None = None
        self._next_try = 0.0

    def keep_up(self) -> None:
        """Start the stream, and start it again where it has ended: the folder may have been out of reach."""
        if (self._process is not None and self._process.poll() is None) or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + _RETRY_SECONDS
        with contextlib.suppress(OSError):
            note_state(self._folder, complete=False)
            if self._spawn([*self._command, "--create-slot", "--if-not-exists"]).wait() == 0:
                self._process = self._spawn([*self._command, "--no-loop"])

    def finish(self, last: tuple[str, int]) -> None:
        """After the server has stopped, which it does when the stream has everything: say whether it has.

        Args:
            last: the segment of the server's last record, and the byte in it where that begins.
        """
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_FINISH_SECONDS)
        self._process.kill()
        with contextlib.suppress(OSError):
            note_state(self._folder, complete=_holds(self._folder, *last))


def _holds(folder: Path, segment: str, place: int) -> bool:
    return any(name == segment and _length(path) > place for name, path in _segments(folder))


def _segments(folder: Path) -> Iterator[tuple[str, Path]]:
    """Segments in order; a whole one before a partial one of the same name, which is then left out."""
    seen = set()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name.removesuffix(PARTIAL)
        if _SEGMENT.fullmatch(name) and name not in seen:
            seen.add(name)
            yield name, path


def _reaches(target: Path, start: str, name: str) -> bool:
    """Whether the base backup itself has every segment from its first one up to another."""
    at = start
    while at < name:
        if not (target / at).exists():
            return False
        at = _next(at)
    return at == name


def _next(segment: str) -> str:
    """The name of the segment after one, of 16 MiB each: 256 to a log."""
    number = int(segment[8:16], 16) * 256 + int(segment[16:], 16) + 1
    return f"{segment[:8]}{number // 256:08X}{number % 256:08X}"


def _length(segment: Path) -> int:
    """Bytes up to the last one that is not zero: what is written of a segment."""
    return len(segment.read_bytes().rstrip(b"\0"))
