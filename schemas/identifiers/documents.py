"""Document numbers of persons: a citizen id where the number looks like one, any other document as written."""

from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.characters import are_digits, cleaned_numbers, lengths, matrix
from schemas.identifiers.citizen import checked_citizen_ids, in_blocks
from schemas.identifiers.faultless import checked_but_faultless
from schemas.identifiers.result import IdentifierResult
from schemas.identifiers.words import placeholders
from schemas.text import Mask

_SHORTEST: Final = 4
"""Characters below which a text is no document number."""

_CITIZEN_LIKE: Final = r"^([0-9]{13,20}|[0-9]{12,19}X|[A-Z]{3}[0-9]{12}|[0-9]+E\+[0-9]{1,3}|[0-9]{3,}E1[4-9])$"
"""No passport or travel permit has so many digits: what does is a citizen id, rightly or wrongly written.

A number in scientific notation is one too, of which a spreadsheet has lost the end: everybody of one district and
birthday shares what is left, so it must never pass as a document.
"""


def person_documents(array: pa.Array | pa.ChunkedArray, *, as_of: date) -> IdentifierResult:
    """Citizen ids as `citizen_ids` gives them; passports, permits, and other documents cleaned but never upgraded.

    Flags besides those of citizen ids: `length` (under 4 characters) and `placeholder`; both make null.
    """
    return checked_but_faultless(
        array, as_of, lambda rest: in_blocks(rest, lambda block: _checked(cleaned_numbers(block), as_of))
    )


def _checked(cleaned: pa.StringArray, as_of: date) -> IdentifierResult:
    free = ~_citizen_like(cleaned) & cleaned.is_valid().to_numpy(zero_copy_only=False)
    citizens = checked_citizen_ids(_without(cleaned, free), as_of)
    if not free.any():
        return citizens
    documents = _without(cleaned, ~free)
    nobodys = placeholders(documents)
    short = free & ~nobodys & (pc.fill_null(pc.utf8_length(documents), 0).to_numpy(zero_copy_only=False) < _SHORTEST)
    flags = dict(citizens.flags)
    for name, rows in (("placeholder", nobodys), ("length", short)):
        if rows.any():
            flags[name] = flags.get(name, np.zeros(len(cleaned), bool)) | rows
    canonical = pc.coalesce(citizens.canonical, _without(documents, nobodys | short))
    return IdentifierResult(canonical, citizens.raw_kept | nobodys | short, flags)


def _citizen_like(cleaned: pa.StringArray) -> Mask:
    """Rows of 18 characters are looked at as a matrix; only the others are matched."""
    widths = lengths(cleaned)
    like: Mask = np.zeros(len(cleaned), bool)
    full, others = np.flatnonzero(widths == 18), np.flatnonzero((widths != 0) & (widths != 18))
    characters = matrix(cleaned if len(full) == len(cleaned) else cleaned.take(pa.array(full)), 18)
    like[full] = are_digits(characters[:17]) & (are_digits(characters[17:]) | (characters[17] == ord("X")))
    few = cleaned.take(pa.array(others))
    like[others] = pc.match_substring_regex(few, _CITIZEN_LIKE).to_numpy(zero_copy_only=False)
    return like


def _without(text: pa.StringArray, rows: Mask) -> pa.StringArray:
    return pc.if_else(pa.array(rows), pa.scalar(None, pa.string()), text) if rows.any() else text
