"""Texts of the sign-in page in both languages."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

SIGN_IN: Final[Mapping[str, Bilingual]] = {
    "sign_in": Bilingual("登录", "Sign in"),
    "account": Bilingual("账户", "Account"),
    "password": Bilingual("密码", "Password"),
    "wrong": Bilingual(
        "账户或密码不正确。忘记密码请联系系统管理员。",
        "Account or password is wrong. If you forgot it, ask your administrator.",
    ),
    "too_many": Bilingual("失败次数过多，请15分钟后再试。", "Too many failures. Try again in fifteen minutes."),
    "stale": Bilingual("页面已过期，请重新登录。", "The page was too old. Please sign in again."),
    "by_provider": Bilingual("使用统一身份认证登录", "Sign in through the identity provider"),
    "not_recognised": Bilingual(
        "统一身份认证未完成，请重试；仍不成功请联系系统管理员。",
        "The identity provider did not say who you are. Try again; if it fails again, ask your administrator.",
    ),
    "provider_silent": Bilingual(
        "统一身份认证暂时无法使用，请稍后重试。", "The identity provider cannot be reached. Try again later."
    ),
    "unknown_identity": Bilingual(
        "该身份没有对应的账户，请联系系统管理员。", "That identity has no account here. Ask your administrator."
    ),
    "signed_out": Bilingual("已退出本系统", "You are signed out here"),
    "signed_out_what": Bilingual(
        "正在转到统一身份认证退出；如果页面没有跳转，请点击：",
        "The identity provider is told that you leave. If nothing happens, go on here:",
    ),
    "sign_out_provider": Bilingual("在统一身份认证退出", "Sign out at the identity provider"),
}
