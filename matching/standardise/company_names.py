"""The parts of a company's name: division, trade name, industry, form, and what names a branch.

Owns the folding and the parsing. It refuses nothing: a name without recognisable parts is a trade name as a whole.
Word lists are the CSV files in `matching/words/`. Source of the order of parts: 企业名称登记管理规定, article 6.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

from matching.characters.table import compound_surnames, simplify
from matching.standardise.folding import at_rest
from matching.standardise.lexicon import Lexicon, lexicon, listed, rows

LONGEST: Final = 80
"""Characters of a name that are read."""

SHORTEST: Final = 2
"""Characters that a trade name keeps, and a parent of a branch."""

FREE: Final = 8
"""Characters of a branch's own name that may stand after the industry of a parent whose form is left out."""

NOISE = re.compile(r"[\s·•,，.。、()（）\[\]【】〔〕<>《》\"'“”‘’-]+")
MISTYPED_FORM = re.compile(
    "(有限责任|有限|股份|集团|分)(?:公[^司]?|[^公]司)$|(有限责任|有限)(?:公[^司分支]|[^公]司)(?=.)"
    "|(?<=..)(?:有[^限]|[^有]限)(责任)?公司|(?<=..)有限(?:责[^任]|[^责]任)公司"
    "|(?<=..)(?:股[^份]|[^股]份)(?=有限公司)"
)
"""The legal form with one character wrong, or its last one missing: a typing error there says nothing."""

OPEN: Final = r"[(\[【〔<《]"
INSIDE: Final = r"[^)\]】〕>》]*"
SHUT: Final = r"(?:[)\]】〕>》]|$)"
BESIDE: Final = r"[^)\]】〕>》店部处分支]*"
"""What may stand around a note inside its brackets: not what names a branch."""

ONE_TOO_MANY: Final = "(?<=[限任份]公司)[^0-9一二三四五六七八九十]$|(?<=公司)筹$"
"""A single character behind the form names no branch: it is a mark or a typing error."""

HOME: Final = "青岛"
"""The city of the registers: at the head of a name it is recognised with one character wrong."""

LONG_TRADE: Final = 4
"""Characters from which a trade name may hold a mistyped city: most have two or three."""

NOTES: Final = ("个体工商户", "个体户", "个体", "特殊普通合伙", "普通合伙", "有限合伙")
"""Forms that stand in brackets behind another form."""

IN_FULL: Final = 3
"""Characters of a district with its 区: 青岛市南 may be 青岛市 and a trade name that begins with 南."""

ORDINAL = re.compile("第?([0-9一二三四五六七八九十百]+)号?$")
COUNTED = re.compile("[〇一二三四五六七八九十百]")
NUMERALS: Final = str.maketrans("0123456789", "〇一二三四五六七八九")


class CompanyName(NamedTuple):
    """The parts of a name, each empty where absent.

    Attributes:
        division: the divisions as written, those in front and in the middle.
        city, district: what they stand for today (胶南 for 黄岛); a province is no city.
        branch: how the branch is called beside its parent, in one writing (第2分公司 and 二分公司 are 二分公司).
    """

    division: str
    trade: str
    industry: str
    form: str
    branch: str
    city: str = ""
    district: str = ""

    @property
    def bare(self) -> bool:
        """Whether it has no part that a person's name does not have."""
        return not (self.division or self.industry or self.form or self.branch)

    @property
    def personal(self) -> bool:
        """Whether the name might be a person's: an individual's business that goes by its owner's name."""
        return self.bare and (
            len(self.trade) in {2, 3} or (len(self.trade) == 4 and self.trade[:2] in compound_surnames())
        )


@functools.cache
def _places() -> Mapping[str, tuple[str, str]]:
    """Division → its level and the name that it stands for."""
    return {row["word"]: (row["level"], row["stands_for"]) for row in rows("divisions")}


@functools.cache
def _inside() -> Lexicon:
    """Divisions that are recognised behind a trade name: cities, provinces and districts in full."""
    return lexicon(
        word for word, (level, _) in _places().items()
        if level in {"city", "province"} or (level == "district" and word[-1] in "区市县")
    )  # fmt: skip


@functools.cache
def _districts() -> frozenset[str]:
    """Districts as branches are called by them, without 区, 市 and 县."""
    return frozenset(word for word, (level, _) in _places().items() if level == "district" and len(word) == SHORTEST)


def fold(text: str) -> str:
    """A company name as it is compared: NFKC, simplified, no notes, brackets, blanks or punctuation, capitals."""
    return at_rest(_fold_once, text)


def _fold_once(text: str) -> str:
    text, (noted, bare) = text[:LONGEST], _remarks()
    if not text.isalnum() or not unicodedata.is_normalized("NFKC", text):
        text = NOISE.sub("", _without(noted, simplify(unicodedata.normalize("NFKC", text))))
    text = _without(bare, text)
    if not text.endswith("有限公司") or (text[-6:-5] == "股") != (text[-5:-4] == "份"):
        text = MISTYPED_FORM.sub(_form_of, text)
    return simplify(text).upper()


@functools.cache
def _remarks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a clerk noted beside a name, in brackets or behind a dash; and without them, behind what ends a name.

    It says that the enterprise is struck off or only being founded, of what kind it is, or what it was called.
    """
    status = "|".join(sorted(listed("remarks").words))
    kind = "|".join(sorted(listed("kinds").words))
    return re.compile(
        f"{OPEN}(?:筹|原{BESIDE}公司|{BESIDE}(?:{status}){BESIDE}){SHUT}|(?<=公司){OPEN}{INSIDE}(?:{kind}){INSIDE}{SHUT}"
        f"|(?<=..)[-_—:]+已?(?:{status})中?$|^已?(?:{status})[-_—:]+(?=..)"
    ), re.compile(f"(?<=[司店厂部社行])已?(?:{status})中?$|{ONE_TOO_MANY}")


def _without(remark: re.Pattern[str], text: str) -> str:
    kept = remark.sub("", text)
    return kept if len(kept) >= SHORTEST else text


def _form_of(found: re.Match[str]) -> str:
    if begun := found[1] or found[2]:
        return f"{begun}公司"
    if "公司" not in found[0]:
        return "股份"
    return "有限责任公司" if "责" in found[0] or "任" in found[0] else "有限公司"


def parse(name: str) -> CompanyName:
    """The parts of a folded name.

    >>> found = parse("青岛海蓝科技有限公司市南区第1分公司")
    >>> found.division, found.trade, found.industry, found.form, found.branch
    ('青岛', '海蓝', '科技', '有限公司', '市南一分公司')
    """
    head, branch = _branch(name)
    core, form = _form(head)
    places, start = _divisions(core, IN_FULL, SHORTEST)
    core = core[start:]
    inside, core = _middle(core)
    places += inside
    end = _industry(core)
    if not places and end >= LONG_TRADE and (core[0] == HOME[0]) != (core[1] == HOME[1]):
        places, core, end = [HOME], core[SHORTEST:], end - SHORTEST
    city, district = _where(places)
    return CompanyName("".join(places), core[:end], core[end:], form, branch, city, district)


def _branch(name: str) -> tuple[str, str]:
    """The parent's name, and the branch's own: what follows a form, or stands before the word for a branch."""
    end = _form_inside(name)
    if end:
        return name[:end], _one_writing(name[end:])
    marker = listed("branches").before(name, len(name))
    if not marker and name.endswith("店"):
        return _shop_of_chain(name)
    if not marker or len(name) - len(marker) < SHORTEST:
        return name, ""
    place = len(name) - len(marker)
    end = _qualifier(name, place)
    if end == place:
        end = _free_qualifier(name, place)
    return name[:end], _one_writing(name[end:])


def _form_inside(name: str) -> int:
    """Where the parent's form ends in a branch's name, or 0."""
    place = name.find("公司")
    while place >= 0 and (place < SHORTEST or name[place - 1] in "分支"):
        place = name.find("公司", place + 2)
    end = place + 2
    if place < 0 or end == len(name) or name[end:] in NOTES or name.endswith(("有限公司", "责任公司")):
        return 0
    return end


def _shop_of_chain(name: str) -> tuple[str, str]:
    """海蓝超市即墨店, 海蓝超市二店: a district or a number right before 店 behind a whole name."""
    end = _qualifier(name, len(name) - 1)
    if end == len(name) - 1 or not listed("industries").before(name, end):
        return name, ""
    return name[:end], _one_writing(name[end:])


def _qualifier(name: str, end: int) -> int:
    """Where districts and numbers before a place begin."""
    while True:
        place = end
        if found := ORDINAL.search(name, 0, end):
            place = found.start()
        elif word := listed("divisions").before(name, end):
            place = end - len(word)
        if place == end or place < SHORTEST:
            return end
        end = place


def _free_qualifier(name: str, end: int) -> int:
    """Where a street or the like begins that names a branch: behind the industry of its parent."""
    industries = listed("industries")
    for place in range(end, max(end - FREE, SHORTEST + 1), -1):
        if place != end - 1 and industries.before(name, place):
            return place
    return end


def _one_writing(branch: str) -> str:
    """A branch's own name without 第 and in Chinese numerals, its district without 区, 市 and 县.

    A city in front of a district or a number is left out. A district with one character wrong is put right where only
    one is that near.
    """
    branch = branch.replace("第", "").translate(NUMERALS)
    places, end = _divisions(branch, SHORTEST, keep=1)
    if district := _where(places)[1]:
        return district + branch[end:]
    if places and COUNTED.match(branch, end):
        return branch[end:]
    if len(branch) > 3 and listed("branches").before(branch, len(branch)) == branch[SHORTEST:]:
        near = [name for name in _districts() if (name[0] == branch[0]) != (name[1] == branch[1])]
        if len(near) == 1:
            return near[0] + branch[SHORTEST:]
    return branch


def plain_branch(branch: str) -> bool:
    """Whether a branch's own name, in one writing, is a district or a number or both and the word for a branch."""
    marker = listed("branches").before(branch, len(branch)) or ("店" if branch.endswith("店") else "")
    own = branch[: len(branch) - len(marker)]
    if found := ORDINAL.search(own):
        own = own[: found.start()]
    return bool(marker) and (not own or own in _places())


def _form(head: str) -> tuple[str, str]:
    """A name without its form, and the form, notes behind it included."""
    end = len(head)
    if head.endswith(NOTES):
        note = next(note for note in NOTES if head.endswith(note))
        end -= len(note) if end > len(note) + SHORTEST else 0
    form = listed("forms").before(head, end)
    if len(form) < end:
        end -= len(form)
    return head[:end], head[end:]


def _divisions(text: str, shortest: int, keep: int) -> tuple[list[str], int]:
    """The divisions in front of a text that leave some characters, and where they end.

    In 青岛市南区 the city is 青岛 and the district 市南区; the latter has at least so many characters.
    """
    found: list[str] = []
    place, divisions = 0, listed("divisions")
    while word := divisions.at(text, place):
        if word[-1] == "市" and word[:-1] in divisions.words:
            district = divisions.at(text, place + len(word) - 1)
            word = word[:-1] if len(district) >= shortest else word
        if place + len(word) + keep > len(text):
            break
        found.append(word)
        place += len(word)
    return found, place


def _middle(core: str) -> tuple[list[str], str]:
    """A division that stood in brackets behind the trade name, and the name without it."""
    inside = _inside()
    for place in range(SHORTEST, len(core) - 1):
        if core[place] in inside.first and (word := inside.at(core, place)):
            return [word], core[:place] + core[place + len(word) :]
    return [], core


def _industry(core: str) -> int:
    """Where the words for the industry begin, behind a trade name."""
    end, industries = len(core), listed("industries")
    while word := industries.before(core, end, SHORTEST):
        end -= len(word)
    return end


def _where(places: list[str]) -> tuple[str, str]:
    """The city and the district that divisions name, the last of each."""
    city = district = ""
    known = _places()
    for word in places:
        level, name = known[word]
        if level == "district":
            district = name
        elif level == "city":
            city = name
    return city, district
