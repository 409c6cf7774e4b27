"""`sitong prune`: what is no longer needed, and older than its zone's setting, goes."""

from typing import Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import note, out
from sitong.settings import now

_MIB = 1 << 20


def prune(
    home: Home = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and leave it 只列出")] = False,
) -> None:
    """Remove what no kept version, no state in force and no run needs, by the settings of each zone. 清理。"""
    from sitong import retention
    from storage.lock import home_lock

    settings = settings_at(home)
    with home_lock(settings.zones):
        done = retention.prune(settings, now(), dry_run=dry_run)
    word = "would go 将清理" if dry_run else "removed 已清理"
    for zone in done:
        for folder in zone.removed if dry_run else ():
            note(str(folder.relative_to(settings.zones.home)))
        line = (
            f"{zone.zone:<11} {len(zone.removed):>6,} {word}, {zone.removed_bytes / _MIB:,.1f} MiB; {zone.kept:,} stay"
        )
        out.print(line, markup=False, soft_wrap=True)
