"""A process that runs `sitong` in children which end by kill -9 where they are told to.

Reads one JSON line a run from standard input and answers each with one. Everything is imported once; every run is a
fork, so that a run costs what it does and not its imports.
"""

import functools
import importlib
import json
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
for name in (
    "great_expectations", "sitong.commands", "sitong.stages", "schemas.quality", "mismatches.report", "duckdb",
    "mismatches.workbook", "exchange.writers", "pandas", "altair", "vl_convert", "alembic.command", "psycopg",
):  # fmt: skip
    importlib.import_module(name)


def without_charts() -> None:
    """Pictures cost seconds of an engine that every child would start anew; no moment of interest lies in them."""
    from mismatches import report

    report.report_charts = lambda *_: []


def dying_at_step(step: str) -> None:
    """End in the moment in which the publication has done a step."""
    from registry import publication

    def on_step(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    publication.publish = functools.partial(publication.publish, on_step=on_step)


def dying_at_rename(number: int, count: Path) -> None:
    """End before (odd numbers) or after (even ones) a rename; write down how many were begun and done."""
    moments = 0

    def counted(original: Any) -> Any:
        def rename(*arguments: Any, **more: Any) -> Any:
            nonlocal moments
            moments += 1
            _die_at(moments, number, count)
            result = original(*arguments, **more)
            moments += 1
            _die_at(moments, number, count)
            return result

        return rename

    os.rename, os.replace = counted(os.rename), counted(os.replace)


def _die_at(moment: int, number: int, count: Path) -> None:
    count.write_text(str(moment), "ascii")
    if moment == number:
        os.kill(os.getpid(), signal.SIGKILL)


def child(order: dict[str, Any]) -> None:
    from sitong.commands import main

    os.setsid()
    without_charts()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for descriptor in (0, 1, 2):
        os.dup2(log, descriptor)
    if order.get("step"):
        dying_at_step(order["step"])
    dying_at_rename(order.get("rename") or 0, Path(order["log"] + ".renames"))
    sys.argv = ["sitong", *order["arguments"]]
    main()


def run(order: dict[str, Any]) -> dict[str, Any]:
    started, process = time.monotonic(), os.fork()
    if process == 0:
        try:
            child(order)
        except SystemExit as end:
            os._exit(int(end.code or 0))
        finally:
            os._exit(99)
    if order.get("seconds"):
        timer = threading.Timer(order["seconds"], os.kill, (process, signal.SIGKILL))
        timer.start()
    _, status = os.waitpid(process, 0)
    if order.get("seconds"):
        timer.cancel()
    return {"status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201 - the answer
