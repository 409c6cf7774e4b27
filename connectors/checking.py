"""A batch as received against its contract, rows that are no rows included: accepted + quarantined = received."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from connectors.readers import Received
from connectors.readers.received import FIELD_COUNT
from connectors.refusals import Refusal
from schemas.contract import Contract, Mode
from schemas.errors import ContractBroken
from schemas.validation import Validated, validate


def check(
    received: Received,
    contract: Contract,
    *,
    batch: str,
    mode: Mode,
    as_of: date,
    columns: Collection[str] | None = None,
) -> Validated:
    """Validate a batch; quarantine counts rows from the file's first one after the header."""
    try:
        validated = validate(received.table, contract, batch=batch, mode=mode, as_of=as_of, columns=columns)
    except ContractBroken as error:
        raise Refusal(error.what, error.expected, error.remedy).error(error.where) from None
    quarantined = _at_file_positions(validated.quarantined, received)
    if received.malformed is None:
        return replace(validated, quarantined=quarantined)
    malformed = received.malformed
    counts = Counter(validated.rule_counts) + Counter({FIELD_COUNT: malformed.num_rows})
    return replace(
        validated,
        quarantined=pa.concat_tables([quarantined, malformed], promote_options="permissive").sort_by("_row"),
        received=validated.received + malformed.num_rows,
        rule_counts=dict(counts),
    )


def _at_file_positions(quarantined: pa.Table, received: Received) -> pa.Table:
    if received.positions is None or not quarantined.num_rows:
        return quarantined
    rows = received.positions[quarantined["_row"].to_numpy() - 1]
    at = quarantined.schema.get_field_index("_row")
    return quarantined.set_column(at, "_row", pa.array(rows.astype(np.int64)))
