"""Enterprises: names by their parts, numbers by whose they are, and a register full of hard cases."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.compare.comparators import levels
from matching.compare.registry import COMPARATORS
from matching.model import ComparisonSpec, LevelSpec
from matching.run import match
from matching.standardise.company_names import fold, parse
from matching.standardise.enterprise_numbers import checks, shared_code
from matching.standardise.registry import standardiser


def level(comparator, left, right):
    """The level of two values by a comparator that bears its standardiser's name."""
    own = COMPARATORS[comparator].levels
    every = tuple(LevelSpec(level=name, m=0.1, u=0.1) for name in own)
    found = standardiser(comparator)(pa.array([left, right], pa.string()))
    spec = ComparisonSpec(field="x", comparator=comparator, levels=every)
    return own[int(levels(spec, found.table, found.codes[:1], found.codes[1:])[0])]


def pairs(keys):
    return sum(count * (count - 1) // 2 for count in Counter(keys).values())


def wrong_and_missed(found, truth):
    together = pairs(zip(found, truth, strict=True))
    return pairs(found) - together, pairs(truth) - together


def joined(register):
    """What a join on organisation code, then on the exact name, makes one."""
    codes, names, truth, by_name = [], [], [], {}
    for office, rows in register.rows.items():
        for row in rows:
            number = row.get("uscc") or row.get("organization_code") or row.get("taxpayer_id") or ""
            number = number.replace("-", "")
            code = {9: number, 15: number[6:], 18: number[8:17] if number[:1] == "9" else ""}.get(len(number), "")
            codes.append(code)
            names.append(row["name"].replace("（", "").replace("）", "").replace("有限责任公司", "有限公司"))
            truth.append(register.truth[office, row["record_id"]])
            if code:
                by_name[names[-1]] = min(code, by_name.get(names[-1], code))
    return wrong_and_missed([code or by_name.get(name, name) for code, name in zip(codes, names, strict=True)], truth)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_register_of_hard_cases(seed, trade_register, tmp_path):
    register = trade_register.register(seed, 1500)
    match("enterprise", register.tables(), tmp_path)
    table = pq.read_table(tmp_path / "crosswalk.parquet").to_pylist()
    found = [row["master_id"] for row in table]
    truth = [register.truth[f"{row['source']}.{row['dataset']}", row["record_id"]] for row in table]
    wrong, missed = wrong_and_missed(found, truth)
    assert len(truth) == len(register.truth)
    assert wrong <= 5
    assert wrong + missed <= 0.2 * sum(joined(register))
    assert wrong + missed <= 0.01 * pairs(truth)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("青岛市南区锐航纺织有限公司", "锐航纺织有限公司", "core"),
        ("青岛市北区方雅物流有限公司", "山东市北区方雅物流有限公司", "core"),
        ("青岛市海蓝科技有限公司", "青岛海蓝科技股份有限公司", "full"),
        ("青岛海蓝科技有限公司", "济南海蓝科技有限公司", "elsewhere"),
        ("青岛市南区海蓝科技有限公司", "青岛即墨区海蓝科技有限公司", "elsewhere"),
        ("即墨区海蓝科技有限公司", "青岛即墨市海蓝科技公司", "core"),
        ("青岛四方区海蓝科技有限公司", "青岛市市北区海蓝科技公司", "full"),
        ("青岛海蓝食品有限公司", "青岛海蓝饰品有限公司", "sister"),
        ("青岛海蓝食品有限公司", "青岛恒鼎食品有限公司", "industry"),
        ("青岛海蓝食品有限公司", "青岛恒鼎物流有限公司", "different"),
        ("黄岛区晟通五金店（个体工商户）", "黄岛区晟通五金店", "core"),
        ("黄岛区晟通五金店", "罗文生", "owner"),
        ("青岛海蓝科技有限公司第2分公司", "海蓝科技（青岛）二分公司", "core"),
        ("青岛海蓝科技有限公司香港中路营业部", "青岛海蓝科技有限公司香港中日营业部", "one_error"),
        ("青岛海蓝科技有限公司第一分公司", "青岛海蓝科技有限公司第二分公司", "different"),
    ],
)
def test_names_are_compared_by_their_parts(left, right, expected):
    assert level("company_name", left, right) == expected


@pytest.mark.parametrize(
    ("name", "division", "trade", "branch"),
    [
        ("青岛市南方贸易有限公司", "青岛市", "南方", ""),
        ("青岛市南区海蓝贸易有限公司", "青岛市南区", "海蓝", ""),
        ("青岛市市南区海蓝贸易有限公司", "青岛市市南区", "海蓝", ""),
        ("山东海蓝（青岛）贸易有限公司", "山东青岛", "海蓝", ""),
        ("青岛海蓝贸易即墨分公司", "青岛", "海蓝", "即墨分公司"),
        ("青岛海蓝贸易有限公司即墨区分公司", "青岛", "海蓝", "即墨分公司"),
        ("青岛海蓝贸易有限公司既墨分公司", "青岛", "海蓝", "即墨分公司"),
        ("青岛海蓝贸易有限会司第一分公司", "青岛", "海蓝", "一分公司"),
        ("青日海蓝贸易有限公司", "青岛", "海蓝", ""),
        ("青日贸易有限公司", "", "青日", ""),
        ("海蓝贸易股分有限公司", "", "海蓝", ""),
        ("海蓝控股有限公司", "", "海蓝", ""),
        ("海蓝贸易有目公司", "", "海蓝", ""),
        ("海蓝贸易目限责任公司", "", "海蓝", ""),
        ("海蓝贸易有限责住公司第一分公司", "", "海蓝", "一分公司"),
        ("青岛海蓝电子公司办事处", "青岛", "海蓝", "办事处"),
        ("海蓝贸易香港中路营业部", "", "海蓝", "香港中路营业部"),
        ("中国海蓝银行股份有限公司青岛市南支行", "中国", "海蓝银行", "市南支行"),
        ("海蓝超市即墨店", "", "海蓝", "即墨店"),
        ("海蓝超市第2分店", "", "海蓝", "二分店"),
        ("即墨区海蓝烧烤店", "即墨区", "海蓝", ""),
    ],
)
def test_divisions_and_branches(name, division, trade, branch):
    found = parse(fold(name))
    assert (found.division, found.trade, found.branch) == (division, trade, branch)


@pytest.mark.parametrize(
    "beside",
    [
        "（注销）", "(已吊销未注销)", "（筹）", "筹", "註銷", "（清算中", "-非正常",
        "（原青岛蓝海科技有限公司）", "（一般纳税人）", "*", "A",
    ],
)  # fmt: skip
def test_what_a_clerk_notes_beside_a_name_is_no_branch(beside):
    assert fold(f"青岛海蓝科技有限公司{beside}") == "青岛海蓝科技有限公司"


def test_a_note_in_front_of_a_name_is_no_part_of_it():
    assert fold("已注销：青岛海蓝科技有限公司") == "青岛海蓝科技有限公司"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("青岛海蓝科技有限公司（市南分公司已注销）", "青岛海蓝科技有限公司市南分公司"),
        ("青岛海蓝科技有限公司市南分公司（注销）", "青岛海蓝科技有限公司市南分公司"),
        ("青岛海蓝科技有限公司（市南店）", "青岛海蓝科技有限公司市南店"),
        ("青岛海蓝科技有限公司2", "青岛海蓝科技有限公司2"),
        ("青岛海蓝工商注销代理有限公司", "青岛海蓝工商注销代理有限公司"),
        ("青岛海蓝破产清算事务所", "青岛海蓝破产清算事务所"),
        ("海蓝（集团）有限公司", "海蓝集团有限公司"),
        ("（注销）", "注销"),
        ("原名", "原名"),
    ],
)
def test_words_of_notes_stay_where_they_belong_to_the_name(written, folded):
    assert fold(written) == folded


def test_branches_called_by_a_district_or_number_are_kept_apart():
    names = [
        "青岛海蓝贸易有限公司", "青岛海蓝贸易有限公司分公司", "海蓝贸易第一分公司", "海蓝贸易一分公司",
        "海蓝贸易第二分公司", "海蓝贸易口南分公司", "罗文生",
    ]  # fmt: skip
    keys = standardiser("company_name")(pa.array(names)).table.keys
    marker, branch = keys["marker"].tolist(), keys["branch"].tolist()
    assert marker[0] != marker[1] == marker[2]
    assert branch[2] == branch[3]
    assert len({branch[1], branch[2], branch[4]}) == 3
    assert branch[5] == marker[6] == 0  # a name with an error, or a person's, forbids nothing


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9137020MA10RAH52X", "MA10RAH52"),  # a character of the division is missing
        ("91370200MA10RAH2X", "MA10RAH2"),  # one of the code itself
        ("913702002MA10RAH52X", "MA10RAH52"),  # one too many
        ("370202MA10RAH52", "MA10RAH52"),
        ("370284MA10RAH52", "MA10RAH52"),  # a retired division
        ("110108000000016", None),  # a registration number
        ("370202850114123", None),  # a citizen's number of 15
        ("37022519817029214601", None),  # an owner's number with an impossible month, and two more
    ],
)
def test_codes_in_damaged_numbers(text, code):
    assert checks("MA10RAH52")
    assert shared_code(text) == code


def test_valid_codes_that_differ_are_told_from_mistyped_ones():
    assert level("organization_code", "91370200MA10RAH52X", "91370200D2143569XX") == "two"
    assert level("organization_code", "91370200MA10RAH52X", "91370200MB99RAH512") == "different"
    assert level("organization_code", "91370200MA10RAH52X", "91370200MA10RAH2X") == "one_error"


def same(name, left, right):
    found = standardiser(name)(pa.array([left, right], pa.string()))
    return found.codes[0] == found.codes[1] >= 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("0532-85971234", "85971234"),
        ("053285971234", "53285971234"),
        ("85971234转801", "0532-85971234-801"),
        ("+8613900001111", "139 0000 1111"),
    ],
)
def test_telephones_with_and_without_area_code(left, right):
    assert same("telephone", left, right)
    assert not same("telephone", left, "85971235")


def test_names_of_companies_are_no_representatives():
    texts = [
        "欧阳知行",
        "张店",
        "阿卜杜拉·买买提",
        "John Smith",
        "张伟（已故）",
        "青岛海蓝",
        "老赵茶庄",
        "海蓝科技有限公司",
        "海蓝烧烤店",
    ]
    codes = standardiser("representative_name")(pa.array(texts)).codes
    assert (codes >= 0).tolist() == [True] * 5 + [False] * 4


@pytest.mark.parametrize(
    ("text", "kind", "shop"),
    [
        ("92370202MA10RAH52X", "individual", True),
        ("11010519491231002X", "individual", True),
        ("91370202MA10RAH52X", "organisation", False),
        ("370202MA10RAH52", "organisation", False),
        ("青岛海蓝科技有限公司", "organisation", False),
        ("海蓝烧烤店", "individual", True),
        ("海蓝超市", None, True),
        ("罗文生", None, False),
    ],
)
def test_kinds_of_business(text, kind, shop):
    found = standardiser("business_kind")(pa.array([text]))
    assert (found.table.texts[0].as_py() if found.codes[0] >= 0 else None) == kind
    assert (standardiser("individual_business")(pa.array([text])).codes[0] >= 0) == shop


@pytest.mark.parametrize(
    ("left", "right", "key"),
    [
        ("香港中路12号锦绣家园3号楼2单元502室", "青岛市市南区锦绣家园3-2-502", "flat"),
        ("香港中路12号3号楼2单元5层502户", "香港中路12号3-2-502", "house"),
    ],
)
def test_one_house_by_its_estate_and_with_its_floor(left, right, key):
    found = standardiser("estate_address")(pa.array([left, right, "香港中路12号锦绣家园3号楼2单元501室"]))
    keys = found.table.keys[key][found.codes]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] != 0
