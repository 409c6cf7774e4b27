"""The comparators a model may name, and the levels each can tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt

from matching.compare.companies import COMPANY_LEVELS, company_levels
from matching.compare.identifiers import CITIZEN_LEVELS, CODE_LEVELS, citizen_levels, code_levels
from matching.compare.names import NAME_LEVELS, name_levels
from matching.compare.plain import DATE_LEVELS, DIGIT_LEVELS, TEXT_LEVELS, date_levels, digit_levels, text_levels
from matching.standardise.values import Codes, ValueTable

Compare = Callable[[ValueTable, Codes, Codes], npt.NDArray[Any]]


@dataclass(frozen=True)
class Comparator:
    """A comparator and its level names; `keyed` has none of its own, they are the field's keys.

    Attributes:
        levels: from the worst to the best.
        compare: tells the levels of unequal values; null where equality says all.
        reads_texts: whether it reads the values themselves beside their keys and features.
    """

    levels: tuple[str, ...]
    compare: Compare | None
    reads_texts: bool = False


COMPARATORS: Final[Mapping[str, Comparator]] = {
    "chinese_name": Comparator(NAME_LEVELS, name_levels),
    "citizen_id": Comparator(CITIZEN_LEVELS, citizen_levels, reads_texts=True),
    "company_name": Comparator(COMPANY_LEVELS, company_levels),
    "date": Comparator(DATE_LEVELS, date_levels),
    "digits": Comparator(DIGIT_LEVELS, digit_levels),
    "exact": Comparator(("different", "exact"), None),
    "keyed": Comparator((), None),
    "organization_code": Comparator(CODE_LEVELS, code_levels, reads_texts=True),
    "text": Comparator(TEXT_LEVELS, text_levels, reads_texts=True),
}
