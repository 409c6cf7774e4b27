"""A match does not import pandas; what asks for it afterwards has it."""

import subprocess
import sys

PROGRAM = """
import sys
from sitong.lean_arrow import leave_pandas_out
leave_pandas_out()
import numpy as np, pyarrow as pa
array = pa.array(np.arange(3))
assert "pandas" not in sys.modules
assert list(array.to_pandas()) == [0, 1, 2]
import pandas as pd
assert pa.array(pd.Series([4, 5])).to_pylist() == [4, 5]
"""


def test_arrow_asks_once_and_finds_pandas_when_it_is_needed():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
