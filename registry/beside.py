"""The server's part of a publication, on a thread of its own, while files are written.

One thing is done after another, so that all may use the connection that holds the version's transaction; until the last
one is waited for, nobody else may use it. Where the publication fails, what is under way is broken off.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
from sqlalchemy import Connection


class Beside:
    """What was given to the server, in order."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._given: list[Future[None]] = []

    def give(self, work: Callable[[], None]) -> None:
        """Do something after all that was given before.

        Raises:
            Exception: that of something given before, so that a publication does not go on in vain.
        """
        for one in self._given:
            if one.done():
                one.result()
        self._given.append(self._pool.submit(work))

    def wait(self) -> None:
        """Wait for all that was given; raises what any of it raised."""
        for one in self._given:
            one.result()


@contextmanager
def beside(connection: Connection) -> Iterator[Beside]:
    """A thread for the server's part; `connection` is the one that its work uses."""
    session = connection.connection.driver_connection
    with ThreadPoolExecutor(1) as pool:
        try:
            yield Beside(pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(session, psycopg.Connection):
                with suppress(psycopg.Error):
                    session.cancel_safe(timeout=5)
            raise
