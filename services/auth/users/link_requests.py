"""Requests for a mailed link, taken down alike for known and unknown addresses, and handled after the answer."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from auth.platform_rows import platform_rows
from auth.users.commands import ask_for_reset, ask_for_verification
from shared.calls import Actor, Call
from shared.database import Pool
from shared.errors import DomainError
from shared.ids import PLATFORM, uuid7
from shared.store import EventStore

log = logging.getLogger(__name__)

EVERY = 0.3

What = Literal["reset", "verification"]


class LinkRequest(NamedTuple):
    request_id: UUID
    what: What
    user_id: UUID | None
    requested_at: datetime


class LinkRequests:
    """One row for each request costs the same whoever asks for whom: nobody learns which addresses have an account."""

    def __init__(self, pool: Pool, store: EventStore) -> None:
        self._pool = pool
        self._store = store

    async def note(self, what: What, account: str, now: datetime) -> UUID:
        request_id = uuid7()
        async with platform_rows(self._pool) as connection:
            await connection.execute(NOTE, (PLATFORM, request_id, what, account, now))
        return request_id

    async def run(self) -> None:
        """Endless. A process that dies leaves its rows to the next one."""
        while True:
            try:
                while await self.handle_next():
                    pass
            except Exception as error:  # noqa: BLE001 - the rows stay, and are tried again
                log.warning("requests for links wait: %s", type(error).__name__)
            await asyncio.sleep(EVERY)

    async def handle_next(self) -> bool:
        """One request, whole or not at all: its row is gone when its event is stored. False when there is none."""
        async with platform_rows(self._pool) as connection:
            cursor = await connection.execute(TAKE, {"platform": PLATFORM, "kind": "user-email"})
            row = await cursor.fetchone()
            if row is None:
                return False
            request = LinkRequest(*row)
            if request.user_id is not None:
                with suppress(DomainError):
                    await self._handle(request, request.user_id)
        return True

    async def _handle(self, request: LinkRequest, user_id: UUID) -> None:
        call = Call(
            tenant_id=PLATFORM,
            actor=Actor("system", "auth.link-requests"),
            now=request.requested_at,
            correlation_id=request.request_id,
            key=request.request_id.bytes,
            kind="auth.link-requests",
            fingerprint=b"link-request",
        )
        ask = ask_for_reset if request.what == "reset" else ask_for_verification
        await ask(self._store, call, user_id, request.request_id)


NOTE = """
    INSERT INTO link_requests (tenant_id, request_id, what, account, requested_at) VALUES (%s, %s, %s, %s, %s)
"""
TAKE = """
    DELETE FROM link_requests r WHERE r.tenant_id = %(platform)s AND r.request_id = (
        SELECT request_id FROM link_requests WHERE tenant_id = %(platform)s
        ORDER BY request_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING r.request_id, r.what, (SELECT c.owner FROM claims c
        WHERE c.tenant_id = r.tenant_id AND c.kind = %(kind)s AND c.key = r.account), r.requested_at
"""
