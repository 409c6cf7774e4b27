import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.drops import DropFile


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[..., DropFile]:
    """A data file of a dataset with the bytes given."""

    def make(content: bytes, ending: str = "csv", dataset: str = "tax.wage") -> DropFile:
        path = tmp_path / f"{dataset}.{ending}"
        path.write_bytes(gzip.compress(content) if ending == "csv.gz" else content)
        return DropFile(dataset, "", path, ending)

    return make
