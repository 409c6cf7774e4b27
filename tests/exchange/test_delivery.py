"""A delivery holds what was granted and nothing else, once, with a manifest that says so."""

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from exchange.agreement import Agreement, FieldGrant, Grant, Mask
from exchange.agreements import read_agreements
from exchange.delivery import deliver
from exchange.masks import KEY_VARIABLE
from schemas.contract import product_contract
from storage.errors import BadSpecification, ContractBroken
from storage.manifest import verify

DAY = date(2026, 3, 31)


def agreement(fmt, *grants, **changes):
    values = {
        "recipient": "civil_affairs",
        "recipient_name": "市民政局",
        "version": "1",
        "purpose": "核对",
        "legal_basis": "待核定",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
    }
    return Agreement(format=fmt, grants=grants, **(values | changes))


def fields(*names, **masks):
    return tuple(FieldGrant(name) for name in names) + tuple(
        FieldGrant(name, Mask(mask)) for name, mask in masks.items()
    )


PERSON = Grant("person", fields("master_id", name="surname", birth_date="year", id_number="last4"))
ENTERPRISE = Grant(
    "enterprise", fields("master_id", "uscc", "organization_code", "name", "registered_capital", "established_on")
)


def delivered(agreement, products, zones):
    manifest = deliver(agreement, products, zones, as_of=DAY)
    folder = zones.deliveries(agreement.recipient, manifest.version)
    assert verify(folder) == manifest
    return manifest, folder


def test_only_granted_fields_are_delivered_masked(zones, products):
    manifest, folder = delivered(agreement("parquet", PERSON), products, zones)
    assert pq.read_table(folder / "person.parquet").to_pylist() == [
        {"master_id": "P1", "name": "欧阳**", "birth_date": "1980", "id_number": "**************0014"},
        {"master_id": "P2", "name": "𠮷**", "birth_date": None, "id_number": None},
        {"master_id": "P3", "name": "逗**", "birth_date": None, "id_number": "***"},
    ]
    assert manifest.rows == 3


def test_the_manifest_says_what_why_and_out_of_what(zones, products):
    manifest, folder = delivered(agreement("csv", PERSON), products, zones)
    assert (manifest.kind, manifest.name, manifest.inputs) == ("delivery", "civil_affairs", {"person": "v1"})
    facts = manifest.facts
    assert (facts["purpose"], facts["legal_basis"], facts["as_of"]) == ("核对", "待核定", "2026-03-31")
    assert facts["agreement_version"] == "1"
    table = facts["tables"]["person"]
    assert (table["rows"], table["product_version"], table["file"]) == (3, "v1", "person.csv")
    assert table["contract_version"] == product_contract("person").version
    assert table["fields"][3] == {
        "name": "id_number",
        "name_zh": product_contract("person").column("id_number").name_zh,
        "mask": "last4",
    }
    assert list(manifest.files) == ["person.csv"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_only_granted_rows_are_delivered(zones, products):
    grant = replace(PERSON, rows={"status": ("1", "9"), "sex": ("1",)})
    _, folder = delivered(agreement("parquet", grant), products, zones)
    assert pq.read_table(folder / "person.parquet")["master_id"].to_pylist() == ["P1"]


def test_a_value_of_a_filter_is_only_a_value(zones, products):
    grant = replace(PERSON, rows={"status": ("1') OR true --",)})
    manifest, _ = delivered(agreement("parquet", grant), products, zones)
    assert manifest.rows == 0


@pytest.mark.parametrize("bom", [True, False])
def test_csv_is_read_back_as_it_was(zones, products, bom):
    grant = Grant("person", fields("master_id", "name", "id_number"))
    _, folder = delivered(agreement("csv", grant, bom=bom), products, zones)
    raw = (folder / "person.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") is bom
    rows = list(csv.DictReader(raw.decode("utf-8-sig" if bom else "utf-8").splitlines(keepends=True)))
    assert [row["name"] for row in rows] == ["欧阳测试", "𠮷样", '逗,号"引号\n換行']
    assert [row["id_number"] for row in rows] == ["440524188001010014", "", "007"]


def test_excel_keeps_identifiers_as_text_and_runs_nothing(zones, products):
    _, folder = delivered(agreement("xlsx", ENTERPRISE), products, zones)
    rows = CalamineWorkbook.from_path(folder / "enterprise.xlsx").get_sheet_by_index(0).to_python()
    assert rows == [
        ["master_id", "uscc", "organization_code", "name", "registered_capital", "established_on"],
        ["E1", "91350100M000100Y43", "00010", "=1+1 样例有限公司", 1234567.8, "1899-12-31"],
        ["E2", "", "", "http://样例", "9999999999999999.99", ""],
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["enterprise.xlsx", "manifest.json"]


def test_nested_values_become_json_where_the_format_has_none(zones, products):
    grant = Grant("findings", fields("finding_id", "evidence"), {"outcome": ("hit",)})
    _, folder = delivered(agreement("csv", grant), products, zones)
    rows = list(csv.reader((folder / "findings.csv").read_text("utf-8-sig").splitlines()))
    assert rows[1][0] == "F1"
    assert rows[1][1] == '[{"source": "tax", "dataset": "wage", "record_id": "1", "role": "subject"}]'
    assert len(rows) == 2


def test_more_rows_than_a_sheet_holds_are_refused_and_leave_nothing(zones, products, monkeypatch):
    monkeypatch.setattr("exchange.writers.MAX_SHEET_ROWS", 3)
    with pytest.raises(BadSpecification, match="more rows than a sheet"):
        deliver(agreement("xlsx", PERSON), products, zones, as_of=DAY)
    assert list((zones.home / "deliveries").rglob("*.xlsx")) == []
    assert list(zones.work.iterdir()) == []
    assert deliver(agreement("xlsx", ENTERPRISE), products, zones, as_of=DAY).rows == 2  # the header counts


def test_a_text_longer_than_a_cell_is_refused(zones, republish):
    products = {
        "enterprise": republish("enterprise", [{"master_id": "E1", "name": "长" * 32_768, "status": "1"}], "long")
    }
    with pytest.raises(BadSpecification, match="row 1 has a text longer"):
        deliver(agreement("xlsx", ENTERPRISE), products, zones, as_of=DAY)


@pytest.mark.parametrize(("day", "told"), [(date(2025, 12, 31), "has not begun"), (date(2027, 1, 1), "has ended")])
def test_outside_its_days_an_agreement_delivers_nothing(zones, products, day, told):
    with pytest.raises(BadSpecification, match=told):
        deliver(agreement("csv", PERSON), products, zones, as_of=day)
    assert list((zones.home / "deliveries").iterdir()) == []


def test_the_same_again_is_one_delivery(zones, products):
    first, folder = delivered(agreement("csv", PERSON), products, zones)
    moment = (folder / "person.csv").stat().st_mtime_ns
    again, _ = delivered(agreement("csv", PERSON), products, zones)
    assert again == first
    assert (folder / "person.csv").stat().st_mtime_ns == moment


def test_whatever_decides_the_content_makes_another_delivery(zones, products, republish):
    base = agreement("csv", PERSON)
    versions = [
        deliver(base, products, zones, as_of=DAY).version,
        deliver(base, products, zones, as_of=date(2026, 4, 1)).version,
        deliver(replace(base, version="2"), products, zones, as_of=DAY).version,
        deliver(replace(base, bom=False), products, zones, as_of=DAY).version,
        deliver(agreement("csv", Grant("person", fields("master_id"))), products, zones, as_of=DAY).version,
        deliver(base, {"person": republish("person", [], "v2")}, zones, as_of=DAY).version,
    ]
    assert len(set(versions)) == len(versions)


def test_another_key_is_another_delivery_and_the_hash_hides_the_number(zones, products, monkeypatch):
    hashed = agreement("parquet", Grant("person", fields(id_number="keyed_hash")))
    columns = []
    for key in ("a" * 32, "b" * 32):
        monkeypatch.setenv(KEY_VARIABLE, key)
        _, folder = delivered(hashed, products, zones)
        columns.append(pq.read_table(folder / "person.parquet")["id_number"].to_pylist())
        assert key.encode() not in (folder / "manifest.json").read_bytes()
    assert [len(value) for value in columns[0] if value] == [64, 64]
    assert not {value for value in columns[0] if value} & set(columns[1])


def test_a_product_that_is_not_published_is_named(zones, products):
    both = agreement("csv", PERSON, ENTERPRISE)
    only = {"person": products["person"]}
    manifest, folder = delivered(both, only, zones)
    assert manifest.facts["not_published"] == ["enterprise"]
    assert [path.name for path in sorted(folder.iterdir())] == ["manifest.json", "person.csv"]
    assert delivered(both, products, zones)[0].rows == 5
    assert delivered(both, {}, zones)[0].files == {}


def test_a_damaged_product_is_not_delivered(zones, products):
    with (products["person"] / "data.parquet").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(ContractBroken, match=r"data\.parquet"):
        deliver(agreement("csv", PERSON), products, zones, as_of=DAY)


def test_a_product_without_a_granted_column_is_not_delivered(zones, products, monkeypatch):
    monkeypatch.setattr("exchange.delivery.verify", lambda folder: folder)
    pq.write_table(pa.table({"master_id": ["P1"]}), products["person"] / "data.parquet")
    with pytest.raises(ContractBroken, match="birth_date, id_number, name"):
        deliver(agreement("csv", PERSON), products, zones, as_of=DAY)


def test_many_batches_are_one_file(zones, republish):
    rows = [{"master_id": f"P{n}", "name": "样例", "registered_capital": Decimal(n)} for n in range(70_000)]
    products = {"enterprise": republish("enterprise", rows, "many")}
    grant = Grant("enterprise", fields("master_id", "registered_capital"))
    for fmt in ("parquet", "csv", "xlsx"):
        manifest, folder = delivered(agreement(fmt, grant), products, zones)
        assert manifest.rows == 70_000
    sheet = CalamineWorkbook.from_path(folder / "enterprise.xlsx").get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == [row["master_id"] for row in rows]


def test_the_shipped_examples_deliver(zones, products):
    for shipped in read_agreements():
        manifest, folder = delivered(shipped, products, zones)
        assert manifest.facts["not_published"] == []
        assert len(list(folder.iterdir())) == 2
        assert "440524188001010014" not in (folder / "manifest.json").read_text()
