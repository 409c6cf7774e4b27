"""What a person sees in the terminal: progress and errors on standard error, results on standard output."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from storage.stopping import stop_if_asked

out = Console(highlight=False)
err = Console(stderr=True, highlight=False, soft_wrap=True)  # the terminal wraps; a log keeps lines whole


def note(text: str) -> None:
    """One line of progress."""
    err.print(text, markup=False)


def warn(text: str) -> None:
    """Something that a person should know but that stops nothing."""
    err.print("warning 警告: ", style="yellow", end="")
    err.print(text, markup=False)


def complain(text: str, remedy: str = "") -> None:
    """Why the command ends without success."""
    err.print("error 错误: ", style="bold red", end="")
    err.print(f"{text}; {remedy}" if remedy else text, markup=False)


def complain_internal(error: BaseException) -> None:
    """An error that nobody foresaw: its kind and place, without its text, which could hold personal values."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
    ours = next((frame for frame in reversed(frames) if "site-packages" not in frame.filename), None)
    via = f" via {ours.filename}:{ours.lineno}" if ours else ""
    complain(
        f"internal error {type(error).__name__} at {place}{via}",
        remedy="what was published before stays; run again, and report this line if it comes back",
    )


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """A step of long work: says when it starts and, with what the caller appended, when it ends.

    None begins once the process was asked to stop.

    >>> with step("pull") as said:  # doctest: +SKIP
    ...     said.append("15 datasets")
    """
    stop_if_asked()
    said: list[str] = []
    started = time.monotonic()
    live = err.status(title) if err.is_terminal else None
    if live:
        live.start()
    try:
        yield said
    finally:
        if live:
            live.stop()
    err.print(f"{title}: {', '.join(said) or 'done'} ({time.monotonic() - started:.1f} s)", markup=False)
