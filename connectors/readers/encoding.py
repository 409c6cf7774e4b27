"""Encodings of text files: byte order mark, then strict UTF-8, then strict GB18030, else refused.

The whole file is decoded before any row of it is believed, in pieces, so that memory does not grow with it.
"""

import codecs
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from connectors.refusals import Refusal

_CHUNK = 4 << 20  # bytes decoded at once
_TAIL = 1 << 16  # characters kept of the end
_MAX_NUL_SHARE = 0.05  # text has none; UTF-16 without a mark is full of them
_MIN_GB2312_SHARE = 0.5  # of two-byte characters; Chinese text has nearly all of its characters in GB 2312
_MIN_DISTINCT = 8  # characters in UTF-8 that GB18030 text does not form by chance: the file is damaged UTF-8
_MIN_RARE = 16  # distinct characters outside GB 2312 before that share is judged

_MARKS = (  # a longer mark before its own beginning
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Text:
    """What is known of a text file once it was decoded from end to end.

    Attributes:
        encoding: a Python codec.
        head: its beginning, without byte order mark.
        tail: its end.
        whole: whether `head` is all of it.
        odd_quotes: whether it holds an odd number of quotation marks.
    """

    encoding: str
    head: str
    tail: str
    whole: bool
    odd_quotes: bool


def examine(opened: Callable[[], BinaryIO], where: str) -> Text:
    """Find the encoding of a file.

    Raises:
        SourceRejected: no encoding fits all of it, or the one that does yields no text.
    """
    failures = []
    for encoding in _candidates(opened):
        with closing(opened()) as stream:
            text = _decode(stream, encoding)
        if isinstance(text, Text):
            _refuse_nonsense(text, where)
            return text
        failures.append(f"not {encoding} near line {text.line}")
        if text.distinct >= _MIN_DISTINCT:
            break
    raise Refusal(
        f"the encoding cannot be told ({', '.join(failures)})",
        "UTF-8 or GB18030 throughout, or a byte order mark",
        "ask the department to export the file as UTF-8",
    ).error(where)


def _candidates(opened: Callable[[], BinaryIO]) -> tuple[str, ...]:
    with closing(opened()) as stream:
        beginning = stream.read(4)
    marked = next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), None)
    return (marked,) if marked else ("utf-8", "gb18030")


@dataclass(frozen=True)
class _Failure:
    """Near which line a file stops being text, and how many distinct characters beyond ASCII it had until then."""

    line: int
    distinct: int


def _decode(stream: BinaryIO, encoding: str) -> Text | _Failure:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    head, tail, quotes, line, pieces = "", "", 0, 1, 0
    while True:
        chunk = stream.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            characters = set(head) | set(before.decode(encoding, "ignore"))
            return _Failure(line + before.count(b"\n"), sum(character > "\x7f" for character in characters))
        head = head or text
        tail = (tail + text)[-_TAIL:]
        quotes += text.count('"')
        line += text.count("\n")
        pieces += bool(text)
        if not chunk:
            return Text(encoding, head, tail, whole=pieces <= 1, odd_quotes=quotes % 2 == 1)


def _refuse_nonsense(text: Text, where: str) -> None:
    if text.head.count("\0") > _MAX_NUL_SHARE * len(text.head):
        raise Refusal(
            "the file holds NUL characters throughout",
            "text; UTF-16 needs its byte order mark",
            "ask the department to export the file as UTF-8",
        ).error(where)
    if text.encoding == "gb18030" and _reads_as_nonsense(text.head[:_CHUNK]):
        raise Refusal(
            "the file decodes as GB18030 but does not read as Chinese",
            "UTF-8 or GB18030; this looks like another encoding, such as Big5, Shift-JIS or Latin-1",
            "ask the department to export the file as UTF-8",
        ).error(where)
    if _encoded_twice(text.head[:_TAIL]):
        raise Refusal(
            "the file was encoded twice: its UTF-8 was taken for Latin-1 and made UTF-8 once more",
            "UTF-8 once",
            "ask the department to export the file as UTF-8",
        ).error(where)


def _encoded_twice(text: str) -> bool:
    """Whether a text is Chinese in UTF-8 of which every byte became a character.

    Nothing else reads so: every character must be one of Latin-1 or Windows-1252, and their bytes strict UTF-8.
    """
    lines = text[: text.rfind("\n") + 1] or text
    if not any(character > "\x7f" for character in lines):
        return False
    for single in ("latin-1", "cp1252"):
        try:
            inner = lines.encode(single).decode("utf-8")
        except UnicodeError:
            continue
        return any("\u4e00" <= character <= "\u9fff" for character in inner)
    return False


def _reads_as_nonsense(text: str) -> bool:
    """Other encodings often decode as GB18030, into characters that Chinese hardly uses."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    points = points[(points > 0x7F) & (points < 0x10000)]
    common = _gb2312()[points]
    rare = points[~common]
    return len(np.unique(rare)) >= _MIN_RARE and len(rare) > (1 - _MIN_GB2312_SHARE) * len(points)


@cache
def _gb2312() -> npt.NDArray[np.bool_]:
    """By code point, whether GB 2312 has the character."""
    table = np.zeros(0x10000, np.bool_)
    rows = (bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    table[[ord(character) for character in b"".join(rows).decode("gb2312", "ignore")]] = True
    return table
