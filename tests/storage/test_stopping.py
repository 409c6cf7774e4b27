"""A process that is asked to stop stops, whatever a library makes of it."""

import signal
import subprocess
import sys
import time

import pytest

WORK = """
import sys
import duckdb, typer
from sitong.commands.app import guarded
from storage import stopping

app = typer.Typer()

@app.command()
def work():
    print("at work", flush=True)
    {what}
    print("done", flush=True)

stopping.listen()
sys.exit(guarded(app))
"""

STATEMENTS = """
    for _ in range(1000):
        duckdb.sql("SELECT sum(hash(a)::DOUBLE) FROM range(50_000_000) s(a)").fetchall()
"""
WAIT = "import time; time.sleep(60)"
SWALLOWED = """
    import time
    from sitong.console import step
    try:
        time.sleep(60)
    except BaseException:
        pass  # as Python does in a callback of its own
    with step("another"):
        print("done", flush=True)
"""


def asked_to_stop(what, number, **more):
    command = [sys.executable, "-c", WORK.format(what=what.strip())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more) as process:
        assert process.stdout.readline() == "at work\n"
        time.sleep(0.5)
        process.send_signal(number)
        printed, told = process.communicate(timeout=60)
    return process.returncode, printed, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", [STATEMENTS, WAIT, SWALLOWED], ids=["duckdb", "sleep", "lost"])
def test_it_says_that_it_stopped_and_goes_no_further(what, number):
    status, printed, told = asked_to_stop(what, number)
    assert (status, printed) == (1, "")
    assert "stopped 已停止; run the same command again" in told
    assert "Traceback" not in told
    assert "internal error" not in told


def test_a_signal_that_the_process_was_told_to_ignore_stays_ignored():
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    status, printed, _ = asked_to_stop("import time; time.sleep(1.5)", signal.SIGINT, **ignoring)
    assert (status, printed) == (0, "done\n")
