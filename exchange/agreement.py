"""What a recipient may have, and why: the agreement as the rest of this room uses it.

A field that no grant names is not delivered. An agreement is checked when it is read (`exchange.agreement_files`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from registry.naming import RELATIONS
from registry.policy import ENTITIES

Format = Literal["parquet", "csv", "xlsx"]


class Mask(StrEnum):
    """What is left of a value. Null stays null under every mask."""

    NONE = "none"
    LAST4 = "last4"  # ***********1234; four characters and fewer are hidden
    YEAR = "year"  # of a date, as text
    SURNAME = "surname"  # 欧阳**, 王**; the length of the name is hidden
    DISTRICT = "district"  # the first six digits of a division code
    KEYED_HASH = "keyed_hash"  # HMAC-SHA-256 under a key of the recipient: equal values stay equal, for him only


@dataclass(frozen=True, slots=True)
class FieldGrant:
    """One column that the recipient gets.

    Attributes:
        name: a column of the product's contract.
        mask: what is left of its values.
        unmasked_reason: why a sensitive column goes out as it is; empty where it does not.
    """

    name: str
    mask: Mask = Mask.NONE
    unmasked_reason: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One product that the recipient gets.

    Attributes:
        product: a published product.
        fields: its columns, in the order of delivery.
        rows: column → values; a row is delivered where every one of these columns holds one of its values.
    """

    product: str
    fields: tuple[FieldGrant, ...]
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one recipient gets, from which day to which, in what form, and why.

    Attributes:
        recipient: short name, the folder of the deliveries.
        recipient_name: as it stands in letters.
        version: of the agreement.
        purpose: what the data may be used for (PIPL article 6).
        legal_basis: the law that allows it, or 待核定 (to be confirmed).
        valid_from: first day.
        valid_to: last day.
        format: of the files.
        grants: what is delivered, one product each.
        bom: whether CSV files begin with a byte order mark, without which Excel does not read them as UTF-8.
    """

    recipient: str
    recipient_name: str
    version: str
    purpose: str
    legal_basis: str
    valid_from: date
    valid_to: date
    format: Format
    grants: tuple[Grant, ...]
    bom: bool = True

    def limiting(self, grant: Grant) -> tuple[Grant, ...]:
        """The grants of bases that limit another one: relations go out of those subjects alone that are granted."""
        if grant.product != RELATIONS:
            return ()
        return tuple(one for one in self.grants if one.product in ENTITIES and one.rows)

    def covers(self, day: date) -> bool:
        """Say whether the agreement is in force on a day."""
        return self.valid_from <= day <= self.valid_to
