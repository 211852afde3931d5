"""Passwords: kept as hashes in rows of their own, and checked in one place only."""

from datetime import datetime
from uuid import UUID

from auth.passwords.hashing import Hashing
from auth.passwords.platform_rows import platform_rows
from auth.users.emails import normal_email
from shared.calls import Claim
from shared.database import Pool
from shared.errors import Refused
from shared.ids import PLATFORM
from shared.personal import MasterKey

EMAIL = "user-email"
TRIES = 5


class SignInLocked(Refused):
    """Too many wrong passwords for this address: wait some minutes."""


class Credentials:
    def __init__(self, pool: Pool, hashing: Hashing, master: MasterKey) -> None:
        self._pool = pool
        self._hashing = hashing
        self._master = master

    def account(self, email: str) -> str:
        """What stands for an e-mail address in claims and counters: its keyed hash."""
        return self._master.keyed_hash(EMAIL, PLATFORM, normal_email(email))

    def claim(self, email: str, user_id: UUID) -> Claim:
        return Claim(PLATFORM, EMAIL, self.account(email), user_id)

    async def known(self, email: str) -> bool:
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(LOOK_UP, self._place(email))).fetchone()
        return row is not None and row[0] is not None

    async def check(self, email: str, password: str, now: datetime) -> UUID | None:
        """The user whose address and password these are. Raises SignInLocked.

        The try is counted and committed before the compare; an unknown address costs and answers the same."""
        place = self._place(email)
        async with platform_rows(self._pool) as connection:
            reserved = await (await connection.execute(RESERVE, {**place, "now": now})).fetchone()
            found = await (await connection.execute(LOOK_UP, place)).fetchone()
        if reserved is None or found is None:
            raise SignInLocked
        user_id: UUID | None = found[0]
        fits, better = await self._hashing.verify(password, found[1])
        if user_id is None or not fits:
            return None
        async with platform_rows(self._pool) as connection:
            await connection.execute(CLEAR, place)
            if better is not None:
                await connection.execute(KEEP, {**place, "user": user_id, "hash": better})
        return user_id

    async def keep(self, user_id: UUID, password: str) -> None:
        """Of no use before the user's e-mail is claimed: the hash is kept first, the user stored next."""
        hashed = await self._hashing.hash(password)
        async with platform_rows(self._pool) as connection:
            await connection.execute(KEEP, {"platform": PLATFORM, "user": user_id, "hash": hashed})

    async def forget(self, user_id: UUID) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET, {"platform": PLATFORM, "user": user_id})

    def _place(self, email: str) -> dict[str, object]:
        return {"platform": PLATFORM, "kind": EMAIL, "account": self.account(email), "most": TRIES}


# From the fifth try on each one locks: one minute, doubling up to fifteen. A quiet day forgets.
RESERVE = """
    INSERT INTO password_tries AS t (tenant_id, account, tries, tried_at)
    VALUES (%(platform)s, %(account)s, 1, %(now)s)
    ON CONFLICT (tenant_id, account) DO UPDATE SET
        tries = CASE WHEN t.tried_at < excluded.tried_at - interval '1 day' THEN 1 ELSE t.tries + 1 END,
        tried_at = excluded.tried_at,
        locked_until = CASE
            WHEN t.tried_at < excluded.tried_at - interval '1 day' OR t.tries + 1 < %(most)s THEN NULL
            ELSE excluded.tried_at
                + least(interval '15 minutes', interval '1 minute' * 2 ^ least(t.tries + 1 - %(most)s, 4))
        END
    WHERE t.locked_until IS NULL OR t.locked_until <= excluded.tried_at
    RETURNING tries
"""
LOOK_UP = """
    SELECT c.owner, p.hash
    FROM (SELECT %(platform)s::uuid AS tenant_id) platform
    LEFT JOIN claims c ON c.tenant_id = platform.tenant_id AND c.kind = %(kind)s AND c.key = %(account)s
    LEFT JOIN passwords p ON p.tenant_id = c.tenant_id AND p.user_id = c.owner
"""
CLEAR = "DELETE FROM password_tries WHERE tenant_id = %(platform)s AND account = %(account)s"
KEEP = """
    INSERT INTO passwords (tenant_id, user_id, hash) VALUES (%(platform)s, %(user)s, %(hash)s)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET hash = excluded.hash, changed_at = clock_timestamp()
"""
FORGET = "DELETE FROM passwords WHERE tenant_id = %(platform)s AND user_id = %(user)s"
