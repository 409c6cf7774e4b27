"""Reads agreement files and refuses those that promise what cannot or may not be delivered.

One YAML file for each recipient. Refused are unknown keys, products and columns that no contract knows, products that
are not shared, masks that do not fit a column, and sensitive columns that go out unmasked without a reason.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from exchange.agreement import Agreement, FieldGrant, Format, Grant, Mask
from exchange.feeds import BEFORE, FEEDS, FRAME
from schemas.contract import Column, Contract, PersonalData, Sharing, ValueType, product_contracts
from storage.errors import BadSpecification, SitongError
from storage.zones import checked_component

_SHIPPED = Path(__file__).with_name("agreements")
_TEXT_MASKS = (Mask.LAST4, Mask.SURNAME, Mask.DISTRICT)
_APPLIED = ("cursor", "kind", "master_id")
_IDS = ("master_id", "related_master_id")
_REMEDY = "correct the agreement; docs/data-dictionary.md lists the columns"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Edge(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Field(_Edge):
    name: Text
    mask: Mask = Mask.NONE
    unmasked_reason: str = ""


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class _Grant(_Edge):
    product: Text
    fields: Annotated[list[Annotated[_Field, BeforeValidator(_named)]], Field(min_length=1)]
    rows: dict[Text, Annotated[list[str], Field(min_length=1)]] = {}


class _File(_Edge):
    recipient: Text
    recipient_name: Text
    version: Text
    purpose: Text
    legal_basis: Text
    valid_from: date
    valid_to: date
    format: Format
    bom: bool = True
    grants: Annotated[list[_Grant], Field(min_length=1)]


def read_agreements(folder: Path | None = None) -> tuple[Agreement, ...]:
    """Read all agreements of a folder, by recipient.

    Args:
        folder: holds `*.yaml`; the shipped examples where there is none.

    Raises:
        BadSpecification: a file is wrong, or two are for the same recipient.
    """
    folder = folder or _SHIPPED
    if not folder.is_dir():
        raise BadSpecification(
            "the folder of agreements does not exist", str(folder), remedy="correct SITONG_AGREEMENTS"
        )
    agreements = [read_agreement(path) for path in sorted(folder.glob("*.yaml"))]
    recipients = Counter(agreement.recipient for agreement in agreements)
    twice = sorted(name for name, count in recipients.items() if count > 1)
    if twice:
        what = f"{', '.join(twice)} has more than one agreement"
        raise BadSpecification(what, str(folder), "one file for each recipient", "put all grants into one file")
    return tuple(sorted(agreements, key=lambda agreement: agreement.recipient))


def read_agreement(path: Path) -> Agreement:
    """Read one agreement.

    Raises:
        BadSpecification: the file is not YAML, or says what cannot or may not be done; every fault is named.
    """
    try:
        stated = _File.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        what = f"the agreement cannot be read ({type(error).__name__})"
        raise BadSpecification(what, str(path), "a YAML file in UTF-8") from error
    except ValidationError as error:
        faults = "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise BadSpecification(f"the agreement is wrong: {faults}", str(path), remedy=_REMEDY) from None
    found = _faults(stated)
    if found:
        raise BadSpecification(f"the agreement is wrong: {'; '.join(found)}", str(path), remedy=_REMEDY)
    return _agreement(stated)


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in steps) or "file"


def _faults(stated: _File) -> list[str]:
    faults = [] if stated.valid_from <= stated.valid_to else ["valid_to lies before valid_from"]
    try:
        checked_component(stated.recipient)
    except SitongError as error:
        faults.append(f"recipient: {error}")
    contracts = product_contracts()
    faults += _repeated("product", [grant.product for grant in stated.grants])
    for grant in stated.grants:
        faults += [f"{grant.product}: {fault}" for fault in _grant_faults(grant, contracts)]
    return faults


def _grant_faults(grant: _Grant, contracts: Mapping[str, Contract]) -> list[str]:
    contract = contracts.get(grant.product)
    if contract is None:
        return [f"no such product; there are {', '.join(sorted(contracts))}"]
    columns = {column.name: column for column in contract.columns}
    faults = ["not shared with anybody (不予共享)"] if contract.sharing is Sharing.NONE else []
    faults += _repeated("field", [granted.name for granted in grant.fields])
    faults += _feed_faults(grant) if grant.product in FEEDS else []
    for granted in grant.fields:
        faults += [f"{granted.name}: {fault}" for fault in _field_faults(granted, columns.get(granted.name))]
    for name in grant.rows:
        kind = columns[name].type if name in columns else None
        if kind is not ValueType.STRING:
            faults.append(f"rows.{name}: " + ("no such column" if kind is None else "only text columns select rows"))
    return faults


def _feed_faults(grant: _Grant) -> list[str]:
    """A feed is of use only where the recipient can apply it, and tells him no more than the base would."""
    masks = {granted.name: granted.mask for granted in grant.fields}
    faults = [f"{name}: a feed cannot be applied without it" for name in _APPLIED if name not in masks]
    faults += [
        f"{name}: {'only keyed_hash hides it' if name in _IDS else 'goes out as it is'}"
        for name in FRAME
        if masks.get(name, Mask.NONE) not in ((Mask.NONE, Mask.KEYED_HASH) if name in _IDS else (Mask.NONE,))
    ]
    for name, mask in masks.items():
        if name.endswith(BEFORE) and masks.get(name.removesuffix(BEFORE)) is not mask:
            faults.append(f"{name}: {name.removesuffix(BEFORE)} is to be granted with the same mask")
    faults += [
        f"rows.{name}: only attributes of the base select rows of its feed"
        for name in grant.rows
        if name in FRAME or name.endswith(BEFORE)
    ]
    return faults


def _field_faults(granted: _Field, column: Column | None) -> list[str]:
    if column is None:
        return ["no such column"]
    faults = []
    if column.personal is PersonalData.SENSITIVE and granted.mask is Mask.NONE and not granted.unmasked_reason.strip():
        faults.append("sensitive: needs a mask or an unmasked_reason")
    if granted.mask is Mask.YEAR and column.type is not ValueType.DATE:
        faults.append("the mask year fits dates only")
    if granted.mask in _TEXT_MASKS and column.type is not ValueType.STRING:
        faults.append(f"the mask {granted.mask} fits text only")
    if granted.mask is Mask.KEYED_HASH and column.type not in (ValueType.STRING, ValueType.DATE):
        faults.append("the mask keyed_hash fits text and dates only")
    return faults


def _repeated(what: str, names: list[str]) -> list[str]:
    return [f"{what} {name} is granted twice" for name, count in Counter(names).items() if count > 1]


def _agreement(stated: _File) -> Agreement:
    grants = tuple(
        Grant(
            product=grant.product,
            fields=tuple(FieldGrant(one.name, one.mask, one.unmasked_reason.strip()) for one in grant.fields),
            rows={column: tuple(values) for column, values in grant.rows.items()},
        )
        for grant in stated.grants
    )
    return Agreement(**{name: getattr(stated, name) for name in _File.model_fields if name != "grants"}, grants=grants)
