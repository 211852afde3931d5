"""Rolling over, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from academic.classes.class_list import ClassList, classes_of_session
from academic.fields import Flag
from academic.rollovers.commands import MOST, SameSession, TooManyClasses, roll_over
from academic.sessions.academic_session import SessionIsClosed
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["academic sessions"])


def once(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if len(set(ids)) < len(ids):
        raise ValueError("a class stands in the list twice")
    return ids


class Rollover(Request):
    """Without `class_ids` all classes of the session that are not closed."""

    into_id: UUID
    class_ids: Annotated[tuple[UUID, ...], Field(max_length=MOST), AfterValidator(once)] | None = None
    teachers: Flag = False


@router.post(
    "/academic-sessions/{session_id}/rollover",
    status_code=201,
    responses=problems(NotFound, SessionIsClosed, SameSession, TooManyClasses),
)
async def post_rollover(
    session_id: UUID, body: Rollover, caller: Annotated[Caller, may("school.write", creates=True)]
) -> Answer[list[Receipt]]:
    """Open the classes of a session once more in another one: titles, seats and weekly patterns, without students. To
    roll over again adds only what is missing."""
    class_ids = body.class_ids
    if class_ids is None:
        async with caller.reading(ClassList) as read:
            class_ids = tuple(await classes_of_session(read, session_id, MOST + 1))
    saved = await roll_over(caller.store, caller.call, session_id, body.into_id, class_ids, teachers=body.teachers)
    if saved.ids:
        caller.moved(saved)
    receipts = [Receipt(id=id, version=version) for id, version in zip(saved.ids, saved.versions, strict=True)]
    return Answer(data=receipts, message="Classes opened")
