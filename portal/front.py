"""The pages that anybody may see: the front page, the health of the process, and counts for the machine itself."""

from ipaddress import ip_address

from fastapi import APIRouter, HTTPException
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from portal.gate import Counts
from portal.pages import page

router = APIRouter()


@router.get("/")
def front(request: Request) -> HTMLResponse:
    """What the portal is. It holds no data."""
    return page(request, "front.html.j2", {})


@router.get("/health")
def health() -> PlainTextResponse:
    """The process answers; it says nothing about the data."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Counts for Prometheus on the same machine; to everybody else the page does not exist."""
    if not _from_this_machine(request):
        raise HTTPException(404)
    counts: Counts = request.app.state.counts
    headers = {"Cache-Control": "no-store"}
    return Response(generate_latest(counts.registry), headers=headers, media_type=CONTENT_TYPE_LATEST)


def _from_this_machine(request: Request) -> bool:
    """True for a loopback peer that is no proxy: a proxy names whom it speaks for."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:  # a socket file or a test's name
        return False
