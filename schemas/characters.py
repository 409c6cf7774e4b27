"""Identifiers as matrices of bytes, and back: one row per character position, one column per number."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.text import BLANKS, Mask, as_text, offsets, present, tidy

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

_MARKS: Final = r"['`\"‘’“”\-‐‑‒–—―−_~.,·•‧・･∙⋅．。，、:：;/\\()\[\]{}<>《》【】]"
"""Punctuation that people put into numbers; an apostrophe in front marks text in a spreadsheet."""

_LOOK_LIKE_X: Final = r"[×ХхΧχ✕✖╳]"
_UPPER_OR_DIGIT = np.zeros(256, bool)
_UPPER_OR_DIGIT[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = True


def cleaned_numbers(array: pa.Array) -> pa.StringArray:
    """Numbers with full-width forms folded, letters raised, blanks and punctuation out; empty becomes null.

    Only the values that need it are worked on: the cost grows with their number, not with the column's.

    >>> cleaned_numbers(pa.array(["３７0202 19850101-001ｘ"]))[0].as_py()
    '37020219850101001X'
    """
    text = as_text(array)
    untidy = _untidy(text)
    if not untidy.any():
        return text
    few = text.filter(pa.array(untidy)).dictionary_encode()
    values = _settled(few.dictionary)
    return pc.replace_with_mask(text, pa.array(untidy), values.take(few.indices))


def _untidy(text: pa.StringArray) -> Mask:
    """Rows with an empty text or a byte that is neither a digit nor a capital letter."""
    rows: Mask = np.zeros(len(text), bool)
    if len(text) == 0 or text.buffers()[2] is None:
        return np.asarray(pc.fill_null(pc.equal(text, ""), False).to_numpy(zero_copy_only=False))
    starts = offsets(text)
    content = np.frombuffer(text.buffers()[2], np.uint8)[starts[0] : starts[-1]]
    odd = np.flatnonzero(~_UPPER_OR_DIGIT[content]) + starts[0]
    rows[np.searchsorted(starts, odd, side="right") - 1] = True
    rows |= starts[1:] == starts[:-1]
    rows &= present(text)
    return rows


def _settled(values: pa.StringArray) -> pa.StringArray:
    """Clean until nothing changes: what is taken out of rare texts can let their neighbours combine anew."""
    while not (again := _cleaned(values)).equals(values):
        values = again
    return values


def _cleaned(values: pa.StringArray) -> pa.StringArray:
    folded = pc.utf8_upper(pc.utf8_normalize(tidy(values), "NFKC"))
    folded = pc.replace_substring_regex(folded, _MARKS, "")
    folded = pc.replace_substring_regex(folded, f"[{_escaped(BLANKS)}\\p{{M}}]", "")
    return tidy(pc.replace_substring_regex(folded, _LOOK_LIKE_X, "X"))


def _escaped(characters: str) -> str:
    return "".join(f"\\x{{{ord(character):x}}}" for character in characters)


def lengths(text: pa.StringArray) -> Integers:
    """Bytes of each text; 0 where it is null."""
    counts: Integers = pc.fill_null(pc.binary_length(text), 0).to_numpy(zero_copy_only=False)
    return counts


def matrix(text: pa.StringArray, width: int) -> Bytes:
    """Bytes by position (`width` rows) of texts that all have `width` bytes and are not null."""
    if len(text) == 0:
        return np.empty((width, 0), np.uint8)
    starts = offsets(text)
    content = np.frombuffer(text.buffers()[2], np.uint8)[starts[0] : starts[-1]]
    return np.ascontiguousarray(content.reshape(len(text), width).T)


def texts(characters: Bytes) -> pa.StringArray:
    """The inverse of `matrix`."""
    width, count = characters.shape
    starts = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    content = np.ascontiguousarray(characters.T)
    return pa.StringArray.from_buffers(count, pa.py_buffer(starts), pa.py_buffer(content))


def are_digits(characters: Bytes) -> Mask:
    """Columns whose rows are all decimal digits."""
    return np.asarray(((characters - ord("0")).astype(np.uint8) < 10).all(axis=0))


def number(characters: Bytes) -> Integers:
    """The decimal number that the rows spell; meaningless where they are not digits."""
    total = np.zeros(characters.shape[1], np.int32)
    for row in characters:
        total *= 10
        total += (row - np.uint8(48)).astype(np.int32)
    return total


def one_repeated(characters: Bytes) -> Mask:
    """Columns in which one character is repeated throughout."""
    return np.asarray((characters == characters[0]).all(axis=0))
