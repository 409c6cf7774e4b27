"""One process at a time works on a home folder, and a killed one lets go."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from storage.errors import Busy
from storage.lock import home_lock
from storage.zones import Zones

HOLDER = """
import pathlib, sys, time
from storage.lock import home_lock
from storage.zones import Zones
with home_lock(Zones(pathlib.Path(sys.argv[1]))) as zones:
    (zones.work / "half").mkdir()
    (zones.work / "half" / "data.txt").write_text("x")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "home")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_who_holds_it(tmp_path, holder):
    with pytest.raises(Busy, match=f"id {holder.pid}"), home_lock(Zones(tmp_path / "home")):
        pass


def test_a_killed_holder_lets_go_and_its_work_is_emptied(tmp_path, holder):
    zones = Zones(tmp_path / "home")
    assert list(zones.work.iterdir())
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with home_lock(zones):
        assert list(zones.work.iterdir()) == []
        assert zones.lock.read_text() == f"{os.getpid()}\n"


def test_a_patient_caller_gets_it_in_the_end(tmp_path, holder):
    started = time.monotonic()
    threading.Timer(0.3, holder.kill).start()
    with home_lock(Zones(tmp_path / "home"), patience=20):
        assert time.monotonic() - started >= 0.3


def test_it_is_free_again_afterwards(tmp_path):
    zones = Zones(tmp_path / "home")
    for _ in range(2):
        with home_lock(zones):
            assert zones.lock.stat().st_mode & 0o777 == 0o600


def test_a_forked_child_does_not_hold_on(tmp_path):
    zones = Zones(tmp_path / "home")
    forking = HOLDER.replace('    print("held"', '    import os\n    child = os.fork()\n    if child: print("held"')
    command = [sys.executable, "-c", forking, str(zones.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        assert process.stdout.readline() == "held\n"
        process.kill()
        process.wait()
        try:
            with home_lock(zones, patience=5):
                pass
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_holders_that_share_it_keep_each_others_work_and_shut_out_one_that_does_not(tmp_path):
    zones = Zones(tmp_path / "home")
    with home_lock(zones, shared=True):
        (zones.work / "mine.txt").write_text("x")
        with home_lock(zones, shared=True):
            assert (zones.work / "mine.txt").exists()
        with pytest.raises(Busy), home_lock(zones):
            pass
    with home_lock(zones):
        assert not (zones.work / "mine.txt").exists()
