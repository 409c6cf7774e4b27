"""A contract file, and the folders of them."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject
from pydantic import ValidationError

from schemas.contract import Column, Contract, Floors, Mode, QualityRule, Sharing
from schemas.odcs.columns import read_column
from schemas.odcs.place import Place, extras, member, number, text
from schemas.odcs.quality import read_rules

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"

API_VERSION = "v3.1.0"

KNOWN = frozenset({"order", "sharingClass", "updateCycle", "mode", "cursor", "floors"})
FLOORS = frozenset({"minRows", "minRatio", "maxQuarantined", "maxNullShare"})
CYCLES = ("daily", "monthly", "yearly")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, and not in every wheel


@cache
def read_contracts(folder: Literal["sources", "products"]) -> Mapping[str, Contract]:
    """All contracts of a folder by name, in the order that they state; read once a process.

    Raises:
        BadSpecification: a file cannot be used as it is written, or two state the same order.
    """
    found = [_ordered(CONTRACTS / folder / f"{name}.yaml") for name in contract_names(folder)]
    found.sort(key=lambda item: (item[0], item[1].name))
    return MappingProxyType({contract.name: contract for _, contract in found})


@cache
def contract_names(folder: Literal["sources", "products"]) -> frozenset[str]:
    """The names of the contracts of a folder, which are those of its files; opens none of them."""
    return frozenset(path.stem for path in (CONTRACTS / folder).glob("*.yaml"))


def read_named(folder: Literal["sources", "products"], name: str) -> Contract:
    """One contract of a folder; opens no other. KeyError where there is none."""
    if name not in contract_names(folder):
        raise KeyError(name)
    return _ordered(CONTRACTS / folder / f"{name}.yaml")[1]


@cache
def _ordered(path: Path) -> tuple[float, Contract]:
    """A contract with the place among the others that it states; read once a process."""
    document = _document(path.read_text(encoding="utf-8"), Place(path.name))
    order = extras(document.customProperties, Place(path.name), KNOWN).get("order")
    return number(order, Place(path.name, "order")), _named_as(path, _contract(document, Place(path.name)))


def read_contract(path: Path) -> Contract:
    """The contract of one file, whose name is that of the dataset or product."""
    return _named_as(path, parse_contract(path.read_text(encoding="utf-8"), file=path.name))


def _named_as(path: Path, contract: Contract) -> Contract:
    if path.stem != contract.name:
        raise Place(path.name, "name").fault(f"the file states {contract.name!r}", expected=path.stem)
    return contract


def parse_contract(source: str, *, file: str) -> Contract:
    """The contract that a YAML text states; `file` is what errors call it.

    Raises:
        BadSpecification: what is wrong, with file and path.
    """
    place = Place(file)
    return _contract(_document(source, place), place)


def _contract(document: OpenDataContractStandard, place: Place) -> Contract:
    table = _table(document, place)
    inside = place.at(f"schema[{table.name}]")
    own = extras(document.customProperties, place, KNOWN)
    columns, rules = _columns(table, inside)
    names = {column.name for column in columns}
    shown = extras(table.customProperties, inside, frozenset({"nameEn", "granularityZh"}))
    owner, owner_en = _owner(document, place)
    purpose, purpose_zh = _purpose(document, place)
    return Contract(
        name=text(document.name, place.at("name")),
        version=text(document.version, place.at("version")),
        title_zh=text(table.businessName, inside.at("businessName")),
        title_en=text(shown.get("nameEn"), inside.at("nameEn")),
        owner=owner,
        columns=columns,
        key=_key(table, inside),
        cursor=_cursor(own.get("cursor"), names, place),
        mode=_mode(own.get("mode", "snapshot"), place),
        freshness_days=_freshness(document, own.get("cursor"), place),
        floors=_floors(own.get("floors"), names, place.at("floors")),
        rules=rules,
        description=purpose,
        description_zh=purpose_zh,
        owner_en=owner_en,
        sharing=member(Sharing, own.get("sharingClass"), place.at("sharingClass")),
        update_cycle=_one_of(CYCLES, own.get("updateCycle"), place.at("updateCycle")),
        grain=text(table.dataGranularityDescription, inside.at("dataGranularityDescription")),
        grain_zh=text(shown.get("granularityZh"), inside.at("granularityZh")),
    )


def _document(source: str, place: Place) -> OpenDataContractStandard:
    try:
        content = yaml.load(source, Loader=_LOADER)  # noqa: S506 - a safe loader, the C one where there is one
    except yaml.YAMLError as error:
        raise place.fault(f"this is not YAML: {error}", expected="a YAML document") from error
    if not isinstance(content, dict):
        raise place.fault("this is not a mapping", expected=f"an ODCS {API_VERSION} document")
    try:
        document = OpenDataContractStandard.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(step) for step in first["loc"])
        raise place.at(path).fault(first["msg"], expected=f"an ODCS {API_VERSION} document") from error
    if document.apiVersion != API_VERSION:
        raise place.at("apiVersion").fault(f"{document.apiVersion!r} is not read", expected=API_VERSION)
    return document


def _table(document: OpenDataContractStandard, place: Place) -> SchemaObject:
    tables = document.schema_ or []
    if len(tables) != 1 or tables[0].name != document.name:
        raise place.at("schema").fault(f"{len(tables)} tables are stated", expected="one, named as the contract")
    return tables[0]


def _columns(table: SchemaObject, place: Place) -> tuple[tuple[Column, ...], tuple[QualityRule, ...]]:
    rules = list(read_rules(table.quality, None, place))
    columns: dict[str, Column] = {}
    for item in table.properties or ():
        here = place.at(f"properties[{item.name}]")
        column = read_column(item, here)
        if column.name in columns:
            raise here.fault("the column is stated twice", expected="each column once")
        columns[column.name] = column
        rules += read_rules(item.quality, column.name, here)
    if not columns:
        raise place.at("properties").fault("no column is stated", expected="at least one")
    return tuple(columns.values()), tuple(rules)


def _key(table: SchemaObject, place: Place) -> tuple[str, ...]:
    parts = [item for item in table.properties or () if item.primaryKey]
    positions = [item.primaryKeyPosition for item in parts]
    if not parts or sorted(str(position) for position in positions) != [str(n + 1) for n in range(len(parts))]:
        raise place.fault(f"the key has positions {positions}", expected="primaryKeyPosition 1, 2, … without a gap")
    return tuple(str(item.name) for item in sorted(parts, key=lambda item: item.primaryKeyPosition or 0))


def _owner(document: OpenDataContractStandard, place: Place) -> tuple[str, str]:
    team = document.team
    if team is None or isinstance(team, list):
        raise place.at("team").fault("no owner is stated", expected="team with name and nameEn")
    own = extras(team.customProperties, place.at("team"), frozenset({"nameEn"}))
    return text(team.name, place.at("team.name")), text(own.get("nameEn"), place.at("team.nameEn"))


def _purpose(document: OpenDataContractStandard, place: Place) -> tuple[str, str]:
    here, stated = place.at("description"), document.description
    if stated is None:
        raise here.fault("no purpose is stated", expected="purpose and purposeZh")
    own = extras(stated.customProperties, here, frozenset({"purposeZh"}))
    return text(stated.purpose, here.at("purpose")), text(own.get("purposeZh"), here.at("purposeZh"))


def _cursor(stated: object, names: set[str], place: Place) -> str | None:
    if stated is not None and stated not in names:
        raise place.at("cursor").fault(f"there is no column {stated!r}", expected="a column of the contract")
    return None if stated is None else str(stated)


def _freshness(document: OpenDataContractStandard, cursor: object, place: Place) -> int | None:
    for item in document.slaProperties or ():
        here = place.at(f"slaProperties[{item.property}]")
        if item.property != "freshness" or item.unit != "d" or item.element != f"{document.name}.{cursor}":
            raise here.fault("this is not read", expected="freshness in unit d of the cursor's column")
        return int(number(item.value, here, low=1))
    return None


def _floors(stated: object, names: set[str], place: Place) -> Floors:
    if not isinstance(stated, dict) or not FLOORS.issuperset(stated):
        raise place.fault("these are not floors", expected=f"some of {', '.join(sorted(FLOORS))}")
    shares = stated.get("maxNullShare", {})
    if not isinstance(shares, dict) or not names.issuperset(shares):
        raise place.at("maxNullShare").fault("a column is not known", expected="columns of the contract")
    default = Floors()
    null_shares = {name: number(share, place.at(name), high=1) for name, share in shares.items()}
    return Floors(
        min_rows=int(number(stated.get("minRows", default.min_rows), place.at("minRows"))),
        min_ratio=number(stated.get("minRatio", default.min_ratio), place.at("minRatio"), high=1),
        max_quarantined=number(
            stated.get("maxQuarantined", default.max_quarantined), place.at("maxQuarantined"), high=1
        ),
        max_null_share=null_shares,
    )


def _mode(stated: object, place: Place) -> Mode:
    for known in get_args(Mode):
        if stated == known:
            mode: Mode = known
            return mode
    raise place.at("mode").fault(f"{stated!r} is not known", expected=", ".join(get_args(Mode)))


def _one_of(known: Iterable[str], stated: object, place: Place) -> str:
    if stated not in tuple(known):
        raise place.fault(f"{stated!r} is not known", expected=", ".join(known))
    return str(stated)
