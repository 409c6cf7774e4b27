"""`sitong rollback`: an older version of the base databases in force again."""

from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import note, out
from sitong.settings import now

if TYPE_CHECKING:
    from registry.rollback import Kept, RolledBack

_MEANING = (
    (
        "master ids 主标识: those that the withdrawn versions gave are retired; nobody else ever gets them, and they"
        " come back with their records"
    ),
    "not undone 未撤销: landed batches, accepted records, reports and deliveries stay as they are",
    (
        "the next run 下次运行: continues from this version. What departments have sent is still accepted: the same"
        " records are held until a batch corrects them, or until `--accept rolled_back` says that they are right"
    ),
)


def rollback(
    to: Annotated[int | None, typer.Option(help="The version; default the one before 版本", min=1)] = None,
    home: Home = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the versions that are kept, and stop 列出版本")] = False,
) -> None:
    """Put a kept version of the base databases in force again. 回退到保留的版本。"""
    from sitong import keeping
    from storage.lock import home_lock

    settings = settings_at(home)
    with home_lock(settings.zones):
        if listed:
            _list(keeping.kept_versions(settings))
            return
        done = keeping.roll_back(settings, to, now())
    for line in explained(done):
        note(line)
    out.print(f"version {done.version}", markup=False)


def explained(done: "RolledBack") -> list[str]:
    """What a rollback means, for whoever called for it."""
    masters = ", ".join(f"{count:,} {entity}s" for entity, count in done.to.masters.items())
    withdrawn = ", ".join(map(str, done.withdrawn))
    served = f"it serves what version {done.to.version} served (as of {done.to.as_of})"
    return [
        f"version {done.version} is in force 现行版本; {served}: {masters}",
        f"withdrawn 已撤回: {withdrawn}; kept until the next publication, `sitong rollback --to` takes them up again",
        *_MEANING,
    ]


def _list(versions: "tuple[Kept, ...]") -> None:
    for at, one in enumerate(versions):
        masters = ", ".join(f"{count:,} {entity}s" for entity, count in one.masters.items())
        state = "in force 现行" if at == 0 else {"published": "kept 保留", "withdrawn": "withdrawn 已撤回"}[one.status]
        out.print(f"{one.version}  {one.committed_at:%Y-%m-%d %H:%M %Z}  as of {one.as_of}  {masters}  {state}",
                  markup=False, soft_wrap=True)  # fmt: skip
