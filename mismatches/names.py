"""Names of persons and of companies folded for comparison: equal texts mean that two departments wrote the same name.

The fold is for comparison only; what is shown is always the name as it was sent.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import opencc

_BRACKETS = re.compile(r"[(（\[【〔][^)）\]】〕]*[)）\]】〕]")  # notes such as （曾用名）
_BRACKET = re.compile(r"[()\[\]【】〔〕]")
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
    return _simplified(
        [_DROPPED.sub("", _BRACKETS.sub("", unicodedata.normalize("NFKC", name))).upper() for name in names]
    )


def fold_companies(names: Sequence[str]) -> list[str]:
    """Each name without blanks, dots and brackets (what stands in them stays), and with one word for the legal form.

    >>> fold_companies(["海川（青岛）科技有限责任公司", "海川青岛科技 有限公司"])
    ['海川青岛科技有限公司', '海川青岛科技有限公司']
    """
    plain = [_DROPPED.sub("", _BRACKET.sub("", unicodedata.normalize("NFKC", name))).upper() for name in names]
    return [name.replace("有限责任公司", "有限公司") for name in _simplified(plain)]


def _simplified(plain: Sequence[str]) -> list[str]:
    if not plain:
        return []
    folded: str = _simplifier().convert(_SEPARATOR.join(plain))
    return folded.split(_SEPARATOR)
