"""Arrow schemas of a contract: as received, as accepted, as published."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from schemas.contract import Contract, Mode, ValueType
from schemas.flags import FLAG_TYPE
from schemas.received import OPERATION

RAW_SUFFIX: Final = "_raw"
FLAGS_COLUMN: Final = "_flags"
BATCH_COLUMN: Final = "_batch"

EVIDENCE_TYPE: Final = pa.list_(
    pa.struct([(name, pa.string()) for name in ("source", "dataset", "record_id", "role")]),
)

ARROW_TYPES: Final[Mapping[ValueType, pa.DataType]] = MappingProxyType(
    {
        ValueType.STRING: pa.string(),
        ValueType.INTEGER: pa.int64(),
        ValueType.MONEY: pa.decimal128(18, 2),
        ValueType.NUMBER: pa.float64(),
        ValueType.DATE: pa.date32(),
        ValueType.TIMESTAMP: pa.timestamp("us"),
        ValueType.MONTH: pa.string(),
        ValueType.YEAR: pa.int64(),
        ValueType.EVIDENCE: EVIDENCE_TYPE,
    }
)
"""The type of an accepted or published column."""


def received_schema(contract: Contract) -> pa.Schema:
    """The contract's columns as text, as they stand before casting."""
    return pa.schema([(name, pa.string()) for name in contract.column_names])


def accepted_schema(contract: Contract, mode: Mode = "snapshot") -> pa.Schema:
    """Columns of accepted rows: the contract's, each with `_raw` behind it if it keeps one, `_flags`, `_batch`.

    Those of a delta have `op` (U or D) too; the accepted state has not.
    """
    fields = []
    for column in contract.columns:
        fields.append(pa.field(column.name, ARROW_TYPES[column.type]))
        if column.keeps_raw:
            fields.append(pa.field(column.name + RAW_SUFFIX, pa.string()))
    fields += [pa.field(FLAGS_COLUMN, FLAG_TYPE), pa.field(BATCH_COLUMN, pa.string())]
    return pa.schema([*fields, *([pa.field(OPERATION, pa.string())] if mode == "delta" else [])])


def product_schema(contract: Contract) -> pa.Schema:
    """The contract's columns, typed, and nothing else."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in contract.columns])
