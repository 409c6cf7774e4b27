"""Texts of the board."""

from collections.abc import Mapping
from typing import Final

from portal.texts_findings import FINDINGS
from schemas.bilingual import Bilingual

BOARD: Final[Mapping[str, Bilingual]] = {
    **FINDINGS,
    "by_rule": Bilingual("按规则", "By rule"),
    "by_department": Bilingual("按部门", "By department"),
    "by_district": Bilingual("按辖区", "By district"),
    "by_month": Bilingual("按发现月份", "By month first seen"),
    "by_state": Bilingual("按状态", "By state"),
    "department_note": Bilingual(
        "一条疑点比对几个部门的记录，就计入几个部门。",
        "A finding counts for every department whose records its rule cites.",
    ),
    "count": Bilingual("疑点", "Findings"),
    "bar": Bilingual("占比图", "Bar"),
    "see_list": Bilingual("查看清单", "See the list"),
    "yields": Bilingual("办理成效", "What became of closed cases"),
    "confirmed": Bilingual("确认", "Confirmed"),
    "excluded": Bilingual("排除", "Excluded"),
    "precision": Bilingual("准确率", "Precision"),
    "recovered": Bilingual("已入库（元）", "Recovered (yuan)"),
    "days": Bilingual("中位天数", "Median days"),
    "no_yields": Bilingual("尚无办理中的案件。", "No case was worked yet."),
}
