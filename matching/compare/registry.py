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
    """A comparator and its level names; `keyed` has none of its own, they are the field's keys."""

    levels: tuple[str, ...]
    compare: Compare | None


COMPARATORS: Final[Mapping[str, Comparator]] = {
    "chinese_name": Comparator(NAME_LEVELS, name_levels),
    "citizen_id": Comparator(CITIZEN_LEVELS, citizen_levels),
    "company_name": Comparator(COMPANY_LEVELS, company_levels),
    "date": Comparator(DATE_LEVELS, date_levels),
    "digits": Comparator(DIGIT_LEVELS, digit_levels),
    "exact": Comparator(("different", "exact"), None),
    "keyed": Comparator((), None),
    "organization_code": Comparator(CODE_LEVELS, code_levels),
    "text": Comparator(TEXT_LEVELS, text_levels),
}
