"""The accounts, for administrators to look at; they are made and changed at the terminal (`sitong accounts`)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from portal import accounts
from portal.desk import AtDesk
from portal.pages import page
from portal.roles import roles
from portal.texts_security import SECURITY

router = APIRouter()


@router.get("/accounts")
def accounts_page(request: Request, desk: AtDesk) -> HTMLResponse:
    """All accounts by name."""
    with desk.open() as connection:
        found = accounts.every(connection)
    titles = {name: role.title.say(desk.language) for name, role in roles().items()}
    return page(request, "accounts.html.j2", SECURITY, accounts=found, titles=titles)
