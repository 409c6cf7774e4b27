"""Atomic commit: a reader sees a whole folder or none, whatever is killed and whenever.

Folders are made in HOME/work, written through to the disk, and moved into their zone by one rename. Callers hold the
home lock: the next holder empties HOME/work.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as with_values
from pathlib import Path

from storage.errors import Internal
from storage.manifest import MANIFEST_NAME, Manifest, describe_files, is_whole, read_manifest
from storage.zones import FILE_MODE, FOLDER_MODE, Zones, checked_component

_REPLACED = ".versions"  # beside the links that `replace` swaps


@contextmanager
def private_files() -> Iterator[None]:
    """Make every file that this process writes meanwhile private, those of DuckDB and Arrow included.

    The mask belongs to the whole process: open this once around a stage, not in threads.
    """
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def staging(zones: Zones) -> Iterator[Path]:
    """Give an empty private folder in HOME/work; what is not committed is removed."""
    zones.work.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=zones.work))
    try:
        with private_files():
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def commit(folder: Path, target: Path, manifest: Manifest) -> Manifest:
    """Move a staged folder to its place, once.

    Where the target is whole already, that one stays, the staged folder is discarded, and the manifest of the target is
    returned. A target without a manifest is debris of another time and is replaced.

    Args:
        folder: a folder of `staging`.
        target: its place, a path of `Zones`.
        manifest: its files are described here, but for those that it names: links to files of a whole folder.
    """
    if is_whole(target):
        shutil.rmtree(folder)
        return read_manifest(target)
    sealed = _seal(folder, manifest)
    _make_parents(target)
    if target.exists() or target.is_symlink():
        _set_aside(target, folder.parent)
    try:
        folder.rename(target)
    except OSError:
        if not is_whole(target):  # made meanwhile by another holder of a shared lock
            raise
        return commit(folder, target, manifest)
    _sync_folder(target.parent)
    return sealed


def replace(folder: Path, target: Path, manifest: Manifest | None = None) -> None:
    """Put a staged folder in the place of another of the same name.

    The target is a link to a hidden folder beside it, and swapping the link is the commit: a crash leaves the old or
    the new, and a hidden folder that the next call removes.
    """
    if manifest:
        _seal(folder, manifest)
    else:
        _close(folder)
    hidden = target.parent / _REPLACED / f"{checked_component(target.name)}.{secrets.token_hex(8)}"
    _make_parents(hidden)
    folder.rename(hidden)
    _sync_folder(hidden.parent)
    if target.is_dir() and not target.is_symlink():
        _set_aside(target, folder.parent)
    _swap_link(target, f"{_REPLACED}/{hidden.name}")
    for other in hidden.parent.glob("*"):
        if other != hidden and other.name.rpartition(".")[0] == target.name:
            shutil.rmtree(other)


def point(link: Path, version: str) -> None:
    """Make a link name a whole sibling folder, in one step.

    Raises:
        Internal: the sibling is not whole.
    """
    if not is_whole(link.parent / checked_component(version)):
        raise Internal("a link may only name a whole version", str(link), "a folder with a manifest")
    _swap_link(link, version)


def pointed(link: Path) -> str | None:
    """Return the version that a link names, or None where there is no link."""
    return str(link.readlink()) if link.is_symlink() else None


def remove(zones: Zones, folder: Path) -> None:
    """Take a folder out of its zone in one step, then remove it: a crash leaves none of it that looks whole.

    The caller holds the home lock.
    """
    zones.work.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    _set_aside(folder, zones.work)
    _sync_folder(folder.parent)


def write_private(path: Path, text: str) -> None:
    """Write a small private file in one step: its readers see the old text or the new."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _seal(folder: Path, manifest: Manifest) -> Manifest:
    """Describe the files in the manifest, write it beside them, and close and flush the folder."""
    sealed = with_values(manifest, files=describe_files(folder, manifest.files))
    (folder / MANIFEST_NAME).write_text(sealed.to_json(), "utf-8")
    _close(folder)
    return sealed


def _close(folder: Path) -> None:
    """Set private modes and write everything through to the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(parent, name)
            path.chmod(FILE_MODE)
            _sync(path, os.O_RDONLY)
        Path(parent).chmod(FOLDER_MODE)
        _sync_folder(Path(parent))


def _make_parents(target: Path) -> None:
    missing = [parent for parent in target.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        _sync_folder(parent.parent)


def _set_aside(target: Path, work: Path) -> None:
    """Move debris out of the way before removing it, so that a crash leaves none of it in the zone."""
    grave = work / f"debris.{secrets.token_hex(8)}"
    target.rename(grave)
    if grave.is_dir() and not grave.is_symlink():
        shutil.rmtree(grave)
    else:
        grave.unlink()


def _swap_link(link: Path, destination: str) -> None:
    """One process at a time swaps a link: drafts beside it are what killed ones left."""
    for leftover in link.parent.glob(f".{link.name}.*"):
        if leftover.is_symlink():
            leftover.unlink()
    draft = link.parent / f".{link.name}.{secrets.token_hex(8)}"
    draft.symlink_to(destination)
    draft.replace(link)
    _sync_folder(link.parent)


def _sync_folder(folder: Path) -> None:
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
