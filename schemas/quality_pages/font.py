"""The font inside the quality pages: every character that this room can say, for readers without a Chinese font.

The same for all pages, and made once a process.
"""

import base64
from functools import cache
from pathlib import Path
from typing import Final

from schemas.rendering.fonts import FAMILY, web_font

ROOM: Final = Path(__file__).resolve().parents[1]
_ENDINGS: Final = (".j2", ".py", ".yaml")


@cache
def font_rule() -> str:
    """An `@font-face` rule with the font inside, about 0.1 MB; the first call takes one or two seconds."""
    texts = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*") if path.suffix in _ENDINGS)
    encoded = base64.b64encode(web_font("".join(sorted(set(texts))))).decode("ascii")
    source = f"url(data:font/woff;base64,{encoded}) format('woff')"
    return f"@font-face{{font-family:'{FAMILY}';font-weight:100 900;src:{source}}}"
