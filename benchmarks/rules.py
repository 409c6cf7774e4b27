"""Cross-checks: all rules over a city beside what was planted in it, and what they cost.

A city of the benchmark's own goes through `sitong run`; the report's findings are judged. A simulated city is judged on
its true crosswalks: the rules alone, then with the reports.

`python -m benchmarks.rules FOLDER [--reports]` judges a city that was made ready; it is what is measured.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.findings import judge
from benchmarks.measure import Cost, measure
from benchmarks.persons import SITONG, City
from benchmarks.results import keep_rules
from benchmarks.rules_report import rule_lines
from connectors.direct import write_drop
from mismatches.request import CheckSettings, CrossCheckRequest
from mismatches.run import cross_check
from schemas.contract import source_contracts
from simulation.settings import CitySettings

_KINDS = ("person", "enterprise")
_TRUE = "select {kind} as master_id, source, dataset, record_id, 1.0 as match_probability from read_parquet(?)"


def bench(city: City, work: Path) -> None:
    """Measure, print and keep one city."""
    if city.drawn_by == "simulation":
        folder = city.folder(work, "persons")
        findings, cost, through = *_rules_alone(folder, city.size), "the rules on true crosswalks"
    else:
        folder = city.folder(work, "facts")
        findings, cost, through = *_whole_run(folder), "`sitong run`"
    rules, kinds = judge(findings, folder / "truth" / "findings_truth.parquet")
    keep_rules((city.drawn_by, city.size, city.seed), through, (rules, kinds), cost)
    print("\n".join(rule_lines(city.drawn_by, city.size, city.seed)))


def _whole_run(folder: Path) -> tuple[Path, Cost]:
    """What `sitong run` found, and the cost of all its stages."""
    home = folder.with_name(f"{folder.name}-home")
    shutil.rmtree(home, ignore_errors=True)
    day = CitySettings().as_of
    options = ["--drops", str(folder), "--home", str(home), "--as-of", day.isoformat()]
    return home / "reports" / day.isoformat() / "findings.parquet", measure([str(SITONG), "run", *options])


def _rules_alone(folder: Path, size: int) -> tuple[Path, Cost]:
    """What the rules found, and what they cost with the reports; the cost without them and of each rule is printed."""
    ready = _ready(folder)
    for reports in (False, True):
        command = [sys.executable, "-m", "benchmarks.rules", str(ready), *["--reports"] * reports]
        cost = measure(command)
        said = json.loads(cost.output.splitlines()[-1])
        title = "rules and reports" if reports else "rules"
        print(
            f"{size:,} persons, {said['facts']:,} facts, {title}: {cost.wall:.1f} s, CPU {cost.cpu:.1f} s, "
            f"peak {cost.peak_mib:,} MiB, load before {cost.load:.1f}; {said['findings']:,} findings"
        )
    for rule, seconds in sorted(said["seconds"].items(), key=lambda one: -one[1]):
        print(f"  {rule:<36} {seconds:7.2f} s")
    return ready / "out" / "findings.parquet", cost


def _ready(city: Path) -> Path:
    """Accepted tables and true crosswalks of a city, made once."""
    folder = city.with_name(f"{city.name}-accepted")
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    write_drop(city, set(source_contracts()), folder, as_of=CitySettings().as_of)
    for kind in _KINDS:
        query = f"copy ({_TRUE.format(kind=kind)}) to '{folder / kind}_crosswalk.parquet'"
        duckdb.execute(query, [str(city / "truth" / f"{kind}_truth.parquet")])
    (folder / "whole").touch()
    return folder


def _judge(folder: Path, *, reports: bool) -> None:
    tables = {name: path for name in source_contracts() if (path := folder / f"{name}.parquet").exists()}
    products = {f"{kind}_crosswalk": folder / f"{kind}_crosswalk.parquet" for kind in _KINDS}
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    settings = CheckSettings(threads=2)
    request = CrossCheckRequest(tables, products, CitySettings().as_of, out, datetime.now(UTC), settings=settings)
    seconds: dict[str, float] = {}
    manifest = cross_check(
        request, reports=reports, record=lambda _, runs, __: seconds.update({one.rule.id: one.seconds for one in runs})
    )
    counted = duckdb.execute(
        "select count(*) from read_parquet(?, union_by_name := true)",
        [[str(path) for name, path in tables.items() if name in {"tax.wage", "tax.declaration"}]],
    ).fetchall()
    print(json.dumps({"seconds": seconds, "findings": manifest.rows, "facts": counted[0][0]}))


if __name__ == "__main__":
    _judge(Path(sys.argv[1]), reports="--reports" in sys.argv)
