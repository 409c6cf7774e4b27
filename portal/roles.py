"""Roles and what they may open, from `roles.yaml`; a route declares what it needs with `needs`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Any

import yaml
from fastapi import Depends, HTTPException
from fastapi.params import Depends as Dependency

from mismatches.cases.access import Actor
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


@cache
def _whole_city() -> frozenset[str]:
    """Permissions that only accounts of the whole city have."""
    stated = yaml.safe_load(resources.files("portal").joinpath("roles.yaml").read_text("utf-8"))
    return frozenset(name for name, said in stated["permissions"].items() if said.get("whole_city"))


def opens(actor: Actor, permission: str) -> bool:
    """Whether somebody has a permission, districts considered."""
    return may(actor.role, permission) and (actor.districts is None or permission not in _whole_city())


@dataclass(frozen=True)
class Needs:
    """A condition of a route: whoever asks is signed in and has the permission."""

    permission: str

    def __call__(self, caller: Annotated[Caller, Depends(signed_in)]) -> None:
        """Refuse who lacks it.

        Raises:
            HTTPException: 403.
        """
        if not opens(caller.actor, self.permission):
            raise HTTPException(403)


def needs(permission: str) -> Dependency:
    """The dependency of a router or a route on a permission."""
    dependency: Dependency = Depends(Needs(permission))
    return dependency
