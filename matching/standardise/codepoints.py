"""Texts as arrays of code points, straight from and into Arrow's buffers: no text becomes a Python object.

Characters are worked on as numbers and never as UTF-8 bytes, save where a text is known to be ASCII.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

CodePoints = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Characters:
    """The code points of many texts, one text after the other.

    Attributes:
        points: all code points.
        starts: where each text begins.
        lengths: characters by text; null has none.
    """

    points: CodePoints
    starts: Places
    lengths: Places

    @classmethod
    def of(cls, points: CodePoints, lengths: Places) -> "Characters":
        """Texts of some lengths."""
        return cls(points, np.cumsum(lengths) - lengths, lengths)

    def owner(self, places: Places) -> Places:
        """The text that holds each of some code points."""
        return np.searchsorted(self.starts, places, side="right") - 1

    def mark(self, places: Places) -> npt.NDArray[np.bool_]:
        """The texts that hold any of some code points."""
        marked = np.zeros(len(self.lengths), bool)
        marked[self.owner(places)] = True
        return marked


def flat(texts: pa.StringArray) -> Characters:
    """The code points of texts."""
    filled = texts.fill_null("") if texts.null_count else texts
    data, offsets = utf8(filled)
    if len(data) and int(data.max()) > 127:
        points = np.frombuffer(data.tobytes().decode("utf-8").encode("utf-32-le"), np.uint32)
        lengths = pc.utf8_length(filled).to_numpy(zero_copy_only=False).astype(np.int64)
        return Characters.of(points, lengths)
    return Characters(data.astype(np.uint32), offsets[:-1], np.diff(offsets))


def unflat(characters: Characters) -> pa.StringArray:
    """The inverse of `flat`."""
    points, lengths = characters.points, characters.lengths
    sizes = np.ones(len(points), np.int8)
    for least in (0x80, 0x800, 0x10000):
        sizes += points >= least
    ends = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    offsets = ends[np.concatenate(([0], np.cumsum(lengths)))].astype(np.int32)
    data = points.astype("<u4", copy=False).tobytes().decode("utf-32-le").encode("utf-8")
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(data))


def matrix(characters: Characters, width: int) -> CodePoints:
    """The first `width` code points of each text, 0 beyond its end."""
    return _matrix(characters.points, characters.starts, characters.lengths, width)


def ascii_matrix(texts: pa.StringArray, width: int) -> tuple[Bytes, npt.NDArray[np.int32]]:
    """The first `width` bytes of each text, 0 beyond its end, and the texts' lengths in bytes; null has none."""
    data, offsets = utf8(texts.fill_null("") if texts.null_count else texts)
    lengths = np.diff(offsets)
    if len(lengths) and int(lengths.min()) == int(lengths.max()) == width:
        return data.reshape(-1, width), lengths.astype(np.int32)
    return _matrix(data, offsets[:-1], lengths, width), lengths.astype(np.int32)


def counted(marks: npt.NDArray[np.bool_]) -> Bytes:
    """How many marks each row has, of 255 columns at most: six times as fast as a sum along rows so short."""
    found: Bytes = np.einsum("ij->i", marks.view(np.uint8))
    return found


def _matrix(points: npt.NDArray[Any], starts: Places, lengths: Places, width: int) -> npt.NDArray[Any]:
    out = np.zeros((len(starts), width), points.dtype)
    long = lengths >= width
    rows: Places | slice = slice(None)
    if long.any():
        whole = np.flatnonzero(long)
        out[whole] = np.lib.stride_tricks.sliding_window_view(points, width)[starts[whole]]
        rows = np.flatnonzero(~long)
    for place in range(width):
        inside = np.flatnonzero(lengths[rows] > place)
        if isinstance(rows, slice):
            rows = inside if len(inside) < len(lengths) else rows
        elif len(inside) < len(rows):
            rows = rows[inside]
        out[rows, place] = points[starts[rows] + place]
    return out


def utf8(texts: pa.StringArray) -> tuple[Bytes, Places]:
    """UTF-8 bytes of all texts, and where each begins and the last ends."""
    if not len(texts):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, offsets_buffer, data = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    held = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return held[offsets[0] : offsets[-1]], offsets - offsets[0]
