"""The labelled data sets febrl3 and febrl4: ours with the declared model, and Splink, with and without `soc_sec_id`."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from benchmarks.accuracy import judge
from benchmarks.measure import measure
from benchmarks.peer.environment import environment
from benchmarks.persons import SITONG
from benchmarks.results import Measurement, keep

ROOT = Path(__file__).parent
MODEL = ROOT.parent / "matching" / "models" / "febrl.yaml"
SIZES = {"febrl3": 5000, "febrl4": 10000}


def bench(work: Path, *, splink: bool) -> None:
    """Measure and keep both methods on both data sets."""
    python, data = environment(work / "splink"), work / "febrl"
    script = str(ROOT / "peer" / "febrl.py")
    if not data.exists():
        subprocess.run([str(python), script, str(data)], check=True)  # noqa: S603 — a script of this package
    for name, size in SIZES.items():
        for table in ("records", "without"):
            city, truth = (
                name if table == "records" else f"{name} without soc_sec_id",
                data / name / f"person_{table}.parquet",
            )
            out = work / "ours"
            cost = measure(
                [str(SITONG), "match", "--model", str(MODEL), "--records", str(data / name / f"{table}.csv"),
                 "--out", str(out), "--only", "crosswalk"]
            )  # fmt: skip
            found = judge(out / "crosswalk.parquet", truth)
            keep(Measurement("febrl", city, size, False, 0, "sitong", "", found, cost))
            if splink:
                _splink([str(python), script], (name, table, city, size), truth, work)


def _splink(command: list[str], subject: tuple[str, str, str, int], truth: Path, work: Path) -> None:
    name, table, city, size = subject
    out = work / "peer"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    cost = measure([*command, str(out), name, table], until=out / "done.json")
    spent = json.loads((out / "done.json").read_text(encoding="utf-8"))
    found = {path.stem.partition("_")[2]: judge(path, truth) for path in sorted(out.glob("splink_*.parquet"))}
    best = max(found, key=lambda threshold: found[threshold].f1)
    cost = replace(cost, wall=spent["wall"], cpu=spent["cpu"])
    keep(
        Measurement("febrl", city, size, False, 0, "splink", f"{spent['version']}, threshold {best}", found[best], cost)
    )
