"""`sitong accounts`: who may sign in to the portal. Passwords are asked for or read from standard input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import note, out
from sitong.settings import now

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(help="Accounts of the portal. 门户账户", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Small letters, digits, . _ - 账户名")]
Role = Annotated[
    str, typer.Option(help="auditor, supervisor, steward, department_reader, administrator, security_officer 角色")
]
Districts = Annotated[
    list[str] | None, typer.Option("--district", help="Division code or its first digits; may be repeated 辖区")
]
WholeCity = Annotated[bool, typer.Option("--whole-city", help="All districts 全市")]


@app.command("list")
def list_accounts(home: Home = None) -> None:
    """List all accounts. 账户清单。"""
    from rich.table import Table

    from portal.accounts import every

    table = Table("账户 account", "角色 role", "辖区或部门 sees", "状态 state")
    with _connection(home) as connection:
        for one in every(connection):
            districts = "全市 whole city" if one.districts is None else ", ".join(one.districts)
            districts = one.recipient or districts  # a department's reader sees deliveries and no district
            table.add_row(one.name, one.role, districts, "停用 disabled" if one.disabled else "")
    out.print(table)


@app.command("add")
def add(
    name: Name,
    role: Role,
    districts: Districts = None,
    whole_city: WholeCity = False,
    identity: Annotated[
        str | None,
        typer.Option(help="ISSUER#SUBJECT of an OpenID provider, in the place of a password 统一身份"),
    ] = None,
    recipient: Annotated[
        str | None, typer.Option(help="Whose deliveries a department_reader sees, as in the agreement 接收部门")
    ] = None,
    home: Home = None,
) -> None:
    """Add an account. 新增账户。"""
    from portal import accounts

    _check_name(name)
    if (recipient is not None) != (role == "department_reader"):
        raise typer.BadParameter("a department_reader, and nobody else, has --recipient: the name in its agreement")
    _check_recipient(recipient, home)
    limits = _limits(districts, whole_city or (recipient is not None and not districts))
    password = None if identity else _password(home)
    with _connection(home) as connection:
        wanted = accounts.Account(name, role, limits, False, password is not None, identity, recipient)
        accounts.add(connection, wanted, password, at=now())
    note(f"{name}: added 已新增")


@app.command("change")
def change(
    name: Name, role: Role, districts: Districts = None, whole_city: WholeCity = False, home: Home = None
) -> None:  # fmt: skip
    """Give an account another role and other districts; its sessions end. 变更角色和辖区。"""
    from portal import accounts

    with _connection(home) as connection:
        accounts.change(connection, name, role=role, districts=_limits(districts, whole_city), at=now())
    note(f"{name}: changed 已变更")


@app.command("password")
def password(name: Name, home: Home = None) -> None:
    """Give an account a new password; its sessions end. 重设密码。"""
    from portal import accounts

    with _connection(home) as connection:
        accounts.set_password(connection, name, _password(home), at=now())
    note(f"{name}: password set 密码已设置")


@app.command("identity")
def identity(
    name: Name, subject: Annotated[str, typer.Argument(help="ISSUER#SUBJECT 统一身份")], home: Home = None
) -> None:  # fmt: skip
    """Let an account sign in through an OpenID provider in the place of its password. 改用统一身份认证。"""
    from portal import accounts

    with _connection(home) as connection:
        accounts.set_identity(connection, name, subject, at=now())
    note(f"{name}: identity set 统一身份已设置")


@app.command("disable")
def disable(name: Name, home: Home = None) -> None:
    """Let an account sign in no more; its sessions end. 停用账户。"""
    _set_disabled(name, home, disabled=True)


@app.command("enable")
def enable(name: Name, home: Home = None) -> None:
    """Let a disabled account sign in again. 启用账户。"""
    _set_disabled(name, home, disabled=False)


def _set_disabled(name: str, home: Home, *, disabled: bool) -> None:
    from portal import accounts

    with _connection(home) as connection:
        accounts.set_disabled(connection, name, disabled=disabled, at=now())
    note(f"{name}: {'disabled 已停用' if disabled else 'enabled 已启用'}")


@contextmanager
def _connection(home: Home) -> "Iterator[Connection]":
    from sitong.portal_home import open_accounts

    with open_accounts(settings_at(home)) as database, database.engine.begin() as connection:
        yield connection


def _limits(districts: list[str] | None, whole_city: bool) -> tuple[str, ...] | None:
    if bool(districts) == whole_city:
        raise typer.BadParameter("give either --district CODE (may be repeated) or --whole-city")
    _check_districts(districts or [])
    return None if whole_city else tuple(districts or ())


def _check_districts(districts: list[str]) -> None:
    """A district that no code table has is a slip of the pen: whoever it is given to would see nothing."""
    from schemas.divisions import divisions

    known = divisions()
    for district in districts:
        if not any(code.startswith(district) for code in known):
            raise typer.BadParameter(
                f"--district {district[:20]} is no division; expected a code of GB/T 2260 (370202), or its first digits"
            )


def _check_recipient(recipient: str | None, home: Home) -> None:
    from sitong.stages import agreements

    if recipient is None:
        return
    known = [one.recipient for one in agreements(settings_at(home))]
    if recipient not in known:
        raise typer.BadParameter(
            f"--recipient {recipient[:40]} has no agreement; expected one of {', '.join(known) or '(there is none)'}"
        )


def _check_name(name: str) -> None:
    from portal.accounts import NAME

    if not NAME.fullmatch(name):
        raise typer.BadParameter("an account is named by 2 to 40 small letters, digits, . _ -, a letter first")


def _password(home: Home) -> str:
    settings_at(home)  # before anybody types one
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    told: str = typer.prompt("密码 Password", hide_input=True, confirmation_prompt=True)
    return told
