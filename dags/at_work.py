"""How a task works on the home folder: together with other tasks, never beside a `sitong run`, its files private."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk import Context, get_current_context

from sitong.settings import Settings, load_settings

PATIENCE_SECONDS = 1800  # a `sitong run` on the same home may be under way


def named(name: str, kind: str = "dataset") -> Context:
    """The task's context, told what a mapped task works on: for its name in the interface and for alerts."""
    context = get_current_context()
    context[kind] = name  # type: ignore[literal-required] # the template of the task's name reads it
    return context


@contextmanager
def at_work(*, alone: bool = False) -> Iterator[Settings]:
    """The settings in force, with the home folder held; `alone`: no other task beside this one.

    Raises:
        Busy: a `sitong run` kept the home folder for longer than half an hour; Airflow tries again.
    """
    from storage.commit import private_files
    from storage.lock import home_lock

    settings = load_settings()
    with home_lock(settings.zones, shared=not alone, patience=PATIENCE_SECONDS), private_files():
        yield settings
