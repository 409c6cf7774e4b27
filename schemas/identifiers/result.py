"""What checking a column of identifiers gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.text import Mask


@dataclass(frozen=True)
class IdentifierResult:
    """Canonical identifiers and what is to be said of each.

    `canonical`: text, null where there is none or the identifier is invalid. `raw_kept`: rows whose text as received
    must stay beside it (invalid, or upgraded from 15 digits). `flags`: rule name → rows; only rules that occur.
    """

    canonical: pa.StringArray
    raw_kept: Mask
    flags: Mapping[str, Mask]


def joined(parts: Iterable[IdentifierResult]) -> IdentifierResult:
    """Results of consecutive pieces of one column as one."""
    pieces = tuple(parts)
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return IdentifierResult(pa.array([], pa.string()), np.zeros(0, bool), {})
    names = sorted({name for piece in pieces for name in piece.flags})
    return IdentifierResult(
        pa.concat_arrays([piece.canonical for piece in pieces]),
        np.concatenate([piece.raw_kept for piece in pieces]),
        {name: np.concatenate([_flag(piece, name) for piece in pieces]) for name in names},
    )


def _flag(piece: IdentifierResult, name: str) -> Mask:
    return piece.flags.get(name, np.zeros(len(piece.canonical), bool))
