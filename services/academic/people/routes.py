"""People over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from academic.fields import Email, Ext, Ids, Short, Shorts, Title
from academic.people.commands import (
    archive_person,
    correct_person_details,
    link_guardian,
    register_person,
    restore_person,
    unlink_guardian,
)
from academic.people.details import ClearDetails
from academic.people.directory import Directory, PersonLine, people, person
from academic.people.own_family import FAMILY, own_family, reached_people
from academic.people.person import GuardianOfOneself, PersonIsArchived, Role
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["people"])


class PersonBody(Request):
    """Names and contact data are stored sealed with a key of this person."""

    given_name: Title
    family_name: Title
    email: Email | None = None
    middle_name: Title | None = None
    username: Title | None = None
    phone: Short | None = None
    identifier: Short | None = None
    roles: Annotated[tuple[Role | Ext, ...], Field(min_length=1, max_length=20)]
    org_ids: Ids = ()
    grades: Shorts = ()

    def details(self) -> ClearDetails:
        return ClearDetails(**dict(self))


class GuardianLink(Request):
    guardian_id: UUID


@router.post("/people", status_code=201, responses=problems(NotFound))
async def post_person(
    body: PersonBody, caller: Annotated[Caller, may("people.write", creates=True)]
) -> Answer[Receipt]:
    """Register a person: student, teacher, guardian or staff."""
    saved = await register_person(caller.store, caller.call, caller.keyring, uuid7(), body.details())
    return caller.accepted(saved, "Person registered")


@router.get("/people")
async def get_people(
    paging: Page,
    caller: Annotated[Caller, may("people.read", rule=FAMILY)],
    role: Annotated[Role | Ext | None, Query(description="Only people with this role")] = None,
) -> Answer[list[PersonLine]]:
    """The directory, in the order of registration. Families see their own."""
    only = await reached_people(caller)
    async with caller.reading(Directory) as read:
        lines = await people(read, caller.keyring, paging, role, only)
    return caller.page(lines, "People", read, paging, lambda line: (line.id,))


@router.get("/people/{person_id}", responses=problems(NotFound))
async def get_person(person_id: UUID, caller: Annotated[Caller, may("people.read", rule=FAMILY)]) -> Answer[PersonLine]:
    """One person."""
    await caller.decide(own_family(person_id))
    async with caller.reading(Directory) as read:
        line = await person(read, caller.keyring, person_id)
    return caller.answer(line, "Person", read)


@router.post("/people/{person_id}/correction", responses=problems(NotFound, PersonIsArchived))
async def post_person_correction(
    person_id: UUID, body: PersonBody, caller: Annotated[Caller, may("people.write")]
) -> Answer[Receipt]:
    """Correct what is told of a person: all values at once."""
    saved = await correct_person_details(caller.store, caller.call, caller.keyring, person_id, body.details())
    return caller.accepted(saved, "Person's details corrected")


@router.post("/people/{person_id}/guardians", responses=problems(NotFound, GuardianOfOneself, PersonIsArchived))
async def post_guardian(
    person_id: UUID, body: GuardianLink, caller: Annotated[Caller, may("people.write")]
) -> Answer[Receipt]:
    """Link a guardian to a student."""
    saved = await link_guardian(caller.store, caller.call, person_id, body.guardian_id)
    return caller.accepted(saved, "Guardian linked")


@router.post("/people/{person_id}/guardians/{guardian_id}/removal", responses=problems(NotFound))
async def post_guardian_removal(
    person_id: UUID, guardian_id: UUID, caller: Annotated[Caller, may("people.write")]
) -> Answer[Receipt]:
    """Unlink a guardian from a student."""
    saved = await unlink_guardian(caller.store, caller.call, person_id, guardian_id)
    return caller.accepted(saved, "Guardian unlinked")


@router.post("/people/{person_id}/archiving", responses=problems(NotFound))
async def post_person_archiving(person_id: UUID, caller: Annotated[Caller, may("people.write")]) -> Answer[Receipt]:
    """Archive a person who left. Marks and enrolments stay."""
    saved = await archive_person(caller.store, caller.call, person_id)
    return caller.accepted(saved, "Person archived")


@router.post("/people/{person_id}/restoration", responses=problems(NotFound))
async def post_person_restoration(person_id: UUID, caller: Annotated[Caller, may("people.write")]) -> Answer[Receipt]:
    """Take an archived person back."""
    saved = await restore_person(caller.store, caller.call, person_id)
    return caller.accepted(saved, "Person restored")
