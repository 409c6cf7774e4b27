"""Persons: ours, Splink and a join on the cleaned id, on one city."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.accuracy import judge
from benchmarks.cities.drops import write_persons
from benchmarks.cities.facts.sending import write_city
from benchmarks.cities.offices import write_enterprises
from benchmarks.joins import join_persons
from benchmarks.measure import measure
from benchmarks.peer.environment import environment
from benchmarks.results import Measurement, keep

SITONG = Path(sys.executable).with_name("sitong")
THRESHOLDS = ("0.9", "0.5", "0.8", "0.95", "0.99", "0.999")


@dataclass(frozen=True)
class City:
    """Which city: who draws it, how large, how harsh, by which seed."""

    drawn_by: str
    size: int
    harsh: bool
    seed: int

    def folder(self, work: Path, subject: str) -> Path:
        """Where it lies; it is drawn when it is not there."""
        folder = work / f"{subject}-{self.drawn_by}-{self.size}{'-harsh' * self.harsh}-{self.seed}"
        if not (folder / "truth").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _draw(self, subject, folder)
        return folder


def _draw(city: City, subject: str, folder: Path) -> None:
    if city.drawn_by == "simulation":
        options = ["--persons", str(city.size), "--seed", str(city.seed), "--out", str(folder)]
        command = [str(SITONG), "simulate", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 — the product's own command
    elif subject == "facts":
        write_city(folder, city.size, seed=city.seed)
    elif subject == "persons":
        write_persons(folder, city.size, seed=city.seed, harsh=city.harsh)
    else:
        write_enterprises(folder, city.size, seed=city.seed)


def bench(city: City, work: Path, *, methods: tuple[str, ...]) -> None:
    """Measure and keep what each method costs and finds."""
    folder = city.folder(work, "persons")
    truth = truth_of(folder, "person")
    if "join" in methods:
        begun = time.perf_counter()
        join_persons(folder, work / "join.parquet")
        note = f"on the cleaned id alone; {time.perf_counter() - begun:.1f} s"
        keep(Measurement("persons", *_key(city), "join", note, judge(work / "join.parquet", truth), None))
    if "sitong" in methods:
        out = work / "ours"
        cost = measure(
            [str(SITONG), "match", "persons", "--drops", str(folder), "--out", str(out), "--only", "crosswalk"]
        )
        keep(Measurement("persons", *_key(city), "sitong", "", judge(out / "crosswalk.parquet", truth), cost))
    if "splink" in methods:
        _splink(city, folder, truth, work)


def _key(city: City) -> tuple[str, int, bool, int]:
    return city.drawn_by, city.size, city.harsh, city.seed


def truth_of(folder: Path, kind: str) -> Path:
    """The truth of a city's records; both generators write it alike."""
    return folder / "truth" / f"{kind}_truth.parquet"


def _splink(city: City, folder: Path, truth: Path, work: Path) -> None:
    """The threshold with the fewest errors is taken by the truth: the peer's best."""
    python, out = environment(work / "splink"), work / "peer"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    script = Path(__file__).parent / "peer" / "persons.py"
    cost = measure([str(python), str(script), str(folder), str(out), *THRESHOLDS], until=out / "done.json")
    spent = json.loads((out / "done.json").read_text(encoding="utf-8"))
    cost = replace(cost, wall=spent["wall"], cpu=spent["cpu"])
    found = {word: judge(out / f"splink_{float(word)}.parquet", truth) for word in THRESHOLDS}
    best = min(found, key=lambda word: found[word].wrong + found[word].missed)
    keep(Measurement("persons", *_key(city), "splink", f"{spent['version']}, threshold {best}", found[best], cost))
