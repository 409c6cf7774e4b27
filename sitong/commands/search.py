"""`sitong search`: whom the base databases know already, before somebody is entered once more."""

import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import err, out

if TYPE_CHECKING:
    from registry.policy import Entity
    from registry.search.query import Found

app = typer.Typer(help="Whom the base databases know already, ranked by match weight. 先查后建", no_args_is_help=True)

Query = Annotated[
    str | None,
    typer.Option(
        "--query",
        help="`-`: read the question as one JSON object from standard input. What is given as options stands in the"
        " list of processes, where other users of this machine see it 命令行参数他人可见，可从标准输入读取",
    ),
]
Text = str | None


@dataclass(frozen=True)
class _Wanted:
    """How the result is wanted."""

    limit: int
    as_json: bool


Limit = Annotated[int, typer.Option(help="Candidates at most 最多返回", min=1, max=100)]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON")]


@app.command("person")
def person(
    name: Annotated[Text, typer.Option(help="姓名")] = None,
    birth_date: Annotated[Text, typer.Option(help="YYYY-MM-DD 出生日期")] = None,
    id_number: Annotated[Text, typer.Option(help="公民身份号码")] = None,
    mobile: Annotated[Text, typer.Option(help="手机号码")] = None,
    address: Annotated[Text, typer.Option(help="住址")] = None,
    sex: Annotated[Text, typer.Option(help="1 male 男, 2 female 女")] = None,
    query: Query = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Who could this person be? 查人"""
    asked = {
        "name": name, "birth_date": birth_date, "id_number": id_number, "mobile": mobile, "address": address,
        "sex": sex,
    }  # fmt: skip
    _search("person", _question(asked, query), _Wanted(limit, as_json), home)


@app.command("enterprise")
def enterprise(
    name: Annotated[Text, typer.Option(help="名称")] = None,
    code: Annotated[
        Text, typer.Option(help="Unified code, organisation code or taxpayer id 统一社会信用代码等")
    ] = None,
    legal_representative: Annotated[Text, typer.Option(help="法定代表人")] = None,
    phone: Annotated[Text, typer.Option(help="电话")] = None,
    address: Annotated[Text, typer.Option(help="住所")] = None,
    registration_number: Annotated[Text, typer.Option(help="注册号")] = None,
    query: Query = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Which enterprise could this be? 查企业"""
    asked = {
        "name": name, "code": code, "legal_representative": legal_representative, "phone": phone, "address": address,
        "registration_number": registration_number,
    }  # fmt: skip
    _search("enterprise", _question(asked, query), _Wanted(limit, as_json), home)


def _question(options: Mapping[str, Text], query: str | None) -> dict[str, str]:
    given = {name: value for name, value in options.items() if value}
    if query is None:
        return given
    if query != "-" or given:
        raise typer.BadParameter("give either options, or `--query -` and a JSON object on standard input")
    try:
        values = json.load(sys.stdin)
    except ValueError:
        raise typer.BadParameter("standard input is not JSON") from None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise typer.BadParameter(
            'standard input is not an object of texts, as {"name": "…", "birth_date": "1980-01-31"}'
        )
    return values


def _search(entity: "Entity", asked: dict[str, str], wanted: "_Wanted", home: Path | None) -> None:
    from sitong import searching
    from storage.lock import home_lock

    if unknown := sorted(set(asked) - set(searching.OPTIONS[entity])):
        raise typer.BadParameter(f"{', '.join(unknown)}: name {', '.join(searching.OPTIONS[entity])}")
    if not asked:
        raise typer.BadParameter(f"name at least one of {', '.join(searching.OPTIONS[entity])}")
    settings = settings_at(home)
    with nullcontext() if searching.has_index(settings, entity) else home_lock(settings.zones):
        index = searching.open_index(settings, entity)
    found = index.search({searching.OPTIONS[entity][name]: value for name, value in asked.items()}, wanted.limit)
    if wanted.as_json:
        out.print(json.dumps(asdict(found), ensure_ascii=False, indent=2), markup=False, soft_wrap=True)
        return
    for line in _told(found):
        out.print(line, markup=False, soft_wrap=True)
    if found.cut:
        err.print("more records agree than were weighed; say more to be sure 请补充条件", markup=False)


def _told(found: "Found") -> list[str]:
    if not found.candidates:
        return ["nobody like this is known 未找到"]
    lines = []
    for one in found.candidates:
        agreed = ", ".join(f"{field} {level}" for field, level in one.levels.items())
        lines.append(
            f"{one.master_id}  {one.weight:+.1f} bits  {one.probability:.4f}  {one.values.get('name', '')}  {agreed}"
        )
    return lines
