"""`sitong run` on a drop that the product's own simulation did not write."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sitong.exports import FORMATS, MIXED, export
from tests.sitong.homes import CROSSWALK, columns, groups, masters, records
from tests.sitong.town import AS_OF, ENTERPRISES, FACTS, LAYOUT, PERSONS, all_rows

FINDINGS = {
    "finding_id": pa.string(), "rule": pa.string(), "rule_version": pa.string(), "period": pa.string(),
    "outcome": pa.string(), "subject_kind": pa.string(), "master_id": pa.string(), "link_probability": pa.float64(),
    "estimate_low": pa.float64(), "estimate_likely": pa.float64(), "estimate_high": pa.float64(),
    "severity": pa.string(),
}  # fmt: skip
NUMBERS = ("contribution_base", "taxable_amount", "tax_year", "area_m2")
TYPED = {
    "social_security.insured": "contribution_base",
    "tax.declaration": "taxable_amount",
    "commerce.enterprise": "established_on",
    "tax.wage": "tax_year",
    "natural_resources.land_grant": "area_m2",
    "quality_supervision.organization": "issued_on",
    "commerce.equity_transfer": "changed_on",
}
"""A column of each type and the format in which its dataset is sent."""
EVIDENCE = {name: pa.string() for name in ("source", "dataset", "record_id", "role")}


def test_the_mix_holds_every_format():
    assert {one for one in MIXED if MIXED.count(one) >= 2} >= FORMATS.keys() - {"text parquet"}


@pytest.mark.parametrize(("entity", "datasets"), [("person", PERSONS), ("enterprise", ENTERPRISES)])
def test_every_accepted_record_stands_once_in_the_crosswalk(first_run, town, entity, datasets):
    crosswalk = first_run.crosswalk(entity)
    assert columns(crosswalk) == columns(CROSSWALK)
    assert records(crosswalk) == sorted(record for record in town.truth if record[0] in datasets)
    assert groups(crosswalk) == town.groups(*datasets)


@pytest.mark.parametrize("entity", ["person", "enterprise"])
def test_a_record_that_stands_alone_has_no_probability_and_others_have_one(first_run, entity):
    rows = first_run.crosswalk(entity).to_pylist()
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row["master_id"]] = sizes.get(row["master_id"], 0) + 1
    assert {1} < set(sizes.values())
    for row in rows:
        alone = sizes[row["master_id"]] == 1
        assert (row["match_probability"] is None) == alone
        assert alone or 0 <= row["match_probability"] <= 1


def test_ids_of_persons_and_enterprises_never_collide_and_name_golden_records(first_run):
    ids = {entity: set(masters(first_run.crosswalk(entity)).values()) for entity in ("person", "enterprise")}
    assert not ids["person"] & ids["enterprise"]
    for entity, found in ids.items():
        golden = first_run.golden(entity).column("master_id").to_pylist()
        assert sorted(golden) == sorted(found)


def test_nothing_of_a_clean_drop_is_refused_or_changed(first_run, town):
    for dataset, rows in town.rows.items():
        assert first_run.quarantined(dataset) == []
        accepted = {row["record_id"]: row for row in first_run.accepted(dataset)}
        assert accepted.keys() == {row["record_id"] for row in rows}
    known = {row["record_id"]: row for row in first_run.accepted("police.resident")}
    for row in town.rows["police.resident"]:
        for column in ("name", "sex", "birth_date", "id_number", "mobile", "death_date", "division_code", "updated_at"):
            assert known[row["record_id"]][column] == row[column]
    for dataset, column in TYPED.items():
        found = {row["record_id"]: row[column] for row in first_run.accepted(dataset)}
        sent = {row["record_id"]: row[column] for row in town.rows[dataset]}
        kind = type(next(iter(found.values())))
        assert found == {key: kind(value) if column in NUMBERS else value for key, value in sent.items()}, dataset


def test_findings_have_the_columns_promised_and_name_what_was_planted(first_run, town):
    table = first_run.findings()
    assert {field.name: field.type for field in table.schema if field.name != "evidence"} == FINDINGS
    assert table.column_names == [*FINDINGS, "evidence"]
    item = table.schema.field("evidence").type.value_type
    assert {field.name: field.type for field in item} == EVIDENCE
    hits: dict[str, set[tuple[str, str]]] = {}
    for row in table.to_pylist():
        subjects = {(f"{one['source']}.{one['dataset']}", one["record_id"]) for one in row["evidence"]
                    if one["role"] == "subject"}  # fmt: skip
        assert {one["role"] for one in row["evidence"]} <= {"subject", "support"}
        if row["outcome"] == "hit":
            hits.setdefault(row["rule"], set()).update(subjects)
    # the town plants these; that it insures who it does not pay, and the like, other rules are right to say
    assert {rule: hits.get(rule) for rule in town.planted} == town.planted


def test_evidence_names_records_of_the_drop_and_subjects_are_published(first_run, town):
    known = {(dataset, row["record_id"]) for dataset, row in all_rows(town)}
    ids = {
        kind: set(masters(first_run.crosswalk(kind)).values()) for kind in ("person", "enterprise")
    }  # fmt: skip
    for row in first_run.findings().to_pylist():
        assert row["master_id"] in ids[row["subject_kind"]]
        assert {(f"{one['source']}.{one['dataset']}", one["record_id"]) for one in row["evidence"]} <= known


def test_only_required_columns_are_enough(empty_home, town, tmp_path):
    outcome = empty_home.run(export(town, tmp_path / "drop", style="text parquet", columns="required"))
    assert outcome.status == 0, outcome.said
    for entity, datasets in (("person", PERSONS), ("enterprise", ENTERPRISES)):
        assert records(empty_home.crosswalk(entity)) == sorted(one for one in town.truth if one[0] in datasets)
    rules = json.loads((empty_home.path / "reports" / str(AS_OF) / "summary.json").read_text("utf-8"))["rules"]
    assert any(not rule["ran"] for rule in (rules.values() if isinstance(rules, dict) else rules))
    whole = export(town, tmp_path / "whole", style="text parquet", batch="20260401")
    everything = empty_home.run(whole, "--accept", "fewer_masters", as_of="2026-04-02")
    assert everything.status == 0, everything.said  # values that the match before had never seen


@pytest.mark.parametrize(
    ("datasets", "published"),
    [
        pytest.param(PERSONS, {"person"}, id="persons"),
        pytest.param(ENTERPRISES, {"enterprise"}, id="enterprises"),
        pytest.param(("family_planning.person",), {"person"}, id="one dataset of persons"),
        pytest.param(("social_security.employer", "tax.wage"), {"enterprise"}, id="employers and a fact"),
        pytest.param(FACTS, set(), id="facts"),
    ],
)
def test_a_part_of_the_datasets_is_published_as_far_as_it_goes(empty_home, town, tmp_path, datasets, published):
    outcome = empty_home.run(export(town, tmp_path / "drop", datasets))
    assert outcome.status == 0, outcome.said
    found = {path.parent.name for path in (empty_home.path / "published").glob("*/current")}
    more = {f"{entity}_{what}" for entity in published for what in ("crosswalk", "changes")}
    assert found == published | more | ({"relations"} if published else set())
    for entity in published:
        assert records(empty_home.crosswalk(entity)) == sorted(one for one in town.truth if one[0] in datasets)
    for dataset in LAYOUT:
        folder = empty_home.path / "accepted" / dataset.replace(".", "/")
        assert (folder / "current").exists() == (dataset in datasets)
    assert pq.read_schema(empty_home.path / "reports" / str(AS_OF) / "findings.parquet").names[0] == "finding_id"


def test_an_equal_run_changes_nothing(home, town, tmp_path):
    drop = export(town, tmp_path / "again", PERSONS, style="csv")
    for more in ((), ("--full",)):
        before, findings = home.seen(), home.findings()
        outcome = home.run(drop, *more)
        assert outcome.status == 0, outcome.said
        if more:
            kept = [name for name in before if name.startswith(("published", "deliveries"))]
            assert {name: value for name, value in home.seen().items() if name in kept} == {
                name: before[name] for name in kept
            }
            assert home.findings().equals(findings)


def test_full_decides_a_new_drop_anew_and_comes_to_the_same(home, first_run, town, tmp_path):
    outcome = home.run(export(town, tmp_path / "again", PERSONS, batch="20260401"), "--full")
    assert outcome.status == 0, outcome.said
    assert masters(home.crosswalk()) == masters(first_run.crosswalk())
