"""Masks as SQL expressions, evaluated by DuckDB on characters, never on bytes.

Secrets enter as bound values. The key of a recipient is derived from the key of the installation, so that two
recipients cannot join what they got.
"""

import hashlib
import hmac
import os
from typing import assert_never

from exchange.agreement import Mask
from storage.engine import quote_identifier
from storage.errors import BadSpecification

KEY_VARIABLE = "SITONG_MASKING_KEY"
_MIN_KEY_CHARACTERS = 32
_BLOCK_BYTES = 64  # of SHA-256; RFC 2104, section 2

COMPOUND_SURNAMES = (
    *("欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊"),
    *("赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文"),
    *("司徒", "鲜于", "司空", "闾丘", "令狐", "百里", "呼延", "东郭", "南门", "拓跋", "轩辕", "西门", "第五", "纳兰"),
)
"""Two-character surnames; a name that begins with one and is longer keeps both characters."""


def masked(column: str, mask: Mask) -> str:
    """Write the expression of a masked column. `keyed_hash` uses the parameters `inner` and `outer` of `hash_pads`."""
    name = quote_identifier(column)
    match mask:
        case Mask.NONE:
            return name
        case Mask.LAST4:
            shown = f"CASE WHEN length({name}) > 4 THEN right({name}, 4) ELSE '' END"
            return f"CASE WHEN {name} IS NOT NULL THEN repeat('*', length({name}) - length({shown})) || {shown} END"
        case Mask.YEAR:
            return f"CAST(year({name}) AS VARCHAR)"
        case Mask.SURNAME:
            surnames = ", ".join(f"'{surname}'" for surname in COMPOUND_SURNAMES)
            compound = f"length({name}) > 2 AND left({name}, 2) IN ({surnames})"
            return f"left({name}, CASE WHEN {compound} THEN 2 ELSE 1 END) || '**'"
        case Mask.DISTRICT:
            return f"left({name}, 6)"
        case Mask.KEYED_HASH:
            return f"sha256($outer || unhex(sha256($inner || encode(CAST({name} AS VARCHAR)))))"
    assert_never(mask)


def recipient_key(recipient: str) -> bytes:
    """Derive the key of a recipient.

    Raises:
        BadSpecification: the installation has no key, or a short one.
    """
    secret = os.environ.get(KEY_VARIABLE, "")
    if len(secret) < _MIN_KEY_CHARACTERS:
        raise BadSpecification(
            "the mask keyed_hash needs a secret key",
            KEY_VARIABLE,
            f"at least {_MIN_KEY_CHARACTERS} random characters in the environment",
            "make one, export it, and keep it: another key gives other hashes",
        )
    return hmac.digest(secret.encode(), recipient.encode(), "sha256")


def hash_pads(key: bytes) -> dict[str, bytes]:
    """Give the two pads of HMAC (RFC 2104), to be bound to `inner` and `outer`."""
    block = key.ljust(_BLOCK_BYTES, b"\0")
    return {"inner": bytes(byte ^ 0x36 for byte in block), "outer": bytes(byte ^ 0x5C for byte in block)}


def fingerprint(key: bytes) -> str:
    """Name a key without telling it: another key is another delivery."""
    return hashlib.sha256(b"fingerprint" + key).hexdigest()[:12]
