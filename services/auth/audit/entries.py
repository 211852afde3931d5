"""Asking the audit: entries by filter, the newest first, with the places they came from."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from auth.audit.audit_log import Audit
from auth.audit.places import places_of
from shared.caller import Caller
from shared.ids import PLATFORM
from shared.reading import Reading

PAGE = 500
NOWHERE = UUID(int=0)


class Entry(BaseModel):
    """`outcome`: "done", or the code of the answer that refused it. `before` and `after` hold the values that changed;
    what is personal stands there as "sealed". `device`, `network`: of the sign-in, or of the try that was refused."""

    position: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str
    login: UUID | None
    on_behalf_of: str | None
    action: str
    outcome: str
    subject: str
    subject_id: UUID
    user_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]
    device: str | None = None
    network: str | None
    correlation_id: UUID


@dataclass(frozen=True)
class Filter:
    """`subject`: the id of the thing, or of the user concerned. `until` is not included."""

    actor: str | None = None
    action: str | None = None
    subject: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def entries(caller: Caller, read: Reading, wanted: Filter, before: int, limit: int) -> list[Entry]:
    """Those below the position `before`."""
    found = await read.all(Entry, ENTRIES, **vars(wanted), before=before, limit=limit)
    return await located(caller, found)


async def all_entries(caller: Caller, wanted: Filter) -> AsyncIterator[list[Entry]]:
    """Page by page, so that neither memory nor a connection is held for long; nothing that comes meanwhile."""
    before = 2**62
    while True:
        async with caller.reading(Audit) as read:
            page = await entries(caller, read, wanted, before, PAGE)
        if not page:
            return
        yield page
        before = page[-1].position


async def located(caller: Caller, found: Sequence[Entry]) -> list[Entry]:
    """With device and network; nothing where the person or the day was erased."""
    places = await places_of(caller.kernel.pool, filter(None, map(sign_in_of, found)))
    tried = await caller.keyring.open(PLATFORM, [(entry.subject_id, "network", entry.network) for entry in found])
    return [
        entry.model_copy(
            update={
                "device": place.device if place else None,
                "network": network or (place.network if place else None),
            }
        )
        for entry, network in zip(found, tried, strict=True)
        for place in [places.get(sign_in_of(entry) or NOWHERE)]
    ]


def sign_in_of(entry: Entry) -> UUID | None:
    """The one that it was done with; of a sign-in's own beginning, itself."""
    return entry.subject_id if entry.subject == "login_session" and entry.login is None else entry.login


ENTRIES = """
    SELECT position, at, actor_kind, actor_id, actor_role, login, on_behalf_of, action, outcome, subject, subject_id,
           user_id, before, after, network, correlation_id
    FROM audit_entry
    WHERE tenant_id = %(tenant)s AND position < %(before)s
      AND (%(actor)s::text IS NULL OR actor_id = %(actor)s)
      AND (%(action)s::text IS NULL OR action = %(action)s)
      AND (%(subject)s::uuid IS NULL OR subject_id = %(subject)s OR user_id = %(subject)s)
      AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
    ORDER BY position DESC
    LIMIT %(limit)s
"""
