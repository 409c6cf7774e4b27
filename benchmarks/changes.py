"""A day of changes: `sitong match --since` beside the match of all records, on a simulated city and its next day."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.accuracy import judge
from benchmarks.measure import measure
from benchmarks.persons import SITONG, City, truth_of
from benchmarks.results import Measurement, keep


def bench(size: int, seed: int, work: Path) -> None:
    """Measure and keep both: the match of a city, and of what changed of it until the next day (about 1 %)."""
    city = City("simulation", size, False, seed).folder(work, "persons")
    day = next_day(city)
    whole, changed = work / "whole", work / "changed"
    shutil.rmtree(changed, ignore_errors=True)
    for method, folder, out, options in (("whole", city, whole, []), ("since", day, changed, ["--since", str(whole)])):
        command = [str(SITONG), "match", "persons", "--only", "crosswalk", "--drops", str(folder), "--out", str(out)]
        cost = measure([*command, *options])
        accuracy = judge(out / "crosswalk.parquet", truth_of(folder, "person"))
        keep(Measurement("changes", "simulation", size, False, seed, method, "", accuracy, cost))


def next_day(city: Path) -> Path:
    """The drops of the day after a simulated city; they are drawn where they are not there."""
    out = city.with_name(f"{city.name}-next")
    if not (out / "truth").exists():
        command = [str(SITONG), "simulate", "--after", str(city), "--days", "1", "--out", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the product's own command
    return out
