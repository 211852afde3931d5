"""Retention over HTTP: the policy of a school, who is due and why not, and handing over to erasure."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from academic.fields import Day
from academic.people.directory import Directory, Name, names_of
from academic.retention.commands import hand_over_leavers, hold_leaver, policy_of, set_retention_terms
from academic.retention.leaver import LeaverNotDue
from academic.retention.leavers import LeaverLine, Leavers, State, leavers_of
from academic.retention.policy import Hold, Terms
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(prefix="/retention", tags=["retention"])

Reader = Annotated[Caller, may("erasures.read")]


class TermsBody(Request):
    """`years` after somebody left. `evidence_years` after the last lesson of a funded class in which they have a mark;
    four is the least, as its registers are evidence for so long."""

    years: Annotated[int, Field(ge=0, le=100, strict=True)]
    evidence_years: Annotated[int, Field(ge=4, le=100, strict=True)] = 4


class TermsShown(BaseModel):
    years: int
    evidence_years: int


class HoldBody(Request):
    """They are kept until that day, whatever the policy says."""

    until: Day
    why: Hold


class HandedOver(Request):
    person_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=20)]


class LeaverShown(LeaverLine):
    given_name: str | None
    family_name: str | None


@router.get("/policy")
async def get_policy(caller: Reader) -> Answer[TermsShown | None]:
    """How long the school keeps people who left; null: everybody, for ever."""
    terms = (await policy_of(caller.store, caller.call)).terms
    return caller.answer(None if terms is None else TermsShown(**vars(terms)), "Retention policy")


@router.post("/policy", responses=problems(NotFound))
async def post_policy(body: TermsBody, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Decide it. The clock looks at everybody who left; who was looked at before is looked at again on the day that was
    said then."""
    saved = await set_retention_terms(caller.store, caller.call, Terms(body.years, body.evidence_years))
    return caller.accepted(saved, "Retention policy set")


@router.get("/leavers")
async def get_leavers(
    paging: Page, caller: Reader, state: Annotated[State | None, Query(description="Only these")] = None
) -> Answer[list[LeaverShown]]:
    """Who left and is not erased: who is due, who is kept until when and why, who was handed over."""
    after = paging.after(UUID)
    async with caller.reading(Leavers) as read:
        lines = await leavers_of(read, state, after[0] if after else None, paging.limit + 1)
    async with caller.reading(Directory) as directory:
        names = await names_of(directory, caller.keyring, [line.person_id for line in lines])
    return caller.page([shown(line, names) for line in lines], "Leavers", read, paging, lambda line: (line.person_id,))


@router.post("/leavers/{person_id}/hold", responses=problems(NotFound))
async def post_hold(person_id: UUID, body: HoldBody, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Keep somebody who left until a day."""
    saved = await hold_leaver(caller.store, caller.call, person_id, body.until, body.why)
    return caller.accepted(saved, "Kept")


@router.post("/erasure-requests", status_code=201, responses=problems(NotFound, LeaverNotDue))
async def post_erasure_requests(
    body: HandedOver, caller: Annotated[Caller, may("erasures.write", creates=True, fresh=True)]
) -> Answer[list[Receipt]]:
    """Hand people who are due over to erasure: all of them or none. An erasure is asked for in your name for each of
    them; another person has to approve it."""
    people = tuple(dict.fromkeys(body.person_ids))
    saved = await hand_over_leavers(caller.store, caller.call, people, caller.user_id)
    caller.moved(saved)
    receipts = [Receipt(id=id, version=version) for id, version in zip(saved.ids, saved.versions, strict=True)]
    return Answer(data=receipts, message="Handed over")


def shown(line: LeaverLine, names: dict[UUID, Name]) -> LeaverShown:
    name = names.get(line.person_id)
    given, family = (None, None) if name is None else (name.given_name, name.family_name)
    return LeaverShown(**line.model_dump(), given_name=given, family_name=family)
