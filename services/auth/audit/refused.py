"""Refused actions on their way into the audit: taken down by the edge, stored a moment later."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request

from auth.audit.refused_day import Refusal, RefusedDay, refused_day_id
from auth.passwords.credentials import Credentials
from shared.access import access_of
from shared.caller import client_network
from shared.calls import Actor, Call
from shared.identity import Identity
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import Conflict, EventStore, Unavailable

log = logging.getLogger(__name__)

EVERY = 0.2
COUNTED_EVERY = 600.0
MOST_WAITING = 1_000
"""A flood beyond it is only counted."""
CREDENTIALS = frozenset({"sign-in-locked", "step-up-needed", "second-factor-required"})
BY = Actor("system", "auth.audit")
Day = tuple[UUID, date]


class Noted(NamedTuple):
    """As the edge saw it. `account`: the keyed hash of the address that somebody named."""

    tenant_id: UUID
    action: str
    code: str
    at: datetime
    actor_id: str | None
    login: str | None
    on_behalf_of: str | None
    account: str | None
    user_id: UUID | None
    network: str


def day_of(noted: Noted) -> Day:
    return noted.tenant_id, noted.at.date()


class RefusedActions:
    """Nothing of it delays an answer. What a killed process had not stored yet (a fifth of a second, and of a flood
    the count of ten minutes) is lost."""

    def __init__(self, store: EventStore, keyring: Keyring, credentials: Credentials) -> None:
        self._store = store
        self._keyring = keyring
        self._credentials = credentials
        self._waiting: list[Noted] = []
        self._storing = asyncio.Lock()
        self._counts: Counter[Day] = Counter()
        self._counted_at = time.monotonic()

    def notice(self, request: Request, status: int, code: str) -> None:
        """Called for every refusal that this process answers with."""
        identity: Identity | None = getattr(request.state, "identity", None)
        if not of_security(request, identity, status, code):
            return
        really = None if identity is None else identity.really()
        noted = Noted(
            tenant_id=PLATFORM if identity is None else identity.tenant_id,
            action=f"{request.method} {request.scope['route'].path}",
            code=code,
            at=datetime.now(UTC),
            actor_id=None if really is None else really.subject,
            login=None if really is None else really.login,
            on_behalf_of=None if identity is None or identity.acting is None else identity.subject,
            account=getattr(request.state, "account", None),
            user_id=getattr(request.state, "concerned", None),
            network=client_network(request),
        )
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(noted)
        else:
            self._counts[day_of(noted)] += 1

    async def run(self) -> None:
        """Endless."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.store_waiting()
            except (Unavailable, Conflict) as error:
                log.warning("refused actions wait: %s", type(error).__name__)

    async def close(self) -> None:
        """What waits is stored before the process ends."""
        with suppress(Unavailable, Conflict):
            await self.store_waiting()
            await self.store_counts()

    async def store_waiting(self) -> None:
        """Raises Unavailable, Conflict: what is not stored yet goes on waiting."""
        async with self._storing:
            while self._waiting:
                first = day_of(self._waiting[0])
                taken = [noted for noted in self._waiting if day_of(noted) == first]
                self._counts[first] += await self._store_day(first, taken)
                self._waiting = [noted for noted in self._waiting if noted not in taken]
        if time.monotonic() - self._counted_at > COUNTED_EVERY:
            await self.store_counts()

    async def store_counts(self) -> None:
        """What came beyond the limits, as one number for each school and day."""
        self._counted_at = time.monotonic()
        for (tenant_id, on), more in list(self._counts.items()):
            if more:
                day, call = await self._day(tenant_id, on)
                day.count(more, call.now)
                await self._store.save(day, call=call)
            del self._counts[tenant_id, on]

    async def _store_day(self, place: Day, all_noted: Sequence[Noted]) -> int:
        """How many were too many to be told one by one."""
        day, call = await self._day(*place)
        sealer = await self._keyring.sealer(PLATFORM, day.id)
        beyond = 0
        for noted in all_noted:
            user_id = noted.user_id
            if user_id is None and noted.account is not None:
                user_id = await self._credentials.owner_of(noted.account)
            refusal = Refusal(
                action=noted.action,
                code=noted.code,
                at=noted.at,
                actor_id=noted.actor_id,
                login=noted.login,
                user_id=user_id,
                network=sealer.seal("network", noted.network),
                on_behalf_of=noted.on_behalf_of,
            )
            beyond += not day.note(refusal, call.now)
        await self._store.save(day, call=call, keys=sealer.new)
        return beyond

    async def _day(self, tenant_id: UUID, on: date) -> tuple[RefusedDay, Call]:
        id = refused_day_id(tenant_id, on)
        call = Call(tenant_id=tenant_id, actor=BY, now=datetime.now(UTC), correlation_id=uuid7())
        found = await self._store.find(RefusedDay, id, tenant_id)
        return found or RefusedDay(id=id, tenant_id=tenant_id, day=on, timestamp=call.now), call


def of_security(request: Request, identity: Identity | None, status: int, code: str) -> bool:
    """What somebody known may not do, and what no credential opened. A request without any valid token is none of
    these: it stands in the request log."""
    access = access_of(request.scope.get("route"))
    if access is None:
        return False
    if code in CREDENTIALS or status == 403:
        return identity is not None or access.permission is None
    return status == 401 and access.permission is None
