"""Code tables as the renderings need them: the rows of `schemas/codes/<table>.csv` as text."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.errors import BadSpecification

CODES = Path(__file__).resolve().parent.parent / "codes"


@dataclass(frozen=True)
class CodeRows:
    """A code table: `header` begins with `code`; one row per code and period or edition."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code once, in the order of the table, retired ones included."""
        return tuple(dict.fromkeys(row[0] for row in self.rows))


@cache
def code_rows(name: str) -> CodeRows:
    """The code table of that name; read once a process.

    Raises:
        BadSpecification: there is no such table, or its first column is not `code`.
    """
    path = CODES / f"{name}.csv"
    if not path.is_file():
        raise BadSpecification(
            f"there is no code table {name!r}",
            where=path.name,
            expected="a CSV file in schemas/codes",
            remedy="add the table or correct the contract",
        )
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = (tuple(row) for row in csv.reader(file) if row)
    if header[0] != "code" or any(len(row) != len(header) for row in rows):
        raise BadSpecification(
            "the table has no first column code, or a row of another length",
            where=path.name,
            expected="code first, and every row as long as the header",
            remedy="correct the code table",
        )
    return CodeRows(name, header, tuple(rows))
