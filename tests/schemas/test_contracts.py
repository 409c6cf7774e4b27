"""Contracts against the layout of the drops: written down here a second time, column by column."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from schemas.code_tables import code_table
from schemas.contract import (
    Contract,
    Identifier,
    PersonalData,
    ValueType,
    product_contract,
    product_contracts,
    source_contract,
    source_contracts,
)
from schemas.odcs.reader import CONTRACTS

FILES = sorted(CONTRACTS.glob("*/*.yaml"))

# Column names of every dataset; * marks one that the file must have.
SOURCES = {
    "police.resident": "record_id* id_number* name* former_name sex* ethnicity birth_date* division_code household_id "
    "household_relation address mobile status death_date updated_at*",
    "social_security.insured": "record_id* id_number name* sex birth_date address mobile employer_no "
    "contribution_base insured_from status updated_at*",
    "tax.natural_person": "record_id* id_type id_number name* sex birth_date address mobile updated_at*",
    "family_planning.person": "record_id* id_number name* sex birth_date division_code address mobile updated_at*",
    "provident_fund.account": "record_id* id_number name* sex birth_date mobile employer_uscc employer_name "
    "contribution_base contribution_rate status updated_at*",
    "commerce.enterprise": "record_id* uscc registration_number name* former_name enterprise_type "
    "legal_representative legal_representative_id_number registered_capital established_on* status* ended_on "
    "industry_code division_code address phone updated_at*",
    "commerce.officer": "record_id* enterprise_record_id* role name* id_number share_ratio subscribed_capital "
    "updated_at*",
    "tax.taxpayer": "record_id* taxpayer_id* uscc name* legal_representative legal_representative_id_number "
    "industry_code division_code address phone registered_on cancelled_on status updated_at*",
    "quality_supervision.organization": "record_id* organization_code* name* legal_representative address issued_on "
    "expires_on status updated_at*",
    "social_security.employer": "record_id* uscc name* legal_representative address phone insured_count status "
    "updated_at*",
    "tax.wage": "record_id* taxpayer_id* person_record_id* tax_year* months wages tax_withheld updated_at*",
    "tax.declaration": "record_id* taxpayer_id* period* tax_type* taxable_amount quantity tax_due tax_paid "
    "declared_on*",
    "commerce.equity_transfer": "record_id* uscc* transferor_name* transferor_id_number transferee_name share_ratio "
    "price net_assets changed_on*",
    "natural_resources.land_grant": "record_id* grantee_name* grantee_uscc area_m2 price signed_on*",
    "development_reform.project": "record_id* name* owner_name owner_uscc contractor_usccs total_investment "
    "completed_investment started_on status division_code updated_at*",
}

# Key columns first, marked with @; ! marks one that is never null.
PRODUCTS = {
    "person": "master_id@ name! former_name sex birth_date id_number ethnicity division_code address mobile "
    "household_id household_relation status death_date employer_no sources! record_count! updated_at",
    "enterprise": "master_id@ uscc organization_code registration_number taxpayer_id name! former_name "
    "enterprise_type legal_representative legal_representative_id_number registered_capital established_on status "
    "ended_on industry_code division_code address phone sources! record_count! updated_at",
    "person_crosswalk": "master_id! source@ dataset@ record_id@ match_probability",
    "enterprise_crosswalk": "master_id! source@ dataset@ record_id@ match_probability",
    "findings": "finding_id@ rule! rule_version! period outcome! subject_kind! master_id link_probability "
    "estimate_low estimate_likely estimate_high severity! evidence!",
}
for base in ("person", "enterprise"):  # change feeds
    names = [name.strip("!") for name in PRODUCTS[base].split()[1:]]
    before = [f"{name}_before" for name in names]
    head = ["cursor@", "version!", "kind!", "master_id!", "related_master_id", "changed"]
    PRODUCTS[f"{base}_changes"] = " ".join([*head, *names, *before])
PRODUCTS["relations"] = (
    "kind@ source@ dataset@ record_id@ from_kind! from_master_id to_kind! to_id to_reference to_name household_relation"
    " share_ratio state! resolved_by reason updated_at"
)

TYPES = {
    ValueType.MONEY: "contribution_base registered_capital subscribed_capital wages tax_withheld taxable_amount "
    "tax_due tax_paid price net_assets total_investment completed_investment",
    ValueType.NUMBER: "contribution_rate share_ratio quantity area_m2 match_probability link_probability "
    "estimate_low estimate_likely estimate_high",
    ValueType.INTEGER: "insured_count months record_count cursor version",
    ValueType.DATE: "birth_date death_date insured_from established_on ended_on registered_on cancelled_on issued_on "
    "expires_on declared_on changed_on signed_on started_on",
    ValueType.TIMESTAMP: "updated_at",
    ValueType.EVIDENCE: "evidence",
    ValueType.YEAR: "tax_year",
}
MONTHS = {("tax.declaration", "period"): ValueType.MONTH}

CITIZENS = ("police.resident", "family_planning.person")

IDENTIFIERS = {
    "legal_representative_id_number": Identifier.PERSON_DOCUMENT,
    "transferor_id_number": Identifier.PERSON_DOCUMENT,
    "uscc": Identifier.USCC,
    "employer_uscc": Identifier.USCC,
    "owner_uscc": Identifier.USCC,
    "grantee_uscc": Identifier.USCC,
    "organization_code": Identifier.ORGANIZATION_CODE,
    "registration_number": Identifier.REGISTRATION_NUMBER,
    "taxpayer_id": Identifier.TAXPAYER_ID,
}

CODES = {
    "sex": "sex",
    "ethnicity": "ethnicity",
    "division_code": "division",
    "industry_code": "industry",
    "household_relation": "household_relation",
    "role": "officer_role",
    "tax_type": "tax_type",
}

STATUS_CODES = {
    "police.resident": "resident_status",
    "social_security.insured": "insured_status",
    "commerce.enterprise": "enterprise_status",
    "tax.taxpayer": "taxpayer_status",
    "person": "resident_status",
    "enterprise": "enterprise_status",
}


def every_contract() -> list[Contract]:
    return [*source_contracts().values(), *product_contracts().values()]


def every_column() -> list[tuple[str, object]]:
    """Columns with the dataset whose they are: those of a change feed are its base's, before and after."""
    return [
        (contract.name.removesuffix("_changes"), replace(column, name=column.name.removesuffix("_before")))
        for contract in every_contract()
        for column in contract.columns
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_odcs_3_1_documents(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    validator = jsonschema.Draft201909Validator(json.loads(schema))

    assert [error.message for error in validator.iter_errors(content)] == []
    assert content["apiVersion"] == "v3.1.0"
    later = {"context", "enum", "semanticType", "synonyms", "deprecated", "vendor", "map"}
    assert not later & set(keys_of(content)), "these came after 3.1"


def keys_of(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for inner in value.values() for key in keys_of(inner))]
    if isinstance(value, list):
        return [key for inner in value for key in keys_of(inner)]
    return []


def test_every_dataset_and_product_has_a_contract_in_the_order_of_the_sources() -> None:
    assert list(source_contracts()) == list(SOURCES)
    assert list(product_contracts()) == list(PRODUCTS)


@pytest.mark.parametrize("name", SOURCES)
def test_source_columns_are_those_that_departments_send(name: str) -> None:
    contract = source_contract(name)
    stated = [column.name + ("*" if column.required else "") for column in contract.columns]

    assert stated == SOURCES[name].split()
    assert {column.name for column in contract.columns if not column.nullable} == {"record_id", "name"} & set(
        contract.column_names
    )
    assert contract.key == ("record_id",)
    assert contract.mode == "snapshot"


@pytest.mark.parametrize("name", PRODUCTS)
def test_product_columns(name: str) -> None:
    contract = product_contract(name)
    stated = [
        column.name + ("@" if column.name in contract.key else "" if column.nullable else "!")
        for column in contract.columns
    ]

    assert stated == PRODUCTS[name].split()
    assert all(column.required for column in contract.columns)
    assert all(not contract.column(key).nullable for key in contract.key)


def test_types() -> None:
    expected = {name: kind for kind, names in TYPES.items() for name in names.split()}

    stated = {(dataset, column.name): column.type for dataset, column in every_column()}

    assert stated == {key: expected.get(key[1], ValueType.STRING) for key in stated} | MONTHS


def test_identifiers() -> None:
    for dataset, column in every_column():
        expected = IDENTIFIERS.get(column.name)
        if column.name == "id_number":
            expected = Identifier.CITIZEN_ID if dataset in CITIZENS else Identifier.PERSON_DOCUMENT
        assert column.identifier == expected, (dataset, column.name)


def test_code_tables() -> None:
    for dataset, column in every_column():
        expected = STATUS_CODES.get(dataset) if column.name == "status" else CODES.get(column.name)
        assert column.codes == expected, (dataset, column.name)
        if expected:
            assert code_table(expected).codes, expected


def test_only_identifiers_codes_and_dates_of_birth_are_lenient() -> None:
    for name, contract in source_contracts().items():
        for column in contract.columns:
            expected = column.identifier is not None or column.codes is not None or column.name == "birth_date"
            assert column.lenient == expected, (name, column.name)


def test_cursors() -> None:
    others = {
        "tax.declaration": "declared_on",
        "commerce.equity_transfer": "changed_on",
        "natural_resources.land_grant": "signed_on",
    }
    assert {name: contract.cursor for name, contract in source_contracts().items()} == {
        name: others.get(name, "updated_at") for name in SOURCES
    }


def test_numbers_of_persons_are_sensitive_and_names_personal() -> None:
    sensitive = {"id_number", "legal_representative_id_number", "transferor_id_number", "taxpayer_id", "death_date"}
    personal = {"legal_representative", "transferor_name", "mobile", "phone", "birth_date"}
    for dataset, column in every_column():
        if column.name in sensitive:
            assert column.personal is PersonalData.SENSITIVE, (dataset, column.name)
        if column.name in personal:
            assert column.personal is not PersonalData.NONE, (dataset, column.name)
    persons = ("police", "social_security.insured", "tax.natural_person", "family_planning", "provident_fund", "person")
    for dataset, column in every_column():
        if dataset.startswith(persons) and column.name in {"name", "former_name"}:
            assert column.personal is PersonalData.PERSONAL, (dataset, column.name)


def test_references_point_at_keys_of_other_datasets() -> None:
    stated = {(name, column.name, column.references) for name, column in every_column() if column.references}

    assert stated == {
        ("social_security.insured", "employer_no", "social_security.employer.record_id"),
        ("person", "employer_no", "social_security.employer.record_id"),
        ("commerce.officer", "enterprise_record_id", "commerce.enterprise.record_id"),
        ("tax.wage", "person_record_id", "tax.natural_person.record_id"),
    }


@pytest.mark.parametrize("contract", every_contract(), ids=lambda contract: contract.name)
def test_everything_has_a_chinese_and_an_english_name(contract: Contract) -> None:
    pairs = [(contract.title_zh, contract.title_en), (contract.owner, contract.owner_en)]
    pairs += [(contract.grain_zh, contract.grain), (contract.description_zh, contract.description)]
    pairs += [(column.name_zh, column.name_en) for column in contract.columns]
    pairs += [(rule.description_zh, rule.description) for rule in contract.rules]
    for chinese, english in pairs:
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese), chinese
        assert english.isascii(), english
        assert english


@pytest.mark.parametrize("contract", every_contract(), ids=lambda contract: contract.name)
def test_rules_are_named_once_a_column_and_have_columns_of_the_contract(contract: Contract) -> None:
    named = [(rule.name, rule.column) for rule in contract.rules]

    assert len(set(named)) == len(named)
    assert all(rule.column is None or rule.column in contract.column_names for rule in contract.rules)
    for rule in contract.rules:
        pair = {value for key, value in rule.arguments.items() if key in {"column_A", "column_B"}}
        assert pair <= set(contract.column_names)


def test_null_share_floors_are_only_on_columns_that_must_exist() -> None:
    for contract in every_contract():
        for name in contract.floors.max_null_share:
            assert contract.column(name).required, (contract.name, name)
