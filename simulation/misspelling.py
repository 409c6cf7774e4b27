"""How a single value goes wrong when somebody types, hears or converts it.

Every function takes one correct text and gives the text as written; it gives the same text where the error
cannot happen.
"""

from functools import cache

from simulation import tables
from simulation.draws import Draws
from simulation.places import WIDE_DIGITS

NOTES = ("（曾用名）", "（已故）", "(双)", "（外来）", "(小)", "（本人）")
DOTS = ("•", "‧", "・", ".", "．", "⋅", "", " ")


@cache
def character_errors(kind: str) -> dict[str, tuple[str, ...]]:
    """Character to the characters written for it by an error of this kind."""
    found: dict[str, list[str]] = {}
    for row in tables.rows("character_errors"):
        if row["kind"] == kind:
            found.setdefault(row["character"], []).append(row["other"])
    return {character: tuple(others) for character, others in found.items()}


def another_character(name: str, kind: str, draws: Draws) -> str:
    """One character replaced by a homophone, a near sound or a look-alike; the surname seldom."""
    known = character_errors(kind)
    start = 0 if len(name) < 2 or draws.below(8) == 0 else 1
    places = [place for place in range(start, len(name)) if name[place] in known]
    if not places:
        return name
    place = draws.one(places)
    return name[:place] + draws.one(known[name[place]]) + name[place + 1 :]


def traditional(name: str, draws: Draws) -> str:
    """Traditional or variant characters, all of them or one."""
    known = character_errors("variant")
    if draws.below(2):
        return "".join(known.get(one, (one,))[0] for one in name)
    return another_character(name, "variant", draws)


@cache
def surname_pairs() -> dict[str, str]:
    """Surnames used for one another, in both directions."""
    pairs = [(row["one"], row["other"]) for row in tables.rows("surname_equivalents")]
    return dict(pairs) | {other: one for one, other in pairs}


def other_surname(name: str) -> str:
    """肖 for 萧, 闫 for 阎 and so on."""
    return surname_pairs().get(name[0], name[0]) + name[1:]


def lost_character(name: str, draws: Draws) -> str:
    """A rare character that the receiving system could not hold."""
    rare = set(tables.column("rare_characters", "character"))
    sign = draws.one("?□*？")
    return "".join(sign if one in rare else one for one in name)


def noted(name: str, draws: Draws) -> str:
    """A note in brackets behind the name."""
    return name + draws.one(NOTES)


def untidy_name(name: str, draws: Draws) -> str:
    """Blanks within or around the name."""
    return draws.one((f" {name}", f"{name} ", f"{name[0]} {name[1:]}", f"{name}\u3000", f"{name[0]}\u3000{name[1:]}"))


def other_dot(name: str, draws: Draws) -> str:
    """Another member of the middle-dot family, a blank or nothing between segments."""
    return name.replace("·", draws.one(DOTS))


@cache
def spellings() -> dict[str, str]:
    """First segments and their other spelling."""
    return {row["first"]: row["first_spelling"] for row in tables.rows("dotted_names")}


def other_spelling(name: str) -> str:
    """买买提 written 麦麦提, segment by segment."""
    return "·".join(spellings().get(segment, segment) for segment in name.split("·"))


def dropped_character(name: str) -> str:
    """The last character forgotten, where three were due."""
    return name[:-1] if len(name) == 3 else name


def mistyped_digit(number: str, draws: Draws) -> str:
    """One digit replaced by another one."""
    place = draws.below(len(number))
    if not number[place].isdigit():
        return number
    return number[:place] + str((int(number[place]) + 1 + draws.below(9)) % 10) + number[place + 1 :]


def transposed_digits(number: str, draws: Draws) -> str:
    """Two neighbours exchanged."""
    place = draws.below(len(number) - 1)
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def untidy_number(number: str, draws: Draws) -> str:
    """Full-width digits, blanks, hyphens."""
    form = draws.below(4)
    if form == 0:
        return number.translate(WIDE_DIGITS).replace("X", "Ｘ")
    if form == 1:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    return f"{number} " if form == 2 else f"{number[:6]}-{number[6:]}"


def mistyped_code(code: str, draws: Draws) -> str:
    """One character of an enterprise code replaced by another one that is easily taken for it or any digit."""
    place = draws.below(len(code))
    alike = {"0": "8", "1": "7", "5": "6", "8": "3", "A": "4", "B": "8", "M": "N", "G": "6", "X": "Y", "2": "7"}
    other = alike.get(code[place]) if draws.below(2) else str(draws.below(10))
    return code[:place] + (other or "0") + code[place + 1 :]
