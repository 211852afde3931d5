"""Funding and completion over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from academic.classes.own_classes import OWN_CLASSES, own_class, reached_classes
from academic.classes.teaching import Teaching, classes_in, with_orgs_below
from academic.fields import Short, Title
from academic.funding.class_funding import Funding
from academic.funding.commands import funding_of, remove_funding, set_funding
from academic.funding.completion import CompletionLine, Order, Wanted, completion, place
from academic.people.directory import Directory, names_of
from academic.registers.sheet import RegisterSheet
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["funding"])

Percent = Annotated[int, Field(ge=1, le=100, strict=True)]


class FundingBody(Request):
    """`action_number`, `group_number`: how the funder calls the course and this class. `threshold`: the percentage of
    the planned hours that a student must attend."""

    funder: Title
    action_number: Short
    group_number: Short
    planned_hours: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    threshold: Percent = 75
    employer: Title | None = None


class FundingShown(BaseModel):
    funder: str
    action_number: str
    group_number: str
    planned_hours: int
    threshold: int
    employer: str | None


@router.get("/classes/{class_id}/funding", responses=problems(NotFound))
async def get_funding(
    class_id: UUID, caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)]
) -> Answer[FundingShown | None]:
    """Who funds a class; null: nobody."""
    await caller.decide(own_class(class_id))
    found = (await funding_of(caller.store, caller.call, class_id)).funding
    return caller.answer(None if found is None else FundingShown(**vars(found)), "Funding")


@router.post("/classes/{class_id}/funding", responses=problems(NotFound))
async def post_funding(
    class_id: UUID, body: FundingBody, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Say who funds a class and what the funder wants to see: all values at once."""
    saved = await set_funding(caller.store, caller.call, class_id, Funding(**dict(body)))
    return caller.accepted(saved, "Funding set")


@router.post("/classes/{class_id}/funding/removal", responses=problems(NotFound))
async def post_funding_removal(class_id: UUID, caller: Annotated[Caller, may("classes.write")]) -> Answer[Receipt]:
    """Nobody funds this class any more."""
    return caller.accepted(await remove_funding(caller.store, caller.call, class_id), "Funding removed")


@router.get("/completion")
async def get_completion(
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)],
    class_id: UUID | None = None,
    org_id: Annotated[UUID | None, Query(description="Classes of this org and of those below it")] = None,
    person_id: Annotated[UUID | None, Query(description="Only this student")] = None,
    threshold: Annotated[int, Query(ge=1, le=100, description="For classes that nobody funds")] = 75,
    funded: bool | None = None,
    finished: bool | None = None,
    search: Annotated[str | None, Query(max_length=100, description="Funder, numbers or employer")] = None,
    order: Order = "student",
) -> Answer[list[CompletionLine]]:
    """Who finished which class, with hours and share, and why or why not. `order=share` begins with the lowest."""
    class_ids = await wanted_classes(caller, class_id, org_id)
    wanted = Wanted(class_ids, person_id, threshold, funded, finished, search, order)
    async with caller.reading(RegisterSheet) as read:
        lines = await completion(read, paging, wanted)
    async with caller.reading(Directory) as directory:
        names = await names_of(directory, caller.keyring, {line.person_id for line in lines})
    named = [
        line.model_copy(update=names[line.person_id].model_dump(exclude={"id"})) if line.person_id in names else line
        for line in lines
    ]
    return caller.page(named, "Completion", read, paging, lambda line: place(line, order))


async def wanted_classes(caller: Caller, class_id: UUID | None, org_id: UUID | None) -> list[UUID] | None:
    """Those within the caller's reach that were asked for; None: all."""
    reached = await reached_classes(caller)
    found = None if reached is None else set(reached)
    if class_id is not None:
        found = {class_id} if found is None else found & {class_id}
    if org_id is not None:
        async with caller.reading(Teaching) as read:
            inside = await classes_in(read, frozenset(), await with_orgs_below(read, frozenset({org_id})))
        found = set(inside) if found is None else found & inside
    return None if found is None else sorted(found)
