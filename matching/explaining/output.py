"""Explanations as files, by the suffix of their name: JSON, text, SVG, PNG or an HTML page, for their owner only."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from matching.explaining.cluster import ClusterGraph
from matching.explaining.page import cluster_page, pair_page
from matching.explaining.pair import PairExplanation
from matching.explaining.pictures import graph, waterfall
from matching.explaining.text import cluster_text, pair_text
from schemas.bilingual import Language
from schemas.rendering.pictures import standalone, to_png
from storage.errors import BadSpecification

Explained = PairExplanation | ClusterGraph


def as_json(explained: Explained) -> str:
    """All of it as JSON; numbers in full."""
    return json.dumps(asdict(explained), ensure_ascii=False, indent=1) + "\n"


def as_text(explained: Explained, language: Language) -> str:
    """Plain text, a line a weight or an edge."""
    if isinstance(explained, PairExplanation):
        return pair_text(explained, language)
    return cluster_text(explained, language)


def as_svg(explained: Explained, language: Language) -> str:
    """The picture, with the glyphs of its texts."""
    return standalone(_picture(explained, language))


def as_png(explained: Explained, language: Language) -> bytes:
    """The picture in points."""
    picture = _picture(explained, language)
    return to_png(picture, picture)


def as_page(explained: Explained) -> str:
    """The page, in both languages."""
    return pair_page(explained) if isinstance(explained, PairExplanation) else cluster_page(explained)


_FORMS: Final[Mapping[str, Callable[[Explained, Language], str | bytes]]] = {
    ".json": lambda explained, _: as_json(explained),
    ".txt": as_text,
    ".svg": as_svg,
    ".png": as_png,
    ".html": lambda explained, _: as_page(explained),
}


def check_suffix(path: Path) -> None:
    """Refuse a name whose suffix is none of ours, before any work is done.

    Raises:
        BadSpecification: with the suffixes that there are.
    """
    if path.suffix not in _FORMS:
        raise BadSpecification(f"an explanation cannot be written as {path.suffix or 'a file without suffix'}",
                               path.name, ", ".join(_FORMS), "choose one of these suffixes")  # fmt: skip


def write(explained: Explained, path: Path, language: Language) -> None:
    """Write a file whose suffix `check_suffix` let pass."""
    content = _FORMS[path.suffix](explained, language)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _picture(explained: Explained, language: Language) -> str:
    return waterfall(explained, language) if isinstance(explained, PairExplanation) else graph(explained, language)
