"""Code tables: complete, valid, fixable, unknown."""

import pyarrow as pa
import pytest

from schemas.code_tables import code_table, judged
from schemas.contract import source_contracts
from schemas.divisions import division_name, divisions, unknown_divisions
from schemas.errors import BadSpecification


@pytest.mark.parametrize(
    ("table", "received", "code", "unknown"),
    [
        ("sex", "男", "1", False),
        ("sex", "F", "2", False),
        ("sex", "1.0", "1", False),
        ("sex", "01", "1", False),
        ("sex", "未知", "0", False),
        ("sex", "１", "1", False),
        ("sex", "3", "3", True),
        ("sex", "３号", "３号", True),
        ("sex", "-", None, False),
        ("sex", 2, "2", False),
        ("sex", 2.0, "2", False),
        ("ethnicity", "汉", "01", False),
        ("ethnicity", "汉族", "01", False),
        ("ethnicity", "1", "01", False),
        ("ethnicity", 1, "01", False),
        ("ethnicity", "57", "57", True),
        ("household_relation", "户主", "02", False),
        ("household_relation", "配偶", "10", False),
        ("household_relation", "1", "1", False),
        ("industry", "C1311", "C1311", False),
        ("industry", "1311", "1311", False),
        ("industry", "c13", "C13", False),
        ("industry", "99", "99", True),
        ("industry", "A", "A", True),
        ("tax_type", "增值税", "VAT", False),
        ("enterprise_status", "吊销，未注销", "2", False),
        ("division", "370202001", "370202001", False),
        ("division", "370202000000", "370202000000", False),
        ("division", "372126", "372126", False),
        ("division", "999999", "999999", True),
        ("division", "37020", "37020", True),
        ("division", 370202001.0, "370202001", False),
    ],
)
def test_judging(table: str, received: object, code: str | None, unknown: bool) -> None:
    values, rows = judged(table, pa.array([None, received]))
    assert values.to_pylist() == [None, code]
    assert rows.tolist() == [False, unknown]


def test_the_standards_are_complete() -> None:
    assert code_table("ethnicity").codes == (*(f"{code:02d}" for code in range(1, 57)), "97", "98")
    assert code_table("sex").codes == ("0", "1", "2", "9")
    assert set(code_table("industry").codes) == {f"{code:02d}" for code in range(1, 99)}
    assert len(code_table("division").codes) > 7000


def test_codes_and_spellings_do_not_collide() -> None:
    for contract in source_contracts().values():
        for column in contract.columns:
            if column.codes is not None:
                table = code_table(column.codes)
                assert table.codes
                assert not set(table.fixable) & set(table.codes)
                assert set(table.fixable.values()) <= set(table.codes)


@pytest.mark.parametrize("name", ["planet", "../codes/sex", ""])
def test_there_is_no_such_table(name: str) -> None:
    with pytest.raises(BadSpecification, match="no code table"):
        code_table(name)


@pytest.mark.parametrize(
    ("code", "name", "successor"),
    [
        ("370204", "台东区", "370203"),
        ("370205", "四方区", "370203"),
        ("370206", "沧口区", "370213"),
        ("370284", "胶南市", "370211"),
        ("370282", "即墨市", "370215"),
        ("372126", "莱西县", "370225"),
        ("379013", "即墨市", "370282"),
        ("370226", "平度县", "379014"),
    ],
)
def test_the_history_of_qingdao(code: str, name: str, successor: str) -> None:
    assert (name, successor) in {(row.name_zh, row.successor) for row in divisions()[code]}
    assert all(row.end for row in divisions()[code])


def test_names_of_divisions() -> None:
    assert division_name("370202001") == "市南区"
    assert division_name("370215") == "即墨区"
    assert division_name("999999") is None
    known = {row.successor for rows in divisions().values() for row in rows if row.successor}
    assert known <= set(divisions())
    assert unknown_divisions(pa.array(["", None, "370202", "3702020", "37020A"])).tolist() == [
        True,
        False,
        False,
        True,
        True,
    ]
