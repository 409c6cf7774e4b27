"""A match does not import pandas; what asks for it afterwards has it."""

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np, pyarrow as pa
from sitong.lean_arrow import without_pandas
with without_pandas():
    array = pa.array(np.arange(3))
    assert pa.array(["a", None]).dictionary_encode().indices.to_numpy(zero_copy_only=False)[0] == 0
    assert pa.array([True, None]).to_numpy(zero_copy_only=False).tolist() == [True, None]
    assert "pandas" not in sys.modules
assert list(array.to_pandas()) == [0, 1, 2]
import pandas as pd
assert pa.array(pd.Series([4, 5])).to_pylist() == [4, 5]
"""


def test_arrow_finds_pandas_when_it_is_needed_and_not_before():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
