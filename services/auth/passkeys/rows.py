"""Rows of passkeys: public keys with their counters, and challenges that are used once."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.errors import Refused
from shared.ids import PLATFORM, uuid7

LIFE = timedelta(minutes=5)


class ChallengeSpent(Refused):
    """This challenge was used, or is too old: ask for another."""


class PasskeyKnown(Refused):
    """This passkey is registered already."""


class Passkey(NamedTuple):
    """It counts only if the user's history names it."""

    passkey_id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    made_at: datetime
    used_at: datetime | None


class PasskeyRows:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note_challenge(self, challenge: bytes, user_id: UUID | None, now: datetime) -> UUID:
        challenge_id = uuid7()
        async with platform_rows(self._pool) as connection:
            await connection.execute(EXPIRE, (PLATFORM, now - LIFE))
            await connection.execute(NOTE, (PLATFORM, challenge_id, challenge, user_id, now))
        return challenge_id

    async def take_challenge(self, challenge_id: UUID, user_id: UUID | None, now: datetime) -> bytes:
        """Whatever it is used for, it is gone. Raises ChallengeSpent."""
        async with platform_rows(self._pool) as connection:
            cursor = await connection.execute(TAKE, (PLATFORM, challenge_id, user_id, now - LIFE))
            row = await cursor.fetchone()
        if row is None:
            raise ChallengeSpent
        return bytes(row[0])

    async def keep(self, passkey: Passkey) -> None:
        """Raises PasskeyKnown."""
        async with platform_rows(self._pool) as connection:
            kept = await connection.execute(KEEP, (PLATFORM, *passkey))
        if kept.rowcount != 1:
            raise PasskeyKnown

    async def forget(self, passkey_id: UUID) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET, (PLATFORM, passkey_id))

    async def find(self, credential_id: bytes) -> Passkey | None:
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(FIND, (PLATFORM, credential_id))).fetchone()
        return None if row is None else Passkey(*row)

    async def of_user(self, user_id: UUID) -> list[Passkey]:
        async with platform_rows(self._pool) as connection:
            rows = await (await connection.execute(OF_USER, (PLATFORM, user_id))).fetchall()
        return [Passkey(*row) for row in rows]

    async def used(self, passkey_id: UUID, count: int, now: datetime) -> bool:
        """Whether its counter grew: where it does not, somebody may have copied it. Zero: it does not count."""
        async with platform_rows(self._pool) as connection:
            moved = await connection.execute(USED, (count, now, PLATFORM, passkey_id, count, count))
        return moved.rowcount == 1


COLUMNS = "passkey_id, user_id, credential_id, public_key, sign_count, name, made_at, used_at"
NOTE = """
    INSERT INTO passkey_challenges (tenant_id, challenge_id, challenge, user_id, made_at) VALUES (%s, %s, %s, %s, %s)
"""
EXPIRE = "DELETE FROM passkey_challenges WHERE tenant_id = %s AND made_at < %s"
TAKE = """
    DELETE FROM passkey_challenges
    WHERE tenant_id = %s AND challenge_id = %s AND user_id IS NOT DISTINCT FROM %s AND made_at > %s
    RETURNING challenge
"""
KEEP = f"""
    INSERT INTO passkeys (tenant_id, {COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tenant_id, credential_id) DO NOTHING
"""  # noqa: S608
FORGET = "DELETE FROM passkeys WHERE tenant_id = %s AND passkey_id = %s"
FIND = f"SELECT {COLUMNS} FROM passkeys WHERE tenant_id = %s AND credential_id = %s"  # noqa: S608
OF_USER = f"SELECT {COLUMNS} FROM passkeys WHERE tenant_id = %s AND user_id = %s ORDER BY made_at"  # noqa: S608
USED = """
    UPDATE passkeys SET sign_count = %s, used_at = %s
    WHERE tenant_id = %s AND passkey_id = %s AND (sign_count < %s OR (sign_count = 0 AND %s = 0))
"""
