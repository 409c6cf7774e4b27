"""Texts of the page of a subject."""

from collections.abc import Mapping
from typing import Final

from portal.texts_findings import FINDINGS
from schemas.bilingual import Bilingual

SUBJECT: Final[Mapping[str, Bilingual]] = {
    **FINDINGS,
    "open_on": Bilingual("全部未结疑点", "Everything open"),
    "nothing": Bilingual("在您的辖区内没有未结疑点。", "Nothing is open in your districts."),
    "merged": Bilingual("该标识已并入", "This id was merged into"),
    "recovered": Bilingual("已入库（元）", "Recovered (yuan)"),
    "more_in_list": Bilingual("其余见清单", "See the rest in the list"),
    "in_list": Bilingual("在清单中查看（含已消失）", "See in the list (with those no longer found)"),
}
