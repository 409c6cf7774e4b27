"""Texts of the frame around all pages with data."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

WORK: Final[Mapping[str, Bilingual]] = {
    "board": Bilingual("看板", "Board"),
    "findings": Bilingual("疑点清单", "Findings"),
}
