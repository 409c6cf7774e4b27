"""Identifiers of persons and organisations: cleaned, checked, made canonical, and taken apart, a column at a time.

Nothing here drops a row or decides who is who; an invalid identifier becomes null and keeps its name of rule.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import pyarrow as pa

from schemas.contract import Identifier
from schemas.identifiers.citizen import citizen_ids
from schemas.identifiers.documents import person_documents
from schemas.identifiers.enterprise import organization_codes, registration_numbers, taxpayer_ids, usccs
from schemas.identifiers.parts import (
    birth_dates,
    births_and_sexes,
    citizen_id_of_taxpayer,
    divisions,
    organization_code_of,
    organization_code_of_taxpayer,
    sexes,
)
from schemas.identifiers.result import IdentifierResult

__all__ = [
    "IdentifierResult",
    "birth_dates",
    "births_and_sexes",
    "checked",
    "citizen_id_of_taxpayer",
    "citizen_ids",
    "divisions",
    "organization_code_of",
    "organization_code_of_taxpayer",
    "organization_codes",
    "person_documents",
    "registration_numbers",
    "sexes",
    "taxpayer_ids",
    "usccs",
]

_OF_ENTERPRISES: Final[Mapping[Identifier, Callable[[pa.Array | pa.ChunkedArray], IdentifierResult]]] = {
    Identifier.USCC: usccs,
    Identifier.ORGANIZATION_CODE: organization_codes,
    Identifier.REGISTRATION_NUMBER: registration_numbers,
    Identifier.TAXPAYER_ID: taxpayer_ids,
}


def checked(kind: Identifier, array: pa.Array | pa.ChunkedArray, *, as_of: date) -> IdentifierResult:
    """Check a column as the kind of identifier that its contract declares."""
    if kind is Identifier.CITIZEN_ID:
        return citizen_ids(array, as_of=as_of)
    if kind is Identifier.PERSON_DOCUMENT:
        return person_documents(array, as_of=as_of)
    return _OF_ENTERPRISES[kind](array)
