"""How many requests an account may make in a minute: nobody reads that fast, a script that copies everything does.

Counted in the process, by the minute; a portal of several processes lets as many times more through.
"""

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

MOST: Final = 1200
"""Requests of an account in a minute: twenty a second, more than an impatient reader with many tabs asks for."""
SECONDS: Final = 60


class Pace:
    """The counts of one portal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._minute, self._counts = -1, Counter[str]()

    def admitted(self, account: str) -> bool:
        """Count a request; false where the account has made too many in this minute."""
        minute = int(self._clock() // SECONDS)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, Counter()
            self._counts[account] += 1
            return self._counts[account] <= MOST
