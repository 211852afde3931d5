"""Whether a token still says what is true: asked on each write, and on reads that are declared sensitive."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.identity import Identity
from shared.ids import PLATFORM
from shared.problems import RightsChanged, TenantSuspended, Unauthenticated

FRESH = 1.0
"""Seconds for which a process believes what it read: a busy user's writes cost no query each."""
KEPT = 10_000


@dataclass(frozen=True)
class Standing:
    """`rights` None: nothing is known of such a member, as of a program or of one whose events are still to come."""

    rights: int | None = None
    until: datetime | None = None
    login_ended: bool = False
    suspended: bool = False
    role_changed: bool = False

    def check(self, identity: Identity, now: datetime) -> None:
        """Raises Unauthenticated, RightsChanged, TenantSuspended."""
        if self.login_ended:
            raise Unauthenticated
        over = self.until is not None and self.until <= now
        if self.role_changed or over or (self.rights is not None and identity.rights < self.rights):
            raise RightsChanged
        if self.suspended:
            raise TenantSuspended


NOTHING_KNOWN = Standing()
Look = Callable[[Identity], Awaitable[Standing]]


async def nothing_known(_: Identity) -> Standing:
    """For whoever has no view of it, and asks services that do."""
    return NOTHING_KNOWN


class Standings:
    """`look` reads the view; what it said is believed for a second, for one token's holder in one sign-in."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._known: dict[tuple[object, ...], tuple[float, Standing]] = {}

    async def check(self, identity: Identity) -> None:
        """Raises Unauthenticated, RightsChanged, TenantSuspended. Nothing of this is about callers of no school."""
        if identity.tenant_id == PLATFORM:
            return
        await self._check(identity)
        if identity.acting is not None:
            await self._check(identity.really())

    async def _check(self, identity: Identity) -> None:
        key = (identity.tenant_id, identity.subject, identity.login, identity.custom_roles)
        until, standing = self._known.get(key, (0.0, NOTHING_KNOWN))
        if time.monotonic() >= until:
            standing = await self._look(identity)
            self._known.pop(key, None)
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = (time.monotonic() + FRESH, standing)
        standing.check(identity, datetime.now(UTC))
