"""How findings are told to a reader: titles, states, districts, yuan and days, in the language of the page."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from pypinyin import lazy_pinyin

from mismatches.cases.declaration import case_rules
from mismatches.declarations import shipped_rules
from mismatches.rule import Rule
from mismatches.wording import UNKNOWN
from portal.desk import CITY_TIME
from schemas.bilingual import Bilingual, Language
from schemas.contract import source_contracts
from schemas.divisions import division_name

SEVERITIES: Final[Mapping[str, Bilingual]] = {
    "high": Bilingual("高", "High"),
    "medium": Bilingual("中", "Medium"),
    "low": Bilingual("低", "Low"),
}
OUTCOMES: Final[Mapping[str, Bilingual]] = {
    "hit": Bilingual("疑点", "Hit"),
    "not_comparable": Bilingual("不可比", "Not comparable"),
}
KINDS: Final[Mapping[str, Bilingual]] = {
    "person": Bilingual("个人", "Person"),
    "enterprise": Bilingual("企业", "Enterprise"),
}
SUPPRESSED: Final = Bilingual("暂缓处理", "Suppressed")
UNKNOWN_DISTRICT: Final = Bilingual("辖区不明", "Unknown district")


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """The shipped rules by id."""
    return {rule.id: rule for rule in shipped_rules()}


def rule_title(rule: str, language: Language) -> str:
    """The title of a rule; one that is no longer shipped is named by its id."""
    known = rules().get(rule)
    return known.title.say(language) if known else rule


@lru_cache(maxsize=1)
def departments() -> Mapping[str, Bilingual]:
    """Departments whose records a rule cites, by the name of their folder."""
    cited = {name.partition(".")[0] for rule in shipped_rules() for name in rule.evidence}
    contracts = source_contracts().values()
    return {item.department: Bilingual(item.owner, item.owner_en) for item in contracts if item.department in cited}


@lru_cache(maxsize=1)
def rules_by_department() -> Mapping[str, frozenset[str]]:
    """Department → the rules that cite its records; a rule that compares several belongs to each."""
    return {
        department: frozenset(
            rule.id for rule in shipped_rules() if any(name.startswith(f"{department}.") for name in rule.evidence)
        )
        for department in departments()
    }


def state_title(state: str, language: Language) -> str:
    """The words of a case's state."""
    return case_rules().states[state].say(language)


def district_title(division: str | None, language: Language) -> str:
    """The name of a district; its code where the name is not known."""
    if division is None:
        return UNKNOWN_DISTRICT.say(language)
    name = division_name(division)
    if name is None or language == "zh":
        return name or division
    return f"{district_in_english(name)} ({division})"


@lru_cache(maxsize=4096)
def district_in_english(name: str) -> str:
    """A district as English texts call it: how it sounds, without the word for its kind.

    >>> district_in_english("市南区"), district_in_english("莱西市")
    ('Shinan', 'Laixi')
    """
    bare = name[:-1] if len(name) > 2 and name[-1] in "区县市" else name
    return "".join(lazy_pinyin(bare)).capitalize()


def moment(at: datetime | None) -> str:
    """A moment on the city's clock, to the minute."""
    return UNKNOWN if at is None else f"{at.astimezone(CITY_TIME):%Y-%m-%d %H:%M}"
