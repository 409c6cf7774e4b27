"""kill -9 of a run, wherever it is: then the same command again gives what an undisturbed run gives."""

import json
import random
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from storage.engine import open_database
from storage.zones import Zones
from tests.sitong.exports import export, write_batch
from tests.sitong.homes import groups
from tests.sitong.town import AS_OF, COLUMNS, build

ROOT = Path(__file__).resolve().parents[2]
DATASETS = ("police.resident", "tax.natural_person", "commerce.enterprise")
NEXT_DAY = "2026-04-02"
KILLED = -signal.SIGKILL
PRODUCTS = (
    *("enterprise", "enterprise_changes", "enterprise_crosswalk"),
    *("person", "person_changes", "person_crosswalk", "relations"),
)


class Runs:
    """Runs of the command in children of one process."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "run.log"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sitong.killing"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def __call__(self, home: Path, drop: Path, as_of: object = NEXT_DAY, **moment: object) -> int:
        """One run; `step`, `rename` or `seconds` say when it is killed. Its exit status."""
        arguments = ["run", "--drops", str(drop), "--home", str(home), "--as-of", str(as_of)]
        order = {"arguments": arguments, "log": str(self.log), **moment}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        self.seconds = answer["seconds"]
        self.renames = int(self.log.with_name("run.log.renames").read_text("ascii"))
        return int(answer["status"])

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    running = Runs(tmp_path_factory.mktemp("runs"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def two_days(tmp_path_factory):
    """A little town's first drop, and the next day's deltas: a move, a death, a birth, a new firm, a new head."""
    folder, town = tmp_path_factory.mktemp("days"), build(80, 14)
    first = export(town, folder / "first", DATASETS, style="text parquet")
    noon = datetime(2026, 4, 1, 12)  # noqa: DTZ001 - local time, as departments send it
    police, firms = town.rows["police.resident"], town.rows["commerce.enterprise"]
    write_batch(folder / "next", "police.resident", "20260401", [
        police[0] | {"address": "青岛市即墨区鹤山路9号", "updated_at": noon},
        police[1] | {"op": "D"},
        police[2] | {"record_id": "新/1", "name": "初来", "id_number": None, "updated_at": noon},
    ], "op", *COLUMNS["police.resident"], mode="delta")  # fmt: skip
    write_batch(folder / "next", "commerce.enterprise", "20260401", [
        firms[0] | {"phone": "0532-80000000", "updated_at": noon}, firms[1] | {"op": "D"},
    ], "op", *COLUMNS["commerce.enterprise"], mode="delta")  # fmt: skip
    return first, folder / "next", town


@pytest.fixture(scope="module")
def before(runs, two_days, tmp_path_factory):
    """A home after the first day, its embedded server included."""
    home = tmp_path_factory.mktemp("before") / "home"
    assert runs(home, two_days[0], AS_OF) == 0, runs.log.read_text("utf-8")
    return home


@pytest.fixture(scope="module")
def undisturbed(runs, before, two_days, tmp_path_factory):
    """What the second day gives when nothing happens."""
    home = copied(before, tmp_path_factory.mktemp("undisturbed") / "home")
    assert runs(home, two_days[1]) == 0, runs.log.read_text("utf-8")
    return published(home), runs.renames, runs.seconds


def copied(home: Path, target: Path) -> Path:
    """A copy that keeps the owner of the database's files."""
    subprocess.run(["cp", "-a", home, target], check=True)
    return target


def published(home: Path) -> dict[str, object]:
    """All that readers find, in files and database, but moments."""
    found: dict[str, object] = {}
    for product in PRODUCTS:
        folder = home / "published" / product
        found[product] = sorted(path.name for path in folder.iterdir()), (folder / "current").readlink().name
        for file in sorted((folder / "current").glob("*.parquet")):
            found[product, file.name] = pq.read_table(file).to_pylist()
    for zone in ("reports", "deliveries"):
        for path in sorted((home / zone).rglob("*.parquet")):
            name = [part for part in path.relative_to(home).parts if not part.startswith(".")]
            found[zone, name[1].partition("/")[0].rpartition(".")[0] or name[1], path.name] = pq.read_table(
                path
            ).to_pylist()
        found[zone] = sorted(path.name for path in (home / zone).iterdir())
    found["reports of a day"] = len(list((home / "reports" / ".versions").iterdir()))
    with open_database(Zones(home)) as database, database.engine.connect() as connection:
        for table in ("population.person", "population.person_crosswalk", "enterprise.enterprise",
                      "enterprise.enterprise_crosswalk", "population.redirect", "population.person_history",
                      "population.person_event", "registry.past"):  # fmt: skip
            found[table] = sorted(map(repr, connection.execute(text(f"SELECT * FROM {table}"))))
        query = "SELECT version, inputs_hash, counts::text FROM registry.version ORDER BY 1"
        found["versions"] = [tuple(row) for row in connection.execute(text(query))]
    return found


def served(home: Path) -> dict[str, str]:
    """Which version of each product a reader is given; it must be whole."""
    found = {}
    for product in PRODUCTS:
        current = home / "published" / product / "current"
        found[product] = current.readlink().name
        for name in json.loads((current / "manifest.json").read_text("utf-8"))["files"]:
            assert (current / name).is_file()
    return found


def no_server_left(home: Path) -> bool:
    """Whether the embedded server of a home has ended, within a few seconds."""
    deadline = time.monotonic() + 10
    traces = [home / "postgres" / "data" / "postmaster.pid", home / "postgres" / "server.json"]
    while time.monotonic() < deadline:
        if not any(trace.exists() for trace in traces):
            return True
        time.sleep(0.05)
    return False


def test_steps_of_the_publication(runs, before, two_days, undisturbed, tmp_path):
    """The gap between the database's commit and the links included."""
    home = copied(before, tmp_path / "home")
    old = served(home)
    for step in ("person ids assigned", "checked", "person written", "enterprise loaded", "committed"):
        assert runs(home, two_days[1], step=step) == KILLED, step
        assert served(home) == old
        assert no_server_left(home), step
    assert runs(home, two_days[1], rename=1) == KILLED  # the repair is about to swap the first link
    assert served(home) == old
    assert runs(home, two_days[1]) == 0, runs.log.read_text("utf-8")
    assert published(home) == undisturbed[0]


def test_moments_after_the_links(runs, before, two_days, undisturbed, tmp_path):
    home = copied(before, tmp_path / "home")
    assert runs(home, two_days[1], step="pointed") == KILLED
    assert served(home) != served(before)
    assert no_server_left(home)
    assert runs(home, two_days[1]) == 0, runs.log.read_text("utf-8")
    assert published(home) == undisturbed[0]


def test_before_and_after_renames(runs, before, two_days, undisturbed, tmp_path):
    """Every object comes into its place by a rename: a run that ends beside one, again and again, ends well."""
    home, moment, seed = copied(before, tmp_path / "home"), 0, time.time_ns() % 10**9
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    for _ in range(30):
        moment += draw.randint(1, max(2, undisturbed[1] // 4))
        status = runs(home, two_days[1], rename=moment)
        assert no_server_left(home), seed
        served(home)
        if status != KILLED:
            break
    assert status == 0, (seed, runs.log.read_text("utf-8"))
    assert published(home) == undisturbed[0], seed


def test_any_time_of_a_run(runs, before, two_days, undisturbed, tmp_path):
    home, seed = copied(before, tmp_path / "home"), time.time_ns() % 10**9
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    for _ in range(2):
        assert runs(home, two_days[1], seconds=draw.uniform(0.05, undisturbed[2])) in (KILLED, 0), seed
        served(home)
        assert no_server_left(home), seed
    assert runs(home, two_days[1]) == 0, (seed, runs.log.read_text("utf-8"))
    assert published(home) == undisturbed[0], seed


def test_any_time_of_the_first_run(runs, before, two_days, tmp_path):
    """The server's making included. Ids are drawn anew in every home: what they name is compared."""
    home, seed = tmp_path / "home", time.time_ns() % 10**9
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    for _ in range(2):
        assert runs(home, two_days[0], AS_OF, seconds=draw.uniform(0.05, 5)) in (KILLED, 0), seed
        assert no_server_left(home), seed
    assert runs(home, two_days[0], AS_OF) == 0, (seed, runs.log.read_text("utf-8"))
    for product in ("person_crosswalk", "enterprise_crosswalk"):
        tables = [pq.read_table(one / "published" / product / "current" / "data.parquet") for one in (home, before)]
        assert groups(tables[0]) == groups(tables[1])
    for product in ("person", "enterprise"):
        rows = [
            sorted(repr({**row, "master_id": ""}) for row in pq.read_table(
                one / "published" / product / "current" / "data.parquet").to_pylist())
            for one in (home, before)
        ]  # fmt: skip
        assert rows[0] == rows[1]
