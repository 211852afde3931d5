"""Orgs over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.fields import Ext, Short, Title, Zone
from academic.orgs.commands import create_org, move_org, rename_org, restore_org, retire_org
from academic.orgs.org import OrgDetails, OrgInsideItself, OrgIsRetired, OrgType, RootOrgStays, root_org_id
from academic.orgs.org_tree import OrgNode, OrgTree, org_tree
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["orgs"])


class NewOrg(Request):
    """Without a parent the org lies directly below the school."""

    name: Title
    type: OrgType | Ext = "department"
    parent_id: UUID | None = None
    identifier: Short | None = None
    zone: Zone | None = None


class OrgName(Request):
    name: Title


class OrgPlace(Request):
    parent_id: UUID


@router.post("/orgs", status_code=201, responses=problems(NotFound))
async def post_org(body: NewOrg, caller: Annotated[Caller, may("school.write", creates=True)]) -> Answer[Receipt]:
    """Create an org: a branch or department of the school."""
    parent_id = body.parent_id or root_org_id(caller.tenant_id)
    details = OrgDetails(body.type, body.name, parent_id, body.identifier)
    saved = await create_org(caller.store, caller.call, uuid7(), details, body.zone)
    return caller.accepted(saved, "Org created")


@router.get("/orgs")
async def get_orgs(caller: Annotated[Caller, may("school.read")]) -> Answer[list[OrgNode]]:
    """All orgs of the school, as a tree in depth-first order."""
    async with caller.reading(OrgTree) as read:
        nodes = await org_tree(read)
    return caller.answer(nodes, "Orgs", read)


@router.post("/orgs/{org_id}/name", responses=problems(NotFound, OrgIsRetired))
async def post_org_name(org_id: UUID, body: OrgName, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Rename an org."""
    saved = await rename_org(caller.store, caller.call, org_id, body.name)
    return caller.accepted(saved, "Org renamed")


@router.post("/orgs/{org_id}/place", responses=problems(NotFound, OrgIsRetired, OrgInsideItself, RootOrgStays))
async def post_org_place(
    org_id: UUID, body: OrgPlace, caller: Annotated[Caller, may("school.write")]
) -> Answer[Receipt]:
    """Move an org below another one."""
    saved = await move_org(caller.store, caller.call, org_id, body.parent_id)
    return caller.accepted(saved, "Org moved")


@router.post("/orgs/{org_id}/retirement", responses=problems(NotFound, RootOrgStays))
async def post_org_retirement(org_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Retire an org. It stays readable."""
    saved = await retire_org(caller.store, caller.call, org_id)
    return caller.accepted(saved, "Org retired")


@router.post("/orgs/{org_id}/restoration", responses=problems(NotFound))
async def post_org_restoration(org_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Take a retired org into use again."""
    saved = await restore_org(caller.store, caller.call, org_id)
    return caller.accepted(saved, "Org restored")
