"""Passwords: kept as hashes in rows of their own, and checked in one place only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from auth.credential_checks.tries import ACCOUNT, DEVICE, NETWORK, Place, Tries
from auth.handed_out import HandedOut
from auth.passwords.hashing import Hashing
from auth.passwords.policy import PasswordPolicy
from auth.platform_rows import platform_rows
from auth.users.emails import normal_email
from shared.calls import Claim
from shared.database import Pool
from shared.errors import DomainError
from shared.ids import PLATFORM, uuid7
from shared.personal import MasterKey

EMAIL = "user-email"


class From(NamedTuple):
    """Where a try comes from: the network, and what the client calls a known device."""

    network: str
    device: str | None = None


NOWHERE = From("")


class Fits(NamedTuple):
    """A password that fits. It counts only if the user's history names it."""

    user_id: UUID
    password_id: UUID


class Credentials:
    def __init__(self, pool: Pool, hashing: Hashing, master: MasterKey, policy: PasswordPolicy) -> None:
        self.policy = policy
        self.tries = Tries(pool)
        self.handed_out = HandedOut(master)
        self._pool = pool
        self._hashing = hashing
        self._master = master

    def account(self, email: str) -> str:
        """What stands for an e-mail address in claims and counters: its keyed hash."""
        return self._master.keyed_hash(EMAIL, PLATFORM, normal_email(email))

    def claim(self, email: str, user_id: UUID) -> Claim:
        return Claim(PLATFORM, EMAIL, self.account(email), user_id)

    async def places(self, email: str, source: From) -> list[Place]:
        """A device that this very account signed in from is counted instead of the account."""
        own = Place(ACCOUNT, self.account(email))
        device = self.handed_out.ids("device", source.device or "", 2)
        if device is not None and device[0] == await self.user_of(email):
            own = Place(DEVICE, self._master.keyed_hash("device", PLATFORM, str(device[1])))
        return [own, self.network(source.network)]

    def network(self, address: str) -> Place:
        return Place(NETWORK, self._master.keyed_hash("network", PLATFORM, address))

    async def user_of(self, email: str) -> UUID | None:
        return await self.owner_of(self.account(email))

    async def owner_of(self, account: str) -> UUID | None:
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(OWNER, (PLATFORM, EMAIL, account))).fetchone()
        return None if row is None else row[0]

    async def check(self, email: str, password: str, now: datetime, source: From = NOWHERE) -> Fits | None:
        """Whose address and password these are. Raises SignInLocked.

        The try is counted and committed before the compare; an unknown address costs and answers the same."""
        places = await self.places(email, source)
        await self.tries.reserve(now, places)
        async with platform_rows(self._pool) as connection:
            found = await (await connection.execute(LOOK_UP, (PLATFORM, EMAIL, self.account(email)))).fetchall()
        fits = await self._fitting(password, found)
        if fits is not None:
            await self.tries.succeeded(places)
        return fits

    async def _fitting(self, password: str, found: list[tuple[UUID, UUID, str]]) -> Fits | None:
        """There is more than one hash only while a password is being changed."""
        for user_id, password_id, known in found:
            fits, better = await self._hashing.verify(password, known)
            if fits:
                if better is not None:
                    await self._replace(password_id, better)
                return Fits(user_id, password_id)
        if not found:
            await self._hashing.verify(password, None)
        return None

    async def unlock(self, email: str) -> None:
        await self.tries.succeeded([Place(ACCOUNT, self.account(email))])

    async def keep(self, user_id: UUID, password_id: UUID, password: str) -> None:
        """Of no use before the user's history names it: the hash is kept first, the event stored next."""
        await self.keep_hash(user_id, password_id, await self._hashing.hash(password))

    async def keep_hash(self, user_id: UUID, password_id: UUID, hashed: str) -> None:
        """One that another system made: replaced by one of ours when it fits for the first time."""
        async with platform_rows(self._pool) as connection:
            await connection.execute(KEEP, (PLATFORM, password_id, user_id, hashed))

    @asynccontextmanager
    async def kept(self, user_id: UUID, password: str) -> AsyncIterator[UUID]:
        """The id of a new password, kept for the event that is stored inside; forgotten if none is."""
        password_id = uuid7()
        await self.keep(user_id, password_id, password)
        try:
            yield password_id
        except DomainError:
            await self.forget(password_id)
            raise

    async def _replace(self, password_id: UUID, hashed: str) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(REPLACE, (hashed, PLATFORM, password_id))

    async def forget(self, password_id: UUID) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET, (PLATFORM, password_id))

    async def forget_all_but(self, user_id: UUID, password_id: UUID | None) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET_ALL_BUT, (PLATFORM, user_id, password_id))


OWNER = "SELECT owner FROM claims WHERE tenant_id = %s AND kind = %s AND key = %s"
LOOK_UP = """
    SELECT c.owner, p.password_id, p.hash
    FROM claims c JOIN passwords p ON p.tenant_id = c.tenant_id AND p.user_id = c.owner
    WHERE c.tenant_id = %s AND c.kind = %s AND c.key = %s
    ORDER BY p.changed_at DESC LIMIT 2
"""
KEEP = "INSERT INTO passwords (tenant_id, password_id, user_id, hash) VALUES (%s, %s, %s, %s)"
REPLACE = "UPDATE passwords SET hash = %s WHERE tenant_id = %s AND password_id = %s"
FORGET = "DELETE FROM passwords WHERE tenant_id = %s AND password_id = %s"
FORGET_ALL_BUT = """
    DELETE FROM passwords WHERE tenant_id = %s AND user_id = %s AND password_id IS DISTINCT FROM %s
"""
