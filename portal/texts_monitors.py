"""Texts of the pages of key taxpayers and of projects."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

MONITORS: Final[Mapping[str, Bilingual]] = {
    "key_taxpayers": Bilingual("重点税源", "Key taxpayers"),
    "key_what": Bilingual(
        "按季度，合计承担规定比例税收的最少企业。进入和退出与上季度比较，首个季度没有。"
        "季度末月申报期满（次月底）后才列入。",
        "The fewest enterprises that together carry the given share of tax, by quarter; entries and exits since the"
        " quarter before, none for the first. A quarter is shown once its last"
        " declarations are due (the month after is over).",
    ),
    "key_city": Bilingual("全市合计", "The whole city"),
    "key_findings": Bilingual("税收下降的重点税源疑点", "Findings: key taxpayers whose tax dropped"),
    "as_of": Bilingual("数据截至", "As of"),
    "share": Bilingual("承担比例", "Share carried"),
    "quarter": Bilingual("季度", "Quarter"),
    "tax": Bilingual("税收（元）", "Tax (yuan)"),
    "unassigned": Bilingual("未归户税款（元）", "Unknown payers (yuan)"),
    "payers": Bilingual("纳税企业", "Payers"),
    "carriers": Bilingual("承担者", "Carriers"),
    "bar": Bilingual("图", "Chart"),
    "entries": Bilingual("进入", "Entries"),
    "exits": Bilingual("退出", "Exits"),
    "largest": Bilingual("最大 {} 户占比", "Share of the {} largest"),
    "moves": Bilingual("最近一季的进入与退出", "Entries and exits of the latest quarter"),
    "no_moves": Bilingual("您的辖区内没有。", "None in your districts."),
    "move": Bilingual("变动", "Move"),
    "in": Bilingual("进入", "in"),
    "out": Bilingual("退出", "out"),
    "name": Bilingual("名称", "Name"),
    "master_id": Bilingual("主标识", "Master id"),
    "district": Bilingual("辖区", "District"),
    "paid_now": Bilingual("本季（元）", "Quarter (yuan)"),
    "paid_before": Bilingual("上季（元）", "Quarter before (yuan)"),
    "projects": Bilingual("重大项目与税收", "Large projects and tax"),
    "projects_what": Bilingual(
        "总投资不少于规定金额的项目，按已完成投资从大到小。已缴税款是业主和承包单位开工以来申报数据可见的全部税款；"
        "参与几个项目的单位在每个项目中都全部计入，有未能识别的单位时税款不全。图中横条为应有，圆点为已缴。",
        "Projects of the given total investment or more, the most work done first. Tax paid is all that owner and"
        " contractors paid since the beginning, as far back as the declarations reach; a party to several projects"
        " counts in full in each. Where parties are unknown the tax is not complete. In the picture the bar is what is"
        " expected, the point what was paid.",
    ),
    "projects_findings": Bilingual("税款偏少的项目疑点", "Findings: projects with little tax"),
    "least": Bilingual("总投资起点（元）", "Least investment (yuan)"),
    "all": Bilingual("全部", "All"),
    "only_less": Bilingual("只看少于应有的", "Less than expected only"),
    "project": Bilingual("项目", "Project"),
    "begun": Bilingual("开工", "Begun"),
    "seen_from": Bilingual("税款可见自", "tax seen from"),
    "of_total": Bilingual("总投资", "of"),
    "completed": Bilingual("已完成（元）", "Completed (yuan)"),
    "paid": Bilingual("已缴税款（元）", "Tax paid (yuan)"),
    "expected": Bilingual("应有税款（元）", "Expected tax (yuan)"),
    "unknown_parties": Bilingual("未识别单位", "Unknown"),
    "picture": Bilingual("应有与已缴", "Expected and paid"),
    "less": Bilingual("偏少", "less"),
    "count": Bilingual("个项目", "projects"),
    "none": Bilingual("没有符合条件的项目。", "No project fits."),
    "no_report": Bilingual(
        "尚无报告。完成一次比对后，这里显示监测结果。",
        "There is no report yet. After a cross-check its monitors stand here."
    ),
    "absent": Bilingual("本次未能监测：", "It could not be looked at: "),
    "pages": Bilingual("翻页", "Pages"),
    "before": Bilingual("上一页", "Before"),
    "after": Bilingual("下一页", "After"),
}  # fmt: skip
