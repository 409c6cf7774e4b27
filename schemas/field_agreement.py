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
    flags = {}
    if "sex" in checked:
        stated = checked["sex"].values
        differs = pc.and_(pc.not_equal(identifiers.sexes(number), stated), pc.is_in(stated, _STATED_SEXES))
        flags[f"{NUMBER}:sex_mismatch"] = _rows(differs)
    if "birth_date" in checked:
        differs = pc.not_equal(identifiers.birth_dates(number), checked["birth_date"].values)
        flags[f"{NUMBER}:birth_mismatch"] = _rows(differs)
    return flags


def _rows(differs: pa.BooleanArray) -> Mask:
    mask: Mask = pc.fill_null(differs, False).to_numpy(zero_copy_only=False)
    return mask
