"""A folder of arrays that a later run reads without copying: NumPy's own files and uncompressed Arrow files, mapped.

Owns the layout of the folder, nothing of what the arrays mean. It refuses objects: nothing in it is ever executed when
it is read. Files 0600, folder 0700.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class ArrayFolder:
    """Arrays and lists of texts by name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, name: str, array: npt.NDArray[Any]) -> None:
        """Write an array of numbers or truth values."""
        with self._opened(f"{name}.npy").open("wb") as handle:
            np.save(handle, array, allow_pickle=False)

    def load(self, name: str) -> npt.NDArray[Any]:
        """An array, mapped and not to be written to."""
        found: npt.NDArray[Any] = np.load(self.path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return found.view(np.ndarray)

    def save_texts(self, name: str, texts: pa.Array | pa.ChunkedArray) -> None:
        """Write texts, nulls included."""
        chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
        schema = pa.schema([("text", pa.string())])
        with pa.OSFile(str(self._opened(f"{name}.arrow")), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for chunk in chunks:
                writer.write_batch(pa.record_batch([chunk], schema=schema))

    def load_texts(self, name: str) -> pa.ChunkedArray:
        """Texts, mapped."""
        source = pa.memory_map(str(self.path / f"{name}.arrow"), "r")
        table: pa.Table = pa.ipc.open_file(source).read_all()
        return table.column("text")

    def has_texts(self, name: str) -> bool:
        """Whether there is such a list of texts."""
        return (self.path / f"{name}.arrow").exists()

    def names(self, prefix: str) -> Sequence[str]:
        """The arrays whose name begins so, without the prefix, in order."""
        found = (path.stem for path in self.path.glob(f"{prefix}*.npy"))
        return sorted(name.removeprefix(prefix) for name in found)

    def link(self, prefix: str, other: "ArrayFolder") -> None:
        """Take over the files of another folder whose name begins so: as the same files where the disk can.

        Files are never written again, so that two folders may share them.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in other.path.glob(f"{prefix}*"):
            target = self.path / path.name
            try:
                target.hardlink_to(path)
            except OSError:
                shutil.copyfile(path, target)
                target.chmod(0o600)

    def _opened(self, name: str) -> Path:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.path / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        return path
