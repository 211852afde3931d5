"""The one counter that every check of a credential passes: password, code, link, key."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.errors import Refused
from shared.ids import PLATFORM


class SignInLocked(Refused):
    """Too many wrong tries: wait some minutes."""


class Limit(NamedTuple):
    """From the `most`-th try on each one locks: at first for `lock`, doubling up to fifteen minutes. As long as
    `forget` without a try, and they are forgotten."""

    scope: str
    most: int
    lock: timedelta = timedelta(minutes=1)
    forget: timedelta = timedelta(days=1)


ACCOUNT = Limit("account", 5)
DEVICE = Limit("device", 5)
"""A device that this account signed in from before has a counter of its own: strangers cannot lock its owner out."""
SECOND_FACTOR = Limit("second-factor", 5, lock=timedelta(minutes=15), forget=timedelta(hours=1))
"""Of one user, whichever route takes the code, and only behind a right password: never more than five guesses in a
quarter of an hour, whatever the owner does meanwhile."""
API_KEY = Limit("api-key", 5)
"""Of one key prefix from one network: strangers elsewhere cannot lock a program out."""
NETWORK = Limit("network", 100)
"""A whole school may stand behind one address."""
FOR_GOOD = 100
"""Tries without a success in between after which only a reset of the password opens an account."""


class Place(NamedTuple):
    """Whose tries are counted. `subject` is a keyed hash: of an account, known here or not, a network, a device."""

    limit: Limit
    subject: str


class Tries:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def reserve(self, now: datetime, places: Sequence[Place]) -> None:
        """Counts one try at each place, committed before anything is compared. Raises SignInLocked, and then counts
        none: a lock is not made longer by those who knock on it."""
        async with platform_rows(self._pool) as connection:
            for limit, subject in sorted(places):
                cursor = await connection.execute(
                    RESERVE,
                    {
                        "platform": PLATFORM,
                        "scope": limit.scope,
                        "subject": subject,
                        "now": now,
                        "most": limit.most,
                        "lock": limit.lock,
                        "forget": limit.forget,
                        "for_good": FOR_GOOD if limit is ACCOUNT else None,
                    },
                )
                if await cursor.fetchone() is None:
                    raise SignInLocked

    async def succeeded(self, places: Sequence[Place]) -> None:
        """Clears the counters, but takes only the own try from those where others may still be guessing."""
        async with platform_rows(self._pool) as connection:
            for limit, subject in sorted(places):
                statement = GIVE_BACK if limit in (NETWORK, SECOND_FACTOR) else CLEAR
                await connection.execute(statement, (PLATFORM, limit.scope, subject))

    async def locked(self, now: datetime, scope: str, subject: str) -> bool:
        """Asked again where a token is issued: somebody may have guessed since the first step was passed."""
        async with platform_rows(self._pool) as connection:
            cursor = await connection.execute(LOCKED, (PLATFORM, scope, subject, now))
            return await cursor.fetchone() is not None


RESERVE = """
    INSERT INTO credential_tries AS t (tenant_id, scope, subject, tries, in_a_row, tried_at)
    VALUES (%(platform)s, %(scope)s, %(subject)s, 1, 1, %(now)s)
    ON CONFLICT (tenant_id, scope, subject) DO UPDATE SET
        tries = CASE WHEN t.tried_at < excluded.tried_at - %(forget)s THEN 1 ELSE t.tries + 1 END,
        in_a_row = t.in_a_row + 1,
        tried_at = excluded.tried_at,
        locked_until = CASE
            WHEN t.in_a_row + 1 >= %(for_good)s THEN 'infinity'
            WHEN t.tried_at < excluded.tried_at - %(forget)s OR t.tries + 1 < %(most)s THEN NULL
            ELSE excluded.tried_at
                + least(interval '15 minutes', %(lock)s * 2 ^ least(t.tries + 1 - %(most)s, 4))
        END
    WHERE t.locked_until IS NULL OR t.locked_until <= excluded.tried_at
    RETURNING tries
"""
CLEAR = "DELETE FROM credential_tries WHERE tenant_id = %s AND scope = %s AND subject = %s"
GIVE_BACK = """
    UPDATE credential_tries
    SET tries = greatest(tries - 1, 0), in_a_row = greatest(in_a_row - 1, 0), locked_until = NULL
    WHERE tenant_id = %s AND scope = %s AND subject = %s
"""
LOCKED = """
    SELECT 1 FROM credential_tries WHERE tenant_id = %s AND scope = %s AND subject = %s AND locked_until > %s
"""
