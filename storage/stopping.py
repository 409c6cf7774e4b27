"""Whether somebody asked the process to stop: by Ctrl-C, or by the signal with which systems end a process.

A `KeyboardInterrupt` alone does not tell: DuckDB makes a plain `RuntimeError` of it, and Python drops it where it comes
in a callback of its own. The signal is therefore kept, and whoever catches any error, or goes on to another step, asks.
A statement of DuckDB may go on for some seconds more: its other threads end their part first.
"""

import signal
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_received: list[int] = []


def listen() -> None:
    """Raise `KeyboardInterrupt` on either signal from now on; one that the process was told to ignore stays ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _receive)


def _receive(number: int, _: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt


def is_asked() -> bool:
    """Whether the process was asked to stop since it listens."""
    return bool(_received)


def stop_if_asked() -> None:
    """Raise `KeyboardInterrupt` where the process was asked to stop and something kept that from its caller."""
    if _received:
        raise KeyboardInterrupt
