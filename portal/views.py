"""Saved views: a reader's own filters of the list, kept by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from mismatches.cases.queries.saved_views import remove_view, save_view, saved_views
from portal.desk import AtDesk, Desk
from portal.filters import ListQuery
from portal.forms import Form
from storage.errors import BadSpecification

_LIST: Final = "/findings"

router = APIRouter()


@dataclass(frozen=True)
class View:
    """A saved filter and the address that it stands for."""

    name: str
    address: str


def views(connection: Connection, desk: Desk) -> tuple[View, ...]:
    """The reader's own views."""
    kept = saved_views(connection, desk.actor)
    return tuple(View(view.name, _address(view.query)) for view in kept)


@router.post("/findings/views")
def keep(desk: AtDesk, form: Form) -> RedirectResponse:
    """Keep the filter that the form repeats, under the name `view`, and go back to it."""
    try:
        query = ListQuery.read(form)
        with desk.open() as connection:
            save_view(connection, desk.actor, _text(form, "view"), query.kept(), at=desk.at)
    except (ValidationError, BadSpecification):
        raise HTTPException(400) from None
    return RedirectResponse(query.address(_LIST), 303)


@router.post("/findings/views/remove")
def remove(desk: AtDesk, form: Form) -> RedirectResponse:
    """Remove one of the reader's own views; that there was none is as good."""
    with desk.open() as connection:
        remove_view(connection, desk.actor, _text(form, "view"))
    return RedirectResponse(_LIST, 303)


def _address(query: Mapping[str, object]) -> str:
    """The names in the order of every other address: the database keeps none."""
    said = urlencode([(name, query[name]) for name in ListQuery.model_fields if name in query], doseq=True)
    return f"{_LIST}?{said}" if said else _LIST


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or "\0" in value or not value.isprintable():
        raise HTTPException(400)
    return value.strip()
