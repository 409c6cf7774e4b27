"""What must hold of the accepted state through kills, late arrivals, other cuts and datasets at work."""

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.drops import scan
from connectors.intake import accepted, take_in
from storage.lock import home_lock
from storage.manifest import verify, whole_folders
from storage.zones import Zones
from tests.connectors.wages import COLUMNS, csv_bytes, wage

AS_OF = date(2026, 4, 1)
START = datetime(2026, 4, 1, tzinfo=UTC)
RUN = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from connectors.drops import scan
from connectors.intake import take_in
from storage.lock import home_lock
from storage.zones import Zones
for dataset in sys.argv[3:]:
    files = scan(Path(sys.argv[1])).by_dataset()[dataset]
    print("ready", flush=True)
    with home_lock(Zones(Path(sys.argv[2]))) as zones:
        take_in(dataset, files, zones, as_of=date(2026, 4, 1), received_at=datetime(2026, 4, 1, tzinfo=UTC))
"""
Rows = Mapping[str, str | None]  # record id → wages, None to delete


def write_batch(folder: Path, batch: str, rows: Rows, mode: str) -> None:
    values = [wage(key, wages=value or "", op="U" if value else "D") for key, value in rows.items()]
    (folder / f"tax.wage.{batch}.csv").write_bytes(csv_bytes(values, [*COLUMNS, *(["op"] if mode == "delta" else [])]))
    (folder / f"tax.wage.{batch}.manifest.json").write_text(f'{{"mode": "{mode}"}}')


def state(zones: Zones) -> tuple[str, list[dict[str, object]]]:
    manifest = accepted(zones)["tax.wage"]
    folder = zones.accepted("tax", "wage", manifest.version)
    verify(folder)
    return manifest.version, pq.read_table(folder / "data.parquet").to_pylist()


def take_all(folder: Path, home: Path, moment: datetime = START) -> Zones:
    zones = Zones(home).create()
    take_in("tax.wage", scan(folder).by_dataset()["tax.wage"], zones, as_of=AS_OF, received_at=moment)
    return zones


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drop")
    write_batch(folder, "1", {str(at): "1" for at in range(20_000)}, "snapshot")
    for day in range(2, 7):
        write_batch(
            folder, str(day), {str(at * day): None if at % 7 == 0 else str(day) for at in range(1, 3000)}, "delta"
        )
    return folder


def test_a_kill_at_any_moment_and_the_same_command_again_give_the_same_state(city: Path, tmp_path: Path) -> None:
    expected = state(take_all(city, tmp_path / "undisturbed"))
    randomness = random.Random(20260401)  # noqa: S311 - moments of a kill
    home = tmp_path / "killed"
    kills = 0
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", RUN, city, home, "tax.wage"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(randomness.uniform(0.005, 0.5))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
        for parent in (home / "landing/tax/wage", home / "accepted/tax/wage", home / "quarantine/tax/wage"):
            for folder in whole_folders(parent):
                verify(folder)
    assert kills >= 1
    with home_lock(Zones(home)):
        assert state(take_all(city, home)) == expected
        assert list((home / "work").iterdir()) == []


def test_datasets_are_taken_in_by_processes_of_their_own_at_the_same_time(tmp_path: Path) -> None:
    drop, home = tmp_path / "drop", tmp_path / "home"
    drop.mkdir()
    write_batch(drop, "1", {str(at): "1" for at in range(5000)}, "snapshot")
    header = "record_id,taxpayer_id,period,tax_type,declared_on\n"
    lines = [f"{at},91350100M000100Y43,2026-01,VAT,2026-02-01\n" for at in range(5000)]
    (drop / "tax.declaration.1.csv").write_text(header + "".join(lines))
    Zones(home).create()
    run = RUN.replace("with home_lock(Zones(Path(sys.argv[2]))) as zones:", "for zones in [Zones(Path(sys.argv[2]))]:")
    names = ("tax.wage", "tax.declaration")
    processes = [
        subprocess.Popen([sys.executable, "-c", run, drop, home, name], stdout=subprocess.DEVNULL) for name in names
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert {name: manifest.rows for name, manifest in accepted(Zones(home)).items()} == dict.fromkeys(names, 5000)


changes = st.lists(st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(1, 99).map(str))), max_size=12)


@settings(max_examples=12)
@given(changes=changes, cuts=st.sets(st.integers(0, 12)), seed=st.integers(0, 99), together=st.booleans())
def test_any_cut_into_deltas_in_any_order_of_arrival_is_the_snapshot(
    changes: list[tuple[str, str | None]], cuts: set[int], seed: int, together: bool
) -> None:
    final = {"kept": "1"} | dict(changes)
    expected = {key: value for key, value in final.items() if value}
    with tempfile.TemporaryDirectory() as name:
        drop = Path(name) / "drop"
        drop.mkdir()
        write_batch(drop, "00", {"kept": "1"}, "snapshot")
        bounds = [0, *sorted(cut for cut in cuts if cut < len(changes)), len(changes)]
        for number, (start, end) in enumerate(pairwise(bounds), start=1):
            write_batch(drop, f"{number:02}", dict(changes[start:end]), "delta")
        files = list(scan(drop).files)
        random.Random(seed).shuffle(files)  # noqa: S311 - an order
        zones = Zones(Path(name) / "home").create()
        arrivals = [files] if together else [[file] for file in files]
        for day, arrival in enumerate(arrivals):
            take_in("tax.wage", arrival, zones, as_of=AS_OF, received_at=START + timedelta(days=day))
        version, rows = state(zones)
        assert {str(row["record_id"]): str(row["wages"]) for row in rows} == {k: f"{v}.00" for k, v in expected.items()}
        assert version == state(take_all(drop, Path(name) / "other"))[0]
