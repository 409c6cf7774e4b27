"""A small world for the registry: accepted tables from rows, matches from groups of records, and a real PostgreSQL."""

import datetime as dt
import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

from registry.increment.start import TOUCHED
from registry.migration import upgrade
from schemas.contract import source_contract
from schemas.rendering.arrow import ARROW_TYPES
from storage.engine import create_engine
from storage.manifest import Manifest
from storage.server import EmbeddedServer
from storage.zones import Zones
from tests.databases import make_database, quick_server

RELEASE = "release"
Row = Mapping[str, Any]
Copy = Callable[[Engine, Zones], tuple[Engine, Zones]]
NOON = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001 - local time, as departments send it


def _accepted(folder: Path, rows: Mapping[str, Sequence[Row]]) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    tables = {}
    for dataset, records in rows.items():
        columns = source_contract(dataset).columns
        fields = [pa.field(column.name, ARROW_TYPES[column.type]) for column in columns]
        fields.append(pa.field("_flags", pa.dictionary(pa.int32(), pa.string())))
        filled = [{"name": "某某", "updated_at": NOON} | dict(record) for record in records]
        table = pa.table(
            {field.name: pa.array([row.get(field.name) for row in filled], field.type) for field in fields}
        )
        tables[dataset] = folder / f"{dataset}.parquet"
        pq.write_table(table, tables[dataset])
    return tables


def _matched(folder: Path, clusters: Mapping[str, Sequence[str]]) -> Path:
    """A match's folder from cluster → records, each written `police.resident/P1`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        (cluster, *record.replace("/", ".", 1).split(".", 2))
        for cluster, records in clusters.items()
        for record in records
    ]
    names = ("master_id", "source", "dataset", "record_id")
    columns: dict[str, Any] = {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)}
    alone = {cluster for cluster, records in clusters.items() if len(records) == 1}
    columns["match_probability"] = pa.array([None if row[0] in alone else 0.99 for row in rows], pa.float64())
    pq.write_table(pa.table(columns), folder / "crosswalk.parquet")
    return folder


def run_after(match: Path, name: str, since: Path | None = None) -> None:
    """Make a match's folder that of a run, which touched what it has otherwise than the match of the run before."""
    facts = {"since": None if since is None else json.loads((since / "manifest.json").read_text("utf-8"))["version"]}
    manifest = Manifest(
        kind="matching", name="person", version=name, created_at=dt.datetime.now(dt.UTC), rows=0, facts=facts
    )
    (match / "manifest.json").write_text(manifest.to_json(), "utf-8")
    if since is not None:
        one, other = (_groups(folder / "crosswalk.parquet") for folder in (since, match))
        touched = sorted({record for group in one ^ other for record in group})
        columns = {key: pa.array([record[at] for record in touched], pa.string()) for at, key in enumerate(_KEY)}
        pq.write_table(pa.table(columns), match / TOUCHED)


_KEY = ("source", "dataset", "record_id")


def _groups(crosswalk: Path) -> set[frozenset[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for row in pq.read_table(crosswalk).to_pylist():
        found.setdefault(row["master_id"], set()).add(tuple(row[key] for key in _KEY))
    return {frozenset(group) for group in found.values()}


@pytest.fixture(scope="session")
def accepted() -> Callable[[Path, Mapping[str, Sequence[Row]]], dict[str, Path]]:
    """Write accepted tables from rows; columns that a row does not name are null."""
    return _accepted


@pytest.fixture(scope="session")
def matched() -> Callable[[Path, Mapping[str, Sequence[str]]], Path]:
    """Write a match's folder from clusters of records."""
    return _matched


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with quick_server(tmp_path_factory.mktemp("home") / "postgres") as running:
        yield running


@pytest.fixture(scope="session")
def release(server: EmbeddedServer) -> Iterator[str]:
    """An empty database at this release, to be copied; gives the names of copies."""
    server.ensure_database(RELEASE)
    engine = create_engine(server.url("owner", RELEASE))
    upgrade(engine)
    engine.dispose()
    return (f"registry_{number}" for number in itertools.count())


@pytest.fixture
def new_database(server: EmbeddedServer, release: Iterator[str]) -> Iterator[Callable[[], Engine]]:
    """Make empty databases at this release, each an installation of its own."""
    engines: list[Engine] = []

    def make() -> Engine:
        name = next(release)
        make_database(server, name, template=RELEASE)
        engines.append(create_engine(server.url("owner", name)))
        with engines[-1].begin() as connection:
            connection.execute(text("UPDATE registry.installation SET id = gen_random_uuid()"))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def copied(server: EmbeddedServer, release: Iterator[str], tmp_path: Path) -> Iterator[Copy]:
    """Copy a home and its database as they stand, still the same installation."""
    engines: list[Engine] = []

    def copy(engine: Engine, zones: Zones) -> tuple[Engine, Zones]:
        engine.dispose()  # a database in use cannot be copied
        name = next(release)
        make_database(server, name, template=str(engine.url.database))
        shutil.copytree(zones.home, tmp_path / name, symlinks=True)
        engines.append(create_engine(server.url("owner", name)))
        return engines[-1], Zones(tmp_path / name)

    yield copy
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(new_database: Callable[[], Engine]) -> Engine:
    return new_database()


@pytest.fixture
def zones(tmp_path: Path) -> Zones:
    return Zones(tmp_path / "home").create()
