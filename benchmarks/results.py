"""What was measured, as `results.json`: one row per measurement, the newest of its kind kept."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy import Accuracy
from benchmarks.findings import KindCount, RuleCount
from benchmarks.measure import Cost
from benchmarks.meter import StepCost

FILE = Path(__file__).with_name("results.json")
REGISTRY_FILE = Path(__file__).with_name("registry.json")
PORTAL_FILE = Path(__file__).with_name("portal.json")
RULES_FILE = Path(__file__).with_name("rules.json")


@dataclass(frozen=True)
class Measurement:
    """One method on one city or data set.

    Attributes:
        subject: persons, enterprises or febrl.
        city: who drew it (`benchmark`, `simulation`) or the data set.
        size: persons or enterprises; records of a data set.
        method: sitong, splink or join.
        note: what else must be known, as the threshold.
        cost: null where nothing was timed.
    """

    subject: str
    city: str
    size: int
    harsh: bool
    seed: int
    method: str
    note: str
    accuracy: Accuracy
    cost: Cost | None


def keep(measurement: Measurement) -> dict[str, Any]:
    """Put a measurement into the file; the row that was written."""
    accuracy, cost = measurement.accuracy, measurement.cost
    row: dict[str, Any] = {
        name: value for name, value in asdict(measurement).items() if name not in {"accuracy", "cost"}
    }
    row |= asdict(accuracy) | {
        "true_pairs": accuracy.true_pairs,
        "f1": round(accuracy.f1, 6),
        "errors_per_10_000": round(accuracy.per_10_000(accuracy.wrong + accuracy.missed), 2),
        "wrong_per_10_000": round(accuracy.per_10_000(accuracy.wrong), 2),
        "missed_per_10_000": round(accuracy.per_10_000(accuracy.missed), 2),
    }
    if cost is not None:
        row |= {
            "seconds": round(cost.wall, 2), "cpu_seconds": round(cost.cpu, 2), "peak_mib": cost.peak_mib,
            "load_before": round(cost.load, 1),
        }  # fmt: skip
    row |= {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    key = ("subject", "city", "size", "harsh", "seed", "method")
    rows = [other for other in rows_kept() if any(other[name] != row[name] for name in key)]
    rows = sorted([*rows, row], key=lambda each: [str(each[name]).zfill(9) for name in key])
    FILE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return row


def keep_registry(size: int, title: str, steps: Sequence[StepCost]) -> None:
    """Put what the steps of a city's registry cost into `registry.json`; the newest of a size and title is kept."""
    kept = json.loads(REGISTRY_FILE.read_text(encoding="utf-8")) if REGISTRY_FILE.exists() else []
    row = {
        "size": size, "title": title, "steps": [asdict(one) for one in steps],
        "load_after": round(os.getloadavg()[0], 1),
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
    }  # fmt: skip
    rows = [*(one for one in kept if (one["size"], one["title"]) != (size, title)), row]
    rows.sort(key=lambda one: (one["size"], one["title"]))
    REGISTRY_FILE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def keep_portal(facts: Mapping[str, Any], pages: Sequence[Mapping[str, Any]]) -> None:
    """Put a load on the portal into `portal.json`; the newest of its findings, auditors, think time and workers."""
    key = ("findings", "auditors", "think", "workers")
    row = dict(facts) | {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "pages": pages}
    rows = [*(one for one in portal_kept() if any(one[name] != row[name] for name in key)), row]
    rows.sort(key=lambda one: [one[name] for name in key])
    PORTAL_FILE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def keep_rules(
    city: tuple[str, int, int], through: str, counts: tuple[Sequence[RuleCount], Sequence[KindCount]], cost: Cost
) -> None:
    """Put what the rules found into `rules.json`; the newest of a city (who drew it, persons, seed) is kept."""
    rules, kinds = counts
    key = dict(zip(("city", "size", "seed"), city, strict=True))
    row = key | {
        "through": through, "seconds": round(cost.wall, 2), "cpu_seconds": round(cost.cpu, 2),
        "peak_mib": cost.peak_mib, "load_before": round(cost.load, 1),
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "rules": [asdict(one) | {"precision": one.precision, "recall": one.recall} for one in rules],
        "kinds": [astuple(one) for one in kinds],
    }  # fmt: skip
    rows = [*(one for one in rules_kept() if any(one[name] != value for name, value in key.items())), row]
    rows.sort(key=lambda one: [str(one[name]).zfill(9) for name in key])
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
    RULES_FILE.write_text(f"[{lines}]\n", encoding="utf-8")


def rules_kept() -> list[dict[str, Any]]:
    """All cities that the rules were judged on."""
    return json.loads(RULES_FILE.read_text(encoding="utf-8")) if RULES_FILE.exists() else []


def portal_kept() -> list[dict[str, Any]]:
    """All loads on the portal."""
    return json.loads(PORTAL_FILE.read_text(encoding="utf-8")) if PORTAL_FILE.exists() else []


def rows_kept() -> list[dict[str, Any]]:
    """All rows of the file."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []


def machine() -> str:
    """Processor, cores, memory and versions, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "numpy", "pyarrow", "rapidfuzz"))
    return f"{_processor()}, {os.cpu_count()} cores, {memory} GiB, Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
