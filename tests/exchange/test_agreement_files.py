"""An agreement that promises what cannot or may not be delivered is refused, with its faults named."""

from datetime import date

import pytest
import yaml

from exchange.agreement import FieldGrant, Mask
from exchange.agreements import read_agreement, read_agreements
from schemas.contract import PersonalData, product_contract
from storage.errors import BadSpecification

RIGHT = {
    "recipient": "民政局",
    "recipient_name": "市民政局",
    "version": "1",
    "purpose": "核对",
    "legal_basis": "待核定",
    "valid_from": "2026-01-01",
    "valid_to": "2026-12-31",
    "format": "csv",
    "grants": [
        {"product": "person", "fields": ["master_id", {"name": "name", "mask": "surname"}], "rows": {"sex": ["1"]}}
    ],
}


def written(folder, content, name="a.yaml"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True))
    return path


def test_a_right_file_is_read(tmp_path):
    agreement = read_agreement(written(tmp_path, RIGHT))
    assert agreement.recipient == "民政局"
    assert agreement.grants[0].fields == (FieldGrant("master_id"), FieldGrant("name", Mask.SURNAME))
    assert agreement.grants[0].rows == {"sex": ("1",)}
    assert agreement.bom


def test_first_and_last_day_are_covered(tmp_path):
    agreement = read_agreement(written(tmp_path, RIGHT))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [agreement.covers(day) for day in days] == [False, True, True, False]


def grant(**changes):
    return {"grants": [RIGHT["grants"][0] | changes]}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"surprise": 1}, "surprise"),
        ({"recipient": "../up"}, "recipient"),
        ({"recipient": " "}, "recipient"),
        ({"purpose": ""}, "purpose"),
        ({"format": "dbf"}, "format"),
        ({"valid_to": "2025-12-31"}, "valid_to lies before valid_from"),
        ({"valid_to": "sometime"}, "valid_to"),
        ({"grants": []}, "grants"),
        ({"grants": RIGHT["grants"] * 2}, "product person is granted twice"),
        (grant(product="people"), "people: no such product; there are enterprise"),
        (grant(product="findings", fields=["finding_id"], rows={}), "findings: not shared with anybody"),
        (grant(fields=[]), "fields"),
        (grant(fields=["shoe_size"]), "person: shoe_size: no such column"),
        (grant(fields=["name", "name"]), "field name is granted twice"),
        (grant(fields=["id_number"]), "person: id_number: sensitive: needs a mask or an unmasked_reason"),
        (grant(fields=[{"name": "id_number", "unmasked_reason": " "}]), "id_number: sensitive"),
        (grant(fields=[{"name": "name", "mask": "year"}]), "name: the mask year fits dates only"),
        (grant(fields=[{"name": "birth_date", "mask": "last4"}]), "birth_date: the mask last4 fits text only"),
        (grant(fields=[{"name": "record_count", "mask": "keyed_hash"}]), "keyed_hash fits"),
        (grant(fields=[{"name": "name", "mask": "blur"}]), "mask"),
        (grant(fields=[{"name": "name", "colour": "red"}]), "colour"),
        (grant(rows={"shoe_size": ["1"]}), "rows.shoe_size: no such column"),
        (grant(rows={"birth_date": ["1980"]}), "rows.birth_date: only text columns"),
        (grant(rows={"sex": []}), "rows.sex"),
        (grant(rows={"sex": "1 OR 1=1"}), "rows.sex"),
    ],
)
def test_a_wrong_file_is_refused_with_the_fault(tmp_path, changes, told):
    with pytest.raises(BadSpecification) as caught:
        read_agreement(written(tmp_path, RIGHT | changes))
    assert told in str(caught.value)
    assert "a.yaml" in str(caught.value)


@pytest.mark.parametrize("key", list(RIGHT))
def test_every_key_is_needed(tmp_path, key):
    with pytest.raises(BadSpecification, match=key):
        read_agreement(written(tmp_path, {name: value for name, value in RIGHT.items() if name != key}))


@pytest.mark.parametrize("text", ["", "- a", "a: [", "42", "\0"])
def test_what_is_not_an_agreement_is_refused(tmp_path, text):
    with pytest.raises(BadSpecification, match=r"a\.yaml"):
        read_agreement(written(tmp_path, text))


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(BadSpecification) as caught:
        read_agreement(written(tmp_path, RIGHT | grant(fields=["shoe_size", "id_number"], rows={"hat": ["1"]})))
    assert all(name in str(caught.value) for name in ("shoe_size", "id_number", "hat"))


def test_a_recipient_has_one_agreement(tmp_path):
    written(tmp_path, RIGHT)
    written(tmp_path, RIGHT, "b.yaml")
    with pytest.raises(BadSpecification, match="民政局 has more than one"):
        read_agreements(tmp_path)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(BadSpecification, match="nowhere"):
        read_agreements(tmp_path / "nowhere")


def test_the_shipped_examples_are_right_and_careful():
    agreements = read_agreements()
    assert [agreement.recipient for agreement in agreements] == ["civil_affairs", "social_security", "statistics"]
    for agreement in agreements:
        assert agreement.legal_basis == "待核定"
        assert not any(one.mask is Mask.KEYED_HASH for granted in agreement.grants for one in granted.fields)
    enterprise = product_contract("enterprise")
    statistics = next(agreement for agreement in agreements if agreement.recipient == "statistics")
    for one in statistics.grants[0].fields:
        assert enterprise.column(one.name).personal is PersonalData.NONE
