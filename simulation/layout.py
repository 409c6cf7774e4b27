"""The columns of every dataset, in the order and with the types in which Parquet drops carry them.

Source: the layout of departments' drops; birth dates are text where the department writes them so.
"""

import pyarrow as pa

TEXT, DATE, TIME, WHOLE, RATIO = pa.string(), pa.date32(), pa.timestamp("s"), pa.int64(), pa.float64()
MONEY = pa.decimal128(18, 2)


def _text(names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), TEXT)


LAYOUT: dict[str, dict[str, pa.DataType]] = {
    "police.resident": _text("record_id id_number name former_name sex ethnicity")
    | {"birth_date": DATE}
    | _text("division_code household_id household_relation address mobile status")
    | {"death_date": DATE, "updated_at": TIME},
    "social_security.insured": _text("record_id id_number name sex birth_date address mobile employer_no")
    | {"contribution_base": MONEY, "insured_from": DATE, "status": TEXT, "updated_at": TIME},
    "tax.natural_person": _text("record_id id_type id_number name sex birth_date address mobile")
    | {"updated_at": TIME},
    "family_planning.person": _text("record_id id_number name sex birth_date division_code address mobile")
    | {"updated_at": TIME},
    "provident_fund.account": _text("record_id id_number name sex")
    | {"birth_date": DATE}
    | _text("mobile employer_uscc employer_name")
    | {"contribution_base": MONEY, "contribution_rate": RATIO, "status": TEXT, "updated_at": TIME},
    "commerce.enterprise": _text(
        "record_id uscc registration_number name former_name enterprise_type legal_representative"
        " legal_representative_id_number"
    )
    | {"registered_capital": MONEY, "established_on": DATE, "status": TEXT, "ended_on": DATE}
    | _text("industry_code division_code address phone")
    | {"updated_at": TIME},
    "commerce.officer": _text("record_id enterprise_record_id role name id_number")
    | {"share_ratio": RATIO, "subscribed_capital": MONEY, "updated_at": TIME},
    "tax.taxpayer": _text(
        "record_id taxpayer_id uscc name legal_representative legal_representative_id_number industry_code"
        " division_code address phone"
    )
    | {"registered_on": DATE, "cancelled_on": DATE, "status": TEXT, "updated_at": TIME},
    "quality_supervision.organization": _text("record_id organization_code name legal_representative address")
    | {"issued_on": DATE, "expires_on": DATE, "status": TEXT, "updated_at": TIME},
    "social_security.employer": _text("record_id uscc name legal_representative address phone")
    | {"insured_count": WHOLE, "status": TEXT, "updated_at": TIME},
    "tax.wage": _text("record_id taxpayer_id person_record_id")
    | {"tax_year": WHOLE, "months": WHOLE, "wages": MONEY, "tax_withheld": MONEY, "updated_at": TIME},
    "tax.declaration": _text("record_id taxpayer_id period tax_type")
    | {"taxable_amount": MONEY, "quantity": RATIO, "tax_due": MONEY, "tax_paid": MONEY, "declared_on": DATE},
    "commerce.equity_transfer": _text("record_id uscc transferor_name transferor_id_number transferee_name")
    | {"share_ratio": RATIO, "price": MONEY, "net_assets": MONEY, "changed_on": DATE},
    "natural_resources.land_grant": _text("record_id grantee_name grantee_uscc")
    | {"area_m2": RATIO, "price": MONEY, "signed_on": DATE},
    "development_reform.project": _text("record_id name owner_name owner_uscc contractor_usccs")
    | {"total_investment": MONEY, "completed_investment": MONEY, "started_on": DATE}
    | _text("status division_code")
    | {"updated_at": TIME},
}
PERSON_DATASETS = (
    "police.resident",
    "social_security.insured",
    "tax.natural_person",
    "family_planning.person",
    "provident_fund.account",
)
ENTERPRISE_DATASETS = (
    "commerce.enterprise", "tax.taxpayer", "quality_supervision.organization", "social_security.employer",
)  # fmt: skip
FACT_DATASETS = tuple(name for name in LAYOUT if name not in PERSON_DATASETS + ENTERPRISE_DATASETS)
