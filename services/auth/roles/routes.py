"""HTTP of the roles that a school defines itself."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StringConstraints

from auth.roles.commands import change_role_permissions, define_role, retire_role
from auth.roles.matrix import CELLS
from auth.roles.role import Granted, PermissionAboveOwn, RoleIsRetired, RoleNameTaken
from auth.roles.role_list import RoleLine, RoleList, roles_of
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["roles"])

NOT_FOR_ROLES = frozenset({"platform.operate", "operator-access.write", "identity-providers.write"})


def known_permission(name: str) -> str:
    if name not in CELLS or name in NOT_FOR_ROLES:
        raise ValueError("this is no permission of a school")
    return name


class PermissionGiven(Request):
    """`reach`: the whole school, the orgs and classes that the membership is limited to, the classes that the holder
    teaches, or the own family."""

    permission: Annotated[str, StringConstraints(max_length=64), AfterValidator(known_permission)] = Field(
        examples=["attendance.mark"]
    )
    reach: Literal["tenant", "orgs", "classes", "family"] = "tenant"


Given = Annotated[tuple[PermissionGiven, ...], Field(min_length=1, max_length=50)]


class NewRole(Request):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    permissions: Given


class Permissions(Request):
    permissions: Given


@router.post("/roles", status_code=201, responses=problems(PermissionAboveOwn, RoleNameTaken))
async def post_custom_role(
    body: NewRole, caller: Annotated[Caller, may("members.write", creates=True, fresh=True)]
) -> Answer[Receipt]:
    """Define a role of the school's own. It can do nothing that its maker cannot."""
    return caller.accepted(await define_role(caller.store, caller.call, body.name, granted(body)), "Role defined")


@router.get("/roles")
async def get_roles(page: Page, caller: Annotated[Caller, may("members.read")]) -> Answer[list[RoleLine]]:
    """The roles that the school defined, retired ones too."""
    after = page.after(UUID)
    async with caller.reading(RoleList) as read:
        lines = await roles_of(read, after=after[0] if after else None, limit=page.limit + 1)
    return caller.page(lines, "Roles", read, page, lambda line: (line.id,))


@router.post("/roles/{role_id}/permissions", responses=problems(NotFound, PermissionAboveOwn, RoleIsRetired))
async def post_role_permissions(
    role_id: UUID, body: Permissions, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Change what a role may do: all of it at once, for everybody who holds it."""
    saved = await change_role_permissions(caller.store, caller.call, role_id, granted(body))
    return caller.accepted(saved, "Permissions changed")


@router.post("/roles/{role_id}/retirement", responses=problems(NotFound, PermissionAboveOwn))
async def post_role_retirement(
    role_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Retire a role: whoever holds it keeps nothing of it, and nobody gets it again."""
    return caller.accepted(await retire_role(caller.store, caller.call, role_id), "Role retired")


def granted(body: NewRole | Permissions) -> tuple[Granted, ...]:
    return tuple(sorted({Granted(each.permission, each.reach) for each in body.permissions}, key=str))
