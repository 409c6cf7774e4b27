"""The standardisers a model may name."""

import functools
from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from matching.standardise.addresses import address, estate_address
from matching.standardise.companies import company_name
from matching.standardise.enterprise_numbers import business_kind, individual_business, organization_code, owner_id
from matching.standardise.identifiers import citizen_id
from matching.standardise.names import chinese_name
from matching.standardise.plain import code, date, digits, sex, text
from matching.standardise.representatives import representative_name
from matching.standardise.telephones import telephone
from matching.standardise.values import Standardised, Standardiser, distinct, through

STANDARDISERS: Final[Mapping[str, Standardiser]] = {
    "address": address,
    "business_kind": business_kind,
    "chinese_name": chinese_name,
    "citizen_id": citizen_id,
    "code": code,
    "company_name": company_name,
    "date": date,
    "digits": digits,
    "estate_address": estate_address,
    "individual_business": individual_business,
    "organization_code": organization_code,
    "owner_id": owner_id,
    "representative_name": representative_name,
    "sex": sex,
    "telephone": telephone,
    "text": text,
}


def of_distinct(name: str) -> Standardiser:
    """A standardiser by name, of texts of which none is null, empty or there twice."""
    return STANDARDISERS[name]


@functools.cache
def of_nothing(name: str) -> Standardised:
    """What a standardiser makes of no texts: of a question to an index, most fields say nothing."""
    return of_distinct(name)(pa.array([], pa.string()))


@functools.cache
def keys_of(name: str) -> tuple[str, ...]:
    """The keys that the values of a standardiser have."""
    return tuple(of_nothing(name).table.keys)


def standardiser(name: str) -> Standardiser:
    """A standardiser by name, of any texts."""
    work = of_distinct(name)

    def of_any(texts: pa.StringArray) -> Standardised:
        codes, values = distinct(texts)
        found = work(values)
        return Standardised(through(found.codes, codes), found.table)

    return of_any
