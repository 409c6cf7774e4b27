"""Manifests: what a folder holds, what it was made from, and proof that nothing changed since.

A folder with a `manifest.json` is whole; a folder without one does not exist for readers. Equal manifests have equal
text.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from storage.errors import ContractBroken, Internal

MANIFEST_NAME = "manifest.json"

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a folder: SHA-256 in lower-case hexadecimal, and its length in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder is.

    Attributes:
        kind: the zone's word for it: batch, accepted, quarantine, matching, product, report, delivery …
        name: a dataset or a product.
        version: the name of the folder among its siblings.
        created_at: when it was made, UTC.
        rows: rows of its main table.
        files: relative path → entry, for every file but the manifest; filled by the commit.
        inputs: name → version of what it was made from.
        facts: anything else worth keeping: counts, rules, modes. Plain JSON values.
    """

    kind: str
    name: str
    version: str
    created_at: datetime
    rows: int
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a moment without a time zone; keep it in UTC."""
        if self.created_at.tzinfo is None:
            raise Internal("a manifest needs a moment with a time zone", f"{self.kind} {self.name}")
        object.__setattr__(self, "created_at", self.created_at.astimezone(UTC))

    def to_values(self) -> dict[str, Json]:
        """Render as plain JSON values, to hand the manifest from task to task."""
        return asdict(self) | {"created_at": self.created_at.isoformat()}

    def to_json(self) -> str:
        """Render with sorted keys, so that equal manifests are equal byte for byte."""
        return json.dumps(self.to_values(), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read what `to_json` wrote.

        Raises:
            ContractBroken: the text is not a manifest.
        """
        try:
            values = json.loads(text)
            values["created_at"] = datetime.fromisoformat(values["created_at"])
            values["files"] = {name: FileEntry(**entry) for name, entry in values["files"].items()}
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ContractBroken("this is not a manifest", expected="the JSON that Sitong wrote") from error


def is_whole(folder: Path) -> bool:
    """Say whether a folder exists for readers."""
    return (folder / MANIFEST_NAME).is_file()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        ContractBroken: there is none, or it is damaged.
    """
    path = folder / MANIFEST_NAME
    remedy = "remove the folder and run the stage again that makes it"
    try:
        return Manifest.from_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ContractBroken("the folder has no manifest", str(folder), "a whole folder", remedy) from error
    except (ContractBroken, UnicodeDecodeError) as error:
        raise ContractBroken("the manifest is damaged", str(path), "the JSON that Sitong wrote", remedy) from error


def whole_folders(parent: Path) -> tuple[Path, ...]:
    """List the whole folders in a folder by name; links and hidden folders are left out."""
    if not parent.is_dir():
        return ()
    folders = (path for path in sorted(parent.iterdir()) if not path.name.startswith(".") and not path.is_symlink())
    return tuple(folder for folder in folders if is_whole(folder))


def describe_files(folder: Path, known: Mapping[str, FileEntry] | None = None) -> dict[str, FileEntry]:
    """Read every file of a folder but its manifest, at any depth, and return relative path → entry.

    `known`: entries of files that need not be read again.
    """
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / MANIFEST_NAME)
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: (known or {}).get(name) or describe_file(path) for name, path in named.items()}


def describe_file(path: Path) -> FileEntry:
    """Hash one file without holding it in memory."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return FileEntry(digest, stream.tell())


def verify(folder: Path) -> Manifest:
    """Compare a folder's files with its manifest.

    Raises:
        ContractBroken: a file is missing, was added, or differs.
    """
    manifest = read_manifest(folder)
    found, promised = describe_files(folder), manifest.files
    differing = sorted(name for name in found.keys() | promised.keys() if found.get(name) != promised.get(name))
    if differing:
        what = f"files differ from the manifest: {', '.join(differing)}"
        raise ContractBroken(what, str(folder), "unchanged files", "remove the folder and run again")
    return manifest
