"""Headers: which column of a file is which column of its contract.

English and Chinese names count, whatever their case, width, blanks and byte order mark. Refuses headers that could
mean two things. Messages never quote a header that is not the contract's: the first row of a file without a header
is a person.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.refusals import Refusal
from schemas.contract import Contract

OPERATION = "op"  # of a delta: U or D
_INTERNAL = "_"  # our own columns start so


@dataclass(frozen=True)
class Header:
    """The columns of a file: `names` in its order, and those that the contract does not know."""

    names: tuple[str, ...]
    drift: tuple[str, ...]


def known_names(contract: Contract) -> Mapping[str, str]:
    """Folded header → column of the contract, for every header that means one column only."""
    chinese = Counter(_fold(column.name_zh) for column in contract.columns)
    unique = {_fold(column.name_zh): column.name for column in contract.columns if chinese[_fold(column.name_zh)] == 1}
    return unique | {_fold(column.name): column.name for column in contract.columns} | {OPERATION: OPERATION}


def count_known(raw: Sequence[str], contract: Contract) -> int:
    """How many of these headers the contract knows."""
    known = known_names(contract)
    return sum(_fold(header) in known for header in raw)


def match_header(raw: Sequence[str], contract: Contract, where: str) -> Header:
    """Name the columns of a file.

    Raises:
        SourceRejected: a required column is missing, or two columns are the same.
    """
    known = known_names(contract)
    names = tuple(known.get(_fold(header)) or _unknown(header, at) for at, header in enumerate(raw, start=1))
    _refuse_twice(names, set(known.values()), where)
    missing = [column for column in contract.columns if column.required and column.name not in names]
    if missing:
        listed = ", ".join(f"{column.name} ({column.name_zh})" for column in missing)
        raise Refusal(
            f"the file lacks {'a required column' if len(missing) == 1 else 'required columns'}: {listed}",
            f"a header with every required column of {contract.name}",
            "ask the department to send the file with it, or check that the first row is the header",
        ).error(where)
    return Header(names, tuple(name for name in names if name not in set(known.values())))


def _unknown(header: str, at: int) -> str:
    name = _strip(header) or f"column_{at}"
    return f"received{name}" if name.startswith(_INTERNAL) else name


def _refuse_twice(names: Sequence[str], known: set[str], where: str) -> None:
    seen: dict[str, int] = {}
    for at, name in enumerate(names, start=1):
        first = seen.setdefault(name.casefold(), at)
        if first != at:
            label = f" ({name})" if name in known else ""
            raise Refusal(
                f"columns {first} and {at} have the same header{label}",
                "every column once, in English or in Chinese",
                "ask the department which of them is right",
            ).error(where)


def _strip(header: str) -> str:
    return header.strip().strip("\ufeff\u200b").strip()


def _fold(header: str) -> str:
    return unicodedata.normalize("NFKC", _strip(header)).casefold()
