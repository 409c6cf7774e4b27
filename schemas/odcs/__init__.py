"""Reads the ODCS 3.1 files of `schemas/contracts` into the frozen contract model.

The standard has no field for a code table, a kind of identifier, leniency, floors, the cursor or the sharing class:
those stand in `customProperties`, and a property name that this reader does not know is a fault, not a remark.
"""

from schemas.odcs.reader import contract_names, parse_contract, read_contract, read_contracts, read_named

__all__ = ["contract_names", "parse_contract", "read_contract", "read_contracts", "read_named"]
