"""A home after a run as one text that is the same on every machine.

One line a record, sorted; no moments, no versions, no drawn ids: masters are named by their first record. Numbers
that a processor may round otherwise have three decimals.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import python_calamine

ENTITIES = {"person": "P", "enterprise": "E"}
Row = Mapping[str, Any]


def canonical(home: Path, as_of: date) -> str:
    """The text; every section begins with a line that names it."""
    names = _names(home)
    sections = {
        "batches: received, accepted, quarantined, refusals, flags": _batches(home),
        **{f"crosswalk of {entity}: probability and records": _groups(home, entity, names) for entity in ENTITIES},
        **{f"golden records of {entity}": _golden(home, entity, names) for entity in ENTITIES},
        "findings": _findings(home / "reports" / as_of.isoformat() / "findings.parquet", names),
        "deliveries": _deliveries(home / "deliveries", names),
    }
    return "".join(f"## {title}\n" + "".join(f"{line}\n" for line in lines) + "\n" for title, lines in sections.items())


def _names(home: Path) -> dict[str, str]:
    """Master id → a name by the first record of the master."""
    names = {}
    for entity, letter in ENTITIES.items():
        first: dict[str, str] = {}
        for row in _published(home, f"{entity}_crosswalk"):
            first[row["master_id"]] = min(first.get(row["master_id"], _key(row)), _key(row))
        ordered = sorted(first, key=first.__getitem__)
        names |= {master: f"{letter}{at:03d}" for at, master in enumerate(ordered, start=1)}
    return names


def _published(home: Path, product: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(home / "published" / product / "current" / "data.parquet").to_pylist()
    return rows


def _key(row: Row) -> str:
    return f"{row['source']}.{row['dataset']}/{row['record_id']}"


def _batches(home: Path) -> list[str]:
    lines = []
    for path in sorted((home / "quarantine").glob("*/*/*/manifest.json")):
        manifest = json.loads(path.read_text("utf-8"))
        facts = manifest["facts"]
        counts = [facts[name] for name in ("received", "accepted", "quarantined")]
        lines.append(_line([manifest["name"], facts["outcome"], *counts, facts["rules"], facts["flags"]]))
    return sorted(lines)


def _groups(home: Path, entity: str, names: Mapping[str, str]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for row in _published(home, f"{entity}_crosswalk"):
        groups.setdefault(names[row["master_id"]], []).append(f"{_key(row)} {_value(row['match_probability'])}")
    return [_line([name, *sorted(records)]) for name, records in sorted(groups.items())]


def _golden(home: Path, entity: str, names: Mapping[str, str]) -> list[str]:
    return sorted(_line(_filled(row, names)) for row in _published(home, entity))


def _findings(path: Path, names: Mapping[str, str]) -> list[str]:
    rows = pq.read_table(path).drop_columns(["finding_id"]).to_pylist()
    for row in rows:
        row["evidence"] = sorted(f"{one['role']} {_key(one)}" for one in row["evidence"])
    return sorted(_line(_filled(row, names)) for row in rows)


def _deliveries(folder: Path, names: Mapping[str, str]) -> list[str]:
    lines = []
    for path in sorted(folder.glob("*/*/*")):
        if path.name != "manifest.json":
            lines += [_line([path.parts[-3], path.name, _filled(row, names)]) for row in _delivered(path)]
    return sorted(lines)


def _delivered(path: Path) -> Iterable[Row]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()  # type: ignore[no-any-return]
    return _records(_text_rows(path))


def _text_rows(path: Path) -> Sequence[Sequence[Any]]:
    if path.suffix == ".csv":
        return list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    return python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def _records(rows: Sequence[Sequence[Any]]) -> Iterator[Row]:
    for row in rows[1:]:
        yield dict(zip(map(str, rows[0]), row, strict=True))


def _filled(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """The columns that have a value, masters by their names."""
    return {
        column: names.get(value, value) if isinstance(value, str) else _value(value)
        for column, value in row.items()
        if value not in (None, "", [])
    }


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _line(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, default=_value)
