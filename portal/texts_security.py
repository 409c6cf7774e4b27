"""Texts of the pages of administrators and security officers in both languages."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

SECURITY: Final[Mapping[str, Bilingual]] = {
    "accounts": Bilingual("账户", "Accounts"),
    "accounts_how": Bilingual(
        "账户在终端用 sitong accounts 新增和修改。",
        "Accounts are added and changed at the terminal with sitong accounts.",
    ),
    "account": Bilingual("账户", "Account"),
    "role": Bilingual("角色", "Role"),
    "districts": Bilingual("辖区", "Districts"),
    "state": Bilingual("状态", "State"),
    "disabled": Bilingual("已停用", "disabled"),
    "enabled": Bilingual("可登录", "may sign in"),
    "by_password": Bilingual("本地密码", "password"),
    "by_identity": Bilingual("统一身份认证", "identity provider"),
    "way": Bilingual("登录方式", "Signs in by"),
    "looks": Bilingual("查看记录与安全事件", "Looks and security events"),
    "looks_what": Bilingual(
        "谁在何时查看了哪条疑点，以及登录和账户变动。不含个人信息。",
        "Who looked at which finding and when, and sign-ins and changes of accounts. It holds no personal values.",
    ),
    "at": Bilingual("时间", "Time"),
    "who": Bilingual("人员", "Who"),
    "what": Bilingual("事项", "What"),
    "subject": Bilingual("对象", "Of what"),
    "only": Bilingual("只看此账户", "Only this account"),
    "show": Bilingual("查看", "Show"),
    "earlier": Bilingual("更早", "Earlier"),
    "later": Bilingual("更近", "Later"),
    "nothing": Bilingual("没有记录。", "Nothing there."),
}
