"""Texts of a step for several findings."""

from collections.abc import Mapping
from typing import Final

from portal.texts_findings import FINDINGS
from schemas.bilingual import Bilingual

NOT_YOURS: Final = Bilingual("不在您的权限或辖区内。", "It is not within your role or your districts.")

BULK: Final[Mapping[str, Bilingual]] = {
    **FINDINGS,
    "bulk_done": Bilingual("批量办理结果", "What became of each"),
    "finding": Bilingual("疑点", "Finding"),
    "result": Bilingual("结果", "Result"),
    "why": Bilingual("说明", "Why"),
    "taken": Bilingual("已办理", "Done"),
    "refused": Bilingual("未办理", "Not done"),
    "lost": Bilingual("他人已先办理", "Somebody else was first"),
    "none_picked": Bilingual("没有选择疑点。", "No finding was picked."),
}
