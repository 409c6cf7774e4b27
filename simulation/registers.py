"""The enterprise records of market regulation, tax, quality supervision and social security."""

from functools import partial

import numpy as np
import pyarrow as pa

from simulation import company_names, misspelling, places
from simulation.draws import Draws
from simulation.enterprises import ACTIVE, BRANCH, CANCELLED, INDIVIDUAL, INSTITUTION, Enterprises
from simulation.people import People
from simulation.randomness import Floats, Ints, chosen, planted, stream, weighted
from simulation.records import NO_DAY, Records, date_column, moments, money, record_ids
from simulation.settings import CitySettings
from simulation.values import Coded, joined

TYPES = ("有限责任公司(自然人投资或控股)", "个体工商户", "事业单位", "有限责任公司分公司")


def enterprise_records(
    settings: CitySettings, city: People, firms: Enterprises, insured: Ints, seed: int
) -> dict[str, Records]:
    """The four enterprise datasets; `insured` is the number of insured people by enterprise."""
    commerce = _commerce(settings, city, firms, seed)
    tax = _tax(settings, city, firms, seed)
    quality = _quality_supervision(settings, city, firms, seed)
    employer = _employer(settings, city, firms, insured, seed)
    return {one.dataset: one for one in (commerce, tax, quality, employer)}


def _members(settings: CitySettings, likelihood: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    members = np.flatnonzero(rng.random(len(likelihood)) < likelihood)
    if not len(members):
        members = np.flatnonzero(likelihood > 0)[:1]
    both = np.concatenate([members, chosen(rng, settings.enterprise_duplicates, members)])
    order = rng.permutation(len(both))
    return both[order], np.sort(np.flatnonzero(order >= len(members)))


def _begun(
    dataset: str, prefix: str, settings: CitySettings, firms: Enterprises, likelihood: Floats, seed: int
) -> tuple[Records, np.random.Generator]:
    """Records of a department with id, name and time."""
    rng = stream(seed, dataset)
    subject, duplicates = _members(settings, likelihood, rng)
    records = Records(dataset, subject)
    records.note(duplicates, "duplicate")
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    records.columns["record_id"] = record_ids(rng, prefix, records.count)
    records.columns["name"] = Coded(firms.name, subject)
    records.columns["updated_at"] = moments(rng, records.count, today)
    return records, rng


def _spoil_names(records: Records, firms: Enterprises, settings: CitySettings, rng: np.random.Generator) -> None:
    draws, name = Draws(rng), records.coded("name")
    renamed = np.flatnonzero(np.asarray(firms.former.is_valid())[records.subject])
    if records.dataset != "commerce.enterprise":
        rows = chosen(rng, settings.enterprise_name_old, renamed)
        name.put(rows, firms.former.take(pa.array(records.subject[rows])).to_pylist())
        records.note(rows, "name_former")
    factor = 0.15 if records.dataset == "commerce.enterprise" else 1.0
    named = np.flatnonzero(np.isin(firms.kind[records.subject], (INSTITUTION, INDIVIDUAL), invert=True))
    for kind, share, change, among in (
        ("name_form", settings.enterprise_name_form, company_names.other_form, named),
        ("name_division", settings.enterprise_name_division, company_names.other_division, named),
        ("name_typo", settings.enterprise_name_typo, company_names.mistyped, np.arange(records.count)),
    ):
        records.spoil("name", chosen(rng, share * factor, among), kind, partial(change, draws=draws))


def _representatives(
    records: Records, city: People, firms: Enterprises, settings: CitySettings, rng: np.random.Generator
) -> Ints:
    """Name of the representative, stale in some records; returns the person written down."""
    person = firms.representative[records.subject].copy()
    stale = chosen(rng, settings.stale_representative, records.count)
    if records.dataset == "commerce.enterprise":
        stale = stale[:0]
    person[stale] = firms.former_representative[records.subject[stale]]
    records.note(stale, "representative_stale")
    records.columns["legal_representative"] = city.names.name.taken(person)
    typo = partial(misspelling.another_character, kind="homophone", draws=Draws(rng))
    rows = chosen(rng, settings.name_homophone, records.count)
    records.spoil("legal_representative", rows, "representative_typo", typo)
    return person


def _representative_ids(
    records: Records, city: People, person: Ints, settings: CitySettings, rng: np.random.Generator
) -> None:
    records.columns["legal_representative_id_number"] = Coded(city.identity.id_number, person)
    column, draws = "legal_representative_id_number", Draws(rng)
    typo = partial(misspelling.mistyped_digit, draws=draws)
    records.spoil(column, chosen(rng, settings.id_typo, records.count), "representative_id_typo", typo)
    missing = chosen(rng, settings.representative_id_missing, records.count)
    records.blank(column, missing, "representative_id_missing")


def _places(records: Records, firms: Enterprises, settings: CitySettings, rng: np.random.Generator) -> None:
    subject = records.subject
    commerce = records.dataset == "commerce.enterprise"
    differs = chosen(rng, 0.0 if commerce else settings.address_differs, records.count)
    dwelling = firms.dwelling[subject].copy()
    dwelling[differs] = rng.integers(0, firms.count, len(differs))
    records.note(differs, "address_differs")
    shares = (0.7, 0.25, 0.03, 0.0, 0.02, 0.0) if commerce else (0.3, 0.35, 0.2, 0.05, 0.05, 0.05)
    style = weighted(rng, shares, records.count)
    records.columns["address"] = Coded.of(places.addresses(firms.dwellings, dwelling, style))
    if records.dataset == "quality_supervision.organization":
        return
    records.columns["phone"] = Coded(firms.phone, subject)
    other = chosen(rng, settings.phone_differs * (0.2 if commerce else 1.0), records.count)
    column = records.coded("phone")
    column.codes[other] = rng.integers(0, firms.count, len(other))
    records.note(other, "phone_differs")
    records.blank("phone", chosen(rng, settings.phone_missing, records.count), "phone_missing")


def _spoil_code(records: Records, column: str, missing: float, typo: float, rng: np.random.Generator) -> None:
    change = partial(misspelling.mistyped_code, draws=Draws(rng))
    records.spoil(column, chosen(rng, typo, records.count), f"{column}_typo", change)
    if missing:
        records.blank(column, chosen(rng, missing, records.count), f"{column}_missing")


def _commerce(settings: CitySettings, city: People, firms: Enterprises, seed: int) -> Records:
    likelihood = np.where(firms.kind == INSTITUTION, 0.0, 1 - settings.commerce_missing)
    records, rng = _begun("commerce.enterprise", "CE", settings, firms, likelihood, seed)
    subject, columns = records.subject, records.columns
    take = pa.array(subject)
    columns["uscc"] = Coded(firms.uscc, subject)
    old = np.flatnonzero(firms.established[subject] < 16_500)
    records.blank("uscc", chosen(rng, settings.uscc_missing, old), "uscc_missing")
    _spoil_code(records, "uscc", 0.0, settings.uscc_issued_with_wrong_check, rng)
    columns["registration_number"] = Coded(firms.registration_number, subject)
    young = np.flatnonzero(firms.established[subject] >= 16_500)
    columns["registration_number"].clear(chosen(rng, 0.7, young))
    columns["former_name"] = firms.former.take(take)
    columns["enterprise_type"] = pa.array(TYPES).take(pa.array(firms.kind[subject]))
    _spoil_names(records, firms, settings, rng)
    person = _representatives(records, city, firms, settings, rng)
    _representative_ids(records, city, person, settings, rng)
    columns["registered_capital"] = money(firms.capital[subject].astype(np.float64))
    columns["established_on"] = date_column(firms.established[subject])
    columns["status"] = pa.array(["", "1", "2", "3"]).take(pa.array(firms.status[subject]))
    columns["ended_on"] = date_column(firms.ended[subject])
    columns["industry_code"] = firms.industry.take(take)
    columns["division_code"] = firms.dwellings.division.take(pa.array(firms.dwelling[subject]))
    _places(records, firms, settings, rng)
    return records


def _tax(settings: CitySettings, city: People, firms: Enterprises, seed: int) -> Records:
    likelihood = np.full(firms.count, settings.tax_enterprise_coverage)
    likelihood[firms.kind == INDIVIDUAL] *= 0.92
    likelihood[:6] = 1.0
    today = int(np.datetime64(settings.as_of, "D").astype(np.int64))
    settled = np.flatnonzero((firms.status == ACTIVE) & (firms.kind != INSTITUTION) & (firms.established < today - 60))
    likelihood[settled[-1:]] = 0.0  # even the smallest city has an enterprise that the tax office does not know
    records, rng = _begun("tax.taxpayer", "TT", settings, firms, likelihood, seed)
    subject, columns = records.subject, records.columns
    columns["uscc"] = Coded(firms.uscc, subject)
    _taxpayer_ids(records, city, firms, settings, rng)
    _spoil_code(records, "uscc", settings.uscc_missing, settings.uscc_typo, rng)
    _spoil_names(records, firms, settings, rng)
    individual = np.flatnonzero(firms.kind[subject] == INDIVIDUAL)
    nameless = chosen(rng, settings.individual_business_without_name, individual)
    records.coded("name").put(nameless, city.names.name.texts(firms.representative[subject[nameless]]))
    records.note(nameless, "name_of_owner")
    person = _representatives(records, city, firms, settings, rng)
    _representative_ids(records, city, person, settings, rng)
    columns["industry_code"] = Coded(firms.industry, subject)
    other = chosen(rng, 0.08, records.count)
    columns["industry_code"].codes[other] = rng.integers(0, firms.count, len(other))
    columns["division_code"] = firms.dwellings.division.take(pa.array(firms.dwelling[subject]))
    _places(records, firms, settings, rng)
    columns["registered_on"] = date_column(firms.established[subject] + rng.integers(1, 60, records.count))
    ended = firms.status[subject] == CANCELLED
    gone = ended & (rng.random(records.count) < 0.9)
    columns["cancelled_on"] = date_column(np.where(gone, firms.ended[subject] - 10, NO_DAY))
    abnormal = rng.random(records.count) < np.where(firms.status[subject] == ACTIVE, 0.02, 0.6)
    status = np.where(gone, 3, np.where(abnormal, 2, 1))
    columns["status"] = pa.array(["", "1", "2", "3"]).take(pa.array(status))
    return records


def _taxpayer_ids(
    records: Records, city: People, firms: Enterprises, settings: CitySettings, rng: np.random.Generator
) -> None:
    """Unified codes; division + organisation code of old firms; the number of a shop's owner, bare or with 01."""
    subject = records.subject
    records.columns["taxpayer_id"] = Coded(firms.uscc, subject)
    column, uscc = records.coded("taxpayer_id"), records.coded("uscc")
    old = np.flatnonzero((firms.established[subject] < 16_500) & (firms.kind[subject] != INDIVIDUAL))
    share = min(1.0, settings.legacy_taxpayer_id * records.count / max(len(old), 1))
    legacy = planted(rng, share, old)
    division = pa.array(firms.retired_division[subject[legacy]]).cast(pa.string())
    written = joined(division, firms.organization_code.take(pa.array(subject[legacy])))
    column.put(legacy, written.to_pylist())
    records.note(legacy, "taxpayer_id_legacy")
    uscc.clear(chosen(rng, 0.5, legacy))
    individual = np.flatnonzero(firms.kind[subject] == INDIVIDUAL)
    owned = planted(rng, 0.45, individual)
    owner = [number or "" for number in Coded.of(city.identity.id_number).texts(firms.representative[subject[owned]])]
    tail = rng.random(len(owned)) < 0.25
    column.put(owned, [text + "01" if long else text for text, long in zip(owner, tail, strict=True)])
    records.note(owned, "taxpayer_id_of_owner")
    uscc.clear(chosen(rng, 0.6, owned))
    typo = partial(misspelling.mistyped_code, draws=Draws(rng))
    records.spoil("taxpayer_id", chosen(rng, settings.uscc_typo / 2, records.count), "taxpayer_id_typo", typo)


def _quality_supervision(settings: CitySettings, city: People, firms: Enterprises, seed: int) -> Records:
    likelihood = np.where(firms.kind == INDIVIDUAL, 0.08, min(1.0, settings.quality_supervision_coverage * 1.4))
    records, rng = _begun("quality_supervision.organization", "QO", settings, firms, likelihood, seed)
    subject, columns = records.subject, records.columns
    columns["organization_code"] = Coded(firms.organization_code, subject)
    _spoil_code(records, "organization_code", 0.0, settings.organization_code_typo, rng)
    hyphened = chosen(rng, 0.5, records.count)
    records.coded("organization_code").edit(hyphened, lambda code: f"{code[:8]}-{code[8:]}")
    _spoil_names(records, firms, settings, rng)
    _representatives(records, city, firms, settings, rng)
    _places(records, firms, settings, rng)
    issued = firms.established[subject] + rng.integers(5, 900, records.count)
    columns["issued_on"] = date_column(issued)
    columns["expires_on"] = date_column(issued + 4 * 365)
    columns["status"] = pa.array(["1", "3"]).take(pa.array((firms.status[subject] != ACTIVE).astype(np.int64)))
    return records


def _employer(settings: CitySettings, city: People, firms: Enterprises, insured: Ints, seed: int) -> Records:
    base = np.where(firms.kind == INDIVIDUAL, 0.12, np.where(firms.kind == BRANCH, 0.5, settings.employer_coverage))
    likelihood = np.where(insured > 0, 1.0, np.where(firms.status == ACTIVE, base * 0.5, 0.1))
    records, rng = _begun("social_security.employer", "SE", settings, firms, likelihood, seed)
    subject, columns = records.subject, records.columns
    columns["uscc"] = Coded(firms.uscc, subject)
    _spoil_code(records, "uscc", settings.uscc_missing * 2, settings.uscc_typo, rng)
    _spoil_names(records, firms, settings, rng)
    _representatives(records, city, firms, settings, rng)
    _places(records, firms, settings, rng)
    columns["insured_count"] = pa.array(insured[subject])
    columns["status"] = pa.array(["1", "3"]).take(pa.array((firms.status[subject] != ACTIVE).astype(np.int64)))
    return records
