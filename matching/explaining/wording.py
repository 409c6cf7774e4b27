"""The words of explanations in both languages. A declared model's own names stand for themselves."""

from collections.abc import Mapping
from typing import Final

from matching.explaining.cluster import EdgeKind
from matching.explaining.pair import Decision, Silence
from schemas.bilingual import Bilingual

_FIELDS: Final = {
    "id_number": Bilingual("公民身份号码", "Citizen id"),
    "name": Bilingual("名称", "Name"),
    "birth_date": Bilingual("出生日期", "Birth date"),
    "sex": Bilingual("性别", "Sex"),
    "mobile": Bilingual("手机号码", "Mobile"),
    "address": Bilingual("地址", "Address"),
    "organization_code": Bilingual("组织机构代码", "Organisation code"),
    "kind": Bilingual("主体类别", "Kind of business"),
    "shop": Bilingual("同为个体工商户", "Both individual businesses"),
    "representative": Bilingual("法定代表人", "Representative"),
    "representative_id": Bilingual("法定代表人证件", "Representative's id"),
    "phone": Bilingual("电话", "Telephone"),
    "registration_number": Bilingual("注册号", "Registration number"),
}

_LEVELS: Final = {
    "exact": Bilingual("相同", "equal"),
    "different": Bilingual("不同", "different"),
    "one_error": Bilingual("差一处", "one error apart"),
    "two_errors": Bilingual("差两处", "two errors apart"),
    "neighbour": Bilingual("相邻号码", "neighbouring numbers"),
    "same_tail": Bilingual("尾部相同", "same tail"),
    "surname": Bilingual("仅姓相同", "surname only"),
    "given": Bilingual("仅名相同", "given name only"),
    "partial": Bilingual("部分相同", "partly equal"),
    "alike": Bilingual("字形相近", "look alike"),
    "wildcard": Bilingual("含缺字", "equal but for lost characters"),
    "sound": Bilingual("同音", "sound the same"),
    "lunar": Bilingual("疑为农历", "a lunar date"),
    "part": Bilingual("年月日有两项相同", "two of year, month, day"),
    "swapped": Bilingual("月日颠倒", "month and day swapped"),
    "road": Bilingual("同一道路", "same road"),
    "building": Bilingual("同一楼栋", "same building"),
    "house": Bilingual("同一门户", "same house"),
    "sister": Bilingual("关联企业名称", "a sister company's name"),
    "trade": Bilingual("字号相同", "same trade name"),
    "owner": Bilingual("一方似为经营者姓名", "one is like its owner's name"),
    "industry": Bilingual("字号不同、行业相同", "another trade name, the same industry"),
    "elsewhere": Bilingual("仅行政区划不同", "equal but for another city or district"),
    "two": Bilingual("两个有效号码", "two valid numbers"),
    "flat": Bilingual("同一小区门户", "same flat of an estate"),
    "full": Bilingual("仅形式写法不同", "equal but for how form and brackets are written"),
    "core": Bilingual("去除区划和形式后相同", "equal without division and form"),
}

SILENCES: Final[Mapping[Silence, Bilingual]] = {
    "left_missing": Bilingual("左方缺失", "missing on the left"),
    "right_missing": Bilingual("右方缺失", "missing on the right"),
    "both_missing": Bilingual("双方缺失", "missing on both sides"),
    "told_by_another_field": Bilingual("由另一字段推出，不重复计", "told by another field, not weighed twice"),
}

DECISIONS: Final[Mapping[Decision, Bilingual]] = {
    "judged_one": Bilingual("由管理员裁定为同一主体，不论权重", "judged to be one by a steward, whatever the weight"),
    "judged_two": Bilingual("由管理员裁定为不同主体，不论权重", "judged to be two by a steward, whatever the weight"),
    "collapsed": Bilingual("证据完全相同，比对前已归为一体", "made one before any pair was formed: identical evidence"),
    "linked": Bilingual("判为同一主体", "linked"),
    "together": Bilingual("经由其他记录归为同一主体", "in one cluster by way of other records"),
    "cut": Bilingual("权重足够，但与其他成员矛盾，未予合并", "weight enough, but other members contradict it: cut"),
    "apart": Bilingual("受约束禁止合并", "kept apart by a constraint"),
    "not_found": Bilingual("权重足够，但没有分块规则把两者放在一起", "weight enough, but no blocking rule pairs them"),
    "not_linked": Bilingual("权重不足，判为不同主体", "not linked: too little weight"),
}  # fmt: skip

EDGES: Final[Mapping[EdgeKind, Bilingual]] = {
    "link": Bilingual("合并依据", "link"),
    "weak": Bilingual("权重不足", "below the threshold"),
    "contradiction": Bilingual("相互矛盾", "contradiction"),
    "cut": Bilingual("未采用的合并（指向其他主体）", "link not followed, to another cluster"),
    "near": Bilingual("待复核（指向其他主体）", "in the review window, to another cluster"),
}

JUDGEMENTS: Final = Bilingual("管理员裁定", "Judgements by stewards")
JUDGED: Final[Mapping[str, Bilingual]] = {
    "link": Bilingual("同一主体", "one and the same"),
    "not_link": Bilingual("不同主体", "two"),
}

PRIOR: Final = Bilingual("先验", "Prior")
TOTAL: Final = Bilingual("合计", "Total")
DUPLICATE: Final = Bilingual("同一数据集内重复", "Twice in one dataset")
FORBIDDEN: Final = Bilingual("约束禁止", "Forbidden by constraint")
THRESHOLD: Final = Bilingual("合并阈值", "link threshold")


def field_name(field: str) -> Bilingual:
    """A field in words."""
    return _FIELDS.get(field, Bilingual(field, field))


def level_name(level: str) -> Bilingual:
    """A comparison level in words."""
    return _LEVELS.get(level, Bilingual(level, level))


def bits(value: float) -> str:
    """Bits with their sign.

    >>> bits(12.345), bits(-0.04), bits(-3)
    ('+12.3', '0.0', '−3.0')
    """
    rounded = round(value, 1)
    return f"+{rounded:.1f}" if rounded > 0 else f"−{-rounded:.1f}" if rounded < 0 else "0.0"


def chance(value: float) -> str:
    """A match probability with as many digits as it takes to tell it from certainty.

    >>> chance(0.5), chance(0.99994), chance(0.0000004), chance(1.0)
    ('50.00%', '99.994%', '0.00004%', '> 99.9999%')
    """
    for digits in (2, 3, 4, 5):
        text = f"{value:.{digits}%}"
        if text not in {f"{1:.{digits}%}", f"{0:.{digits}%}"}:
            return text
    return "> 99.9999%" if value > 0.5 else "< 0.0001%"
