"""Texts of the shell in both languages; a page keeps its own beside its template."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

SHELL: Final[Mapping[str, Bilingual]] = {
    "product": Bilingual("数据交换与主数据平台", "Data exchange and master data"),
    "skip": Bilingual("跳到正文", "Skip to content"),
    "navigation": Bilingual("主导航", "Main navigation"),
    "language": Bilingual("语言", "Language"),
    "home": Bilingual("首页", "Home"),
    "back": Bilingual("返回首页", "Back to the home page"),
    "status": Bilingual("状态码", "Status"),
    "you_typed": Bilingual("您填写的内容（没有提交，可复制）", "What you typed (not taken; for you to copy)"),
    "front": Bilingual("部门数据比对门户", "Portal of the cross-checks"),
    "front_what": Bilingual(
        "各部门数据比对的疑点在此查看和办理。",
        "Findings of the cross-checks between departments are read and worked here.",
    ),
    "sign_in": Bilingual("登录", "Sign in"),
    "sign_out": Bilingual("退出登录", "Sign out"),
    "whole_city": Bilingual("全市", "whole city"),
    "open_pages": Bilingual("您可以打开", "You may open"),
    "no_pages": Bilingual("您的角色暂无可打开的页面。", "No page is open to your role yet."),
}

ERRORS: Final[Mapping[int, tuple[Bilingual, Bilingual]]] = {
    400: (
        Bilingual("请求有误", "The request cannot be read"),
        Bilingual("请检查地址或表单内容后重试。", "Check the address or the form and try again."),
    ),
    401: (
        Bilingual("请先登录", "Sign in first"),
        Bilingual(
            "登录已过期或尚未登录。请登录后重新操作。",
            "Your session has ended, or you have not signed in. Sign in and try again.",
        ),
    ),
    403: (
        Bilingual("无权访问", "Not allowed"),
        Bilingual("您的角色或辖区不包括此页面。", "Your role or your district does not include this page."),
    ),
    404: (
        Bilingual("页面不存在", "No such page"),
        Bilingual("地址有误，或内容已不存在。", "The address is wrong, or what it named is gone."),
    ),
    405: (
        Bilingual("不支持此操作", "Not possible here"),
        Bilingual("此地址不接受这种请求。", "This address does not take such a request."),
    ),
    409: (
        Bilingual("已被他人更新", "Somebody else was first"),
        Bilingual(
            "请重新打开页面，查看最新内容后再操作。", "Open the page again and look at what changed before you act."
        ),
    ),
    429: (
        Bilingual("请求过于频繁", "Too many requests"),
        Bilingual("请稍候再试。", "Wait a little and try again."),
    ),
    500: (
        Bilingual("系统出错", "Something failed"),
        Bilingual("问题已记录，请稍后重试。", "It was logged. Try again later."),
    ),
}  # title and remedy; every other status of 400 and above shows one of these
