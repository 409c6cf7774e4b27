"""Search before create in a warm process: `python -m benchmarks.search HOME [QUESTIONS]`.

Asks a published home about persons that it knows, with what somebody at a counter would say, every other time with a
wrong digit. Tells milliseconds (CPU beside wall, for other work may share the cores), how often the right one came
first, and the index's size.
"""

import random
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np

from sitong.searching import open_index
from sitong.settings import Settings
from storage.errors import BadSpecification
from storage.zones import Zones

COLUMNS = ("name", "birth_date", "id_number", "mobile", "address")
ASKED = (
    ("name", "birth_date"),
    ("id_number",),
    ("name", "birth_date", "mobile"),
    ("name", "mobile"),
    COLUMNS,
    ("name",),
)


def main(home: Path, questions: int) -> None:
    """Measure and print one line for each kind of question."""
    started = time.monotonic()
    index = open_index(Settings(home=home), "person")
    folder = max(Zones(home.resolve()).search("person", "any").parent.iterdir(), key=lambda path: path.stat().st_mtime)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    print(f"index: {time.monotonic() - started:.1f} s to make or open, {size:,.0f} MiB")
    draw = random.Random(1)  # noqa: S311 - questions, repeatable by seed
    persons = persons_of(home, questions)
    index.search({"name": persons[0]["name"], "birth_date": persons[0]["birth_date"]})
    for columns in ASKED:
        times, worked, first = [], [], 0
        for at, person in enumerate(persons):
            question = {name: person[name] for name in columns if person[name]}
            if at % 2:
                question = _mistaken(question, draw)
            if not question:
                continue
            begun, busy = time.perf_counter(), time.process_time()
            try:
                found = index.search(question).candidates
            except BadSpecification:  # the wrong digit made a day that there is not, and that is said
                continue
            times.append((time.perf_counter() - begun) * 1000)
            worked.append((time.process_time() - busy) * 1000)
            first += bool(found) and found[0].master_id == person["master_id"]
        wall, cpu = (np.percentile(one, [50, 99]) for one in (times, worked))
        told = f"wall p50 {wall[0]:5.1f} p99 {wall[1]:5.1f} ms  CPU p50 {cpu[0]:5.1f} p99 {cpu[1]:5.1f} ms"
        print(f"{' + '.join(columns):<50} {told}  first {first / len(times):.3f}")


def persons_of(home: Path, count: int) -> list[dict[str, str]]:
    """Some persons of a published home, in no order."""
    golden = home / "published" / "person" / "current" / "data.parquet"
    listed = ", ".join(("master_id", *(f"CAST({name} AS VARCHAR) AS {name}" for name in COLUMNS)))
    with duckdb.connect() as connection:
        query = f"SELECT {listed} FROM read_parquet(?) WHERE name IS NOT NULL AND birth_date IS NOT NULL"
        rows = connection.execute(f"{query} ORDER BY hash(master_id) LIMIT ?", [str(golden), count])
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _mistaken(question: Mapping[str, str], draw: random.Random) -> dict[str, str]:
    """One digit of one number wrong, or nothing where there is no number."""
    numbers = [name for name in ("id_number", "mobile", "birth_date") if name in question]
    if not numbers:
        return dict(question)
    name = draw.choice(numbers)
    text = question[name]
    places = [at for at, character in enumerate(text) if character.isdigit()]
    at = draw.choice(places[-2:] if name == "birth_date" else places)
    digit = draw.choice([one for one in "012" if one != text[at]])
    return {**question, name: text[:at] + digit + text[at + 1 :]}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300)
