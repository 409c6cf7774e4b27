"""`sitong backup` and `sitong restore`: a home in safety, and a home again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import note, out, step, warn
from sitong.settings import load_settings, now

if TYPE_CHECKING:
    from sitong.drill import Drill


def backup(
    to: Annotated[
        Path, typer.Option(help="Folder of backups, on another disk; made if missing 备份目录", file_okay=False)
    ],
    home: Home = None,
) -> None:
    """Copy database and files of one moment; our own server's log is archived beside it from then on. 备份。"""
    from sitong.backup import back_up
    from storage.lock import home_lock

    settings = settings_at(home)
    with home_lock(settings.zones), step("backup 备份") as said:
        made = back_up(settings, to, now())
        size = sum(entry.bytes for entry in made.files.values())
        said.append(f"version {made.facts['version']}, {len(made.files):,} files, {size / 2**20:,.1f} MiB")
    if settings.server_url:
        note("the server is not ours: between two backups its operator's own archive is what can be gone back to")
    out.print(str(to / made.version), markup=False, soft_wrap=True)


def restore(
    source: Annotated[
        Path, typer.Option("--from", help="Folder of backups, or one of them 备份目录", exists=True, file_okay=False)
    ],
    home: Annotated[
        Path | None, typer.Option(help="The new home, or with --drill the place of the scratch 主目录", file_okay=False)
    ] = None,
    chosen: Annotated[str | None, typer.Option("--backup", help="Which one; default the newest 备份名")] = None,
    drill: Annotated[
        bool, typer.Option("--drill", help="Restore into scratch, check it, and say RPO and RTO 演练")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The drill's result as JSON")] = False,
) -> None:
    """Make a home again from a backup and the archived log, or rehearse it. 恢复或恢复演练。"""
    from sitong import restore as restoring

    folder = restoring.chosen(source.resolve(), chosen)
    if drill:
        _drill(folder, home, as_json=as_json)
        return
    if home is None or as_json:
        raise typer.BadParameter("give --home, the folder that is to be made, or --drill")
    url = load_settings(home=home).server_url
    with step(f"restore 恢复 {folder.name}") as said:
        restored = restoring.restore(folder, home.resolve(), url, now())
        said.append(
            f"version {restored.version}, {restored.segments} segments of the log, up to {restored.until:%F %T %Z}"
        )
    if restored.put_back:
        warn(
            f"the log reaches version {restored.put_back}, whose files are not in the backup: version"
            f" {restored.version} serves the newest one that is whole; run `sitong run` to publish anew"
        )
    note("the new home is not archived yet: run `sitong backup`")
    out.print(str(home), markup=False, soft_wrap=True)


def _drill(folder: Path, scratch: Path | None, *, as_json: bool) -> None:
    from sitong.drill import drill

    with step(f"restore into scratch 恢复演练 {folder.name}"):
        done = drill(folder, scratch, now())
    if as_json:
        out.print(json.dumps(done.to_json(), ensure_ascii=False, indent=2, default=str), markup=False, soft_wrap=True)
    else:
        for line in _told(done):
            out.print(line, markup=False, soft_wrap=True)
    if not done.passed:
        raise typer.Exit(1)


def _told(done: "Drill") -> list[str]:
    lines = [f"backup {done.backup}, version {done.version} in force"]
    for check in done.checks:
        lines.append(f"{'failed 未通过' if check.faults else 'passed 通过'}  {check.name}: {check.looked_at:,}")
        lines += [f"        {fault}" for fault in check.faults]
    met = "met 达标" if done.rpo_seconds <= done.rpo_target_seconds else "not met 未达标"
    until = f"{done.recovered_until:%F %T %Z}"
    lines.append(f"RPO {done.rpo_seconds:,.1f} s (target {done.rpo_target_seconds} s: {met}), up to {until}")
    lines.append(f"RTO {done.rto_seconds:,.1f} s")
    return lines
