"""The rules beside planted truth as Markdown, for docs/benchmarks.md."""

from itertools import groupby
from typing import Any, Final

from benchmarks.findings import KindCount
from benchmarks.results import rules_kept

BAR: Final = 0.98
_HEAD: Final = ["rule", "planted", "found", "precision", "recall", "estimates", "hits by kind", "not to be found"]
_WHAT: Final = """Bar: precision and recall at least 0.98 of every rule whose truth is planted.

`python -m benchmarks rules --persons 24000` draws a city (`benchmarks/cities/facts/`) from the design of sources and of
the rule catalogue alone and plants cases on enterprises and persons of their own: hits, boundary values, near misses
and the false positives that the catalogue names. The city is drawn unlike the simulated one: sales and employers with
heavy tails, seasons, two years and two months of returns, returns filed late, corrected or in parts, drops as Parquet
and CSV in several encodings, registers with their errors, old numbers, persons and enterprises without numbers. It goes
through `sitong run`, and findings and cases meet where one accuses a record that is the other's.

*Hits by kind* says how many of the cases of a kind were found. *Not to be found* are near misses; where the formula
finds a case and the data show one of the usual false positives (*mild*), it may be found with low severity and counts
as wrong otherwise. *Open* are cases on which the catalogue does not decide; they count for nothing, and the table says
how many were found. *Estimates* are those that agree to two fen, of those whose formula the catalogue gives in full.
`--by simulation` judges the simulated city on its true crosswalks; the parties of a few large projects there happen to
have paid less than the rule expects, and as nothing was planted, finding them counts as wrong."""


def rules_parts() -> list[str]:
    """The section, a table for each city; nothing where none was measured."""
    rows = rules_kept()
    parts = (("\n".join(_lines(row)), f"- {_verdict(row)}") for row in rows)
    return ["## Cross-checks", _WHAT, *(part for one in parts for part in one)] if rows else []


def rule_lines(city: str, size: int, seed: int) -> list[str]:
    """The table of one city."""
    return [
        line
        for row in rules_kept()
        if (row["city"], row["size"], row["seed"]) == (city, size, seed)
        for line in [*_lines(row), "", f"- {_verdict(row)}"]
    ]


def _lines(row: dict[str, Any]) -> list[str]:
    said = (
        f"{row['city']}, {row['size']:,} persons, seed {row['seed']}, through {row['through']}: {row['seconds']:.1f} s,"
        f" CPU {row['cpu_seconds']:.1f} s, {row['peak_mib']:,} MiB, load before {row['load_before']}"
    )
    cases = (KindCount(*one) for one in row["kinds"])
    kinds = {name: list(group) for name, group in groupby(cases, key=lambda kind: kind.rule)}
    table = [_HEAD, ["---"] * len(_HEAD), *(_rule(rule, kinds.get(rule["rule"], [])) for rule in row["rules"])]
    return [said, "", *(f"| {' | '.join(cells)} |" for cells in table)]


def _rule(rule: dict[str, Any], kinds: list[KindCount]) -> list[str]:
    estimates = f"{rule['agreed']} of {rule['estimated']}" if rule["estimated"] else ""
    counts = [f"{rule[name]:,}" for name in ("planted", "found")]
    rates = [f"{rule[name]:.4f}" for name in ("precision", "recall")]
    hits = "; ".join(_kind(kind, "") for kind in kinds if kind.planted == "hit" and kind.kind)
    others = [
        _kind(kind, "" if kind.planted == "clear" else f" ({kind.planted})")
        for kind in kinds
        if kind.planted in {"clear", "mild", "open"}
    ]
    others += [f"nothing planted: {kind.found}" for kind in kinds if kind.planted == "unplanted"]
    return [f"`{rule['rule']}`", *counts, *rates, estimates, hits, "; ".join(others)]


def _kind(kind: KindCount, note: str) -> str:
    return f"{kind.kind}{note} {kind.found}/{kind.cases}"


def _verdict(row: dict[str, Any]) -> str:
    short = [rule["rule"] for rule in row["rules"] if min(rule["precision"], rule["recall"]) < BAR]
    said = f"**not met** by {', '.join(short)}" if short else f"met by all {len(row['rules'])} rules"
    return f"{row['city']}, {row['size']:,}, seed {row['seed']}: precision and recall at least {BAR}, {said}"
