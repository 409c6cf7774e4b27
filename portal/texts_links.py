"""Texts of the queue of uncertain links in both languages."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

GRAPH: Final[Mapping[str, Bilingual]] = {
    "clusters_of": Bilingual("关联图", "Graph of links"),
    "clusters_count": Bilingual("主体", "Clusters"),
    "records_count": Bilingual("记录", "Records"),
    "edges": Bilingual("比对过的记录对", "Pairs that were weighed"),
    "edges_below": Bilingual("各线见下表", "its lines are in the table below"),
    "edge": Bilingual("结果", "Result"),
    "one_record": Bilingual("记录", "Record"),
    "other_record": Bilingual("另一记录", "Other record"),
    "no_edges": Bilingual("没有比对过的记录对。", "No pair was weighed."),
    "too_large": Bilingual("记录过多，不画图。", "Too many records for a picture."),
    "bits": Bilingual("比特", "Bits"),
    "probability": Bilingual("匹配概率", "Match probability"),
}
"""Of the picture of clusters, wherever it stands."""

WEIGHTS: Final[Mapping[str, Bilingual]] = {
    "weights": Bilingual("逐项权重（比特）", "Weight by field (bits)"),
    "weights_what": Bilingual(
        "绿色支持同一主体，红色反对；虚线为合并阈值，“—”表示该项没有可比的值。",
        "Green speaks for one, red against it; the dashed line is the link threshold; — means that nothing "
        "was compared.",
    ),
    "field": Bilingual("字段", "Field"),
    "level": Bilingual("比对结果", "Level"),
    "picture": Bilingual("图", "Picture"),
}
"""Of the waterfall of a pair, wherever it stands; with `bits` of `GRAPH`."""

LINKS: Final[Mapping[str, Bilingual]] = {
    **GRAPH,
    **WEIGHTS,
    "links": Bilingual("待定关联", "Uncertain links"),
    "links_what": Bilingual(
        "这两条记录是否属于同一主体，模型不能确定。请核对后裁定；裁定写入台账，下次匹配时生效，可以撤销。",
        "The model is not sure whether these two records are one's. Decide after a check; the decision goes into the "
        "ledger, holds from the next match on, and can be withdrawn.",
    ),
    "person": Bilingual("人口", "Persons"),
    "enterprise": Bilingual("企业", "Enterprises"),
    "which": Bilingual("库", "Base"),
    "waiting": Bilingual("待裁定", "waiting"),
    "from_place": Bilingual("从第几对起", "from place"),
    "from_start": Bilingual("从头开始", "From the beginning"),
    "no_run": Bilingual("还没有匹配结果。", "Nothing has been matched yet."),
    "nothing": Bilingual("没有待裁定的关联。", "No link waits for a decision."),
    "nothing_further": Bilingual(
        "其后没有待裁定的关联；先前搁置的仍在队首。", "Nothing waits further on; those put off wait at the beginning."
    ),
    "why_waits": Bilingual("待裁定原因", "Why it waits"),
    "threshold": Bilingual("合并阈值", "Link threshold"),
    "moved": Bilingual("涉及记录对", "Record pairs that it joins or parts"),
    "alike": Bilingual("同类待定", "Waiting pairs alike"),
    "records": Bilingual("两条记录对照", "The two records"),
    "gone": Bilingual(
        "匹配所用的数据已被清理，记录内容不全；重新匹配后可见。",
        "The data of this match was cleared away, so that values are missing; match again to see them.",
    ),
    "attribute": Bilingual("项目", "Attribute"),
    "record_id": Bilingual("记录号", "Record id"),
    "master": Bilingual("现行主标识", "Master in force"),
    "differs": Bilingual("两条不同", "the two differ"),
    "masked": Bilingual("个人号码已遮盖。", "Numbers of persons are masked."),
    "revealed": Bilingual("号码完整显示，此次查看已记录。", "Numbers are shown whole; this look was written down."),
    "reveal": Bilingual("显示完整号码（将记录）", "Show numbers whole (this is written down)"),
    "decide": Bilingual("裁定", "Decide"),
    "reason": Bilingual("理由", "Reason"),
    "reason_more": Bilingual("补充说明", "More"),
    "link": Bilingual("是同一主体", "Link: one and the same"),
    "not_link": Bilingual("不是同一主体", "Do not link: two"),
    "later": Bilingual("暂不裁定", "Later"),
    "keyboard": Bilingual(
        "键盘：Alt（部分浏览器为 Alt+Shift）加 Y 是、N 否、L 暂不裁定、R 理由。",
        "Keys: Alt (in some browsers Alt+Shift) with Y link, N do not link, L later, R reason.",
    ),
    "refused": Bilingual("没有写入。", "Nothing was written."),
    "no_reason": Bilingual(
        "选“其他”时请写明理由；最长 1000 字。", "Say why where it is another reason; 1000 characters."
    ),
    "stale": Bilingual(
        "匹配已更新，这一对不在新的队列里或位置已变；请裁定下面这一对。",
        "A newer match took its place, and so did its queue; decide the pair below.",
    ),
    "clusters": Bilingual("两条记录所在的主体", "The clusters of the two records"),
    "to_clusters": Bilingual("查看两条记录所在主体的关联图", "See the graph of their clusters"),
    "clusters_what": Bilingual(
        "圆点为证据完全相同的一组记录，圈出的是待裁定的两条；线上为匹配时的权重（比特）。只列记录号，不含内容。",
        "A dot stands for records of identical evidence, the ringed ones for the two that wait; numbers are the bits "
        "of the match. It shows ids of records and no values.",
    ),
    "conflict": Bilingual("已有人裁定", "Somebody was first"),
    "conflict_what": Bilingual(
        "您打开之后，这一对已由他人裁定；您的裁定没有写入。",
        "This pair was decided while you looked at it; your decision was not written down.",
    ),
    "by": Bilingual("裁定人", "By"),
    "at": Bilingual("时间", "At"),
    "decision": Bilingual("裁定", "Decision"),
    "yours": Bilingual("您的选择", "Yours"),
    "go_on": Bilingual("继续下一对", "Go on with the next"),
    "number": Bilingual("裁定编号", "Judgement"),
    "to_change": Bilingual(
        "如不同意，请与裁定人商量，或用 sitong judge withdraw 撤销后重新裁定。",
        "If you disagree, speak with them, or withdraw it with sitong judge withdraw and judge anew.",
    ),
}

REASONS: Final[Mapping[str, Bilingual]] = {
    "window": Bilingual("权重在待复核区间", "its weight is in the review window"),
    "cut": Bilingual(
        "权重足够，但与其他成员矛盾，未合并", "weight enough, but other members contradict it: not linked"
    ),
    "beside a cut": Bilingual("已合并，但旁边有一条未采用的关联", "linked, but beside a link that was not followed"),
}
"""Why a pair waits."""

MISSING: Final = Bilingual("无可比的值", "nothing to compare")

BECAUSE: Final[Mapping[str, Bilingual]] = {
    "shown": Bilingual("根据两条记录的对照", "from the two records side by side"),
    "file": Bilingual("核对了部门档案", "checked in the department's file"),
    "asked": Bilingual("向报送部门核实", "confirmed by the department that sent it"),
    "met": Bilingual("向当事人核实", "confirmed by the party"),
    "other": Bilingual("其他（请写明）", "another (say which)"),
}
"""Usual reasons, by the word that the form sends."""

IDENTITY: Final[Mapping[str, Bilingual]] = {
    **GRAPH,
    "identity_page": Bilingual("这些记录为何属于同一主体", "Why these records are one's"),
    "identity_page_what": Bilingual(
        "疑点引用的记录（圈出）在最近一次匹配中所在的主体，以及比对过的记录对的权重（比特）。只列记录号，不含内容。",
        "The clusters in which the newest match has the records that the finding cites (ringed), and the bits of the "
        "pairs that it weighed. It shows ids of records and no values.",
    ),
    "matched_at": Bilingual("匹配于", "Matched"),
    "no_graph": Bilingual("最近一次匹配中没有这些记录。", "The newest match has none of these records."),
}
"""Of the page that explains the identity of a finding's records."""
