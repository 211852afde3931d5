"""Sign-ins that wait for the second factor: the first was right a moment ago, and nothing can be done with that yet."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from auth.credential_checks.tries import Place
from auth.handed_out import text_of
from auth.login_sessions.refresh_tokens import digest
from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.errors import Refused
from shared.ids import PLATFORM

LIFE = timedelta(minutes=5)


class SignInExpired(Refused):
    """This sign-in took too long, or was used: begin again."""

    status = 401


class PendingSignIn(NamedTuple):
    """`password_id`: the password that was right, or counted then; `scope`, `subject`: where its tries are counted.
    `amr`: what the first step proved; `life`: as long what it opens may last at most."""

    user_id: UUID
    school_id: UUID
    password_id: UUID
    scope: str
    subject: str
    amr: list[str]
    life: timedelta | None


class PendingSignIns:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def start(
        self,
        user_id: UUID,
        school_id: UUID,
        password_id: UUID,
        place: Place,
        now: datetime,
        amr: Sequence[str] = ("pwd",),
        life: timedelta | None = None,
    ) -> str:
        token = text_of(secrets.token_bytes(32))
        where = (place.limit.scope, place.subject)
        async with platform_rows(self._pool) as connection:
            await connection.execute(EXPIRE, (PLATFORM, now - LIFE))
            row = (PLATFORM, digest(token), user_id, school_id, password_id, *where, now, list(amr), life)
            await connection.execute(START, row)
        return token

    async def find(self, token: str, now: datetime) -> PendingSignIn:
        """Raises SignInExpired."""
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(FIND, (PLATFORM, digest(token), now - LIFE))).fetchone()
        if row is None:
            raise SignInExpired
        return PendingSignIn(*row)

    async def take(self, token: str, now: datetime) -> PendingSignIn:
        """For the one who passed the second factor; gone for everybody else. Raises SignInExpired."""
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(TAKE, (PLATFORM, digest(token), now - LIFE))).fetchone()
        if row is None:
            raise SignInExpired
        return PendingSignIn(*row)

    async def end_all(self, user_id: UUID) -> None:
        """A lock ends them: the first factor is asked again afterwards."""
        async with platform_rows(self._pool) as connection:
            await connection.execute(END_ALL, (PLATFORM, user_id))


START = """
    INSERT INTO pending_sign_ins (tenant_id, hash, user_id, school_id, password_id, scope, subject, started_at,
                                  amr, life)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
FIND = """
    SELECT user_id, school_id, password_id, scope, subject, amr, life
    FROM pending_sign_ins WHERE tenant_id = %s AND hash = %s AND started_at > %s
"""
TAKE = """
    DELETE FROM pending_sign_ins WHERE tenant_id = %s AND hash = %s AND started_at > %s
    RETURNING user_id, school_id, password_id, scope, subject, amr, life
"""
END_ALL = "DELETE FROM pending_sign_ins WHERE tenant_id = %s AND user_id = %s"
EXPIRE = "DELETE FROM pending_sign_ins WHERE tenant_id = %s AND started_at < %s"
