"""Academic sessions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.fields import Day, Ext, Short, Title
from academic.sessions.academic_session import SessionDatesReversed, SessionDetails, SessionIsClosed, SessionType
from academic.sessions.commands import (
    change_session_dates,
    close_academic_session,
    open_academic_session,
    reopen_academic_session,
)
from academic.sessions.session_tree import SessionNode, SessionTree, session_tree
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["academic sessions"])


class NewAcademicSession(Request):
    """`type`: schoolYear, semester, term or gradingPeriod. `end_on` is the first day after it."""

    title: Title
    type: SessionType | Ext = "term"
    start_on: Day
    end_on: Day
    school_year: Short | None = None
    parent_id: UUID | None = None


class SessionDates(Request):
    start_on: Day
    end_on: Day


@router.post("/academic-sessions", status_code=201, responses=problems(NotFound, SessionDatesReversed))
async def post_academic_session(
    body: NewAcademicSession, caller: Annotated[Caller, may("school.write", creates=True)]
) -> Answer[Receipt]:
    """Open a period of the school: a year, a term, a grading period."""
    details = SessionDetails(body.type, body.title, body.start_on, body.end_on, body.school_year, body.parent_id)
    saved = await open_academic_session(caller.store, caller.call, uuid7(), details)
    return caller.accepted(saved, "Academic session opened")


@router.get("/academic-sessions")
async def get_academic_sessions(caller: Annotated[Caller, may("school.read")]) -> Answer[list[SessionNode]]:
    """All academic sessions, as a tree in depth-first order."""
    async with caller.reading(SessionTree) as read:
        nodes = await session_tree(read)
    return caller.answer(nodes, "Academic sessions", read)


@router.post(
    "/academic-sessions/{session_id}/dates",
    responses=problems(NotFound, SessionDatesReversed, SessionIsClosed),
)
async def post_session_dates(
    session_id: UUID, body: SessionDates, caller: Annotated[Caller, may("school.write")]
) -> Answer[Receipt]:
    """Change when a session starts and ends."""
    saved = await change_session_dates(caller.store, caller.call, session_id, body.start_on, body.end_on)
    return caller.accepted(saved, "Dates changed")


@router.post("/academic-sessions/{session_id}/closure", responses=problems(NotFound))
async def post_session_closure(session_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Close a session. It stays readable."""
    saved = await close_academic_session(caller.store, caller.call, session_id)
    return caller.accepted(saved, "Academic session closed")


@router.post("/academic-sessions/{session_id}/reopening", responses=problems(NotFound))
async def post_session_reopening(session_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Open a closed session again."""
    saved = await reopen_academic_session(caller.store, caller.call, session_id)
    return caller.accepted(saved, "Academic session reopened")
