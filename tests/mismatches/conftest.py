"""A small city written by hand: rows by dataset, links by master id, and the check that runs over them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from mismatches.declarations import shipped_rules
from mismatches.districts import place_findings
from mismatches.engine import Engine as Checks
from mismatches.inputs import opened
from mismatches.migration import upgrade
from mismatches.request import CheckSettings, CrossCheckRequest, InputState
from mismatches.run import cross_check
from mismatches.store.gathering import GATHERED, gather
from mismatches.store.recompute import Judged, Stored, recompute
from schemas.contract import source_contract
from schemas.rendering.arrow import ARROW_TYPES
from storage.engine import create_engine
from storage.manifest import Manifest
from storage.server import EmbeddedServer
from tests.databases import quick_server

AS_OF = date(2026, 3, 31)
ENGINE_RULES = (
    "deceased_legal_representative",
    "ended_enterprise_declaring",
    "underdeclared_contribution_base",
    "unregistered_taxpayer",
)  # those that the tests of the engine and of the reports look at
_CROSSWALK = pa.schema(
    [
        ("master_id", pa.string()),
        ("source", pa.string()),
        ("dataset", pa.string()),
        ("record_id", pa.string()),
        ("match_probability", pa.float64()),
    ]
)


def accepted_schema(dataset: str) -> pa.Schema:
    fields = []
    for column in source_contract(dataset).columns:
        fields.append(pa.field(column.name, ARROW_TYPES[column.type]))
        if column.keeps_raw:
            fields.append(pa.field(f"{column.name}_raw", pa.string()))
    return pa.schema(fields)


@dataclass
class Checked:
    manifest: Manifest
    out: Path

    @property
    def findings(self) -> list[dict]:
        return pq.read_table(self.out / "findings.parquet").to_pylist()

    def of(self, rule: str, outcome: str | None = None) -> list[dict]:
        return [f for f in self.findings if f["rule"] == rule and outcome in {None, f["outcome"]}]

    def rule(self, rule: str) -> dict:
        return self.manifest.facts["rules"][rule]

    def counts(self, rule: str) -> tuple[int, int, int]:
        counts = self.rule(rule)["counts"]
        return counts["hit"], counts["clear"], counts["not_comparable"]


@dataclass
class City:
    """Rows and links; `link("E1", "commerce.enterprise:C1", …)` puts records into the cluster of a master id.

    `only` names the rules to run, all where None.
    """

    folder: Path
    rows: dict[str, list[dict]] = field(default_factory=dict)
    links: dict[str, list[dict]] = field(default_factory=lambda: {"person": [], "enterprise": []})
    settings: CheckSettings = field(default_factory=CheckSettings)
    inputs: dict[str, InputState] = field(default_factory=dict)
    as_of: date = AS_OF
    only: tuple[str, ...] | None = None
    runs: int = 0

    def add(self, dataset: str, *rows: dict) -> None:
        self.rows.setdefault(dataset, []).extend(rows)

    def link(self, master: str, *records: str, probability: float | None = 0.99) -> None:
        kind = "person" if master.startswith("P") else "enterprise"
        for record in records:
            name, _, record_id = record.partition(":")
            source, _, dataset = name.partition(".")
            self.links[kind].append(
                {
                    "master_id": master,
                    "source": source,
                    "dataset": dataset,
                    "record_id": record_id,
                    "match_probability": probability,
                }
            )

    def request(self) -> CrossCheckRequest:
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        (folder / "in").mkdir(parents=True)
        tables = {name: folder / "in" / f"{name}.parquet" for name in self.rows}
        for name, path in tables.items():
            schema = accepted_schema(name)
            complete = [dict.fromkeys(schema.names) | row for row in self.rows[name]]
            pq.write_table(pa.Table.from_pylist(complete, schema), path)
        products = {f"{kind}_crosswalk": folder / "in" / f"{kind}_crosswalk.parquet" for kind in self.links}
        for kind, links in self.links.items():
            pq.write_table(pa.Table.from_pylist(links, _CROSSWALK), products[f"{kind}_crosswalk"])
        return CrossCheckRequest(
            tables=tables,
            products=products,
            as_of=self.as_of,
            out=folder / "out",
            made_at=datetime(2026, 3, 31, 8, tzinfo=UTC),
            inputs=self.inputs,
            settings=self.settings,
        )

    def check(self, *, reports: bool = False, monitors: bool = False, **given: object) -> Checked:
        request = self.request()
        rules = [rule for rule in shipped_rules() if self.only is None or rule.id in self.only]
        return Checked(cross_check(request, rules, reports=reports, monitors=monitors, **given), request.out)

    def told(self, rule: str) -> dict[str, dict]:
        """What the texts of the findings of a rule are filled from: figures and reason by master id."""
        request = self.request()
        with opened(request) as connection:
            [run] = [Checks(connection, request).run(r) for r in shipped_rules() if r.id == rule]
            rows = connection.execute(f"select master_id, reason, figures from {run.table}").fetchall()
        return {master: json.loads(figures) | {"reason": reason} for master, reason, figures in rows}


@pytest.fixture
def city(tmp_path, request):
    """An empty city; in a module about one `RULE` only that one runs, and what it says is made again from the store."""
    rule = getattr(request.module, "RULE", None)
    made = City(tmp_path, only=(rule,) if rule else None)
    yield made
    if rule and made.rows:
        for said, again in remade(made, rule):
            assert again == said, f"{rule}: another judgement from what is stored of the finding"


_REMADE: set[tuple[str, str, str]] = set()  # rule, outcome, reason: one finding of each is enough


def remade(city: City, rule: str) -> Iterator[tuple[Judged, Judged | None]]:
    """What a rule says of findings of this city, and what it says again with nothing but what is stored of them."""
    request, [judged] = city.request(), [one for one in shipped_rules() if one.id == rule]
    with opened(request) as connection:
        run = Checks(connection, request).run(judged)
        if not run.ran:
            return
        place_findings(connection, [run])
        gather(connection, [run])
        said = ", ".join(Judged.__annotations__)
        rows = connection.execute(f"select finding_id, evidence, kept, {said} from {GATHERED} order by 1").fetchall()
    for finding_id, evidence, kept, *told in rows:
        kind = (rule, told[0], told[1])
        if kind in _REMADE:
            continue
        _REMADE.add(kind)
        stored = Stored(
            finding_id, rule, judged.version, Judged(*told), request.as_of, request.settings.city, run.year,
            run.parameters, json.loads(evidence), json.loads(kept or "{}"),
        )  # fmt: skip
        yield stored.said, recompute(stored, judged).again


@pytest.fixture(scope="module")
def shared_city(tmp_path_factory):
    """A city of a whole module: for tests that only look at what one check wrote."""
    return City(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[EmbeddedServer]:
    """One PostgreSQL for the findings and cases of these tests."""
    with quick_server(tmp_path_factory.mktemp("server") / "postgres") as running:
        yield running


@pytest.fixture(scope="session")
def new_engine(server) -> Iterator[Callable[[], Engine]]:
    """Make empty databases at this release."""
    engines: list[Engine] = []

    def make() -> Engine:
        name = f"findings_{len(engines)}"
        server.ensure_database(name)
        engines.append(create_engine(server.url("owner", name)))
        upgrade(engines[-1])
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()
