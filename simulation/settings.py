"""Every rate of the synthetic city, by name, with its source.

A setting without a citable figure says "assumption". `CitySettings` is frozen; derive a variant with
`dataclasses.replace` or `CitySettings.harsh`.
"""

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Any

ASSUMPTION = "assumption"


def rate(value: object, source: str = ASSUMPTION) -> Any:  # noqa: ANN401 - dataclasses.field, typed as its value
    """A dataclass field with a default and the source of that value."""
    return dataclasses.field(default=value, metadata={"source": source})


@dataclass(frozen=True)
class CitySettings:
    """What the city is like and how wrong its departments' records are; shares are in 0..1."""

    as_of: date = rate(date(2026, 3, 31))  # noqa: RUF009 - rate() is dataclasses.field

    # persons
    two_character_names: float = rate(0.14, "sources.md: two-character names are 14 % of names")
    mothers_surname: float = rate(1 / 13, "national names report 2020: mother's to father's surname 1 to 12")
    rare_character_names: float = rate(0.003, "sources.md: rare characters in about 0.2-0.4 % of names")
    dotted_names: float = rate(0.001)
    minorities: float = rate(0.015)
    generation_character: float = rate(0.2)
    twins: float = rate(0.012, "assumption: about 1 % of births; per family with two children it is higher")
    born_elsewhere: float = rate(0.22)
    moved_within_city: float = rate(0.18)
    lives_apart: float = rate(0.40, "sources.md: four in ten live apart from their registered address")
    former_names: float = rate(0.025)
    two_mobiles: float = rate(0.22)
    deceased: float = rate(0.012)
    dead_not_recorded: float = rate(0.00155, "sources.md: 0.155 % of registered persons were dead")
    moved_out: float = rate(0.015)
    shared_id_numbers: float = rate(0.00125, "sources.md: 0.125 % of persons shared an id number in 2014")
    employed: float = rate(0.46)

    # coverage of persons by department
    police_coverage: float = rate(0.985)
    social_security_coverage: float = rate(0.60)
    tax_coverage: float = rate(0.50)
    family_planning_coverage: float = rate(0.36)
    provident_fund_coverage: float = rate(0.27)

    # errors of person records; the police register multiplies them by police_error_factor
    police_error_factor: float = rate(0.25)
    id_missing: float = rate(0.01)
    id_missing_family_planning: float = rate(0.08, "issue 3: 8 % missing ids in one department")
    id_typo: float = rate(0.007, "sources.md: 0.80 % of registration items were wrong, 1.5 % of numbers before 2011")
    id_transposed: float = rate(0.003, "as id_typo; the split is an assumption")
    id_of_relative: float = rate(0.0008)
    id_15_digits: float = rate(0.05, "assumption: share of the records of persons who once had a 15-digit number")
    id_untidy: float = rate(0.004)
    lower_case_x: float = rate(0.10)
    name_homophone: float = rate(0.004)
    name_near_sound: float = rate(0.0015)
    name_look_alike: float = rate(0.002)
    name_variant: float = rate(0.002)
    name_surname_equivalent: float = rate(0.15, "assumption: share of the records of the surnames concerned")
    name_lost_character: float = rate(0.25, "assumption: share of the records of names with a rare character")
    name_dot: float = rate(0.45, "assumption: share of the records of names with a middle dot")
    name_spelling: float = rate(0.20, "assumption: share of the records of names with a middle dot")
    name_note: float = rate(0.0015)
    name_untidy: float = rate(0.002)
    name_former: float = rate(0.30, "assumption: share of the records of persons with a former name")
    name_dropped_character: float = rate(0.0005)
    birth_missing: float = rate(0.01)
    birth_swapped: float = rate(0.0015)
    birth_typo: float = rate(0.004)
    birth_lunar: float = rate(0.012, "assumption: share of the records of persons born before 1980")
    sex_wrong: float = rate(0.003)
    sex_missing: float = rate(0.01)
    mobile_missing: float = rate(0.12)
    mobile_of_relative: float = rate(0.03)
    mobile_outdated: float = rate(0.10)
    address_missing: float = rate(0.08)
    duplicates: float = rate(0.0022, "sources.md: 0.22 % of household registrations were duplicates")

    # enterprises
    enterprises_per_person: float = rate(160_000 / 6_710_000, "sources.md: 160 thousand per 6.71 million persons")
    individual_businesses: float = rate(0.38)
    institutions: float = rate(0.02)
    branches: float = rate(0.04)
    sisters: float = rate(0.05)
    renamed_enterprises: float = rate(0.08)
    revoked: float = rate(0.05)
    cancelled: float = rate(0.08)
    commerce_missing: float = rate(0.004)
    tax_enterprise_coverage: float = rate(0.90)
    quality_supervision_coverage: float = rate(0.72)
    employer_coverage: float = rate(0.62)
    uscc_missing: float = rate(0.04)
    uscc_typo: float = rate(0.008)
    organization_code_typo: float = rate(0.008)
    legacy_taxpayer_id: float = rate(0.12)
    legacy_payer_declares_with_uscc: float = rate(0.25)
    uscc_issued_with_wrong_check: float = rate(0.0005)
    stale_representative: float = rate(0.05, "domain.md: about 5 % of records (assumption)")
    enterprise_name_form: float = rate(0.04)
    enterprise_name_division: float = rate(0.04)
    enterprise_name_typo: float = rate(0.008)
    enterprise_name_old: float = rate(0.35, "assumption: share of other departments' records of renamed enterprises")
    individual_business_without_name: float = rate(0.15)
    address_differs: float = rate(0.18)
    phone_differs: float = rate(0.25)
    phone_missing: float = rate(0.12)
    representative_id_missing: float = rate(0.05)
    enterprise_duplicates: float = rate(0.002)

    # facts
    city_mean_wage: int = rate(8_000, "mismatch-rules.md: yuan a month for 2025")
    latest_tax_year: int = rate(2025)
    wage_record: float = rate(0.74, "sources.md: 3.17 million tax-related records per 6.71 million persons")
    earlier_wage_record: float = rate(0.05)
    base_underdeclared: float = rate(0.05)
    base_overdeclared: float = rate(0.01)
    ended_still_declaring: float = rate(0.12, "assumption: share of ended enterprises with a tax record")
    dead_representatives: float = rate(0.004)
    equity_transfers: float = rate(0.06, "assumption: a company")
    equity_underpriced: float = rate(0.20)
    land_grants: float = rate(0.02, "assumption: a company")
    land_without_deed_tax: float = rate(0.20)
    projects_per_person: float = rate(464 / 6_710_000, "sources.md: 464 projects above 30 million yuan")
    project_tax_gap: float = rate(0.30)

    # days
    daily_change: float = rate(0.01, "sources.md: daily change about 1 %")
    births_a_day: float = rate(6.4e-3 / 365, "assumption near a birth rate of 6.4 per thousand and year")
    deaths_a_day: float = rate(7.9e-3 / 365, "assumption near a death rate of 7.9 per thousand and year")
    renames_a_day: float = rate(1e-5)
    household_moves_a_day: float = rate(2e-4, "assumption: share of households")
    household_merges_a_day: float = rate(2e-5, "assumption: share of households")
    corrections_a_day: float = rate(2e-3, "assumption: share of the records with an error")
    duplicates_removed_a_day: float = rate(0.01, "assumption: share of the duplicate records")
    departures_a_day: float = rate(2e-5, "assumption: registered persons deleted because they moved out")
    enterprise_foundings_a_day: float = rate(2e-4, "assumption: share of enterprises, as the next four")
    enterprise_renames_a_day: float = rate(2e-4)
    enterprise_endings_a_day: float = rate(1e-4)
    enterprise_merges_a_day: float = rate(5e-5)
    representative_changes_a_day: float = rate(2e-4)
    declarations_a_day: float = rate(2e-2, "assumption: new declarations a day, as a share of enterprises")

    def harsh(self, factor: float = 3.0) -> "CitySettings":
        """The same city with the rates of name, id, date and missing-value errors times `factor`, at most 0.9."""
        raised = {
            f.name: min(0.9, getattr(self, f.name) * factor)
            for f in dataclasses.fields(self)
            if f.name.startswith(HARSH_PREFIXES)
        }
        return dataclasses.replace(self, **raised)

    def described(self) -> dict[str, dict[str, object]]:
        """Name of every setting with its value and source, ready for JSON."""
        return {
            f.name: {
                "value": v.isoformat() if isinstance(v := getattr(self, f.name), date) else v,
                "source": f.metadata["source"],
            }
            for f in dataclasses.fields(self)
        }


HARSH_PREFIXES = (
    "id_missing",
    "id_typo",
    "id_transposed",
    "name_",
    "birth_",
    "sex_",
    "mobile_missing",
    "address_missing",
)
