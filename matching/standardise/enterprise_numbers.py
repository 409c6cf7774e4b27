"""Numbers of enterprises: the organisation code that they share, the owner's own number, the kind of business.

Owns their cleaning and the judgement whose a number is. It refuses nothing: what is neither is null.
Sources: GB 32100-2015 (unified code), GB 11714 (organisation code), GB 11643-1999 (citizen id), GS15 (registration).
"""

import re
import unicodedata
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.codepoints import flat, matrix
from matching.standardise.identifiers import citizen_id
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered, through

LONGEST: Final = 40
CODE: Final = 9
CODE_PLACES: Final = ((18, 8), (15, 6))
"""Length of a unified code and of an old taxpayer id, and where the organisation code begins in it."""

CODE_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
OTHER = re.compile("[^0-9A-Z]")
OWNER = re.compile(r"[1-8]\d{5}(?:19|20)\d{9}[0-9X](?:\d\d)?")
"""A citizen's number, alone or with two more; its month and day may be mistyped, a unified code has no year there."""

OLD_OWNER = re.compile(r"[1-8]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
PERSONAL = re.compile(r"[1-8]\d{13,16}[0-9X]?")
"""What may be a citizen's number with an error: unified codes begin with 9 or hold letters."""

ORGANISATION: Final = "公司|集团|合伙|合作社|有限|股份|学校|医院|银行|事务所|委员会|研究[院所]|[小中大]学$|局$|幼儿园"
SHOP: Final = "个体|[^酒药书商分]店$|[面菜饭茶餐烤]馆$|[铺摊坊]$|小卖部$|修理部$|维修部$|汽修厂$|理发室$"
"""Ends of names that companies without their form hardly have."""

ANY_SHOP: Final = "[店馆庄行厂部铺摊坊屋吧]$|超市$|[发容]室$|美容院$|工作室$|个体"
"""Ends of names that most shops have, and a company only where its form is left out."""


def organization_code(texts: pa.StringArray) -> Standardised:
    """Unified codes, taxpayer ids and organisation codes to the nine characters they share.

    A taxpayer id that is a citizen's number is null: it names the owner, not the business.
    """
    codes, values = distinct([shared_code(text) for text in texts.to_pylist()])
    held = flat(values)
    points, lengths = matrix(held, 18), held.lengths
    keys: dict[str, Keys] = {
        "value": numbered(len(values)),
        "head": mixed(*(points[:, place] for place in range(5))),
        "tail": mixed(*(points[:, place] for place in range(4, CODE))),
    }
    valid = (lengths == CODE) & _valid(points[:, :CODE])
    return Standardised(codes, ValueTable(values, keys, {"points": points, "length": lengths, "valid": valid}))


def shared_code(text: str | None) -> str | None:
    """The organisation code inside an enterprise's identifier.

    Of a longer number with a character missing or one too many it is the nine that fit their check digit; where none
    do, what stands in their place.

    >>> shared_code("91350100M000100Y43"), shared_code("D2143569-X")
    ('M000100Y4', 'D2143569X')
    """
    cleaned = _cleaned(text)
    if len(set(cleaned)) <= 1 or owner_number(cleaned):
        return None
    for length, start in CODE_PLACES:
        if len(cleaned) == length:
            code = cleaned[start : start + CODE]
            return None if length == 15 and _registered(cleaned) and not checks(code) else code
    for length, start in CODE_PLACES:
        apart = len(cleaned) - length
        if abs(apart) == 1:
            found = [cleaned[place : place + CODE] for place in (start, start + apart)]
            whole = [code for code in found if checks(code)]
            return whole[0] if whole else cleaned[start : start + CODE + apart]
    return cleaned if 7 <= len(cleaned) <= 20 else None


def _cleaned(text: str | None) -> str:
    text = (text or "")[:LONGEST]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.upper()
    return text if text.isascii() and text.isalnum() else OTHER.sub("", text)


def owner_number(cleaned: str) -> str | None:
    """The citizen's number that an individual's taxpayer id is: 18 or 15 characters, alone or with two more.

    Its check digit need not hold: where a unified code has a division and an organisation code, it has a birth date.
    """
    if len(cleaned) in {18, 20}:
        return cleaned[:18] if OWNER.fullmatch(cleaned) else None
    if len(cleaned) in {15, 17} and OLD_OWNER.match(cleaned) and cleaned.isdigit():
        return cleaned[:15] if len(cleaned) == 17 or not checks(cleaned[6:]) else None
    return None


def owner_id(texts: pa.StringArray) -> Standardised:
    """Numbers of owners and representatives as `citizen_id` has them; identifiers of enterprises are null."""
    codes, values = distinct([_owner(_cleaned(text)) for text in texts.to_pylist()])
    found = citizen_id(values)
    return Standardised(through(found.codes, codes), found.table)


def _owner(cleaned: str) -> str | None:
    if number := owner_number(cleaned):
        return number
    is_code = len(cleaned) == 15 and (checks(cleaned[6:]) or _registered(cleaned))
    return cleaned if PERSONAL.fullmatch(cleaned) and not is_code else None


def business_kind(texts: pa.StringArray) -> Standardised:
    """Kind of a business by its identifier, or by its name where that tells: `individual` or `organisation`."""
    codes, values = distinct(_kinds(texts, SHOP))
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))}))


def individual_business(texts: pa.StringArray) -> Standardised:
    """`individual` where the identifier says so or the name is like a shop's, else null."""
    kinds = _kinds(texts, ANY_SHOP)
    codes, values = distinct(pc.if_else(pc.equal(kinds, "individual"), kinds, pa.scalar(None, pa.string())))
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))}))


def _kinds(texts: pa.StringArray, shops: str) -> pa.StringArray:
    is_name = pc.match_substring_regex(texts, r"\p{Han}")
    by_name = pc.case_when(
        pc.make_struct(pc.match_substring_regex(texts, ORGANISATION), pc.match_substring_regex(texts, shops)),
        "organisation", "individual",
    )  # fmt: skip
    by_number = pa.array([_kind(_cleaned(text)) for text in pc.if_else(is_name, "", texts).to_pylist()], pa.string())
    return pc.if_else(is_name, by_name, by_number)


def _kind(cleaned: str) -> str | None:
    if owner_number(cleaned) or (len(cleaned) == 18 and cleaned.startswith("92")):
        return "individual"
    legacy = len(cleaned) == 15 and checks(cleaned[6:])
    return "organisation" if len(cleaned) == 18 or legacy else None


def checks(code: str) -> bool:
    """Whether the last of nine characters is the check digit of an organisation code."""
    if len(code) != CODE or not code.isalnum() or not code.isascii() or code != code.upper():
        return False
    total = sum(int(character, 36) * weight for character, weight in zip(code[:8], CODE_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11 if total % 11 else 11] == code[8]


def _valid(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """`checks` of many codes, given by their code points."""
    digit = points.astype(np.int64) - 48
    value = np.where(digit > 9, digit - 7, digit)
    known = (((digit >= 0) & (digit <= 9)) | ((value >= 10) & (value <= 35))).all(axis=1)
    check = (11 - (value[:, :8] * np.array(CODE_WEIGHTS)).sum(axis=1) % 11) % 11
    last = points[:, 8]
    return np.asarray(known & np.where(check == 10, last == ord("X"), last == check + 48))


def _registered(cleaned: str) -> bool:
    """Whether fifteen digits end with the check digit of a registration number (ISO 7064 MOD 11,10)."""
    if not cleaned.isdigit():
        return False
    product = 10
    for digit in cleaned[:-1]:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (product + int(cleaned[-1])) % 10 == 1
