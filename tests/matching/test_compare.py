import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.characters.shape import look_alike
from matching.compare.comparators import levels
from matching.compare.names import NAME_LEVELS
from matching.compare.registry import COMPARATORS
from matching.model import ComparisonSpec, LevelSpec, declared
from matching.standardise.registry import standardiser

STANDARDISER = {
    "chinese_name": "chinese_name", "citizen_id": "citizen_id", "company_name": "company_name", "date": "date",
    "digits": "digits", "exact": "code", "organization_code": "organization_code", "text": "text",
}  # fmt: skip


def spec(comparator):
    own = COMPARATORS[comparator].levels
    return ComparisonSpec(
        field="x", comparator=comparator, levels=tuple(LevelSpec(level=level, m=0.1, u=0.1) for level in own)
    )


def level(comparator, left, right):
    found = standardiser(STANDARDISER[comparator])(pa.array([left, right], pa.string()))
    place = int(levels(spec(comparator), found.table, found.codes[:1], found.codes[1:])[0])
    return None if place < 0 else COMPARATORS[comparator].levels[place]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("张伟", "张伟", "exact"),
        ("張偉", "张伟", "exact"),
        ("肖军", "萧军", "exact"),
        ("张伟", "张炜", "sound"),
        ("陈静", "程静", "alike"),
        ("王晴", "王睛", "alike"),
        ("王建国", "王?国", "wildcard"),
        ("王建国", "王建军", "partial"),
        ("王建国", "王国", "partial"),
        ("王建国", "李建国", "given"),
        ("张伟", "张敏", "surname"),
        ("张伟", "张?", "unread"),
        ("张淑欣", "张欣淑", "exchanged"),
        ("欧阳淑欣", "欧阳欣淑", "exchanged"),
        ("张淑淑", "张淑淑", "exact"),
        ("张伟", "李敏", "different"),
        ("买买提·吐尔逊", "麦麦提·吐尔逊", "sound"),
        ("买买提·吐尔逊", "麦麦提·图尔荪", "alike"),
        ("张伟", None, None),
    ],
)
def test_names(left, right, expected):
    assert level("chinese_name", left, right) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("11010519491231002X", "110105491231002", "exact"),
        ("11010519491231002X", "11010519491231003X", "one_error"),
        ("11010519491231002X", "1101051949123102X", "one_error"),
        ("11010519491231002X", "11010519941231002X", "one_error"),
        ("11010519491231002X", "110105194912310038", "neighbour"),
        ("440524188001010014", "44062418800101001X", "same_tail"),
        ("110105194912310038", "110106491231003", "one_error"),
        ("11010519491231002X", "440524188001010014", "different"),
    ],
)
def test_citizen_ids(left, right, expected):
    assert level("citizen_id", left, right) == expected


@pytest.mark.parametrize(
    ("comparator", "left", "right", "expected"),
    [
        ("date", "1975-02-20", "1975-02-20", "exact"),
        ("date", "1975-02-11", "1975-11-02", "swapped"),
        ("date", "1975-02-20", "1976-02-20", "one_digit"),
        ("date", "1975-02-20", "1975-02-13", "part"),
        ("date", "1975-03-25", "1975-02-20", "lunar"),
        ("date", "1975-03-25", "1988-02-20", "different"),
        ("digits", "13800000001", "13800000010", "one_error"),
        ("digits", "13800000001", "13800000021", "one_error"),
        ("digits", "13800000001", "13811000001", "different"),
        ("text", "smith", "smyth", "one_error"),
        ("company_name", "青岛海蓝科技有限公司", "海蓝（青岛）科技有限责任公司", "full"),
        ("company_name", "青岛海蓝科技有限公司", "青岛海蓝商贸有限公司", "sister"),
        ("company_name", "青岛海蓝科技有限公司", "青岛海蓝有限公司", "trade"),
        ("company_name", "青岛海蓝科技有限公司", "青岛海兰科技有限公司", "sound"),
        ("organization_code", "91350100M000100Y43", "M000100Y4", "exact"),
        ("organization_code", "91350100M000100Y43", "M000100Y5", "one_error"),
    ],
)
def test_levels(comparator, left, right, expected):
    assert level(comparator, left, right) == expected


@pytest.mark.parametrize("comparator", sorted(STANDARDISER))
@given(
    texts=st.lists(
        st.one_of(st.text("张伟炜王建国?·李0123456789X-年有限公司分青岛科技", max_size=19), st.none()),
        min_size=2,
        max_size=8,
    )
)
@settings(max_examples=60)
def test_comparisons_are_symmetric_and_best_for_equals(comparator, texts):
    found = standardiser(STANDARDISER[comparator])(pa.array(texts, pa.string()))
    left = np.repeat(found.codes, len(texts))
    right = np.tile(found.codes, len(texts))
    one = levels(spec(comparator), found.table, left, right)
    assert np.array_equal(one, levels(spec(comparator), found.table, right, left))
    equal = (left == right) & (left >= 0)
    assert (one[equal] == len(COMPARATORS[comparator].levels) - 1).all()
    assert (one[(left < 0) | (right < 0)] == -1).all()


@given(left=st.sampled_from("己已巳末未晴睛伟炜明朋"), right=st.sampled_from("己已巳末未晴睛伟炜明朋"))
def test_looking_alike_is_symmetric_and_not_reflexive(left, right):
    assert look_alike(ord(left), ord(right)) == look_alike(ord(right), ord(left))
    assert not look_alike(ord(left), ord(left))


def test_undeclared_levels_fall_to_the_next_worse():
    short = ComparisonSpec(
        field="x", comparator="chinese_name",
        levels=tuple(LevelSpec(level=name, m=0.1, u=0.1) for name in ("different", "partial", "exact")),
    )  # fmt: skip
    found = standardiser("chinese_name")(pa.array(["张伟", "张炜"]))
    assert levels(short, found.table, found.codes[:1], found.codes[1:])[0] == 1


def test_name_levels_are_declared_from_worst_to_best():
    shipped = [level.level for level in declared("person").comparison("name").levels]
    assert shipped == list(NAME_LEVELS)
