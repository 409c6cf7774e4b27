"""Homes for the tests of the command line: the command in this process, and what a reader finds afterwards."""

import io
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq

from sitong.commands import main
from storage.server import EmbeddedServer
from tests.databases import EMPTY, make_database
from tests.sitong.town import AS_OF

CROSSWALK = pa.schema(
    [
        ("master_id", pa.string()),
        ("source", pa.string()),
        ("dataset", pa.string()),
        ("record_id", pa.string()),
        ("match_probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything in one line, as the terminal wraps where it likes."""
        return " ".join((self.out + self.err).split())


def call(*arguments: object, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run the command line in this process, to its exit status."""
    out, err, mask = io.StringIO(), io.StringIO(), os.umask(0o022)
    with (
        mock.patch.object(sys, "argv", ["sitong", *map(str, arguments)]),
        mock.patch.dict(os.environ, {"COLUMNS": "200", **(environment or {})}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            return Outcome(int(end.code or 0), out.getvalue(), err.getvalue())
        finally:
            os.umask(mask)
    raise AssertionError("main() returned")


@dataclass(frozen=True)
class Home:
    """A home folder with a database of its own on the tests' server."""

    path: Path
    server: EmbeddedServer
    database: str

    def run(self, drops: Path, *more: object, as_of: object = AS_OF) -> Outcome:
        """`sitong run` on this home."""
        environment = {"SITONG_DATABASE_URL": self.server.url("owner", self.database)}
        return call("run", "--drops", drops, "--home", self.path, "--as-of", as_of, *more, environment=environment)

    def crosswalk(self, entity: str = "person") -> pa.Table:
        """The published crosswalk."""
        return pq.read_table(next((self.path / "published" / f"{entity}_crosswalk" / "current").glob("*.parquet")))

    def golden(self, entity: str = "person") -> pa.Table:
        """The published golden records."""
        return pq.read_table(self.path / "published" / entity / "current" / "data.parquet")

    def findings(self, as_of: object = AS_OF) -> pa.Table:
        """The findings of a day."""
        return pq.read_table(self.path / "reports" / str(as_of) / "findings.parquet")

    def accepted(self, dataset: str) -> list[dict[str, object]]:
        """The accepted state of a dataset."""
        folder = self.path / "accepted" / Path(*dataset.split("."))
        return pq.read_table(folder / "current" / "data.parquet").to_pylist()

    def quarantined(self, dataset: str) -> list[dict[str, object]]:
        """All refused rows of a dataset."""
        folder = self.path / "quarantine" / Path(*dataset.split("."))
        files = sorted(folder.glob("*/data.parquet")) if folder.exists() else []
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    def seen(self) -> dict[str, bytes | str]:
        """Everything that a reader of published, reports and deliveries sees, byte for byte."""
        found: dict[str, bytes | str] = {}
        for zone in ("published", "reports", "deliveries"):
            for path in sorted((self.path / zone).rglob("*")):
                name = str(path.relative_to(self.path))
                if path.is_symlink():
                    found[name] = str(path.readlink())
                elif path.is_file():
                    found[name] = path.read_bytes()
        return found

    def copy(self, path: Path) -> "Home":
        """The same home and database once more."""
        shutil.copytree(self.path, path, symlinks=True)
        name = new_database(self.server, template=self.database)
        return Home(path, self.server, name)


_made = 0


def new_database(server: EmbeddedServer, template: str = EMPTY) -> str:
    """A database of its own on the server of the tests, empty or a copy."""
    global _made  # noqa: PLW0603 - names are unique in the process
    _made += 1
    name = f"home_{_made}"
    make_database(server, name, template)
    return name


def columns(table: pa.Table | pa.Schema) -> list[tuple[str, pa.DataType]]:
    """Names and types in their order."""
    return [(field.name, field.type) for field in (table if isinstance(table, pa.Schema) else table.schema)]


def records(crosswalk: pa.Table) -> list[tuple[str, str]]:
    """The records of a crosswalk as (dataset with its department, record id), sorted."""
    rows = crosswalk.select(["source", "dataset", "record_id"]).to_pylist()
    return sorted((f"{row['source']}.{row['dataset']}", row["record_id"]) for row in rows)


def groups(crosswalk: pa.Table) -> set[frozenset[tuple[str, str]]]:
    """The partition of the records that a crosswalk tells."""
    found: dict[str, set[tuple[str, str]]] = {}
    for row in crosswalk.to_pylist():
        found.setdefault(row["master_id"], set()).add((f"{row['source']}.{row['dataset']}", row["record_id"]))
    return {frozenset(group) for group in found.values()}


def masters(crosswalk: pa.Table) -> dict[tuple[str, str], str]:
    """Record → master id."""
    rows = crosswalk.to_pylist()
    return {(f"{row['source']}.{row['dataset']}", row["record_id"]): row["master_id"] for row in rows}
