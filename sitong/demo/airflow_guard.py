"""Runs `airflow standalone` and ends it, with all its components, when whoever asked for it is gone.

The asker holds the other end of our standard input: it closes it to stop Airflow, and the kernel closes it when the
asker is killed. `airflow standalone` itself would leave its components running.
"""

import os
import signal
import subprocess
import sys
import threading

TERM_SECONDS = 20  # for the components to finish what they are at


def main(command: list[str]) -> int:
    """Run the command in our process group until it ends or standard input does."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # sent to the whole group, ourselves included
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_stop_with_input, args=(child,), daemon=True).start()
    status = child.wait()
    os.killpg(0, signal.SIGKILL)  # what the command left behind, and ourselves
    return status


def _stop_with_input(child: "subprocess.Popen[bytes]") -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    try:
        child.wait(TERM_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
