"""Company names as division + trade name + industry + form, a branch's own name apart; and organisation codes.

Owns the parsing for comparison. It refuses nothing: a name without recognisable parts is a trade name as a whole.
Word lists are the CSV files in `matching/words/`. Source of the order of parts: 企业名称登记管理规定, article 6.
"""

import csv
import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from matching.characters.table import LAST, characters, simplify
from matching.standardise.codepoints import flat, matrix
from matching.standardise.folding import at_rest
from matching.standardise.identifiers import citizen_id
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered, through

WORDS: Final = Path(__file__).parent.parent / "words"
LONGEST: Final = 80
BRACKETS = re.compile(r"[()（）\[\]【】〔〕<>《》\"'“”‘’]")
MISTYPED_FORM = re.compile("(有限责任|有限|股份|集团|分)(?:公[^司]|[^公]司)$")
"""公司 with one wrong character at the end of a name: the form says nothing that a typing error could change."""

NOISE = re.compile(r"[\s·•,，.。、-]+")
OWNER = re.compile(r"^[1-8]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9X]")
PERSONAL = re.compile(r"^[1-8]\d{13,16}[0-9X]?$")
"""What may be a citizen's number with an error: unified codes begin with 9 or hold letters."""

CODE_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class CompanyName:
    """The parts of a name, each empty where absent."""

    division: str
    trade: str
    industry: str
    form: str
    branch: str


@functools.cache
def words(name: str) -> tuple[str, ...]:
    """A word list, the longest words first."""
    with (WORDS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        found = {row["word"] for row in csv.DictReader(handle)}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


def _alternatives(name: str) -> str:
    return "|".join(re.escape(word) for word in words(name))


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    division = re.compile(f"^(?:中国)?(?:{_alternatives('divisions')})+(?=..)")
    form = re.compile(f"(?:{_alternatives('forms')})$")
    industry = re.compile(f"(?<=.)(?:{_alternatives('industries')})+$")
    branch = re.compile(f"^(.+?(?:{_alternatives('forms')}))(.*(?:{_alternatives('branches')}))$")
    return division, form, industry, branch


def fold(text: str) -> str:
    """A company name as it is compared: NFKC, simplified, no brackets, blanks or punctuation, capitals."""
    return at_rest(_fold_once, text)


def _fold_once(text: str) -> str:
    text = NOISE.sub("", BRACKETS.sub("", unicodedata.normalize("NFKC", text[:LONGEST])))
    text = MISTYPED_FORM.sub(r"\1公司", text)
    return simplify(text).upper()


def parse(name: str) -> CompanyName:
    """The parts of a folded name.

    >>> parse("青岛海蓝科技有限公司市南分公司")
    CompanyName(division='青岛', trade='海蓝', industry='科技', form='有限公司', branch='市南分公司')
    """
    division, form, industry, branch = _patterns()
    own = branch.match(name)
    head, branch_name = (own.group(1), own.group(2)) if own else (name, "")
    if not own and (marker := re.search(f"(?:{_alternatives('branches')})$", name)):
        branch_name = marker.group()
    ended = form.search(head)
    form_word = ended.group() if ended and ended.start() > 0 else ""
    core = head[: len(head) - len(form_word)]
    begun = division.match(core)
    place = begun.group() if begun else ""
    core = core[len(place) :]
    if not place and (inside := re.search(f"(?<=..)(?:{_alternatives('divisions')})", core)):
        place, core = inside.group(), core[: inside.start()] + core[inside.end() :]
    trades = industry.search(core)
    industry_word = trades.group() if trades else ""
    return CompanyName(place, core[: len(core) - len(industry_word)], industry_word, form_word, branch_name)


def company_name(texts: pa.StringArray) -> Standardised:
    """Names to keys: `value` the folded text, `core` without division and form, `trade`, `industry`, `branch`."""
    codes, values = distinct([fold(text) for text in texts.fill_null("").to_pylist()])
    parsed = [parse(name) for name in values.to_pylist()]
    cores = [part.trade + part.industry for part in parsed]
    industries = _key(part.industry for part in parsed)
    keys: dict[str, Keys] = {
        "value": numbered(len(values)),
        "core": mixed(_key(cores), _key(part.branch for part in parsed)),
        "trade": mixed(_key(part.trade for part in parsed), _key(part.branch for part in parsed)),
        "branch": _key(part.branch for part in parsed),
        "start": _key(core[:2] for core in cores),
        "end": _key(core[1:] for core in cores),
    }
    held = flat(pa.array(cores, pa.string()))
    points, lengths = matrix(held, 16), held.lengths
    syllable = characters().syllable[np.minimum(points, LAST - 1)].astype(np.uint32)
    sounds = np.where(syllable > 0, syllable, points)
    features = {
        "core": np.array(cores, object), "industry": industries, "named": np.array([bool(p.industry) for p in parsed]),
        "sounds": sounds, "length": lengths, "branch": keys["branch"],
        "trade_name": _key(part.trade for part in parsed),
    }  # fmt: skip
    keys["sound"] = mixed(*(sounds[:, place] + np.uint32(1) for place in range(16)), keys["branch"])
    return Standardised(codes, ValueTable(values, keys, features))


def _key(texts: Iterable[str]) -> Keys:
    """Equal texts get equal numbers from 1, the empty text too: an absent part is a part like any other here."""
    encoded = pa.array(list(texts), pa.string()).dictionary_encode()
    numbers = encoded.indices.to_numpy(zero_copy_only=False)
    return np.asarray(numbers.astype(np.uint64) + np.uint64(1))


def organization_code(texts: pa.StringArray) -> Standardised:
    """Unified codes, taxpayer ids and organisation codes to the nine characters they share.

    A taxpayer id that is a citizen's number is null: it names the owner, not the business.
    """
    codes, values = distinct([shared_code(text) for text in texts.to_pylist()])
    known = values.to_pylist()
    valid = np.array([len(text) != 9 or _checks(text) for text in known], bool)
    held = flat(values)
    points, lengths = matrix(held, 18), held.lengths
    keys: dict[str, Keys] = {
        "value": numbered(len(known)),
        "head": mixed(*(points[:, place] for place in range(5))),
        "tail": mixed(*(points[:, place] for place in range(4, 9))),
    }
    return Standardised(codes, ValueTable(values, keys, {"points": points, "length": lengths, "valid": valid}))


def shared_code(text: str | None) -> str | None:
    """The organisation code inside an enterprise's identifier.

    >>> shared_code("91350100M000100Y43"), shared_code("D2143569-X")
    ('M000100Y4', 'D2143569X')
    """
    cleaned = re.sub("[^0-9A-Z]", "", unicodedata.normalize("NFKC", (text or "")[:40]).upper())
    if len(set(cleaned)) <= 1:
        return None
    if owner_number(cleaned):
        return None
    if len(cleaned) == 18:
        return cleaned[8:17]
    if len(cleaned) == 15:
        return cleaned[6:15]
    return cleaned if 7 <= len(cleaned) <= 20 else None


def owner_number(cleaned: str) -> str | None:
    """The citizen's number that an individual's taxpayer id is: 18 or 15 characters, alone or with two more.

    Its check digit need not hold: where a unified code has a division and an organisation code, it has a birth date.
    """
    if len(cleaned) in {18, 20} and OWNER.match(cleaned):
        return cleaned[:18]
    is_old = len(cleaned) == 17 and cleaned.isascii() and cleaned.isdigit() and "01" <= cleaned[8:10] <= "12"
    return cleaned[:15] if is_old else None


def owner_id(texts: pa.StringArray) -> Standardised:
    """Numbers of owners and representatives as `citizen_id` has them; identifiers of enterprises are null."""
    cleaned = (re.sub("[^0-9A-Z]", "", text.upper()) if text else "" for text in texts.to_pylist())
    numbers = [owner_number(text) or (text if PERSONAL.match(text) else None) for text in cleaned]
    codes, values = distinct(numbers)
    found = citizen_id(values)
    return Standardised(through(found.codes, codes), found.table)


def business_kind(texts: pa.StringArray) -> Standardised:
    """What kind of business an identifier is given to: `individual`, else `organisation`."""
    codes, values = distinct([_kind(re.sub("[^0-9A-Z]", "", (text or "").upper())) for text in texts.to_pylist()])
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))}))


def _kind(cleaned: str) -> str | None:
    if owner_number(cleaned) or (len(cleaned) == 18 and cleaned.startswith("92")):
        return "individual"
    return "organisation" if len(cleaned) == 18 else None


def _checks(text: str) -> bool:
    if any(character not in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" for character in text):
        return False
    total = sum(int(character, 36) * weight for character, weight in zip(text[:8], CODE_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11 if total % 11 else 11] == text[8]
