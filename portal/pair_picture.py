"""What a pair of records weighs, in words and as a waterfall: prior, fields, what a constraint takes away, total."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matching.explaining.wording import DUPLICATE, FORBIDDEN, PRIOR, TOTAL, chance, field_name, level_name
from portal.texts_links import MISSING
from portal.waterfall import Part, Waterfall, waterfall
from schemas.bilingual import Language

_REST: Final = 0.05  # bits that a reader would see


@dataclass(frozen=True)
class PairWeights:
    """The weights of a pair in bits.

    `fields`: field, level reached (null where nothing was compared), bits, in the order of the model. `total_bits`:
    null where it is what the parts give. `link_bits`: total from which pairs are linked. `twice`: both records are of
    one dataset.
    """

    prior_bits: float
    fields: Sequence[tuple[str, str | None, float]]
    total_bits: float | None
    match_probability: float
    link_bits: float
    twice: bool


def pair_picture(weights: PairWeights, language: Language) -> Waterfall:
    """The waterfall; what fields do not tell is a constraint's."""
    parts = [_part(*one, language) for one in weights.fields]
    told = weights.prior_bits + sum(part.bits or 0.0 for part in parts)
    total = told if weights.total_bits is None else weights.total_bits
    if abs(rest := total - told) > _REST:
        parts.append(Part((DUPLICATE if weights.twice else FORBIDDEN).say(language), "", rest))
    return waterfall(
        Part(PRIOR.say(language), "", weights.prior_bits),
        parts,
        Part(TOTAL.say(language), chance(weights.match_probability), total),
        weights.link_bits,
    )


def _part(field: str, level: str | None, bits: float, language: Language) -> Part:
    reached = level_name(level) if level else MISSING
    return Part(field_name(field).say(language), reached.say(language), bits if level else None)
