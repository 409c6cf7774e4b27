"""Arrow without pandas, for a command that has no use for it.

Where pandas is installed, Arrow imports it at the first array that it makes of a NumPy array or the other way round,
to ask whether that is a series: an eighth of a second and 40 MiB.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType


class _NoPandas:
    """A finder that says of pandas that there is none, and knows nothing else."""

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> None:
        """Raise for pandas; None leaves the name to the finders behind."""
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


@contextmanager
def without_pandas() -> Iterator[None]:
    """Let nobody find pandas in this process until the end, unless it was imported before.

    Afterwards all is as ever: `to_pandas` and the like import it.
    """
    if "pandas" in sys.modules:
        yield
        return
    sys.meta_path.insert(0, _NoPandas)
    try:
        yield
    finally:
        sys.meta_path.remove(_NoPandas)
