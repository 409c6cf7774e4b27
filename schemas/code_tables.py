"""Code tables of the national standards and of the departments' contracts: valid, fixable, or unknown.

Owns reading `codes/*.csv` and judging a column of codes. A fixable spelling (a name, a letter, a lost zero, `1.0`)
becomes its code; an unknown code stays as it is and is flagged. Source of each code: its row.
"""

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.divisions import divisions, unknown_divisions
from schemas.errors import BadSpecification
from schemas.text import NO_VALUE_WORDS, Mask, encoded, present, tidy


@dataclass(frozen=True)
class CodeTable:
    """A closed list of codes.

    `fixable`: spelling → code. Names are those of the newest edition. The tables `division` and `industry` hold the
    beginnings that make a longer code known.
    """

    name: str
    names: Mapping[str, str]
    names_en: Mapping[str, str]
    fixable: Mapping[str, str]

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes in the order of their table."""
        return tuple(self.names)


@cache
def code_table(name: str) -> CodeTable:
    """The code table of that name.

    Raises:
        BadSpecification: there is none.
    """
    if name == "division":
        names = {code: rows[-1].name_zh for code, rows in divisions().items()}
        return CodeTable(name, names, {}, {})
    path = resources.files("schemas") / "codes" / f"{name}.csv"
    if not name.isidentifier() or not path.is_file():
        raise BadSpecification(
            f"no code table is called {name}",
            where="schemas/codes",
            expected="the name of a CSV file in that folder",
            remedy="correct the contract's codes, or add the table",
        )
    with path.open(encoding="utf-8") as file:
        return _table(name, list(csv.DictReader(file)))


def _table(name: str, rows: list[dict[str, str]]) -> CodeTable:
    names: dict[str, str] = {}
    names_en: dict[str, str] = {}
    spellings: dict[str, str] = {}
    for row in rows:
        code = row["code"]
        names.setdefault(code, row["name_zh"])
        names_en.setdefault(code, row["name_en"])
        for spelling in (row["name_zh"], *filter(None, row["spellings"].split(";"))):
            _prefer(spellings, unicodedata.normalize("NFKC", spelling), code)
    if name == "industry":
        return CodeTable(name, names, names_en, MappingProxyType({}))
    for code in names:
        for spelling in _numeric_spellings(code):
            spellings.setdefault(spelling, code)
    return CodeTable(
        name, names, names_en, MappingProxyType({text: code for text, code in spellings.items() if text not in names})
    )


def _prefer(spellings: dict[str, str], spelling: str, code: str) -> None:
    """The longer code wins where a class and its first member bear one name."""
    if len(code) >= len(spellings.get(spelling, "")):
        spellings[spelling] = code


def _numeric_spellings(code: str) -> tuple[str, ...]:
    """What spreadsheets and careless exports make of a numeric code."""
    if not code.isdecimal():
        return ()
    short = code.lstrip("0") or "0"
    return (f"{code}.0", short, f"{short}.0", code.zfill(2))


def judged(table: str, array: pa.Array) -> tuple[pa.StringArray, Mask]:
    """Codes with fixable spellings mapped and placeholders null, and where a code is unknown; unknown ones stay."""
    spellings = code_table(table).fixable
    nulls = tuple(word for word in NO_VALUE_WORDS if word not in spellings)
    distinct = encoded(array)
    values, unknown = _judged(table, tidy(distinct.dictionary, nulls=nulls))
    codes = values.take(distinct.indices)
    if not unknown.any():
        return codes, np.zeros(len(codes), bool)
    return codes, np.append(unknown, False)[pc.fill_null(distinct.indices, len(unknown)).to_numpy(zero_copy_only=False)]


def _judged(table: str, values: pa.StringArray) -> tuple[pa.StringArray, Mask]:
    """Distinct values: what they become and which are unknown; those stay as they were written."""
    folded = pc.utf8_normalize(values, "NFKC")
    if table == "division":
        bare = pc.replace_substring_regex(folded, r"\.0+$", "")
        unknown = unknown_divisions(bare)
    elif table == "industry":
        bare = pc.utf8_upper(pc.replace_substring_regex(folded, r"\.0+$", ""))
        unknown = _unknown_industries(bare)
    else:
        known = code_table(table)
        fixed = [known.fixable.get(value, value) for value in folded.to_pylist()]
        bare = pa.array(fixed, pa.string())
        unknown = np.array([value is not None and value not in known.names for value in fixed], bool)
    return pc.if_else(pa.array(unknown), values, bare), unknown


def _unknown_industries(values: pa.StringArray) -> Mask:
    """Industries whose division no edition of GB/T 4754 has; a section letter may stand in front."""
    groups = pc.extract_regex(values, r"^[A-T]?(?P<division>\d{2})\d{0,2}$")
    known = set(code_table("industry").names)
    return np.array([group is None or group["division"] not in known for group in groups.to_pylist()], bool) & present(
        values
    )
