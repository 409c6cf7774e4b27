"""What canonical identifiers say: birth date, sex, division, organisation code."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.calendar_days import epoch_days
from schemas.characters import Bytes, are_digits, lengths, matrix, number, texts
from schemas.identifiers.check_digits import citizen_check, uscc_check
from schemas.identifiers.citizen import upgraded_characters
from schemas.text import Mask, whole

Column: TypeAlias = pa.Array | pa.ChunkedArray


def are_citizen_ids(characters: Bytes) -> Mask:
    """Columns of 18 characters that pass the check and the calendar of a citizen id."""
    digits = are_digits(characters[:17])
    _, possible = epoch_days(number(characters[6:10]), number(characters[10:12]), number(characters[12:14]))
    return np.asarray(digits & possible & (citizen_check(characters[:17]) == characters[17]))


def are_citizen_15(characters: Bytes) -> Mask:
    """Columns of 15 digits with a possible birth date."""
    return are_digits(characters) & are_citizen_ids(upgraded_characters(characters))


def births_and_sexes(canonical: Column) -> tuple[pa.Date32Array, pa.Int8Array]:
    """Birth dates and sexes (1 male, 2 female) in one reading; both null outside canonical citizen ids."""
    text, rows, characters = _citizens(canonical)
    days, possible = epoch_days(number(characters[6:10]), number(characters[10:12]), number(characters[12:14]))
    births = np.zeros(len(text), np.int32)
    births[rows] = days
    males = np.zeros(len(text), np.int8)
    males[rows] = 2 - characters[16] % 2  # the character codes of digits are odd where the digits are
    return _with_nulls(pa.date32(), births, rows[possible]), _with_nulls(pa.int8(), males, rows)


def birth_dates(canonical: Column) -> pa.Date32Array:
    """Birth dates of canonical citizen ids; null for everything else."""
    return births_and_sexes(canonical)[0]


def sexes(canonical: Column) -> pa.StringArray:
    """`1` male or `2` female by the sequence of canonical citizen ids; null for everything else."""
    return pa.array([None, "1", "2"], pa.string()).take(births_and_sexes(canonical)[1])


def divisions(canonical: Column) -> pa.StringArray:
    """The first six digits of canonical citizen ids; null for foreigners' numbers and everything else."""
    text, rows, characters = _citizens(canonical)
    ordinary = characters[0] != ord("9")
    return _placed(texts(characters[:6, ordinary]), rows[ordinary], len(text))


def organization_code_of(uscc: Column) -> pa.StringArray:
    """The 9 characters that departments share: positions 9 to 17 of a unified social credit code."""
    text = whole(uscc)
    rows = np.flatnonzero(lengths(text) == 18)
    return _placed(texts(matrix(text.take(pa.array(rows)), 18)[8:17]), rows, len(text))


def organization_code_of_taxpayer(taxpayer_id: Column) -> pa.StringArray:
    """The organisation code in a taxpayer id of 18 (USCC) or 15 characters; null for natural persons' ids."""
    text = whole(taxpayer_id)
    widths = lengths(text)
    full = np.flatnonzero(widths == 18)
    characters = matrix(text.take(pa.array(full)), 18)
    enterprises = uscc_shaped(characters)
    old = np.flatnonzero(widths == 15)
    short = matrix(text.take(pa.array(old)), 15)
    codes = np.hstack([characters[8:17, enterprises], short[6:15]])
    return _placed(texts(codes), np.concatenate([full[enterprises], old]), len(text))


def uscc_shaped(characters: Bytes) -> Mask:
    """Columns of 18 characters to be read as a unified social credit code rather than as a citizen id."""
    return np.asarray((uscc_check(characters[:17]) == characters[17]) | ~are_citizen_ids(characters))


def citizen_id_of_taxpayer(taxpayer_id: Column) -> pa.StringArray:
    """The 18 characters of the person whom a taxpayer id of 17, 18, or 20 characters names; else null."""
    text = whole(taxpayer_id)
    widths = lengths(text)
    found, rows = [], []
    for width in (17, 18, 20):
        places = np.flatnonzero(widths == width)
        characters = matrix(text.take(pa.array(places)), width)
        person = upgraded_characters(characters[:15]) if width == 17 else characters[:18]
        valid = are_citizen_ids(person) & are_digits(characters[:15])
        if width == 18:
            valid &= ~uscc_shaped(characters)
        found.append(person[:, valid])
        rows.append(places[valid])
    return _placed(texts(np.hstack(found)), np.concatenate(rows), len(text))


def _citizens(canonical: Column) -> tuple[pa.StringArray, npt.NDArray[np.intp], Bytes]:
    """The column, the rows that hold citizen ids, and the characters of those rows.

    A canonical document of 18 characters that begins with 17 digits has passed its check: it is not done again.
    """
    text = whole(canonical)
    rows = np.flatnonzero(lengths(text) == 18)
    characters = matrix(text if len(rows) == len(text) else text.take(pa.array(rows)), 18)
    digits = are_digits(characters[:17])
    return (text, rows, characters) if digits.all() else (text, rows[digits], characters[:, digits])


def _with_nulls(kind: pa.DataType, values: npt.NDArray[np.generic], rows: npt.NDArray[np.intp]) -> pa.Array:
    """A column of `values` that is null outside `rows`."""
    valid = np.zeros(len(values), bool)
    valid[rows] = True
    validity = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(values)])


def _placed(values: pa.StringArray, rows: npt.NDArray[np.intp], count: int) -> pa.StringArray:
    """Values at their rows of a column of `count`; null elsewhere."""
    places = np.full(count, -1, np.int64)
    places[rows] = np.arange(len(rows))
    return values.take(pa.array(places, mask=places < 0)) if count else pa.array([], pa.string())
