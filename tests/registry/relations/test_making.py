"""Relations: every way to find the other end, every reason why it cannot be found, and nothing lost."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.relations.declarations import parse_declarations
from registry.relations.making import Bases, counted, write_relations
from schemas.contract import product_contract
from schemas.rendering.arrow import ARROW_TYPES
from storage.errors import BadSpecification

POLICE, INSURED, FUND = "police.resident", "social_security.insured", "provident_fund.account"
COMMERCE, OFFICER, EMPLOYER = "commerce.enterprise", "commerce.officer", "social_security.employer"


@pytest.fixture
def relate(tmp_path, accepted, matched):
    """Relations as rows from accepted records and clusters (master → records) of both bases."""

    def make(rows, persons, enterprises):
        golden, crosswalks = {}, {}
        for entity, clusters in {"person": persons, "enterprise": enterprises}.items():
            if clusters is None:
                continue
            crosswalks[entity] = matched(tmp_path / entity, clusters) / "crosswalk.parquet"
            golden[entity] = tmp_path / f"{entity}.parquet"
            named = {f"{dataset}/{row['record_id']}": row for dataset, found in rows.items() for row in found}
            leaders = [named[records[0]] for records in clusters.values()]
            texts = {name: [row.get(name) for row in leaders] for name in ("name", "uscc")}
            texts["organization_code"] = [uscc and uscc[8:17] for uscc in texts["uscc"]]
            columns = {"master_id": list(clusters)} | texts
            pq.write_table(
                pa.table({name: pa.array(found, pa.string()) for name, found in columns.items()}), golden[entity]
            )
        work = tmp_path / "spill"
        data = tmp_path / "data.parquet"
        write_relations(Bases(golden, crosswalks, accepted(tmp_path / "tables", rows)), data, work)
        table = pq.read_table(data)
        assert table.column_names == list(product_contract("relations").column_names)
        assert [field.type for field in table.schema] == [
            ARROW_TYPES[column.type] for column in product_contract("relations").columns
        ]
        found = table.to_pylist()
        assert sum(counted(data).values()) == sum(row["reason"] is not None for row in found)
        return {(row["kind"], row["record_id"]): row for row in found}

    return make


def ends(row):
    return row["from_master_id"], row["to_id"], row["resolved_by"] or row["reason"]


def test_persons_and_their_households_and_employers(relate):
    found = relate(
        {
            POLICE: [
                {"record_id": "p1", "household_id": "H1", "household_relation": "01", "status": "1"},
                {"record_id": "p2", "household_id": "H1", "status": "3"},
                {"record_id": "p3"},
            ],
            INSURED: [
                {"record_id": "s1", "employer_no": "e1", "status": "1"},
                {"record_id": "s2", "employer_no": "e9", "status": "3"},
            ],
            FUND: [
                {"record_id": "f1", "employer_uscc": "9137020012345678XX"},
                {"record_id": "f2", "employer_uscc": "1137020012345678XY"},  # another code, the same organisation
                {"record_id": "f3", "employer_name": "青岛海达（集团）有限公司"},
                {"record_id": "f4", "employer_uscc": "913702009999999999", "employer_name": "他乡公司"},
                {"record_id": "f5", "employer_name": "无名公司"},
            ],
            EMPLOYER: [{"record_id": "e1", "name": "青岛海达(集团)有限公司", "uscc": "9137020012345678XX"}],
        },
        {"P1": [f"{POLICE}/p1", f"{INSURED}/s1"], "P2": [f"{POLICE}/p2", f"{INSURED}/s2"],
         "P3": [f"{POLICE}/p3", *(f"{FUND}/f{n}" for n in range(1, 6))]},
        {"E1": [f"{EMPLOYER}/e1"]},
    )  # fmt: skip
    assert {key: ends(row) for key, row in found.items()} == {
        ("household", "p1"): ("P1", "H1", "record"),
        ("household", "p2"): ("P2", "H1", "record"),
        ("employer", "s1"): ("P1", "E1", "record"),
        ("employer", "s2"): ("P2", None, "unknown_record"),
        ("employer", "f1"): ("P3", "E1", "number"),
        ("employer", "f2"): ("P3", "E1", "number"),
        ("employer", "f3"): ("P3", "E1", "name"),
        ("employer", "f4"): ("P3", None, "unknown_number"),
        ("employer", "f5"): ("P3", None, "unknown_name"),
    }
    assert (found["household", "p1"]["household_relation"], found["household", "p1"]["state"]) == ("01", "current")
    assert (found["household", "p2"]["state"], found["employer", "s2"]["state"]) == ("ended", "ended")
    assert (found["employer", "s2"]["to_reference"], found["employer", "f5"]["to_name"]) == ("e9", "无名公司")
    assert found["employer", "f1"]["to_reference"] is None  # what is resolved need not be repeated


def test_officers_are_persons_with_number_and_name_or_enterprises(relate):
    officers = {
        "o1": {"role": "1", "name": "王 强(代)", "id_number": "N1"},
        "o2": {"role": "2", "name": "李四", "id_number": "N1", "share_ratio": 0.4},
        "o3": {"role": "2", "name": "张三", "id_number": "N2", "share_ratio": 0.2},
        "o4": {"role": "2", "name": "海达公司", "share_ratio": 0.3},
        "o5": {"role": "2", "name": "远方集团"},
        "o6": {"role": "2", "name": "赵六"},
        "o7": {"role": "1", "name": "钱七", "id_number": "N9"},
        "o8": {"role": "2", "name": "双", "id_number": "N3"},
        "o9": {"role": "3", "name": "王强", "id_number": "N1"},
    }
    found = relate(
        {
            POLICE: [
                {"record_id": "p1", "name": "王强", "id_number": "N1"},
                {"record_id": "p2", "name": "张三", "id_number": "N2"},
                {"record_id": "p3", "name": "李三", "id_number": "N2"},  # one number on two persons: the name tells
                {"record_id": "p4", "name": "双", "id_number": "N3"},
                {"record_id": "p5", "name": "双", "id_number": "N3"},
            ],
            COMMERCE: [{"record_id": "c1", "name": "海达公司", "status": "1"}],
            OFFICER: [{"record_id": key, "enterprise_record_id": "c1", **row} for key, row in officers.items()]
            + [{"record_id": "o0", "enterprise_record_id": "c7", "role": "1", "name": "王强", "id_number": "N1"}],
        },
        {f"P{n}": [f"{POLICE}/p{n}"] for n in range(1, 6)},
        {"E1": [f"{COMMERCE}/c1"]},
    )
    assert {key: (*ends(row), row["to_kind"]) for key, row in found.items()} == {
        ("legal_representative", "o1"): ("E1", "P1", "number_and_name", "person"),
        ("shareholder", "o2"): ("E1", None, "other_name", "person"),
        ("shareholder", "o3"): ("E1", "P2", "number_and_name", "person"),
        ("shareholder", "o4"): ("E1", "E1", "name", "enterprise"),
        ("shareholder", "o5"): ("E1", None, "unknown_name", "enterprise"),
        ("shareholder", "o6"): ("E1", None, "no_number", "person"),
        ("legal_representative", "o7"): ("E1", None, "unknown_number", "person"),
        ("shareholder", "o8"): ("E1", None, "ambiguous", "person"),
        ("legal_representative", "o0"): (None, "P1", "number_and_name", "person"),
    }
    assert found["legal_representative", "o0"]["reason"] == "unknown_subject"
    assert found["shareholder", "o3"]["share_ratio"] == 0.2


def test_branches_and_predecessors_are_found_by_name(relate):
    firms = {
        "c1": {"name": "青岛海达有限公司"},
        "c2": {"name": "青岛海达有限公司胶州分公司"},
        "c3": {"name": "他乡有限公司青岛分公司", "status": "2"},
        "c4": {"name": "双名公司"},
        "c5": {"name": "双名公司"},
        "c6": {"name": "双名公司城阳办事处"},
        "c7": {"name": "青岛新海有限公司", "former_name": "青岛海达有限公司"},
        "c8": {"name": "改名公司", "former_name": "旧名公司"},
        "c9": {"name": "青岛海达有限公司胶州分公司第一营业部"},
    }
    found = relate(
        {COMMERCE: [{"record_id": key, "status": "1"} | row for key, row in firms.items()]},
        None,
        {key.upper(): [f"{COMMERCE}/{key}"] for key in firms},
    )
    assert {key: ends(row) for key, row in found.items()} == {
        ("branch", "c2"): ("C2", "C1", "name"),
        ("branch", "c3"): ("C3", None, "unknown_name"),
        ("branch", "c6"): ("C6", None, "ambiguous"),
        ("branch", "c9"): ("C9", "C2", "name"),
        ("predecessor", "c7"): ("C7", "C1", "name"),
    }
    assert found["branch", "c3"]["state"] == "ended"


def test_without_anything_there_are_no_relations(relate):
    assert relate({}, None, None) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("dataset: police.resident", "dataset: police.dog"), "no dataset police.dog"),
        (("reference: household_id", "reference: house"), "no column house"),
        (("to: household", "to: record"), "goes with"),
        (("kind: household", "kind: it's"), "pattern"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused(change, told):
    good = """
branch_words: [分公司]
organisation_words: [公司]
statements: [{kind: household, dataset: police.resident, to: household, reference: household_id}]
"""
    parse_declarations(good, where="here")
    with pytest.raises(BadSpecification, match=told):
        parse_declarations(good.replace(*change), where="here")
