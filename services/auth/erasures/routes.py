"""HTTP of erasures: ask, approve or reject as another person, read the certificate."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from auth.erasures.certificates import Certificate, Erasures, certificate, certificates
from auth.erasures.commands import (
    OwnerStays,
    UserOfOtherSchools,
    approve_erasure,
    reject_erasure,
    request_erasure,
)
from auth.erasures.erasure import ErasureIsDecided, NobodyToErase, SecondPersonNeeded
from auth.login_sessions.identified import user_of
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["erasures"])

Writer = Annotated[Caller, may("erasures.write", fresh=True)]
Reader = Annotated[Caller, may("erasures.read")]


class Subject(Request):
    """A user of the school, people of its records, or both; ids of people that are not there change nothing."""

    user_id: UUID | None = None
    person_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()


@router.post("/erasures", status_code=201, responses=problems(NotFound, NobodyToErase, UserOfOtherSchools, OwnerStays))
async def post_erasure(
    body: Subject, caller: Annotated[Caller, may("erasures.write", creates=True, fresh=True)]
) -> Answer[Receipt]:
    """Ask that somebody's personal data be destroyed. Another person has to approve it."""
    saved = await request_erasure(caller.store, caller.call, uuid7(), body.user_id, body.person_ids, user_of(caller))
    return caller.accepted(saved, "Erasure requested")


@router.post("/me/erasure", status_code=201, responses=problems(NotFound, OwnerStays))
async def post_own_erasure(caller: Annotated[Caller, may("me", creates=True, fresh=True)]) -> Answer[Receipt]:
    """Ask that your own account be erased, in all your schools. Somebody of this school has to approve it."""
    me = user_of(caller)
    return caller.accepted(await request_erasure(caller.store, caller.call, uuid7(), me, (), me), "Erasure requested")


@router.post("/erasures/{erasure_id}/approval", responses=problems(NotFound, ErasureIsDecided, SecondPersonNeeded))
async def post_approval(erasure_id: UUID, caller: Writer) -> Answer[Receipt]:
    """Approve an erasure that somebody else asked for. It cannot be undone."""
    saved = await approve_erasure(caller.store, caller.call, erasure_id, user_of(caller))
    return caller.accepted(saved, "Erasure approved")


@router.post("/erasures/{erasure_id}/rejection", responses=problems(NotFound, ErasureIsDecided))
async def post_rejection(erasure_id: UUID, caller: Writer) -> Answer[Receipt]:
    """Reject an erasure."""
    saved = await reject_erasure(caller.store, caller.call, erasure_id, user_of(caller))
    return caller.accepted(saved, "Erasure rejected")


@router.get("/erasures")
async def get_erasures(page: Page, caller: Reader) -> Answer[list[Certificate]]:
    """All erasures of the school."""
    after = page.after(UUID)
    async with caller.reading(Erasures) as read:
        found = await certificates(read, after[0] if after else None, page.limit + 1)
    return caller.page(found, "Erasures", read, page, lambda one: (one.id,))


@router.get("/erasures/{erasure_id}", responses=problems(NotFound))
async def get_erasure(erasure_id: UUID, caller: Reader) -> Answer[Certificate]:
    """Where an erasure stands; once complete, its certificate."""
    async with caller.reading(Erasures) as read:
        found = await certificate(read, erasure_id)
    return caller.answer(found, "Erasure", read)
