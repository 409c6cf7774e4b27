"""`python -m benchmarks`: the table of matching beside its peers; `--help` tells what can be chosen."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import changes, enterprises, febrl, persons, portal, registry, report, rules
from benchmarks.persons import City

WORK = Path("var/benchmarks")
WHOLE_CITY = 6_710_000


class DrawnBy(StrEnum):
    """Who draws the city."""

    BENCHMARK = "benchmark"
    SIMULATION = "simulation"


class Method(StrEnum):
    """What matches it."""

    SITONG = "sitong"
    SPLINK = "splink"
    JOIN = "join"


app = typer.Typer(add_completion=False)
Seeds = Annotated[list[int], typer.Option("--seed", help="One city for each")]
_SEEDS = [11]
By = Annotated[DrawnBy, typer.Option(help="Whose city")]


@app.command("persons")
def bench_persons(
    sizes: Annotated[list[int], typer.Option("--persons", help="One city for each")],
    seeds: Seeds = _SEEDS,
    harsh: Annotated[bool, typer.Option(help="Three times the errors")] = False,
    by: By = DrawnBy.BENCHMARK,
    methods: Annotated[list[Method] | None, typer.Option("--method", help="All where none is given")] = None,
) -> None:
    """Persons: wrong and missed pairs, time and memory."""
    for size in sizes:
        for seed in seeds:
            city = City(by.value, size, harsh, seed)
            persons.bench(city, _work(), methods=tuple(method.value for method in methods or Method))
    report.show("persons")


@app.command("enterprises")
def bench_enterprises(
    sizes: Annotated[list[int], typer.Option("--enterprises", help="One city for each; persons with --by simulation")],
    seeds: Seeds = _SEEDS,
    by: By = DrawnBy.BENCHMARK,
) -> None:
    """Enterprises: ours beside a join on code and name."""
    for size in sizes:
        for seed in seeds:
            enterprises.bench(City(by.value, size, False, seed), _work())
    report.show("enterprises")


@app.command("febrl")
def bench_febrl(splink: Annotated[bool, typer.Option(help="Splink too")] = True) -> None:
    """The public labelled sets febrl3 and febrl4."""
    febrl.bench(_work(), splink=splink)
    report.show("febrl")


@app.command("changes")
def bench_changes(
    sizes: Annotated[list[int], typer.Option("--persons", help="One city for each")],
    seed: Annotated[int, typer.Option("--seed", help="Of the city")] = 11,
) -> None:
    """Persons: a day of changes beside the match of all records."""
    for size in sizes:
        changes.bench(size, seed, _work())
    report.show("changes")


@app.command("registry")
def bench_registry(
    sizes: Annotated[list[int], typer.Option("--persons", help="One city for each")],
    seed: Annotated[int, typer.Option("--seed", help="Of the city")] = 11,
) -> None:
    """The base databases: publication in full and after a day of changes, search and as-of reads."""
    for size in sizes:
        registry.bench(size, seed, _work())


@app.command("rules")
def bench_rules(
    sizes: Annotated[list[int], typer.Option("--persons", help="One city for each")],
    seeds: Seeds = _SEEDS,
    by: By = DrawnBy.BENCHMARK,
) -> None:
    """Cross-checks: all rules over a city, and what they find beside what was planted."""
    for size in sizes:
        for seed in seeds:
            rules.bench(City(by.value, size, False, seed), _work())


@app.command("portal")
def bench_portal(
    findings: Annotated[int, typer.Option(help="Of the city")] = 100_000,
    auditors: Annotated[int, typer.Option(help="At work at once", min=1, max=50)] = 50,
    seconds: Annotated[float, typer.Option(help="Of the load, after ten to warm up")] = 120,
    think: Annotated[float, typer.Option(help="Seconds between what an auditor does, on average")] = 5,
    workers: Annotated[int, typer.Option(help="Processes of the portal", min=1)] = 1,
) -> None:
    """The portal: auditors at work on `sitong serve`, by page; bar: p95 of every page at most 200 ms."""
    portal.bench(portal.Load(findings, auditors, seconds, think, workers), _work())


@app.command("report")
def write_report() -> None:
    """Write docs/benchmarks.md from what was measured."""
    report.write(Path("docs/benchmarks.md"))


@app.command("table")
def table(
    largest: Annotated[int, typer.Option(help="Persons of the last city; Splink wants 16 GiB for the whole one")] = (
        WHOLE_CITY
    ),
) -> None:
    """The whole table: every size up to the whole city, the harsh city, changes, enterprises and the labelled sets."""
    bench_persons([*(size for size in (50_000, 200_000, 1_000_000) if size < largest), largest])
    bench_persons([200_000], harsh=True)
    bench_changes([200_000, 1_000_000])
    bench_enterprises([20_000, 160_000])
    bench_febrl()
    write_report()


def _work() -> Path:
    WORK.mkdir(mode=0o700, parents=True, exist_ok=True)
    return WORK.resolve()


if __name__ == "__main__":
    app()
