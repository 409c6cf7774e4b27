"""The option `--home`, and the home of a command that works on one which is there already."""

from pathlib import Path
from typing import Annotated

import typer

from sitong.settings import Settings, load_settings

Home = Annotated[Path | None, typer.Option(help="Where everything lies; default var/ 主目录", file_okay=False)]


def settings_at(home: Path | None) -> Settings:
    """The settings in force, over a home that is there: a mistyped one is refused, and nothing is made.

    Raises:
        BadParameter: there is no home at the place that is meant.
    """
    settings = load_settings(home=home)
    if not settings.zones.is_home:
        raise typer.BadParameter(
            f"--home {settings.home}: no home here 此处没有主目录; correct --home or SITONG_HOME;"
            " `sitong run` makes one"
        )
    return settings
