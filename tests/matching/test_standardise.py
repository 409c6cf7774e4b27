import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.standardise import addresses, company_names, names, plain
from matching.standardise.enterprise_numbers import shared_code
from matching.standardise.identifiers import citizen_id
from matching.standardise.registry import STANDARDISERS, standardiser
from matching.standardise.values import mixed

ANY_TEXT = st.text(max_size=40)
CHINESE = st.text(st.sampled_from("张偉伟买提·•（）曾用名萧肖王?□ １2号楼单元有限公司分青岛路三"), max_size=20)
TEXTS = st.lists(st.one_of(st.none(), ANY_TEXT, CHINESE), max_size=12)


@pytest.mark.parametrize("fold", [names.fold, addresses.fold, company_names.fold])
@given(text=st.one_of(ANY_TEXT, CHINESE))
@settings(max_examples=150)
def test_folding_is_idempotent(fold, text):
    once = fold(text)
    assert fold(once) == once


@pytest.mark.parametrize("name", sorted(STANDARDISERS))
@given(texts=TEXTS)
@settings(max_examples=60)
def test_standardisers_are_total_and_stable(name, texts):
    first = standardiser(name)(pa.array(texts, pa.string()))
    assert len(first.codes) == len(texts)
    assert all(first.codes[place] == -1 for place, text in enumerate(texts) if text is None)
    assert first.codes.max(initial=-1) < len(first.table)
    for key in first.table.keys.values():
        assert len(key) == len(first.table)
    again = standardiser(name)(first.table.texts)
    assert set(again.table.texts.to_pylist()) <= set(first.table.texts.to_pylist())


@given(texts=st.lists(st.one_of(CHINESE, ANY_TEXT), max_size=20))
@settings(max_examples=400)
def test_array_paths_equal_the_scalar_folds(texts):
    for fold, standard in ((names.fold, names.standard_names), (addresses.fold, addresses.standard_addresses)):
        folded, changed = standard(pa.array(texts, pa.string()))
        assert folded.to_pylist() == [fold(text) for text in texts]
        assert all(marked or text == fold(text) for text, marked in zip(texts, changed.tolist(), strict=True))


DAYS = st.from_regex(r"[0-9]{1,5}[-/.年]?[0-9]{1,2}[-/.月]?[0-9]{1,2}日?", fullmatch=True)


@given(texts=st.lists(st.one_of(DAYS, st.dates().map(str), st.text("0123456789-", max_size=11)), max_size=30))
@settings(max_examples=300)
def test_dates_by_column_equal_dates_one_by_one(texts):
    found = standardiser("date")(pa.array(texts, pa.string()))
    days = [*found.table.texts.to_pylist(), None]
    assert [days[code] for code in found.codes.tolist()] == [plain._day(text) for text in texts]
    assert [f"{year:04d}-{month:02d}-{day:02d}" for year, month, day in found.table.features["parts"].tolist()] == days[
        :-1
    ]
    assert np.array(days[:-1], "datetime64[D]").astype(int).tolist() == found.table.features["since"].tolist()


@pytest.mark.parametrize(
    ("received", "standard"),
    [
        ("張偉", "张伟"),
        ("张 伟", "张伟"),
        ("张伟（已故）", "张伟"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉．买买提", "阿卜杜拉·买买提"),
        ("\ue863", "䶮"),
        ("王□", "王?"),
        ("", None),
    ],
)
def test_names(received, standard):
    found = standardiser("chinese_name")(pa.array([received]))
    assert (found.table.texts[found.codes[0]].as_py() if found.codes[0] >= 0 else None) == standard


def test_surnames_are_read_as_surnames():
    table = standardiser("chinese_name")(pa.array(["单雄", "善雄", "丹雄", "尉迟恭", "玉池恭"])).table
    sound = table.keys["sound"]
    assert sound[0] == sound[1] != sound[2]
    assert sound[3] == sound[4]


@pytest.mark.parametrize(
    ("received", "standard", "valid"),
    [
        ("11010519491231002X", "11010519491231002X", True),
        ("11010519491231002x", "11010519491231002X", True),
        ("1101 0519-491231 002Ｘ", "11010519491231002X", True),
        ("110105491231002", "11010519491231002X", True),
        ("110105194912310021", "110105194912310021", False),
        ("KAZ110090123105", "KAZ110090123105", False),
        ("111111111111111111", None, None),
    ],
)
def test_citizen_ids(received, standard, valid):
    found = citizen_id(pa.array([received]))
    if standard is None:
        assert found.codes[0] == -1
        return
    assert found.table.texts[0].as_py() == standard
    assert found.table.features["valid"][0] == valid


def test_an_id_knows_birth_date_and_sex():
    known = citizen_id(pa.array(["11010519491231002X", "440524188001010014"])).table.known
    assert known["birth_date"].to_pylist() == ["1949-12-31", "1880-01-01"]
    assert known["sex"].to_pylist() == ["2", "1"]


def test_one_house_in_many_writings():
    texts = [
        "香港中路12号3号楼2单元502室",
        "青岛市市南区香港中路12号3-2-502",
        "香港中路１２号三号楼２单元502",
        "香港中路12号3号楼2单元501室",
    ]
    found = standardiser("address")(pa.array(texts))
    house, building = (found.table.keys[name][found.codes] for name in ("house", "building"))
    assert house[0] == house[1] == house[2] != house[3]
    assert len(set(building.tolist())) == 1


@pytest.mark.parametrize(
    ("text", "value"), [("十", 10), ("二十", 20), ("二十三", 23), ("一百零五", 105), ("五〇二", 502)]
)
def test_chinese_numbers(text, value):
    assert addresses.chinese_number(text) == value


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("青岛海蓝科技有限公司", ("青岛", "海蓝", "科技", "有限公司", "")),
        ("海蓝（青岛）科技有限责任公司", ("青岛", "海蓝", "科技", "有限责任公司", "")),
        ("青岛海蓝科技有限公司市南分公司", ("青岛", "海蓝", "科技", "有限公司", "市南分公司")),
        ("青岛海蓝科技有限会司", ("青岛", "海蓝", "科技", "有限公司", "")),
    ],
)
def test_company_names(name, parts):
    found = company_names.parse(company_names.fold(name))
    assert (found.division, found.trade, found.industry, found.form, found.branch) == parts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91350100M000100Y43", "M000100Y4"),
        ("D2143569-X", "D2143569X"),
        ("370202D2143569X", "D2143569X"),
        ("11010519491231002X", None),
        ("11010519491231002X01", None),
        ("000000000", None),
    ],
)
def test_shared_codes(text, code):
    assert shared_code(text) == code


@given(texts=st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=5), min_size=2, max_size=30))
def test_keys_tell_values_apart(texts):
    numbers = np.array([int.from_bytes(text.encode()) for text in texts], np.uint64)
    keys = mixed(numbers, np.full(len(numbers), 3))
    assert len(set(keys.tolist())) == len(set(numbers.tolist()))


@pytest.mark.parametrize("name", sorted(STANDARDISERS))
@given(texts=TEXTS, others=TEXTS)
@settings(max_examples=40)
def test_keys_rest_on_the_value_and_not_on_its_company(name, texts, others):
    alone, among = (
        standardiser(name)(pa.array(texts, pa.string())),
        standardiser(name)(pa.array(others + texts, pa.string())),
    )
    met = among.codes[len(others) :]
    known = alone.codes >= 0
    np.testing.assert_array_equal(known, met >= 0)
    for parts in ("keys", "features"):
        for part, values in getattr(alone.table, parts).items():
            if part != "value":
                other = getattr(among.table, parts)[part]
                np.testing.assert_array_equal(values[alone.codes[known]], other[met[known]], part)
