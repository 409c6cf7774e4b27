"""What a person's number says, against the sex and the birth date beside it."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from schemas import identifiers
from schemas.column_checks import Checked
from schemas.contract import Contract, Identifier
from schemas.text import Mask

NUMBER = "id_number"
_OF_PERSONS = (Identifier.CITIZEN_ID, Identifier.PERSON_DOCUMENT)
_STATED_SEXES = pa.array(["1", "2"], pa.string())


def disagreements(contract: Contract, checked: Mapping[str, Checked]) -> dict[str, Mask]:
    """Flags of rows whose number and fields differ; a null on either side differs from nothing."""
    if NUMBER not in contract.column_names or contract.column(NUMBER).identifier not in _OF_PERSONS:
        return {}
    number = checked[NUMBER].values
    if number.null_count == len(number):
        return {}
    births, sexes = identifiers.births_and_sexes(number)
    flags = {}
    if "sex" in checked:
        stated = checked["sex"].values.dictionary_encode()
        sides = pc.index_in(stated.dictionary, _STATED_SEXES).take(stated.indices)  # null: not stated
        flags[f"{NUMBER}:sex_mismatch"] = _rows(pc.not_equal(pc.add(sides, 1), sexes))
    if "birth_date" in checked:
        flags[f"{NUMBER}:birth_mismatch"] = _rows(pc.not_equal(births, checked["birth_date"].values))
    return flags


def _rows(differs: pa.BooleanArray) -> Mask:
    mask: Mask = pc.fill_null(differs, False).to_numpy(zero_copy_only=False)
    return mask
