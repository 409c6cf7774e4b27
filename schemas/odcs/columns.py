"""One property of an ODCS schema as a column of a contract."""

import re

from open_data_contract_standard.model import SchemaProperty

from schemas.contract import Column, Identifier, PersonalData, ValueType
from schemas.odcs.place import Place, extras, flag, member, text

KNOWN = frozenset({"nameEn", "descriptionZh", "presence", "lenient", "identifier", "codes", "unit"})

TYPES = {
    ("string", "varchar", None): ValueType.STRING,
    ("integer", "bigint", None): ValueType.INTEGER,
    ("number", "decimal(18,2)", None): ValueType.MONEY,
    ("number", "double", None): ValueType.NUMBER,
    ("date", "date", None): ValueType.DATE,
    ("date", "varchar", "yyyy-MM"): ValueType.MONTH,
    ("date", "bigint", "yyyy"): ValueType.YEAR,
    ("timestamp", "timestamp", None): ValueType.TIMESTAMP,
    ("array", "list<struct>", None): ValueType.EVIDENCE,
}
"""Logical type, physical type, and the `format` of `logicalTypeOptions`, which knows no other option."""

EVIDENCE_FIELDS = ("source", "dataset", "record_id", "role")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_REFERENCE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2}")


def read_column(item: SchemaProperty, place: Place) -> Column:
    """The column that a property states.

    Raises:
        BadSpecification: the property does not say what a column needs, or says it in a way that we do not know.
    """
    own = extras(item.customProperties, place, KNOWN)
    if own.get("presence") not in {None, "mandatory"}:
        raise place.at("presence").fault(f"{own['presence']!r} is not known", expected="mandatory, or nothing")
    identifier, codes, unit = own.get("identifier"), own.get("codes"), own.get("unit")
    return Column(
        name=_name(item, place),
        name_zh=text(item.businessName, place.at("businessName")),
        name_en=text(own.get("nameEn"), place.at("nameEn")),
        type=_type(item, place),
        required=own.get("presence") == "mandatory",
        nullable=not (item.required or item.primaryKey),
        lenient=flag(own.get("lenient"), place.at("lenient")),
        identifier=None if identifier is None else member(Identifier, identifier, place.at("identifier")),
        codes=None if codes is None else text(codes, place.at("codes")),
        references=_reference(item, place),
        personal=member(PersonalData, item.classification, place.at("classification")),
        description=item.description or "",
        description_zh=text(own.get("descriptionZh"), place.at("descriptionZh"), default=item.description or ""),
        unit=None if unit is None else text(unit, place.at("unit")),
    )


def _name(item: SchemaProperty, place: Place) -> str:
    name = item.name or ""
    if not _NAME.fullmatch(name):
        raise place.at("name").fault(f"{name!r} cannot be a column", expected="small letters, digits and underscores")
    return name


def _type(item: SchemaProperty, place: Place) -> ValueType:
    options = item.logicalTypeOptions or {}
    if not {"format"}.issuperset(options):
        raise place.at("logicalTypeOptions").fault("an option is not read", expected="format, or nothing")
    stated = (item.logicalType or "", item.physicalType or "", options.get("format"))
    if stated not in TYPES:
        raise place.fault(f"type {_said(stated)} is not known", expected=", ".join(map(_said, TYPES)))
    if TYPES[stated] is ValueType.EVIDENCE:
        fields = tuple(part.name for part in (item.items.properties or ())) if item.items else ()
        if fields != EVIDENCE_FIELDS:
            raise place.at("items").fault("these are not the fields of evidence", expected=", ".join(EVIDENCE_FIELDS))
    return TYPES[stated]


def _said(stated: tuple[str, str, object]) -> str:
    logical, physical, layout = stated
    return f"{logical!r} as {physical!r}" + (f" in the format {layout!r}" if layout else "")


def _reference(item: SchemaProperty, place: Place) -> str | None:
    stated = item.relationships or []
    if not stated:
        return None
    target = stated[0].to
    if len(stated) > 1 or not isinstance(target, str) or not _REFERENCE.fullmatch(target):
        raise place.at("relationships").fault("this is not one reference", expected="one department.dataset.column")
    return target
