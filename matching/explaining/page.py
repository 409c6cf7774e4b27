"""One offline page in both languages: style, pictures and glyphs inside, nothing fetched from anywhere."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from matching.explaining import wording
from matching.explaining.cluster import ClusterGraph
from matching.explaining.pair import PairExplanation
from matching.explaining.pictures import graph, waterfall
from matching.explaining.text import NONE, decision_text, judged_text, level_text, parts_text, side_text
from schemas.bilingual import Bilingual
from schemas.rendering.fonts import FAMILY, embedded_font_css

_FONT_MARK: Final = "/* font */"


@dataclass(frozen=True)
class Row:
    """One line of the table: a field, what was compared, what it weighs and why."""

    name: Bilingual
    left: str
    right: str
    level: Bilingual
    bits: str
    parts: Bilingual


def pair_page(explanation: PairExplanation) -> str:
    """The page of two records. It shows their values: for the eyes of whoever asked for them."""
    rows = [
        Row(
            wording.field_name(field.field), side_text(field.left), side_text(field.right),
            Bilingual(level_text(field, "zh"), level_text(field, "en")),
            wording.bits(field.bits) if field.level else NONE,
            Bilingual(parts_text(field, "zh"), parts_text(field, "en")),
        )
        for field in explanation.fields
    ]  # fmt: skip
    return rendered(
        "explaining/pair.html.j2",
        explanation=explanation,
        rows=rows,
        judgements=[Bilingual(judged_text(one, "zh"), judged_text(one, "en")) for one in explanation.judgements],
        decision=Bilingual(decision_text(explanation, "zh"), decision_text(explanation, "en")),
        drawing=Bilingual(waterfall(explanation, "zh"), waterfall(explanation, "en")),
    )


def cluster_page(cluster: ClusterGraph) -> str:
    """The page of a cluster."""
    return rendered(
        "explaining/cluster.html.j2", cluster=cluster, drawing=Bilingual(graph(cluster, "zh"), graph(cluster, "en"))
    )


def rendered(template: str, **values: object) -> str:
    """A page from a template of this package or of the evaluation, with the glyphs of its text."""
    page = _environment().get_template(template).render(font_mark=_FONT_MARK, family=FAMILY, words=wording, **values)
    return page.replace(_FONT_MARK, embedded_font_css(page))


@cache
def _environment() -> Environment:
    loaders = {name: PackageLoader(f"matching.{name}", "templates") for name in ("explaining", "evaluation")}
    environment = Environment(
        loader=PrefixLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["thousands"] = lambda count: NONE if count is None else f"{count:,}"
    environment.filters["percent"] = lambda share: NONE if share is None else f"{share:.2%}"
    environment.filters["bits"] = wording.bits
    environment.filters["chance"] = wording.chance
    return environment
