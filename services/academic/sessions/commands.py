"""What can be done with an academic session."""

from datetime import date
from uuid import UUID

from academic.loading import named
from academic.sessions.academic_session import AcademicSession, SessionDetails
from academic.source_ids import sourced
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def open_academic_session(store: EventStore, call: Call, session_id: UUID, details: SessionDetails) -> Saved:
    if details.parent_id is not None:
        await named(store, call, AcademicSession, details.parent_id, "/parent_id")
    session = AcademicSession.open(session_id, call.tenant_id, details, None, call.now)
    claim = sourced(call.tenant_id, "academic-session", str(session_id), session_id)
    return await store.save(session, call=call, claims=[claim])


@command
async def change_session_dates(store: EventStore, call: Call, session_id: UUID, start_on: date, end_on: date) -> Saved:
    return await store.change(
        AcademicSession, session_id, lambda s: s.change_dates(start_on, end_on, call.now), call=call
    )


@command
async def close_academic_session(store: EventStore, call: Call, session_id: UUID) -> Saved:
    return await store.change(AcademicSession, session_id, lambda s: s.close(call.now), call=call)


@command
async def reopen_academic_session(store: EventStore, call: Call, session_id: UUID) -> Saved:
    return await store.change(AcademicSession, session_id, lambda s: s.reopen(call.now), call=call)
