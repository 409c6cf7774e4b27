"""What the name of a file in a drop says: `<department>.<dataset>[.<batch>].<ext>`.

Names are read without regard to case, as many senders' systems write them in capitals; the batch keeps its spelling.
"""

from collections.abc import Container
from dataclasses import dataclass

SUPPORTED = ("parquet", "csv", "csv.gz", "xlsx")
UNSUPPORTED = ("dbf", "xml", "txt")  # of the layout, and refused by name
_SIDECAR = "manifest.json"
_ENDINGS = (*SUPPORTED, *UNSUPPORTED, _SIDECAR)


@dataclass(frozen=True, slots=True)
class FileName:
    """The parts of a name; `ending` is in small letters, `batch` is empty where the name has none."""

    dataset: str
    batch: str
    ending: str

    @property
    def is_sidecar(self) -> bool:
        """Whether the file tells about another one instead of holding rows."""
        return self.ending == _SIDECAR


def parse(name: str, datasets: Container[str]) -> FileName | None:
    """Take a file name apart; None where it is not the name of a file of a known dataset.

    >>> parse("TAX.WAGE.20260331.CSV.GZ", {"tax.wage"})
    FileName(dataset='tax.wage', batch='20260331', ending='csv.gz')
    >>> parse("tax.wage.2026.03.31.csv", {"tax.wage"}) is None
    True
    """
    for ending in _ENDINGS:
        if name.lower().endswith(f".{ending}"):
            parts = name[: -len(ending) - 1].split(".")
            dataset = ".".join(parts[:2]).lower()
            if dataset in datasets and len(parts) <= 3 and all(parts):
                return FileName(dataset, parts[2] if len(parts) == 3 else "", ending)
    return None
