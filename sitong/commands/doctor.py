"""`sitong doctor`: is this installation fit to run?"""

from pathlib import Path
from typing import Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import out
from sitong.settings import load_settings


def doctor(
    home: Home = None,
    prepare_airflow: Annotated[
        bool, typer.Option("--prepare-airflow", help="Make the keys that airflow.cfg reads 生成 Airflow 密钥")
    ] = False,
) -> None:
    """Check the installation, and say what to do about what is wrong. 检查安装。"""
    from rich.table import Table

    from sitong import airflow_home
    from sitong.checkup import checkup

    if prepare_airflow:
        folder = airflow_home.prepare(Path.cwd())
        out.print(f"Airflow's keys are in {folder}", markup=False)
    table = Table(title="sitong doctor 安装检查")
    for heading in ("check 检查", "state 状态", "detail 说明", "what to do 怎么办"):
        table.add_column(heading, overflow="fold")
    settings = settings_at(home) if home else load_settings()  # an installation may have made none yet
    results = checkup(settings)
    for result in results:
        state = "[green]ok 正常[/]" if result.fine else "[red]not ok 异常[/]"
        table.add_row(result.name, state, result.detail, "" if result.fine else result.remedy)
    out.print(table)
    if not all(result.fine for result in results):
        raise typer.Exit(1)
