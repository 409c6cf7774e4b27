"""Chinese glyphs on machines without Chinese fonts: the part of Noto Sans CJK SC that a text needs.

Pages get one variable WOFF (weights 100–900) as a data URI; pictures get a static face in a folder for
`vl_convert`. Both hold only the characters of the text, and one process makes the same subset once.

Source: Noto Sans CJK (SIL Open Font License 1.1), as shipped by the package `manimgx-fonts-cjk`.
"""

import base64
import logging
import tempfile
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

FAMILY = "Sitong Sans"
_PICTURE_WEIGHT = 400
_FACE = 2  # Noto Sans CJK SC among the faces of the collection
_ALWAYS = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("—…·×÷−≥≤％、。，；：！？（）《》“”‘’○●▲")
_DROPPED = (
    "GSUB",
    "GPOS",
    "GDEF",
    "VORG",
    "VVAR",
    "vhea",
    "vmtx",
    "BASE",
    "DSIG",
)  # kerning, vertical text: slow and unused


def embedded_font_css(text: str) -> str:
    """An `@font-face` rule that holds every character of a text; about 0.3 kB a character, 1 s for a thousand."""
    encoded = base64.b64encode(_web_font(_characters(text))).decode("ascii")
    return (
        f"@font-face{{font-family:'{FAMILY}';font-weight:100 900;font-display:block;"
        f"src:url(data:font/woff;base64,{encoded}) format('woff')}}"
    )


def web_font(text: str) -> bytes:
    """The variable face with every character of a text, as a file."""
    return _web_font(_characters(text))


@dataclass(frozen=True)
class PictureFont:
    """A face for `vl_convert.register_font_directory`; its family is its own, so that several can be registered."""

    family: str
    folder: Path


def picture_font(text: str) -> PictureFont:
    """A static regular face with every character of a text, in a private folder that goes with the process."""
    return _picture_font(_characters(text))


@lru_cache(maxsize=8)
def _picture_font(characters: str) -> PictureFont:
    holder = tempfile.TemporaryDirectory(prefix="sitong-fonts.")
    _HELD.append(holder)
    family = f"{FAMILY} s{sha256(characters.encode()).hexdigest()[:8]}"  # a word of CSS must not begin with a digit
    _static(characters, family).save(Path(holder.name) / "regular.ttf")
    return PictureFont(family, Path(holder.name))


_HELD: list[tempfile.TemporaryDirectory[str]] = []  # folders that live as long as the process


def _characters(text: str) -> str:
    return "".join(sorted(_ALWAYS | set(text)))


@lru_cache(maxsize=4)
def _web_font(characters: str) -> bytes:
    """The SC face with the glyphs of these characters; unknown characters are left to the reader's own fonts.

    As WOFF: WOFF2 would be an eighth smaller and take three quarters as long again.
    """
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(hinting=True, notdef_outline=True, drop_tables=list(_DROPPED))
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    with _face() as font:
        subsetter.subset(font)
        font.flavor = "woff"
        stream = BytesIO()
        font.save(stream)
    return stream.getvalue()


def _static(characters: str, family: str) -> TTFont:
    """A TrueType face of one weight: the renderer of pictures draws nothing from variable outlines (CFF2)."""
    with _DRAWING:
        face = _regular()
        names = {ord(character): name for character in characters if (name := face.names.get(ord(character)))}
        order = [".notdef", *dict.fromkeys(names.values())]
        outlines = {name: face.outline(name) for name in order}
    builder = FontBuilder(face.units, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: outline.glyph for name, outline in outlines.items()})
    left = {name: getattr(builder.font["glyf"][name], "xMin", 0) for name in order}  # or renderers move the outline
    builder.setupHorizontalMetrics({name: (outlines[name].width, left[name]) for name in order})
    builder.setupHorizontalHeader(ascent=face.hhea.ascent, descent=face.hhea.descent)
    builder.setupNameTable(_names(family))
    builder.setupOS2(sTypoAscender=face.os2.sTypoAscender, sTypoDescender=face.os2.sTypoDescender)
    builder.setupPost()
    return builder.font


def _names(family: str) -> dict[str, str]:
    postscript = family.replace(" ", "") + "-Regular"  # renderers skip a face without this name
    return {"familyName": family, "styleName": "Regular", "fullName": family, "psName": postscript}


@dataclass(frozen=True)
class _Outline:
    """A character as it is drawn, and how wide it is, in units of the face."""

    glyph: Any
    width: int


class _Regular:
    """The face at the weight of pictures, and what has been drawn of it: a report and its pictures share much."""

    def __init__(self) -> None:
        face = _face()
        self.names = face.getBestCmap()
        self.units, self.hhea, self.os2 = face["head"].unitsPerEm, face["hhea"], face["OS/2"]
        self._glyphs = face.getGlyphSet(location={"wght": _PICTURE_WEIGHT})
        self._outlines: dict[str, _Outline] = {}

    def outline(self, name: str) -> _Outline:
        """A glyph by name."""
        if name not in self._outlines:
            pen, glyph = TTGlyphPen(None), self._glyphs[name]
            glyph.draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
            self._outlines[name] = _Outline(pen.glyph(), round(glyph.width))
        return self._outlines[name]


@cache
def _regular() -> _Regular:
    return _Regular()


_DRAWING = Lock()  # a face reads its file as it goes, which two threads must not do at once


def _face() -> TTFont:
    path = Path(str(resources.files("manimgx_fonts_cjk"))) / "NotoSansCJK-VF.otf.ttc"
    return TTFont(path, fontNumber=_FACE, lazy=True, recalcBBoxes=False)  # bounds of all glyphs: a sixth of the time
