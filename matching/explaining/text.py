"""Explanations as plain text, in Chinese or English."""

import unicodedata
from typing import Final

from matching.explaining.cluster import ClusterGraph, GraphEdge
from matching.explaining.pair import FieldWeight, JudgedPair, PairExplanation, Side
from matching.explaining.wording import (
    DECISIONS,
    DUPLICATE,
    EDGES,
    FORBIDDEN,
    JUDGED,
    JUDGEMENTS,
    PRIOR,
    SILENCES,
    TOTAL,
    bits,
    chance,
    field_name,
    level_name,
)
from schemas.bilingual import Bilingual, Language

NONE: Final = "—"
_WIDTHS: Final = (24, 26, 9)


def pair_text(explanation: PairExplanation, language: Language) -> str:
    """One line a weight, and below it what was compared."""
    e = explanation
    head = Bilingual("匹配解释", "Why these two records weigh what they weigh").say(language)
    probability = Bilingual("匹配概率", "match probability").say(language)
    lines = [head, f"  A {e.left}  ({e.left_master})", f"  B {e.right}  ({e.right_master})", ""]
    lines.append(_line(PRIOR.say(language), "", bits(e.prior_bits)))
    for field in e.fields:
        lines += _field_lines(field, language)
    if e.duplicate_bits:
        lines.append(_line(DUPLICATE.say(language), "", bits(e.duplicate_bits)))
    if e.forbidden_bits:
        lines.append(_line(FORBIDDEN.say(language), "", bits(e.forbidden_bits)))
    lines.append(_line(TOTAL.say(language), "", bits(e.total_bits)))
    lines += ["", f"{probability} {chance(e.match_probability)}", decision_text(e, language)]
    if e.rules:
        lines.append(Bilingual("分块规则：", "Blocking rules: ").say(language) + "; ".join(e.rules))
    if e.judgements:
        lines.append(f"{JUDGEMENTS.say(language)}:")
        lines += [f"  {judged_text(one, language)}" for one in e.judgements]
    return "\n".join(lines) + "\n"


def judged_text(judged: JudgedPair, language: Language) -> str:
    """What was decided of which two records."""
    return f"{judged.one} – {judged.other}: {JUDGED[judged.kind].say(language)}"


def decision_text(explanation: PairExplanation, language: Language) -> str:
    """What was decided, and on which fields where records were collapsed."""
    text = DECISIONS[explanation.decision].say(language)
    if not explanation.collapsed_by:
        return text
    return f"{text} ({', '.join(field_name(field).say(language) for field in explanation.collapsed_by)})"


def level_text(field: FieldWeight, language: Language) -> str:
    """The level reached, or why there is none."""
    if field.level is not None:
        return level_name(field.level).say(language)
    return SILENCES[field.silence].say(language) if field.silence else NONE


def parts_text(field: FieldWeight, language: Language) -> str:
    """How the bits came about: level, dependence, frequency; empty where there is the level only."""
    parts = []
    if field.dependence:
        told = ", ".join(
            f"{field_name(other).say(language)} {'/'.join(level_name(name).say(language) for name in names)}"
            for other, names in field.dependence.items()
        )
        because = Bilingual(f"因{told}修正", f"given {told}").say(language)
        parts.append(f"{because} {bits(field.dependence_bits)}")
    if abs(field.frequency_bits) >= 0.05:
        rare = Bilingual("罕见", "rare value") if field.frequency_bits > 0 else Bilingual("常见", "common value")
        parts.append(f"{rare.say(language)} {bits(field.frequency_bits)}")
    if not parts:
        return ""
    return " · ".join([f"{Bilingual('层级', 'level').say(language)} {bits(field.level_bits)}", *parts])


def side_text(side: Side) -> str:
    """The received text, and the compared one where it differs."""
    if side.compared is None or side.compared == side.received:
        return side.received or NONE
    lent = f" ← {side.lent_by}" if side.lent_by else ""
    return f"{side.received or NONE} ⇒ {side.compared}{lent}"


def cluster_text(graph: ClusterGraph, language: Language) -> str:
    """Nodes with their records, then edges from the strongest."""
    counts = Bilingual(f"{graph.records} 条记录", f"{graph.records} records").say(language)
    lines = [f"{graph.master_id}  {counts}", ""]
    for node in graph.nodes:
        elsewhere = "" if node.inside else f"  → {node.master_id}"
        lines.append(f"  [{node.node}] " + ", ".join(map(str, node.records)) + elsewhere)
    lines.append("")
    lines += [f"  {_edge_text(edge, language)}" for edge in graph.edges]
    return "\n".join(lines) + "\n"


def _edge_text(edge: GraphEdge, language: Language) -> str:
    weight = f"{bits(edge.bits):>7} bits  {chance(edge.match_probability):>10}"
    return f"[{edge.left}]–[{edge.right}]  {weight}  {EDGES[edge.kind].say(language)}"


def _field_lines(field: FieldWeight, language: Language) -> list[str]:
    name = field_name(field.field).say(language)
    lines = [_line(name, level_text(field, language), bits(field.bits) if field.level else NONE)]
    lines.append(f"      A {side_text(field.left)}   B {side_text(field.right)}")
    if parts := parts_text(field, language):
        lines.append(f"      {parts}")
    return lines


def _line(name: str, level: str, weight: str) -> str:
    return "  " + _padded(name, _WIDTHS[0]) + _padded(level, _WIDTHS[1]) + weight.rjust(_WIDTHS[2])


def _padded(text: str, width: int) -> str:
    """Text filled with blanks to a width in columns, where a Chinese character takes two."""
    columns = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(width - columns, 1)
