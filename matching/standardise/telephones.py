"""Telephones of enterprises: the same line with and without its area code and extension.

Owns only what is cut off; what is left is a number as `digits` has it.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.plain import digits
from matching.standardise.values import Standardised, distinct, through

EXTENSION: Final = r"(?:转|[eE][xX][tT]\.?|(\d{7,8})\s*[-－—])\s*\d{1,6}$"
COUNTRY: Final = r"^(?:00|\+)?86(\d{10,12})$"
AREA: Final = r"^(?:0?10|0?2\d|0[3-9]\d\d|[3-9]\d{2})([2-9]\d{6,7})$"
"""An area code, its 0 lost where a spreadsheet took the number for one, and seven or eight digits."""


def telephone(texts: pa.StringArray) -> Standardised:
    """Numbers to the last eleven digits, those of landlines without their area code."""
    whole = pc.replace_substring_regex(texts, EXTENSION, r"\1")
    whole = pc.replace_substring_regex(whole, r"[^0-9+]", "")
    whole = pc.replace_substring_regex(pc.replace_substring_regex(whole, COUNTRY, r"\1"), AREA, r"\1")
    codes, values = distinct(whole)
    found = digits(values)
    return Standardised(through(found.codes, codes), found.table)
