"""Every route needs a permission or is named here as open; a role without the permission is refused."""

import re

import pytest
from fastapi.routing import APIRoute

from mismatches.cases.access import Actor
from portal.app import create_app
from portal.config import PortalConfig
from portal.roles import Needs, may, roles
from tests.portal.city_hall import MARK

OPEN = {
    "/",
    "/health",
    "/metrics",
    "/static/{name}",
    "/sign-in",
    "/sign-in/provider",
    "/sign-in/back",
    "/sign-out/provider",
}
FOR_WHOEVER_IS_SIGNED_IN = {"/sign-out"}
PLACE = re.compile(r"{(\w+)}")


def routes():
    return [route for route in create_app(PortalConfig()).routes if isinstance(route, APIRoute)]


def needed(dependant):
    """Permissions that a route and what it depends on ask for."""
    found = {dependant.call.permission} if isinstance(dependant.call, Needs) else set()
    for part in dependant.dependencies:
        found |= needed(part)
    return found


def test_every_route_needs_one_permission_or_is_named_here():
    free = {route.path for route in routes() if not needed(route.dependant)}
    assert free == OPEN | FOR_WHOEVER_IS_SIGNED_IN
    assert all(len(needed(route.dependant)) <= 1 for route in routes())
    assert len(routes()) == len(create_app(PortalConfig()).routes)  # nothing else: no documentation, no mount


def guarded():
    return [
        pytest.param(method, route.path, *needed(route.dependant), id=f"{method} {route.path}")
        for route in routes()
        for method in sorted(route.methods)
        if needed(route.dependant)
    ]


def ask(reader, method, path):
    address = PLACE.sub("P000000777", path)
    return reader.get(address) if method == "GET" else reader.post(address, data={"csrf": MARK, "seen": "2"})


@pytest.mark.parametrize(("method", "path", "permission"), guarded())
def test_roles_without_the_permission_are_refused(hall, method, path, permission):
    for role in roles():
        reader = hall.reader(Actor("zhao", role, None))
        if not may(role, permission):
            assert ask(reader, method, path).status_code == 403, role
