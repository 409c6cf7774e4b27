"""The run boundary: the one place that turns an error into an exit status.

0 done; 1 the data or a source failed, with a message that says which and what to do; 2 wrong usage.
"""

import errno
import logging
import os
import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from schemas.errors import SchemaError
from sitong.commands import (
    accounts,
    backup,
    doctor,
    evaluate,
    explain,
    findings,
    history,
    judge,
    match,
    prune,
    rollback,
    run,
    search,
    serve,
    simulate,
)
from sitong.console import complain, complain_internal, out
from storage import stopping
from storage.errors import SitongError

DONE, FAILED, USAGE = 0, 1, 2
_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR}
_INTERRUPTED = 130  # what Typer makes of Ctrl-C
_WRONG_USAGE = typer.BadParameter.__mro__[1]  # click's UsageError, which Typer keeps where it likes

app = typer.Typer(
    name="sitong",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local values would show personal data
)


def _say_version(wanted: bool) -> None:
    if wanted:
        out.print(f"sitong {installed_version('sitong')}", markup=False)
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Say which release this is 版本", is_eager=True, callback=_say_version)
]


@app.callback()
def about(version: Version = False) -> None:
    """A city's data-exchange ETL and master-data hub. 城市数据交换与主数据平台"""


app.command("simulate")(simulate.simulate)
app.command("match")(match.match)
app.command("explain")(explain.explain)
app.command("evaluate")(evaluate.evaluate)
app.command("run")(run.run)
app.command("findings")(findings.findings)
app.command("history")(history.history)
app.command("rollback")(rollback.rollback)
app.command("prune")(prune.prune)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(search.app, name="search")
app.add_typer(judge.app, name="judge")
app.command("serve")(serve.serve)
app.add_typer(accounts.app, name="accounts")
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line and exit with its status."""
    os.umask(0o077)  # whatever is written here may hold personal data
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    stopping.listen()
    sys.exit(guarded(app))


def guarded(command: typer.Typer) -> int:
    """Run a command and return its exit status; no error leaves this function."""
    try:
        ended = command(standalone_mode=False)
    except typer.Exit as end:
        return int(end.exit_code)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one run boundary
        return _failed(error)
    if ended == _INTERRUPTED:
        return _failed(KeyboardInterrupt())
    return ended if isinstance(ended, int) else DONE  # a command that raises typer.Exit ends with its status


def _failed(error: BaseException) -> int:
    if isinstance(error, _WRONG_USAGE):
        error.show()  # type: ignore[attr-defined]
        return USAGE
    if isinstance(error, (typer.Abort, KeyboardInterrupt)) or stopping.is_asked():
        complain("stopped 已停止", remedy="run the same command again: it goes on from what is finished")
    elif isinstance(error, (SitongError, SchemaError)):
        complain(str(error))
        return USAGE if type(error).__name__ == "BadSpecification" else FAILED
    elif _is_full(error):
        complain(
            "a file cannot be written: the disk is full, or a quota or limit is reached 磁盘已满",
            remedy="what was published before stays; free room (`sitong prune` says what may go), and run again",
        )
    elif isinstance(error, OSError) and error.errno in _NO_ACCESS and error.filename:
        complain(
            f"{error.filename}: this file or folder cannot be used ({error.strerror}) 无法读写",
            remedy="name a place that may be read and written, or change who may, and run again",
        )
    else:
        complain_internal(error)
    return FAILED


def _is_full(error: BaseException) -> bool:
    from registry.failures import is_full  # imports the database's drivers; only a failure waits for it

    return is_full(error)
