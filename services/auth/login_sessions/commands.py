"""What can be done with a login session: start one, go on with it, end one or all of them."""

from collections.abc import Sequence
from uuid import UUID

from auth.login_sessions.login_session import LoginSession
from auth.login_sessions.refresh_tokens import Family, RefreshTokens
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def start_session(store: EventStore, call: Call, session_id: UUID, user_id: UUID, method: str) -> Saved:
    session = LoginSession(id=session_id, tenant_id=call.tenant_id, user_id=user_id, method=method, timestamp=call.now)
    return await store.save(session, call=call)


async def end_session(
    store: EventStore, call: Call, refresh_tokens: RefreshTokens, session_id: UUID, reason: str
) -> Saved:
    """The tokens first: whatever happens next, nobody goes on with them."""
    await refresh_tokens.end([session_id], reason)
    return await note_end(store, call, session_id, reason)


@command
async def note_end(store: EventStore, call: Call, session_id: UUID, reason: str) -> Saved:
    return await store.change(LoginSession, session_id, lambda s: s.end(reason, call.now), call=call)


@command
async def detect_reuse(store: EventStore, call: Call, session_id: UUID) -> Saved:
    return await store.change(LoginSession, session_id, lambda s: s.detect_reuse(call.now), call=call)


async def end_sessions(
    store: EventStore, call: Call, refresh_tokens: RefreshTokens, families: Sequence[Family], reason: str
) -> list[Saved]:
    """All of them, whatever school each is in. Their tokens are dead before the first event is stored."""
    await refresh_tokens.end([family.family_id for family in families], reason)
    return [
        await note_end(store, call.for_tenant(family.school_id).step(str(family.family_id)), family.family_id, reason)
        for family in families
    ]
