"""Received values as text: any Arrow column to text without exponents, blanks off, placeholders to null.

Owns what counts as blank and which words say "no value". It refuses nested columns. Invariant: `tidy` is idempotent.
"""

import decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

BLANKS: Final = "".join(
    (
        "".join(chr(code) for code in range(0x21)),  # control characters and the blank
        "\x7f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000",
        "".join(chr(code) for code in range(0x2000, 0x2010)),  # typographic blanks, zero-width, direction marks
        "\u202a\u202b\u202c\u202d\u202e\u2060\ufeff",
    )
)
"""Characters taken off both ends of a text; a text of nothing else is empty."""

EXPORTED_NULLS: Final = ("\\N", "NULL", "null", "NaN", "nan", "None", "<NA>", "#N/A")
"""What export tools write for null. Null in every column; nobody is called so."""

NO_VALUE_WORDS: Final = (
    *EXPORTED_NULLS, "Null", "N/A", "n/a", "NA", "-", "--", "---", "—", "——", "/", "\\", "*", ".", "?", "？",
    "无", "無", "空", "没有", "暂无", "不详", "不明", "未知", "未填", "未填写", "待补", "无证件", "无证",
)  # fmt: skip
"""Words for "none" in numbers, dates, codes, and identifiers. A name or an address of one of these words stays."""


def as_text(array: pa.Array) -> pa.StringArray:
    """Any flat Arrow array as text: numbers without exponent or `.0`, NaN as null.

    Raises:
        TypeError: a nested or interval type, or bytes that are not UTF-8.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return as_text(array.dictionary_decode())
    if pa.types.is_string(kind):
        return array
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_floating(kind):
        return _float_text(array.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return _decimal_text(array)
    if pa.types.is_nested(kind):
        raise TypeError(f"type {kind} is not flat")
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise TypeError(f"type {kind} cannot be read as text") from error


def encoded(array: pa.Array) -> pa.DictionaryArray:
    """Any flat Arrow array as texts that stand once each, or nearly so, and the rows' places among them.

    Raises:
        TypeError: as `as_text`.
    """
    if repeats(array):
        return pa.DictionaryArray.from_arrays(array.indices, as_text(array.dictionary))
    return as_text(array).dictionary_encode()


def repeats(array: pa.Array) -> bool:
    """Whether it is a dictionary whose values are fewer than half of the rows: then they are worked on instead."""
    return pa.types.is_dictionary(array.type) and 2 * len(array.dictionary) <= len(array)


def _float_text(array: pa.DoubleArray) -> pa.StringArray:
    values = array.fill_null(np.nan).to_numpy(zero_copy_only=False)
    whole = np.isfinite(values) & (np.floor(values) == values) & (np.abs(values) < 2.0**63)
    text = pc.cast(pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole), pa.string())
    odd = np.flatnonzero(~whole & ~np.isnan(values))
    if len(odd) == 0:
        return text
    distinct, places = np.unique(values[odd], return_inverse=True)
    plain = pa.array([_plain(value) for value in distinct.tolist()], pa.string())
    return pc.replace_with_mask(text, pa.array(~whole & ~np.isnan(values)), plain.take(pa.array(places)))


def _plain(value: float) -> str:
    return f"{decimal.Decimal(repr(value)):f}" if np.isfinite(value) else str(value)


def _decimal_text(array: pa.Array) -> pa.StringArray:
    if array.type.scale <= 0:
        array = array.cast(pa.decimal256(76, 0))
    text = array.cast(pa.string())
    if array.type.scale <= 0:
        return text
    return pc.replace_substring_regex(text, r"\.?0+$", "") if array.type.scale > 0 else text


def tidy(text: pa.StringArray, *, nulls: tuple[str, ...] = EXPORTED_NULLS) -> pa.StringArray:
    """Blanks off both ends, NUL characters out; empty texts and the words of `nulls` become null."""
    if with_nul(text).any():
        text = pc.replace_substring(text, "\x00", "")
    text = _trimmed(text)
    gone = are_words(text, ("", *nulls))
    return pc.if_else(pa.array(gone), pa.scalar(None, pa.string()), text) if gone.any() else text


def _trimmed(text: pa.StringArray) -> pa.StringArray:
    """Blanks off both ends. Most columns have none and stay where they are in memory: a copy costs more than a look."""
    suspects = _may_end_blank(text)
    if not suspects.any():
        return text
    few = text.filter(pa.array(suspects))
    return text if pc.utf8_trim(few, BLANKS).equals(few) else pc.utf8_trim(text, BLANKS)


def _may_end_blank(text: pa.StringArray) -> Mask:
    """Texts whose first byte, or last two bytes, a blank could have; some of them have none."""
    if len(text) == 0 or not text.buffers()[2]:
        return np.zeros(len(text), bool)
    content = np.frombuffer(text.buffers()[2], np.uint8)
    bounds = offsets(text)
    first = content.take(bounds[:-1], mode="clip")  # an empty text looks at its neighbour, and has no blank to lose
    last = content.take(bounds[1:] - 1, mode="clip")
    suspects: Mask = _FIRST_OF_BLANKS.take(first)
    ends = np.flatnonzero(_LAST_OF_BLANKS.take(last))
    before = content.take(bounds[1:][ends] - 2, mode="clip")
    suspects[ends] |= (last[ends] < _ASCII) | _PENULTIMATE_OF_BLANKS.take(before)
    return suspects


_ASCII: Final = 0x80


def _bytes_of_blanks(place: int) -> Mask:
    """A table by byte: whether a blank has it there."""
    spelled = (blank.encode() for blank in BLANKS)
    table = np.zeros(256, bool)
    table[[one[place] for one in spelled if len(one) >= abs(place)]] = True
    return table


_FIRST_OF_BLANKS: Final = _bytes_of_blanks(0)
_LAST_OF_BLANKS: Final = _bytes_of_blanks(-1)
_PENULTIMATE_OF_BLANKS: Final = _bytes_of_blanks(-2)


def with_nul(text: pa.StringArray) -> Mask:
    """Texts that hold a NUL character, which databases cannot store."""
    rows: Mask = np.zeros(len(text), bool)
    data = text.buffers()[2]
    if data is None or len(text) == 0:
        return rows
    starts = offsets(text)
    content = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]]
    if np.count_nonzero(content) == len(content):
        return rows
    return np.asarray(pc.fill_null(pc.match_substring(text, "\x00"), False).to_numpy(zero_copy_only=False))


def is_ascii(text: pa.StringArray) -> bool:
    """Whether all bytes are ASCII and all offsets in order, so that nothing else is to be looked at."""
    bounds = offsets(text)
    if len(bounds) < 2 or text.buffers()[2] is None or (bounds[1:] < bounds[:-1]).any():
        return False
    content = np.frombuffer(text.buffers()[2], np.uint8)[bounds[0] : bounds[-1]]
    return len(content) == bounds[-1] - bounds[0] and bool(content.max(initial=0) < _ASCII)


def are_words(text: pa.StringArray, words: tuple[str, ...]) -> Mask:
    """Rows that are one of a few short words; texts longer than every word are not looked up."""
    longest = max((len(word.encode()) for word in words), default=0)
    found = np.zeros(len(text), bool)
    if len(text) == 0:
        return found
    places = np.flatnonzero(np.diff(offsets(text)) <= longest)
    if len(places):
        few = text.take(pa.array(places))
        found[places] = pc.is_in(few, pa.array(words, pa.string())).to_numpy(zero_copy_only=False)
    return found


def replaced(text: pa.StringArray, rows: Mask, few: pa.StringArray) -> pa.StringArray:
    """The texts with `few` in place of those at `rows`, in order; twice as fast as Arrow's replacement by mask."""
    places = np.arange(len(text), dtype=np.int32)
    places[rows] = np.arange(len(text), len(text) + len(few), dtype=np.int32)
    return pa.concat_arrays([text, few]).take(pa.array(places))


def offsets(text: pa.StringArray) -> npt.NDArray[np.int32]:
    """Where each text starts in the data buffer, and where the last one ends."""
    starts = np.frombuffer(text.buffers()[1], np.int32)
    return starts[text.offset : text.offset + len(text) + 1]


def present(array: pa.Array) -> Mask:
    """Where an array is not null."""
    if array.null_count == 0:
        return np.ones(len(array), bool)
    mask: Mask = array.is_valid().to_numpy(zero_copy_only=False)
    return mask


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
