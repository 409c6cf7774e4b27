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
        "谁在何时查看了哪条疑点、哪个主体，导出了清单，以及登录和账户变动。不含个人信息。",
        "Who looked at which finding or subject and when, who took lists away, sign-ins and changes of accounts. "
        "It holds no personal values.",
    ),
    "at": Bilingual("时间", "Time"),
    "who": Bilingual("人员", "Who"),
    "what": Bilingual("事项", "What"),
    "finding": Bilingual("疑点", "Finding"),
    "subject": Bilingual("主体", "Subject"),
    "only": Bilingual("人员账户", "Who (account)"),
    "of": Bilingual("疑点、主体或账户", "Finding, subject or account"),
    "since": Bilingual("自", "From"),
    "until": Bilingual("至", "To"),
    "pages": Bilingual("翻页", "Pages"),
    "show": Bilingual("查看", "Show"),
    "earlier": Bilingual("更早", "Earlier"),
    "later": Bilingual("更近", "Later"),
    "nothing": Bilingual("没有记录。", "Nothing there."),
}

WHAT: Final[Mapping[str, Bilingual]] = {
    "page": Bilingual("查看疑点", "looked at the finding"),
    "origin": Bilingual("查看记录来源", "looked where the records came from"),
    "identity": Bilingual("查看疑点记录的关联图", "looked why the finding's records are one's"),
    "key taxpayers": Bilingual("查看重点税源", "looked at the key taxpayers"),
    "projects": Bilingual("查看重大项目", "looked at the large projects"),
    "attachment": Bilingual("下载附件", "took an attachment"),
    "identifiers revealed": Bilingual("查看完整号码", "looked at whole numbers"),
    "subject": Bilingual("查看主体", "looked at the subject"),
    "waiting link": Bilingual("查看待定关联的两条记录", "looked at the two records of an uncertain link"),
    "waiting link revealed": Bilingual("查看待定关联的完整号码", "looked at whole numbers of an uncertain link"),
    "waiting link clusters": Bilingual("查看待定关联所在的主体", "looked at the clusters of an uncertain link"),
    "exported csv": Bilingual("导出清单（CSV）", "exported a list (CSV)"),
    "exported xlsx": Bilingual("导出清单（Excel）", "exported a list (Excel)"),
    "signed in": Bilingual("登录", "signed in"),
    "signed in by provider": Bilingual("统一身份登录", "signed in through the provider"),
    "signed out": Bilingual("退出", "signed out"),
    "sign-in refused": Bilingual("登录被拒", "sign-in refused"),
    "added": Bilingual("新增账户", "account added"),
    "changed": Bilingual("变更账户", "account changed"),
    "disabled": Bilingual("停用账户", "account disabled"),
    "enabled": Bilingual("启用账户", "account enabled"),
    "password set": Bilingual("重设密码", "password set"),
    "identity set": Bilingual("设置统一身份", "identity set"),
}
"""What is written down, in words; anything else is shown as it is written."""
