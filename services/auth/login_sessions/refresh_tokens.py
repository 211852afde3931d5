"""Refresh tokens (RFC 9700, section 4.14): each is used once and has one successor; a family of them is a sign-in."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from auth.handed_out import text_of
from auth.platform_rows import platform_rows
from shared.database import Connection, Pool
from shared.errors import Refused
from shared.ids import PLATFORM
from shared.personal import MasterKey

IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=90)
ABSOLUTE_OF_STAFF = timedelta(days=30)
GRACE = timedelta(seconds=10)
"""For a client whose answer got lost: within it the same token gives the same successor."""


class RefreshRefused(Refused):
    """This refresh token counts no longer: sign in again."""

    status = 401


class TokenReused(Exception):
    """A used token came back. The family is ended already; its sign-in has to follow."""

    def __init__(self, family: "Family") -> None:
        super().__init__()
        self.family = family


class Family(NamedTuple):
    """One sign-in. `amr` (RFC 8176): what was proved; `proved_at`: when last."""

    family_id: UUID
    user_id: UUID
    school_id: UUID
    client: bytes
    device: str
    amr: list[str]
    proved_at: datetime
    started_at: datetime
    last_used_at: datetime
    absolute_end: datetime


@dataclass(frozen=True)
class Rotated:
    family: Family
    token: str


class RefreshTokens:
    def __init__(self, pool: Pool, master: MasterKey, grace: timedelta = GRACE) -> None:
        self._pool = pool
        self._key = master.derive("refresh-tokens")
        self._grace = grace

    async def start(self, family: Family, network: str = "") -> str:
        """The first token of a new family. Of no use to anybody before the sign-in's event is stored."""
        async with platform_rows(self._pool) as connection:
            await connection.execute(PLACE, (PLATFORM, family.family_id, family.user_id, family.device, network))
            return await self._start(connection, family)

    @staticmethod
    async def _start(connection: Connection, family: Family) -> str:
        token = text_of(secrets.token_bytes(32))
        await connection.execute(START, (PLATFORM, *family))
        await connection.execute(ADD, (PLATFORM, digest(token), family.family_id, IDLE))
        return token

    async def rotate(self, token: str, client: bytes) -> Rotated:
        """Raises RefreshRefused, TokenReused.

        The family's row is locked first, here and wherever a family ends: no token survives its revocation."""
        async with platform_rows(self._pool) as connection:
            family = await self._locked(connection, digest(token))
            if family is None:
                raise RefreshRefused
            successor = self._successor(family, token)
            claimed = await connection.execute(CLAIM, (PLATFORM, digest(token)))
            if claimed.rowcount == 1:
                await connection.execute(ADD, (PLATFORM, digest(successor), family.family_id, IDLE))
                await connection.execute(USED, (PLATFORM, family.family_id))
                return Rotated(family, successor)
            if await self._repeated(connection, token, successor, client == family.client):
                return Rotated(family, successor)
            await connection.execute(END, ("token-reuse", PLATFORM, [family.family_id]))
        raise TokenReused(family)

    async def family_of(self, token: str) -> Family:
        """Whose token this is; it stays as it is. Raises RefreshRefused."""
        async with platform_rows(self._pool) as connection:
            family = await self._locked(connection, digest(token))
        if family is None:
            raise RefreshRefused
        return family

    async def replace(self, token: str, client: bytes, family: Family, reason: str) -> str:
        """Ends the token's family and starts another, both or neither: of many at once one succeeds. Raises
        RefreshRefused, TokenReused."""
        async with platform_rows(self._pool) as connection:
            before = await self._locked(connection, digest(token))
            if before is None:
                raise RefreshRefused
            successor = self._successor(before, token)
            claimed = await connection.execute(CLAIM, (PLATFORM, digest(token)))
            same = client == before.client
            reused = claimed.rowcount != 1 and not await self._repeated(connection, token, successor, same)
            ended = "token-reuse" if reused else reason
            await connection.execute(END, (ended, PLATFORM, [before.family_id]))
            if not reused:
                return await self._start(connection, family)
        raise TokenReused(before)

    async def _repeated(self, connection: Connection, token: str, successor: str, same_client: bool) -> bool:
        """Whether this is the answer that got lost. False is theft; what counts no more raises RefreshRefused."""
        cursor = await connection.execute(
            STATE, {"platform": PLATFORM, "token": digest(token), "next": digest(successor), "grace": self._grace}
        )
        row = await cursor.fetchone()
        used, within, followed = row or (False, False, False)
        if not used or (within and same_client and followed):
            raise RefreshRefused
        return bool(within and same_client)

    async def _locked(self, connection: Connection, hashed: bytes) -> Family | None:
        row = await (await connection.execute(LOCK, (PLATFORM, hashed))).fetchone()
        return None if row is None else Family(*row)

    def _successor(self, family: Family, token: str) -> str:
        """The same for a replay, and stored nowhere in clear."""
        message = family.family_id.bytes + b"\x1f" + token.encode()
        return text_of(hmac.new(self._key, message, sha256).digest())

    async def of_user(self, user_id: UUID) -> list[Family]:
        """The sign-ins that are not ended, newest first."""
        async with platform_rows(self._pool) as connection:
            rows = await (await connection.execute(OF_USER, (PLATFORM, user_id))).fetchall()
        return [Family(*row) for row in rows]

    async def of_school(self, school_id: UUID) -> list[Family]:
        """Everybody's sign-ins there that are not ended."""
        async with platform_rows(self._pool) as connection:
            rows = await (await connection.execute(OF_SCHOOL, (PLATFORM, school_id))).fetchall()
        return [Family(*row) for row in rows]

    async def prove(self, family_id: UUID, amr: Sequence[str], now: datetime) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(PROVE, (list(amr), now, PLATFORM, family_id))

    async def end(self, family_ids: Sequence[UUID], reason: str) -> None:
        """Their tokens are dead when this returns."""
        async with platform_rows(self._pool) as connection:
            await connection.execute(LOCK_ALL, (PLATFORM, list(family_ids)))
            await connection.execute(END, (reason, PLATFORM, list(family_ids)))


def digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


COLUMNS = "family_id, user_id, school_id, client, device, amr, proved_at, started_at, last_used_at, absolute_end"
START = f"""
    INSERT INTO refresh_families (tenant_id, {COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""  # noqa: S608
PLACE = "INSERT INTO sign_in_places (tenant_id, login, user_id, device, network) VALUES (%s, %s, %s, %s, %s)"
ADD = """
    INSERT INTO refresh_tokens (tenant_id, hash, family_id, idle_end) VALUES (%s, %s, %s, clock_timestamp() + %s)
"""
LOCK = f"""
    SELECT {COLUMNS} FROM refresh_families
    WHERE tenant_id = %s AND family_id = (SELECT family_id FROM refresh_tokens t
                                          WHERE t.tenant_id = refresh_families.tenant_id AND t.hash = %s)
      AND ended_at IS NULL AND absolute_end > clock_timestamp()
    FOR UPDATE
"""  # noqa: S608
LOCK_ALL = """
    SELECT 1 FROM refresh_families WHERE tenant_id = %s AND family_id = ANY(%s) ORDER BY family_id FOR UPDATE
"""
CLAIM = """
    UPDATE refresh_tokens SET used_at = clock_timestamp()
    WHERE tenant_id = %s AND hash = %s AND used_at IS NULL AND idle_end > clock_timestamp()
"""
STATE = """
    SELECT t.used_at IS NOT NULL, t.used_at > clock_timestamp() - %(grace)s::interval, n.used_at IS NOT NULL
    FROM refresh_tokens t
    LEFT JOIN refresh_tokens n ON n.tenant_id = t.tenant_id AND n.hash = %(next)s
    WHERE t.tenant_id = %(platform)s AND t.hash = %(token)s
"""
USED = "UPDATE refresh_families SET last_used_at = clock_timestamp() WHERE tenant_id = %s AND family_id = %s"
PROVE = "UPDATE refresh_families SET amr = %s, proved_at = %s WHERE tenant_id = %s AND family_id = %s"
END = """
    UPDATE refresh_families SET ended_at = clock_timestamp(), reason = %s
    WHERE tenant_id = %s AND family_id = ANY(%s) AND ended_at IS NULL
"""
OF_SCHOOL = f"""
    SELECT {COLUMNS} FROM refresh_families
    WHERE tenant_id = %s AND school_id = %s AND ended_at IS NULL AND absolute_end > clock_timestamp()
    ORDER BY started_at
"""  # noqa: S608
OF_USER = f"""
    SELECT {COLUMNS} FROM refresh_families
    WHERE tenant_id = %s AND user_id = %s AND ended_at IS NULL AND absolute_end > clock_timestamp()
    ORDER BY started_at DESC
"""  # noqa: S608
