"""Names of persons folded for comparison: equal texts mean that two departments wrote the same name.

The fold is for comparison only; what is shown is always the name as it was sent.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import opencc

_BRACKETS = re.compile(r"[(（\[【〔][^)）\]】〕]*[)）\]】〕]")  # notes such as （曾用名）
_DROPPED = re.compile(r"[\s·•‧・･∙⋅．.]+")  # blanks, and the family of middle dots between the parts of a name
_SEPARATOR = "\n"


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def fold_names(names: Sequence[str]) -> list[str]:
    """Each name without notes, blanks and middle dots, full-width forms and traditional characters made plain.

    >>> fold_names(["張 偉", "买买提·艾力（曾用名）", "Ｌi"])
    ['张伟', '买买提艾力', 'LI']
    """
    plain = [_DROPPED.sub("", _BRACKETS.sub("", unicodedata.normalize("NFKC", name))).upper() for name in names]
    if not plain:
        return []
    folded: str = _simplifier().convert(_SEPARATOR.join(plain))
    return folded.split(_SEPARATOR)
