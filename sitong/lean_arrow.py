"""Arrow without pandas, for a command that has no use for it.

The first array that Arrow makes of a NumPy array has it import pandas, to ask whether that is a series: an eighth of
a second and 40 MiB.
"""

import sys
from collections.abc import Sequence
from types import ModuleType


class _NoPandas:
    """A finder that says of pandas that there is none, and knows nothing else."""

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> None:
        """Raise for pandas; None leaves the name to the finders behind."""
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def leave_pandas_out() -> None:
    """Let Arrow find no pandas when it asks. What needs pandas all the same (`to_pandas`) imports it as ever."""
    if "pandas" in sys.modules:
        return
    sys.meta_path.insert(0, _NoPandas)
    try:
        import numpy as np
        import pyarrow as pa

        pa.array(np.zeros(1))  # it asks once a process
    finally:
        sys.meta_path.remove(_NoPandas)
