"""How a task works on the home folder: together with the other tasks, never beside a `sitong run`, its files private."""

from collections.abc import Iterator
from contextlib import contextmanager

from sitong.settings import Settings, load_settings

PATIENCE_SECONDS = 1800  # a `sitong run` on the same home may be under way


@contextmanager
def at_work() -> Iterator[Settings]:
    """The settings in force, with the home folder held.

    Raises:
        Busy: a `sitong run` kept the home folder for longer than half an hour; Airflow tries again.
    """
    from storage.commit import private_files
    from storage.lock import home_lock

    settings = load_settings()
    with home_lock(settings.zones, shared=True, patience=PATIENCE_SECONDS), private_files():
        yield settings
