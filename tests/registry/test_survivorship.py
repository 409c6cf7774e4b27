"""Golden records: laws over random records, and what each word of a policy means."""

import datetime as dt
import random
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.members import Sources
from registry.policy import DERIVED, parse_policy, policy
from registry.provenance import trace
from registry.survivorship import golden_batches, golden_records, write_golden
from schemas.contract import product_contract
from storage.errors import BadSpecification, ContractBroken

AS_OF = dt.date(2026, 3, 31)
POLICE, INSURED, TAX, PLANNING, FUND = policy("person").datasets


def at(day, hour=0):
    return dt.datetime(2026, 1, 1) + dt.timedelta(days=day, hours=hour)  # noqa: DTZ001


@pytest.fixture
def golden(tmp_path, accepted, matched):
    """The golden record of one master from its records, and its provenance by attribute."""

    def make(entity="person", as_of=AS_OF, **rows):
        tables = accepted(tmp_path, {name.replace("__", "."): records for name, records in rows.items()})
        records = [
            f"{name}/{row['record_id']}" for name, path in tables.items() for row in pq.read_table(path).to_pylist()
        ]
        crosswalk = matched(tmp_path / "match", {"M": records}) / "crosswalk.parquet"
        found = golden_records(entity, crosswalk, tables, as_of)
        pq.write_table(found.provenance, tmp_path / "provenance.parquet")
        traced = trace(tmp_path / "provenance.parquet", ["M"]).to_pylist()
        return found.records.to_pylist()[0], {row["attribute"]: row for row in traced}

    return make


names = st.sampled_from(["王伟", "王偉", "王?", "李娜（已故）", "王 伟"])
texts = st.one_of(st.none(), st.sampled_from(["a", "bb", "c?"]))
codes = st.one_of(st.none(), st.sampled_from(["0", "1", "2", "3"]))
dates = st.one_of(st.none(), st.dates(dt.date(1950, 1, 1), dt.date(2027, 1, 1)))
times = st.one_of(st.none(), st.integers(0, 120).map(at))
flags = st.one_of(
    st.none(), st.sampled_from(["id_number:placeholder", "birth_date:in_future;sex:unknown_code", "name:odd"])
)
person = st.fixed_dictionaries(
    {
        "name": names,
        "sex": codes,
        "birth_date": dates,
        "id_number": texts,
        "address": texts,
        "mobile": texts,
        "updated_at": times,
        "_flags": flags,
    }
)
resident = st.builds(
    lambda shared, own: shared | own,
    person,
    st.fixed_dictionaries(
        {"status": codes, "death_date": dates, "household_id": texts, "household_relation": codes, "former_name": texts}
    ),
)
cities = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(
            st.tuples(st.just(POLICE), resident), st.tuples(st.sampled_from([INSURED, TAX, PLANNING, FUND]), person)
        ),
    ),
    min_size=1,
    max_size=14,
)


def tables_of(city):
    rows, clusters = {}, {}
    for number, (cluster, (dataset, record)) in enumerate(city):
        rows.setdefault(dataset, []).append(record | {"record_id": f"r{number}"})
        clusters.setdefault(f"m{cluster}", []).append(f"{dataset}/r{number}")
    return rows, clusters


@settings(max_examples=15)
@given(cities, st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(accepted, matched, city, seed):
    rows, clusters = tables_of(city)
    shuffled_rows, shuffled_clusters = tables_of(city)
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    for each in (*shuffled_rows.values(), *shuffled_clusters.values()):
        chance.shuffle(each)
    shuffled_clusters = dict(chance.sample(sorted(shuffled_clusters.items()), len(shuffled_clusters)))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first, second = (
            golden_records(
                "person", matched(Path(folder), groups) / "crosswalk.parquet", accepted(Path(folder), records), AS_OF
            )
            for folder, records, groups in ((one, rows, clusters), (two, shuffled_rows, shuffled_clusters))
        )
    assert first.records.equals(second.records)
    assert first.provenance.equals(second.provenance)


@settings(max_examples=15)
@given(cities)
def test_every_value_stands_in_the_record_that_its_provenance_names(accepted, matched, city):
    rows, clusters = tables_of(city)
    stated = {(dataset, row["record_id"]): row for dataset, records in rows.items() for row in records}
    with tempfile.TemporaryDirectory() as folder:
        crosswalk = matched(Path(folder), clusters) / "crosswalk.parquet"
        found = golden_records("person", crosswalk, accepted(Path(folder), rows), AS_OF)
        pq.write_table(found.provenance, Path(folder) / "provenance.parquet")
        traced = trace(Path(folder) / "provenance.parquet", list(clusters)).to_pylist()
    golden = {row["master_id"]: row for row in found.records.to_pylist()}
    assert golden.keys() == clusters.keys()
    filled = {(key, name) for key, row in golden.items() for name, value in row.items() if value is not None}
    assert {(row["master_id"], row["attribute"]) for row in traced} == {
        (key, name) for key, name in filled if name not in ("master_id", *DERIVED)
    }
    for row in traced:
        dataset = f"{row['source']}.{row['dataset']}"
        record = stated[dataset, row["record_id"]]
        value = golden[row["master_id"]][row["attribute"]]
        assert f"{dataset}/{row['record_id']}" in clusters[row["master_id"]]
        assert record[row["attribute"]] == value
        assert record["updated_at"] == row["updated_at"]
        assert (row["runner_up"] is None) == (row["conflicts"] == 0)
        assert 0 <= row["conflicts"] < row["candidates"]
        if other := row["runner_up"]:
            assert stated[f"{other['source']}.{other['dataset']}", other["record_id"]][row["attribute"]] != value
    for key, row in golden.items():
        times_of = [stated[tuple(record.split("/"))]["updated_at"] for record in clusters[key]]
        assert row["record_count"] == len(clusters[key])
        assert row["sources"] == ";".join(sorted({record.partition("/")[0] for record in clusters[key]}))
        assert row["updated_at"] == max((time for time in times_of if time), default=None)


@settings(max_examples=5)
@given(cities, st.integers(1, 3))
def test_batches_of_masters_give_the_same_as_one(accepted, matched, city, size):
    rows, clusters = tables_of(city)
    with tempfile.TemporaryDirectory() as folder:
        sources = Sources(matched(Path(folder), clusters) / "crosswalk.parquet", accepted(Path(folder), rows))
        whole = golden_records("person", sources.crosswalk, sources.tables, AS_OF).records.to_pylist()
        parts = golden_batches(policy("person"), sources, AS_OF, Path(folder) / "work", size)
        assert [row for part in parts for row in part.records.to_pylist()] == whole


def test_source_decides_and_the_runner_up_is_named(golden):
    record, traced = golden(
        police__resident=[{"record_id": "p", "id_number": "A", "updated_at": at(1)}],
        tax__natural_person=[{"record_id": "t", "id_number": "B", "updated_at": at(9)}],
        social_security__insured=[{"record_id": "s", "id_number": "A"}],
    )
    assert record["id_number"] == "A"
    found = traced["id_number"]
    assert (found["policy"], found["candidates"], found["conflicts"]) == ("source", 3, 1)
    assert found["runner_up"]["record_id"] == "t"


def test_a_flagged_number_ranks_below_a_clean_one(golden):
    record, traced = golden(
        police__resident=[{"record_id": "p", "id_number": "111111", "_flags": "sex:mismatch;id_number:placeholder"}],
        tax__natural_person=[{"record_id": "t", "id_number": "B"}],
    )
    assert record["id_number"] == "B"
    assert traced["id_number"]["policy"] == "validity"


def test_a_birth_date_that_the_number_contradicts_gives_way(golden):
    first, second = dt.date(1962, 1, 1), dt.date(1962, 2, 3)
    record, traced = golden(
        police__resident=[{"record_id": "p", "birth_date": first, "_flags": "id_number:birth_mismatch"}],
        tax__natural_person=[{"record_id": "t", "birth_date": second}],
    )
    assert record["birth_date"] == second
    assert traced["birth_date"]["policy"] == "validity"


def test_an_upgraded_number_ranks_below_a_whole_one_and_above_a_mismatch(golden):
    record, _ = golden(
        police__resident=[{"record_id": "p", "id_number": "A", "_flags": "id_number:sex_mismatch"}],
        tax__natural_person=[{"record_id": "t", "id_number": "B", "_flags": "id_number:upgraded_from_15"}],
    )
    assert record["id_number"] == "B"


@pytest.mark.parametrize("lost", ["王?", "王□", "王*", "王\ue000", "王？", "王\ufffd"])
def test_a_name_with_lost_characters_ranks_below_a_whole_one(golden, lost):
    record, traced = golden(
        police__resident=[{"record_id": "p", "name": lost}], tax__natural_person=[{"record_id": "t", "name": "王䶮"}]
    )
    assert record["name"] == "王䶮"
    assert traced["name"]["policy"] == "completeness"


def test_a_note_in_brackets_ranks_below_a_plain_name(golden):
    record, _ = golden(
        police__resident=[{"record_id": "p", "name": "王伟（已故）"}],
        tax__natural_person=[{"record_id": "t", "name": "王伟"}],
    )
    assert record["name"] == "王伟"


def test_brackets_round_a_place_belong_to_the_name_of_an_enterprise(golden):
    record, _ = golden(
        "enterprise",
        commerce__enterprise=[{"record_id": "c", "name": "海蓝（青岛）有限公司"}],
        tax__taxpayer=[{"record_id": "t", "name": "海蓝有限公司"}],
    )
    assert record["name"] == "海蓝（青岛）有限公司"


def test_width_and_blanks_are_no_conflict(golden):
    _, traced = golden(
        police__resident=[{"record_id": "p", "name": "ABC 王"}],
        tax__natural_person=[{"record_id": "t", "name": "ＡＢＣ王"}],
    )
    assert (traced["name"]["policy"], traced["name"]["conflicts"]) == ("agreed", 0)


def test_recency_decides_mobile_and_times_after_the_as_of_day_lose(golden):
    rows = {
        "police__resident": [{"record_id": "p", "mobile": "1", "updated_at": at(1)}],
        "tax__natural_person": [{"record_id": "t", "mobile": "2", "updated_at": at(2)}],
        "social_security__insured": [{"record_id": "s", "mobile": "3", "updated_at": at(400)}],
        "family_planning__person": [{"record_id": "f", "mobile": "4", "updated_at": None}],
    }
    assert golden(**rows)[0]["mobile"] == "2"
    assert golden(as_of=dt.date(2027, 12, 31), **rows)[0]["mobile"] == "3"


def test_majority_counts_departments_not_records(golden):
    record, traced = golden(
        police__resident=[{"record_id": "p", "sex": "2"}, {"record_id": "p2", "sex": "2"}],
        tax__natural_person=[{"record_id": "t", "sex": "1"}],
        social_security__insured=[{"record_id": "s", "sex": "1"}],
    )
    assert record["sex"] == "1"
    assert traced["sex"]["policy"] == "majority"


def test_a_code_that_says_unknown_gives_way(golden):
    record, _ = golden(
        police__resident=[{"record_id": "p", "sex": "0"}],
        tax__natural_person=[{"record_id": "t", "sex": "9"}],
        provident_fund__account=[{"record_id": "f", "sex": "1"}],
    )
    assert record["sex"] == "1"


def test_a_birth_after_the_as_of_day_gives_way(golden):
    record, _ = golden(
        police__resident=[{"record_id": "p", "birth_date": dt.date(2062, 1, 1)}],
        tax__natural_person=[{"record_id": "t", "birth_date": dt.date(1962, 1, 1)}],
    )
    assert record["birth_date"] == dt.date(1962, 1, 1)


def test_police_say_who_died_and_when(golden):
    record, _ = golden(
        police__resident=[
            {"record_id": "dead", "status": "2", "death_date": dt.date(2025, 5, 1), "updated_at": at(1)},
            {"record_id": "copy", "status": "1", "updated_at": at(50)},
        ],
        social_security__insured=[{"record_id": "s", "status": "1", "updated_at": at(60)}],
    )
    assert (record["status"], record["death_date"]) == ("2", dt.date(2025, 5, 1))


def test_a_day_of_death_is_not_taken_from_a_record_with_another_status(golden):
    record, _ = golden(
        police__resident=[
            {"record_id": "a", "status": "1"},
            {"record_id": "b", "status": "3", "death_date": dt.date(2025, 5, 1)},
        ]
    )
    assert (record["status"], record["death_date"]) == ("1", None)


def test_who_moved_belongs_to_the_household_in_force(golden):
    new = {
        "record_id": "new",
        "status": "1",
        "household_id": "H2",
        "household_relation": "02",
        "division_code": "370203",
        "address": "乙路2号",
    }
    old = {
        "record_id": "old",
        "status": "3",
        "household_id": "H1",
        "household_relation": "01",
        "division_code": "370202",
        "address": "甲路1号",
        "updated_at": at(80),
    }
    record, _ = golden(police__resident=[old, new])
    assert [record[name] for name in ("household_id", "household_relation", "division_code", "address")] == [
        "H2",
        "02",
        "370203",
        "乙路2号",
    ]


def test_the_insurance_that_is_paid_names_the_employer(golden):
    record, traced = golden(
        social_security__insured=[
            {"record_id": "a", "status": "3", "employer_no": "OLD", "updated_at": at(80)},
            {"record_id": "b", "status": "1", "employer_no": "NEW", "updated_at": at(10)},
        ]
    )
    assert record["employer_no"] == "NEW"
    assert traced["employer_no"]["policy"] == "preference"


def test_a_representatives_number_comes_from_a_record_that_names_the_same_person(golden):
    rows = {
        "commerce__enterprise": [{"record_id": "c", "legal_representative": "王伟"}],
        "tax__taxpayer": [{"record_id": "t", "legal_representative": "李娜", "legal_representative_id_number": "X"}],
    }
    assert golden("enterprise", **rows)[0]["legal_representative_id_number"] is None
    rows["tax__taxpayer"].append(
        {"record_id": "u", "legal_representative": "王伟", "legal_representative_id_number": "Y"}
    )
    assert golden("enterprise", **rows)[0]["legal_representative_id_number"] == "Y"


def test_the_organisation_code_is_read_out_of_the_longer_identifiers(golden):
    rows = {"tax__taxpayer": [{"record_id": "t", "taxpayer_id": "370202D2143569X"}]}
    assert golden("enterprise", **rows)[0]["organization_code"] == "D2143569X"
    rows["commerce__enterprise"] = [{"record_id": "c", "uscc": "91350100M000100Y43"}]
    rows["tax__taxpayer"] = [{"record_id": "t", "taxpayer_id": "37020219850101001X"}]  # an individual's citizen id
    assert golden("enterprise", **rows)[0]["organization_code"] == "M000100Y4"


def test_required_columns_alone_are_enough(tmp_path, accepted, matched):
    """A table without the columns that the policy would like, and without flags."""
    tables = accepted(tmp_path, {TAX: [{"record_id": "t", "name": "王伟"}]})
    pq.write_table(pq.read_table(tables[TAX], columns=["record_id", "name", "updated_at"]), tables[TAX])
    crosswalk = matched(tmp_path / "match", {"M": [f"{TAX}/t"]}) / "crosswalk.parquet"
    record = golden_records("person", crosswalk, tables, AS_OF).records.to_pylist()[0]
    assert {name for name, value in record.items() if value is not None} == {
        "master_id",
        "name",
        "sources",
        "record_count",
        "updated_at",
    }


def test_files_hold_what_memory_holds(tmp_path, accepted, matched):
    tables = accepted(tmp_path, {TAX: [{"record_id": "t"}], POLICE: [{"record_id": "p", "sex": "1"}]})
    sources = Sources(
        matched(tmp_path / "match", {"M": [f"{TAX}/t", f"{POLICE}/p"], "N": []}) / "crosswalk.parquet", tables
    )
    whole = golden_records("person", sources.crosswalk, tables, AS_OF)
    assert write_golden("person", sources, AS_OF, tmp_path, tmp_path / "work") == 1
    assert pq.read_table(tmp_path / "data.parquet").to_pylist() == whole.records.to_pylist()
    assert pq.read_table(tmp_path / "provenance.parquet").to_pylist() == whole.provenance.to_pylist()


def test_an_empty_crosswalk_gives_empty_tables(tmp_path, matched):
    found = golden_records("person", matched(tmp_path, {}) / "crosswalk.parquet", {}, AS_OF)
    assert (found.records.num_rows, found.provenance.num_rows) == (0, 0)
    assert found.records.column_names == list(product_contract("person").column_names)


def test_a_crosswalk_of_other_tables_is_refused(tmp_path, accepted, matched):
    tables = accepted(tmp_path, {TAX: [{"record_id": "t"}]})
    with pytest.raises(ContractBroken, match="2 records, of which the table gives 1"):
        golden_records(
            "person", matched(tmp_path / "a", {"M": [f"{TAX}/t", f"{TAX}/gone"]}) / "crosswalk.parquet", tables, AS_OF
        )
    with pytest.raises(BadSpecification, match="no table"):
        golden_records("person", matched(tmp_path / "b", {"M": [f"{POLICE}/p"]}) / "crosswalk.parquet", tables, AS_OF)
    with pytest.raises(BadSpecification, match="another entity"):
        golden_records(
            "person", matched(tmp_path / "c", {"M": ["tax.taxpayer/p"]}) / "crosswalk.parquet", tables, AS_OF
        )


@pytest.mark.parametrize("entity", ["person", "enterprise"])
def test_the_policy_decides_every_column_of_the_product_and_says_why(entity):
    rules = policy(entity)
    chosen = {attribute.name for attribute in rules.attributes}
    assert chosen == set(product_contract(entity).column_names) - {"master_id", *DERIVED}
    assert all(len(attribute.reason) > 20 for attribute in rules.attributes)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("name: {sources: [police.nobody], rank: [recency], reason: x}", "unknown dataset"),
        ("name: {sources: [police.resident], rank: [luck], reason: x}", "cannot be read"),
        ("shoe_size: {sources: [police.resident], rank: [recency], reason: x}", "no such attribute"),
        ("employer_no: {sources: [police.resident], rank: [recency], reason: x}", "has no column"),
        ("name: {sources: [police.resident], rank: [same_record], beside: sex, reason: x}", "not decided before it"),
        ("name: {sources: [police.resident], rank: [same_record], reason: x}", "same_record goes with"),
        ("name: {sources: [police.resident], rank: [preference], reason: x}", "preference goes with"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(wrong, told):
    text = f"{{entity: person, datasets: [police.resident], flags: {{default: 1}}, attributes: {{{wrong}}}}}"
    with pytest.raises(BadSpecification, match=told):
        parse_policy(text, where="test.yaml")
