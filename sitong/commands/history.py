"""`sitong history`: what was known at a moment of a person or an enterprise on a day; numbers of persons masked."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import out
from sitong.settings import CITY_TIME

if TYPE_CHECKING:
    from registry.history.reading import AsOf
    from schemas.contract import Contract

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


class Base(StrEnum):
    """The base databases."""

    PERSON = "person"
    ENTERPRISE = "enterprise"


def history(
    base: Annotated[Base, typer.Argument(help="person or enterprise 人口或企业")],
    master_id: Annotated[str, typer.Argument(metavar="MASTER_ID", help="Any id ever given 主标识")],
    home: Home = None,
    valid: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which it was so 有效日期")
    ] = None,
    known: Annotated[
        datetime | None,
        typer.Option(
            formats=_MOMENTS, help="When it was known: a day to its end, or a moment, in Asia/Shanghai 知晓日期"
        ),
    ] = None,
) -> None:
    """Say what was known at a moment about a day. 查询双时态历史。"""
    from registry.master_ids import is_master_id
    from sitong import stages

    if not is_master_id(master_id):
        raise typer.BadParameter("a master id has ten characters, the last of which checks the others")
    moment = _end(known) if known else None
    found = stages.history(
        settings_at(home), base.value, master_id, valid=valid.date() if valid else None, known=moment
    )
    _show(found, base)


def _end(given: datetime) -> datetime:
    """The last moment that is meant: of a day its end."""
    moment = given.replace(tzinfo=CITY_TIME)
    return moment + timedelta(days=1, microseconds=-1) if given.time() == time.min else moment


def shown(contract: "Contract", attribute: str, value: str) -> str:
    """A value as pages show it: the middle of a person's number is hidden."""
    from mismatches.wording import masked
    from schemas.contract import PersonalData

    column = contract.column(attribute)
    return masked(value) if column.identifier and column.personal is not PersonalData.NONE else value


def _show(found: "AsOf", base: Base) -> None:
    from schemas.contract import product_contract

    state, contract = found.state, product_contract(base.value)
    when = found.committed_at.astimezone(CITY_TIME)
    out.print(f"{found.master_id}: {state.presence}, version {found.version} of {when:%Y-%m-%d %H:%M}", markup=False)
    if state.target:
        out.print(f"→ {state.target}", markup=False)
    for name, value in state.values.items():
        if value is not None:
            out.print(f"{name} {contract.column(name).name_zh}: {shown(contract, name, value)}",
                      markup=False, soft_wrap=True)  # fmt: skip
    for event in state.events:
        told = (str(event.valid_on or "-"), event.event, event.related or "", f"(version {event.version})")
        out.print(" ".join(filter(None, told)), markup=False)
