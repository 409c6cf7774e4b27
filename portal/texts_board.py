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
    "map": Bilingual("辖区图", "Map of districts"),
    "map_what": Bilingual(
        "每格一个辖区，按区划代码排列，不表示位置和面积；颜色越深数值越大。数字同“按辖区”表。",
        "One square a district in the order of division codes, without place or size; darker is more. The table by"
        " district says the same.",
    ),
    "map_findings": Bilingual("按疑点数", "By findings"),
    "map_yuan": Bilingual("按金额（元）", "By yuan"),
    "up_to": Bilingual("至", "up to"),
    "yuan": Bilingual("元", "yuan"),
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
