"""Roles and what they may open, from `roles.yaml`; a route declares what it needs with `needs`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Any

import yaml
from fastapi import Depends, HTTPException
from fastapi.params import Depends as Dependency

from portal.desk import Caller, signed_in
from schemas.bilingual import Bilingual


@dataclass(frozen=True)
class Role:
    """One role: its title, the permissions it has, and whether it has them for the whole city or not at all."""

    title: Bilingual
    permissions: frozenset[str]
    whole_city: bool = False


@cache
def roles() -> Mapping[str, Role]:
    """All roles by name.

    Raises:
        KeyError: a role has a permission that is not declared.
    """
    stated = yaml.safe_load(resources.files("portal").joinpath("roles.yaml").read_text("utf-8"))
    known: Mapping[str, Any] = stated["permissions"]
    for name, role in stated["roles"].items():
        if unknown := set(role["permissions"]) - set(known):
            raise KeyError(f"roles.yaml: {name} has {', '.join(sorted(unknown))}, which no line declares")
    return {
        name: Role(Bilingual(**role["title"]), frozenset(role["permissions"]), bool(role.get("whole_city")))
        for name, role in stated["roles"].items()
    }


def may(role: str, permission: str) -> bool:
    """Whether a role has a permission; an unknown role has none."""
    found = roles().get(role)
    return found is not None and permission in found.permissions


@dataclass(frozen=True)
class Needs:
    """A condition of a route: whoever asks is signed in, and the role has the permission."""

    permission: str

    def __call__(self, caller: Annotated[Caller, Depends(signed_in)]) -> None:
        """Refuse a role that lacks it.

        Raises:
            HTTPException: 403.
        """
        if not may(caller.actor.role, self.permission):
            raise HTTPException(403)


def needs(permission: str) -> Dependency:
    """The dependency of a router or a route on a permission."""
    dependency: Dependency = Depends(Needs(permission))
    return dependency
