"""Drops: which batches a folder holds.

Owns the reading of the folder and of its file names; opens no data file. Subfolders, hidden files and Excel's lock
files are not read; a file with an unknown name is warned about and left. Invariant: a data file of a known dataset
is never passed over in silence, it is in `Drop.files`, perhaps with the reason why it is refused.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from connectors.file_names import SUPPORTED, UNSUPPORTED, FileName, parse
from connectors.refusals import Refusal
from connectors.sidecars import read_mode
from schemas.contract import Mode, source_names
from storage.errors import SourceRejected, SourceUnavailable

_LAYOUT = "<department>.<dataset>[.<batch>].<ext>"


@dataclass(frozen=True, slots=True)
class DropFile:
    """One batch of one dataset.

    Attributes:
        dataset: its contract's name, "tax.wage".
        batch: the batch part of the name, empty where it has none.
        path: the file.
        format: "parquet", "csv", "csv.gz", "xlsx", or one that no reader knows.
        mode: what the sidecar says; None where the contract decides.
        refusal: why the file is refused without being opened.
    """

    dataset: str
    batch: str
    path: Path
    format: str
    mode: Mode | None = None
    refusal: Refusal | None = None

    @property
    def order(self) -> tuple[str, str]:
        """Batches of a dataset apply in name order; a file without a batch part comes first."""
        return self.dataset, self.batch

    def to_json(self) -> dict[str, object]:
        """Plain JSON values, to hand the file to another process."""
        return asdict(self) | {"path": str(self.path)}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "DropFile":
        """The file that `to_json` gave."""
        refusal = values.get("refusal")
        fields = dict(values) | {
            "path": Path(str(values["path"])),
            "refusal": Refusal(**refusal) if isinstance(refusal, Mapping) else None,
        }
        return cls(**fields)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Drop:
    """What a folder holds: files in the order in which they apply, and warnings about what was left."""

    files: tuple[DropFile, ...]
    warnings: tuple[str, ...]

    def by_dataset(self) -> Mapping[str, tuple[DropFile, ...]]:
        """The files of each dataset that the drop holds."""
        groups: dict[str, list[DropFile]] = defaultdict(list)
        for file in self.files:
            groups[file.dataset].append(file)
        return {dataset: tuple(files) for dataset, files in groups.items()}


def scan(folder: Path) -> Drop:
    """List the batches in a folder.

    Raises:
        SourceUnavailable: the folder is missing or cannot be listed.
        SourceRejected: no file in it belongs to a known dataset.
    """
    warnings: list[str] = []
    found = list(_known(folder, warnings))
    files = _without_rivals(_data_file(path, name, warnings) for path, name in found if not name.is_sidecar)
    sidecars = [(path, name) for path, name in found if name.is_sidecar]
    files = _with_modes(files, sidecars, warnings)
    if not files:
        raise SourceRejected(
            "the drop holds no file of a known dataset",
            str(folder),
            f"files named {_LAYOUT}, as in police.resident.20260331.csv",
            "check the folder and the names of the files",
        )
    return Drop(tuple(sorted(files, key=lambda file: (file.order, file.path.name))), tuple(warnings))


def _known(folder: Path, warnings: list[str]) -> Iterator[tuple[Path, FileName]]:
    datasets = source_names()
    for path in _entries(folder):
        name = parse(path.name, datasets)
        if name:
            yield path, name
        else:
            warnings.append(f"{path.name}: left unread, the name is not {_LAYOUT} of a known dataset")


def _entries(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise SourceUnavailable(
            f"the drop cannot be read ({type(error).__name__})",
            str(folder),
            "a folder that this account can list",
            "check the path and its permissions",
        ) from error
    return [path for path in paths if not path.is_dir() and not path.name.startswith((".", "~$"))]


def _data_file(path: Path, name: FileName, warnings: list[str]) -> DropFile:
    refusal = _refused_place(path)
    if refusal is None and name.ending in UNSUPPORTED:
        refusal = Refusal(
            f"the format {name.ending} is not supported yet",
            f"one of {', '.join(SUPPORTED)}",
            "ask the department to export one of these formats",
        )
    if refusal is None and path.is_symlink():
        warnings.append(f"{path.name}: is a link, the file behind it was read")
    return DropFile(name.dataset, name.batch, path.absolute(), name.ending, refusal=refusal)


def _refused_place(path: Path) -> Refusal | None:
    """Refuse what is not a regular file, and links by which a sender could have us read a file that is not his."""
    try:
        link, target = path.lstat(), path.stat()
    except OSError as error:
        return Refusal(f"the file cannot be opened ({type(error).__name__})", "a readable file", "send it again")
    if not stat.S_ISREG(target.st_mode):
        return Refusal("this is not a regular file", "a file", "send it again as a file")
    if link.st_uid not in {target.st_uid, os.geteuid(), 0}:
        return Refusal("this is a link to a file of another owner", "the file itself", "send the file, not a link")
    return None


def _without_rivals(files: Iterable[DropFile]) -> list[DropFile]:
    """Refuse all files that claim to be the same batch: none of them can be preferred."""
    groups: dict[tuple[str, str], list[DropFile]] = defaultdict(list)
    for file in files:
        groups[file.order].append(file)
    return [_refuse_rivals(file, group) for group in groups.values() for file in group]


def _refuse_rivals(file: DropFile, group: list[DropFile]) -> DropFile:
    if len(group) == 1:
        return file
    others = ", ".join(other.path.name for other in group if other is not file)
    return replace(
        file,
        refusal=Refusal(f"the same batch is also in {others}", "one file a batch", "remove all but the right file"),
    )


def _with_modes(
    files: list[DropFile], sidecars: Iterable[tuple[Path, FileName]], warnings: list[str]
) -> list[DropFile]:
    by_batch = {(name.dataset, name.batch): path for path, name in sidecars}
    for batch, path in by_batch.items():
        if batch not in {file.order for file in files}:
            warnings.append(f"{path.name}: left unread, the data file that it tells about is missing")
    return [_with_mode(file, by_batch.get(file.order)) for file in files]


def _with_mode(file: DropFile, sidecar: Path | None) -> DropFile:
    if sidecar is None or file.refusal:
        return file
    mode = _refused_place(sidecar) or read_mode(sidecar)
    return replace(file, refusal=mode) if isinstance(mode, Refusal) else replace(file, mode=mode)
