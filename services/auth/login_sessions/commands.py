"""What can be done with a login session: start one, end it."""

from uuid import UUID

from auth.login_sessions.login_session import LoginSession
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def start_session(store: EventStore, call: Call, session_id: UUID, user_id: UUID) -> Saved:
    session = LoginSession(
        id=session_id, tenant_id=call.tenant_id, user_id=user_id, method="password", timestamp=call.now
    )
    return await store.save(session, call=call)


@command
async def end_session(store: EventStore, call: Call, session_id: UUID, reason: str) -> Saved:
    return await store.change(LoginSession, session_id, lambda s: s.end(reason, call.now), call=call)
