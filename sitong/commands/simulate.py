"""`sitong simulate`: a synthetic city's drops and the truth behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sitong.console import out, step


def simulate(
    out_folder: Annotated[
        Path, typer.Option("--out", help="Folder to write; made if missing. 输出目录", file_okay=False)
    ],
    seed: Annotated[int, typer.Option(help="The same seed gives the same city. 随机种子", min=0)] = 1,
    persons: Annotated[int | None, typer.Option(help="Residents of the city. 人口数", min=1)] = None,
    after: Annotated[
        Path | None,
        typer.Option(
            help="A city written before: write the days that follow it. 在此城市之后", exists=True, file_okay=False
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="How many days to write, with --after. 天数", min=1)] = 1,
    mixed_formats: Annotated[
        bool, typer.Option(help="Write some datasets as csv, csv.gz and xlsx, as real departments do. 混合格式")
    ] = False,
) -> None:
    """Write a synthetic city: drops of fifteen datasets and, in OUT/truth, what is true. 生成模拟城市。"""
    if (persons is None) == (after is None):
        raise typer.BadParameter("give --persons for a new city, or --after for the days that follow one")
    if after is not None:
        _days(after, days, seed, out_folder)
        return
    from simulation.city import simulate as simulate_city
    from simulation.writing import DEMO, PARQUET

    assert persons is not None  # noqa: S101 - checked above
    with _told(out_folder), step(f"simulate a city of {persons:,} persons") as said:
        summary = simulate_city(persons, seed, out_folder, formats=DEMO if mixed_formats else PARQUET)
        said.append(f"{sum(summary.rows.values()):,} records")
    out.print(str(out_folder), markup=False)


def _days(after: Path, days: int, seed: int, folder: Path) -> None:
    from simulation.days import advance

    with _told(after), step(f"simulate {days} more days") as said:
        summary = advance(after, days, seed, folder)
        said.append(f"{sum(summary.changed.values()):,} changed, {sum(summary.deleted.values()):,} deleted records")
    out.print(str(folder), markup=False)


@contextmanager
def _told(where: Path) -> Iterator[None]:
    """What the simulation refuses is wrong usage: its texts name settings and files, and its people are invented."""
    from storage.errors import BadSpecification

    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise BadSpecification(
            str(error), str(where), "a city that can be drawn", "correct the option that it names"
        ) from error
