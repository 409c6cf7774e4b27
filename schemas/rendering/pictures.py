"""Charts drawn offline by Vega through `vl_convert`, as SVG and PNG, with Chinese glyphs on any machine.

Text in them is set in `fonts.FAMILY`: a page that shows an SVG embeds that face, a file of its own carries it.
"""

import re

import vl_convert

from schemas.rendering.fonts import FAMILY, embedded_font_css, picture_font

_IDS = re.compile(r'(id="|url\(#|href="#)')
_OPENING = re.compile(r"<svg[^>]*>")
_TAGS = re.compile(r"<[^>]*>")


def to_svg(spec: str, name: str, alphabet: str) -> str:
    """Render a Vega-Lite specification whose texts are within `alphabet`.

    Ids inside carry the name, so that several pictures can share a page.
    """
    font = picture_font(alphabet)
    vl_convert.register_font_directory(str(font.folder))
    svg: str = vl_convert.vegalite_to_svg(spec.replace(FAMILY, font.family))
    return _IDS.sub(lambda match: f"{match[1]}{name}-", svg.replace(font.family, FAMILY))


def to_png(svg: str, text: str) -> bytes:
    """A picture of an SVG whose text is within `text`."""
    font = picture_font(text)
    vl_convert.register_font_directory(str(font.folder))
    picture: bytes = vl_convert.svg_to_png(svg.replace(FAMILY, font.family), scale=2)
    return picture


def standalone(svg: str) -> str:
    """The same picture as a file of its own: it carries the glyphs of its texts."""
    style = f"<style>{embedded_font_css(_TAGS.sub('', svg))}</style>"
    return _OPENING.sub(lambda match: match[0] + style, svg, count=1)
