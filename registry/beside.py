"""The server's part of a publication, on a thread of its own, while files are written.

One thing is done after another, so that all may use the connection that holds the version's transaction; until the last
one is waited for, nobody else may use it. Where the publication fails, what is under way is broken off.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from registry.loading import LOADING

_POLL_SECONDS = 0.2


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

    def break_off(self, engine: Engine, session: int) -> None:
        """End what is under way, and begin nothing more.

        `session`: the process of the server that has the version's transaction: it ends what it is doing and stays.
        Sessions that load tables end themselves, those that begin meanwhile included.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        while not all(one.done() for one in self._given):
            with suppress(SQLAlchemyError), engine.connect() as connection:
                connection.execute(text(_BREAK_OFF), {"session": session, "loading": LOADING})
            time.sleep(_POLL_SECONDS)


# The lock of the publication is held: nobody else loads into this database.
_BREAK_OFF = """
SELECT CASE WHEN pid = :session THEN pg_cancel_backend(pid) ELSE pg_terminate_backend(pid) END FROM pg_stat_activity
WHERE datname = current_database() AND ((pid = :session AND state = 'active') OR application_name = :loading)
"""


@contextmanager
def beside(connection: Connection) -> Iterator[Beside]:
    """A thread for the server's part; `connection` is the one that its work uses."""
    session = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with ThreadPoolExecutor(1) as pool:
        server = Beside(pool)
        try:
            yield server
        except BaseException:
            server.break_off(connection.engine, session)
            raise
