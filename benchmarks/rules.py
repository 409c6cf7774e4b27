"""Cross-checks: all rules over a simulated city with its true crosswalks; their cost, and hits beside those planted.

`python -m benchmarks.rules FOLDER [--reports]` judges a city that was made ready; it is what is measured.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.measure import measure
from benchmarks.persons import City
from connectors.direct import write_drop
from mismatches.declarations import shipped_rules
from mismatches.request import CheckSettings, CrossCheckRequest
from mismatches.run import cross_check
from schemas.contract import source_contracts
from simulation.settings import CitySettings

_KINDS = ("person", "enterprise")
_TRUE = "select {kind} as master_id, source, dataset, record_id, 1.0 as match_probability from read_parquet(?)"
_JUDGED = """
with hit as (select rule, master_id as subject from read_parquet(?) where outcome = 'hit'),
found as (select rule, subject, count(*) as n from hit group by all),
planted as (select rule, subject, count(*) as n from read_parquet(?) where planted = 'hit' group by all)
select rule, sum(coalesce(found.n, 0))::bigint, sum(coalesce(planted.n, 0))::bigint,
    sum(least(coalesce(found.n, 0), coalesce(planted.n, 0)))::bigint
from found full join planted using (rule, subject) group by rule order by rule
"""


def bench(size: int, seed: int, work: Path) -> None:
    """Measure and print one city: the rules alone, then with the reports; then each rule beside what was planted."""
    city = City("simulation", size, False, seed).folder(work, "persons")
    ready = _ready(city)
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
    _show_planted(ready / "out" / "findings.parquet", city / "truth" / "findings_truth.parquet")


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


def _show_planted(findings: Path, truth: Path) -> None:
    """Hits by rule beside the planted ones, by subject; a rule of which none is planted has no recall."""
    ran = {rule.id for rule in shipped_rules()}
    for rule, found, planted, right in duckdb.execute(_JUDGED, [str(findings), str(truth)]).fetchall():
        if rule in ran:
            precision = f"{right / found:.4f}" if found and planted else "–"
            recall = f"{right / planted:.4f}" if planted else "–"
            print(f"  {rule:<36} found {found:>8,}  planted {planted:>8,}  precision {precision}  recall {recall}")


if __name__ == "__main__":
    _judge(Path(sys.argv[1]), reports="--reports" in sys.argv)
