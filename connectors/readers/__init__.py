"""Readers: one file of a drop to an Arrow table as received.

One module a format. Values stay as they came: text, or typed by Parquet; casting is the contract's business. Bad
rows never raise; a bad file raises `SourceRejected`, whose text holds no value of a row.
"""

from collections.abc import Callable, Mapping

from connectors.drops import DropFile
from connectors.readers import csv_text, parquet, xlsx
from connectors.readers.received import Received
from connectors.refusals import Refusal
from schemas.contract import Contract

__all__ = ["Received", "read"]


_READERS: Mapping[str, Callable[[DropFile, Contract], Received]] = {
    "csv": csv_text.read,
    "csv.gz": csv_text.read,
    "parquet": parquet.read,
    "xlsx": xlsx.read,
}


def read(file: DropFile, contract: Contract, *, drift: bool = True) -> Received:
    """Read one batch.

    Args:
        file: the batch.
        contract: of its dataset.
        drift: whether the table keeps columns that the contract does not know; they are named in any case.

    Raises:
        SourceRejected: the file is damaged, empty, of an unknown encoding or format, or lacks a required column.
    """
    where = file.path.name
    if file.refusal:
        raise file.refusal.error(where)
    reader = parquet.read_known if file.format == "parquet" and not drift else _READERS.get(file.format)
    if reader is None:
        raise Refusal(f"the format {file.format} is not supported", f"one of {', '.join(_READERS)}").error(where)
    try:
        size = file.path.stat().st_size
        received = reader(file, contract) if size else None
    except OSError as error:
        raise Refusal(
            f"the file cannot be read ({type(error).__name__})", "a whole and readable file", "send the file again"
        ).error(where) from None
    if received is None:
        raise Refusal("the file has no bytes", "at least a header", "send the file again").error(where)
    return received if drift else received.without_drift()
