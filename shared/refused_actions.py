"""What a service refused to people it knows: taken down by the edge, stored as rows a moment later, in few of them."""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request

from shared.access import access_of
from shared.database import Pool
from shared.identity import Identity
from shared.ids import PLATFORM, uuid_or_none

log = logging.getLogger(__name__)

EVERY = 0.5
AGAIN_EVERY = 600.0
EACH = 10
"""Rows a day of one person doing one thing with one answer; beyond it one row in ten minutes counts them."""
OF_ONE = 100
"""Rows a day of one person; beyond it they are counted without saying what, so that nobody uses up the school's."""
MOST = 300
"""Rows a day of one school; beyond it they are counted without saying whose."""
MOST_WAITING = 10_000
ANYBODY, ANYTHING, MORE = "", "*", "more-refusals"


class Key(NamedTuple):
    tenant_id: UUID
    day: date
    actor_id: str
    on_behalf_of: str | None
    action: str
    outcome: str


@dataclass
class Tally:
    """The last of these tries, and how many there were."""

    at: datetime
    kind: str
    role: str
    login: UUID | None
    correlation_id: UUID
    tries: int = 0


class RefusedActions:
    """Of one process. What a killed one had not stored yet is lost: half a second, of a flood the count of ten
    minutes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[Key, Tally] = {}
        self._told: Counter[Key] = Counter()
        self._told_at: dict[Key, float] = {}
        self._rows: Counter[tuple[UUID, date, str]] = Counter()
        self._wake = asyncio.Event()
        self._storing = asyncio.Lock()

    def notice(self, request: Request, status: int, code: str) -> None:
        """Called for every refusal that this process answers with."""
        identity: Identity | None = getattr(request.state, "identity", None)
        if identity is None or not of_security(request, identity, status, code):
            return
        really, now = identity.really(), datetime.now(UTC)
        on_behalf_of = None if identity.acting is None else identity.subject
        outcome = "outside-reach" if getattr(request.state, "outside_reach", False) else code
        action = f"{request.method} {request.scope['route'].path}"
        key = Key(identity.tenant_id, now.date(), really.subject, on_behalf_of, action, outcome)
        if self._rows[key.tenant_id, key.day, ANYBODY] >= MOST or len(self._waiting) >= MOST_WAITING:
            key = key._replace(actor_id=ANYBODY, on_behalf_of=None, action=ANYTHING, outcome=MORE)
        elif self._rows[key.tenant_id, key.day, key.actor_id] >= OF_ONE:
            key = key._replace(on_behalf_of=None, action=ANYTHING, outcome=MORE)
        kind = "service_account" if identity.machine else "user"
        before = self._waiting.get(key)
        self._waiting[key] = Tally(
            at=now,
            kind=kind,
            role=" ".join(identity.roles),
            login=uuid_or_none(really.login),
            correlation_id=request.state.correlation_id,
            tries=1 + (0 if before is None else before.tries),
        )
        self._wake.set()

    async def run(self) -> None:
        """Endless."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_EVERY):
                    await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(EVERY)
            await self.store()

    async def store(self, *, everything: bool = False) -> None:
        """What is due; before the process ends, everything."""
        async with self._storing:
            due = {key: tally for key, tally in self._waiting.items() if everything or self._due(key)}
            for tenant_id in {key.tenant_id for key in due}:
                await self._store({key: tally for key, tally in due.items() if key.tenant_id == tenant_id}, tenant_id)
        today = datetime.now(UTC).date()
        self._told = Counter({key: told for key, told in self._told.items() if key.day >= today})
        self._told_at = {key: at for key, at in self._told_at.items() if key.day >= today}
        self._rows = Counter({whose: rows for whose, rows in self._rows.items() if whose[1] >= today})

    def _due(self, key: Key) -> bool:
        return self._told[key] < EACH or time.monotonic() - self._told_at[key] >= AGAIN_EVERY

    async def _store(self, due: dict[Key, Tally], tenant_id: UUID) -> None:
        rows = [
            (
                tenant_id,
                tally.at,
                tally.kind if key.actor_id else "unknown",
                key.actor_id,
                tally.role if key.actor_id else "",
                tally.login if key.actor_id else None,
                key.on_behalf_of,
                key.action,
                key.outcome,
                tally.tries,
                tally.correlation_id if tally.tries == 1 else None,
            )
            for key, tally in due.items()
        ]
        for key in due:
            del self._waiting[key]
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(TENANT, (str(tenant_id),))
                await connection.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("refused actions wait: %s", type(error).__name__)
            self._put_back(due)
            return
        for key in due:
            self._told[key] += 1
            self._told_at[key] = time.monotonic()
            for whose in {ANYBODY, key.actor_id}:
                self._rows[key.tenant_id, key.day, whose] += 1

    def _put_back(self, due: dict[Key, Tally]) -> None:
        for key, tally in due.items():
            later = self._waiting.setdefault(key, tally)
            if later is not tally:
                later.tries += tally.tries


def of_security(request: Request, identity: Identity, status: int, code: str) -> bool:
    """What somebody of a school may not do, or asked for without seeing it: a foreign thing answers like none at all.
    Refusals of the school's rules are none of these."""
    if identity.tenant_id == PLATFORM or access_of(request.scope.get("route")) is None:
        return False
    return status in (401, 403) or (status, code) == (404, "not-found")


TENANT = "SELECT set_config('rollbook.tenant', %s, true)"
INSERT = """
    INSERT INTO refused_actions (tenant_id, at, actor_kind, actor_id, actor_role, login, on_behalf_of, action, outcome,
                                 tries, correlation_id)
    SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::text[],
                         %s::text[], %s::text[], %s::int4[], %s::uuid[])
"""
