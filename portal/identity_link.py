"""The link that the identity of a finding hangs on, as its page shows it: two records, why they are one, their bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from matching.explaining.wording import chance
from mismatches.cases.queries.pages import IdentityLink
from portal.pair_picture import PairWeights, pair_picture
from portal.waterfall import Waterfall
from schemas.bilingual import Bilingual, Language
from schemas.contract import source_contract

_HOW: Final[Mapping[str, Bilingual]] = {
    "linked": Bilingual("权重达到合并阈值。", "They were linked by their weight."),
    "judged": Bilingual("由管理员裁定为同一主体，不论权重。", "A steward judged them to be one, whatever they weigh."),
    "collapsed": Bilingual(
        "两条记录的关键项目完全相同，比对前已归为一体；下面是把它们作为单条记录比对的权重。",
        "What names them is identical, so that they were one before any pair was weighed; below is what the two weigh "
        "as single records.",
    ),
}
_WEAKEST: Final = Bilingual(
    "引用的记录之间，把它们连成同一主体的各环中最弱的一环：",
    "Of the links that make the cited records one, the weakest is that between",
)
_ALONE: Final = Bilingual(
    "只引用了该主体的一条记录；它与该主体其他记录之间最强的一环：",
    "One record of the subject is cited; the strongest of its links to the others is that between",
)
_AND: Final = Bilingual("与", "and")


@dataclass(frozen=True)
class LinkShown:
    """The words above the waterfall, and the waterfall. `records`: both, as dataset and id."""

    what: str
    records: tuple[tuple[str, str], ...]
    between: str
    how: str
    probability: str
    picture: Waterfall


def link_shown(link: IdentityLink, language: Language) -> LinkShown:
    """The view of a link; it names records by id and shows no value."""
    weights = PairWeights(
        link.prior_bits, link.fields, link.total_bits, link.match_probability, link.link_bits,
        twice=link.left[0] == link.right[0],
    )  # fmt: skip
    return LinkShown(
        what=(_WEAKEST if link.joins else _ALONE).say(language),
        records=tuple((_dataset(dataset, language), record_id) for dataset, record_id in (link.left, link.right)),
        between=_AND.say(language),
        how=_HOW[link.how].say(language),
        probability=chance(link.match_probability),
        picture=pair_picture(weights, language),
    )


def _dataset(name: str, language: Language) -> str:
    contract = source_contract(name)
    return Bilingual(contract.title_zh, contract.title_en).say(language)
