import csv
import io
from collections.abc import Mapping, Sequence

Rows = Sequence[Mapping[str, str]]
COLUMNS = ("record_id", "taxpayer_id", "person_record_id", "tax_year", "wages", "updated_at")


def wage(record_id: str, **values: str) -> dict[str, str]:
    row = {
        "record_id": record_id,
        "taxpayer_id": "91350100M000100Y43",
        "person_record_id": "p1",
        "tax_year": "2025",
        "wages": "100.50",
        "updated_at": "2026-03-31 08:00:00",
    }
    return row | values


def csv_bytes(rows: Rows, columns: Sequence[str] = COLUMNS, encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)
