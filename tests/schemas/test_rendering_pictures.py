"""Pictures and their fonts: glyphs on machines without Chinese fonts, nothing fetched, equal text gives equal bytes."""

import base64
import re
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from schemas.rendering.fonts import FAMILY, embedded_font_css
from schemas.rendering.pictures import standalone, to_png


def test_pictures_have_glyphs_where_no_chinese_font_is_installed():
    def picture(text):
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30">'
            f'<text x="2" y="22" font-size="20" font-family="{FAMILY}">{text}</text></svg>'
        )
        return to_png(svg, "市南区")

    blank, first, second = picture(""), picture("市"), picture("南")
    assert len({blank, first, second}) == 3


@pytest.mark.parametrize("alphabet", list("城阳即墨"))
def test_glyphs_are_drawn_whatever_the_alphabet(alphabet):
    def picture(text):
        head = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">'
        return to_png(f'{head}<text x="2" y="22" font-family="{FAMILY}">{text}</text></svg>', alphabet)

    assert picture(alphabet) != picture("")


def test_the_same_text_gives_the_same_font():
    assert embedded_font_css("疑点") == embedded_font_css("点疑点")


def test_a_picture_of_its_own_carries_the_glyphs_of_its_texts():
    picture = standalone('<svg xmlns="http://www.w3.org/2000/svg" width="9"><text>青岛</text></svg>')
    assert re.match(r'<svg xmlns="http://www.w3.org/2000/svg" width="9"><style>@font-face', picture)
    encoded = re.search(r"base64,([A-Za-z0-9+/=]+)\)", picture)[1]
    with TTFont(BytesIO(base64.b64decode(encoded))) as font:
        assert {ord("青"), ord("岛")} <= set(font.getBestCmap())
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
