"""Enterprises: ours beside a join on organisation code and then exact normalised name."""

import time
from pathlib import Path

from benchmarks.accuracy import judge
from benchmarks.joins import join_enterprises
from benchmarks.measure import measure
from benchmarks.persons import SITONG, City, truth_of
from benchmarks.results import Measurement, keep


def bench(city: City, work: Path) -> None:
    """Measure and keep what both find, and what ours costs."""
    folder = city.folder(work, "enterprises" if city.drawn_by == "benchmark" else "persons")
    truth = truth_of(folder, "enterprise")
    key = (city.drawn_by, city.size, city.harsh, city.seed)
    begun = time.perf_counter()
    join_enterprises(folder, work / "join.parquet")
    note = f"on organisation code, then exact name; {time.perf_counter() - begun:.1f} s"
    keep(Measurement("enterprises", *key, "join", note, judge(work / "join.parquet", truth), None))
    out = work / "ours"
    cost = measure(
        [str(SITONG), "match", "enterprises", "--drops", str(folder), "--out", str(out), "--only", "crosswalk"]
    )
    keep(Measurement("enterprises", *key, "sitong", "", judge(out / "crosswalk.parquet", truth), cost))
