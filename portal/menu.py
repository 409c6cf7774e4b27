"""What stands in the menu of whoever is signed in: the first pages of what the role may open."""

from collections.abc import Sequence
from typing import Final

from portal.desk import Caller
from portal.roles import opens, roles
from schemas.bilingual import Bilingual, Language

MENU: Final[Sequence[tuple[str, str, Bilingual]]] = (
    ("findings", "/board", Bilingual("看板", "Board")),
    ("findings", "/findings", Bilingual("疑点清单", "Findings")),
    ("findings", "/key-taxpayers", Bilingual("重点税源", "Key taxpayers")),
    ("findings", "/projects", Bilingual("重大项目", "Projects")),
    ("links", "/links", Bilingual("待定关联", "Uncertain links")),
    ("deliveries", "/deliveries", Bilingual("数据交付", "Deliveries")),
    ("looks", "/looks", Bilingual("查看记录", "Looks")),
    ("accounts", "/accounts", Bilingual("账户", "Accounts")),
)
"""Permission, address, title."""


def pages_of(caller: Caller | None, language: Language) -> list[tuple[str, str]]:
    """Address and title of each page that a caller may open; nothing for whoever is not signed in."""
    if caller is None:
        return []
    return [(path, title.say(language)) for permission, path, title in MENU if opens(caller.actor, permission)]


def role_title(caller: Caller, language: Language) -> str:
    """The caller's role as people call it."""
    role = roles().get(caller.actor.role)
    return role.title.say(language) if role else caller.actor.role
