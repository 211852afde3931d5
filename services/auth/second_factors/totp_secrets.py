"""Secrets of authenticator apps: rows sealed with a key of their own, each step accepted once."""

import secrets
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auth.platform_rows import platform_rows
from auth.second_factors.totp import matching_step
from shared.database import Pool
from shared.ids import PLATFORM
from shared.personal import MasterKey

AES_256_GCM = b"\x01"
FIELD = b"totp"


class TotpSecrets:
    """A row is of no use before the user's history names its `factor_id`."""

    def __init__(self, pool: Pool, master: MasterKey) -> None:
        self._pool = pool
        self._cipher = AESGCM(master.derive("totp-secrets", PLATFORM))

    async def keep(self, user_id: UUID, factor_id: UUID, secret: bytes) -> None:
        nonce = secrets.token_bytes(12)
        box = self._cipher.encrypt(nonce, secret, bound_to(user_id, factor_id))
        async with platform_rows(self._pool) as connection:
            await connection.execute(KEEP, (PLATFORM, factor_id, user_id, AES_256_GCM + nonce + box))

    async def secret(self, user_id: UUID, factor_id: UUID) -> bytes | None:
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(FIND, (PLATFORM, factor_id, user_id))).fetchone()
        if row is None or row[0][:1] != AES_256_GCM:
            return None
        return self._cipher.decrypt(row[0][1:13], row[0][13:], bound_to(user_id, factor_id))

    async def accept(self, user_id: UUID, factor_id: UUID, code: str, now: datetime) -> bool:
        """Whether the code is right and its step is later than every one accepted before. Of many at once one wins."""
        secret = await self.secret(user_id, factor_id)
        step = None if secret is None else matching_step(secret, code, now)
        if step is None:
            return False
        async with platform_rows(self._pool) as connection:
            claimed = await connection.execute(ACCEPT, (step, PLATFORM, factor_id, step))
        return claimed.rowcount == 1

    async def forget_all_but(self, user_id: UUID, factor_id: UUID | None) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET_ALL_BUT, (PLATFORM, user_id, factor_id))


def bound_to(user_id: UUID, factor_id: UUID) -> bytes:
    return PLATFORM.bytes + user_id.bytes + factor_id.bytes + FIELD


KEEP = "INSERT INTO totp_secrets (tenant_id, factor_id, user_id, sealed) VALUES (%s, %s, %s, %s)"
FIND = "SELECT sealed FROM totp_secrets WHERE tenant_id = %s AND factor_id = %s AND user_id = %s"
ACCEPT = "UPDATE totp_secrets SET last_step = %s WHERE tenant_id = %s AND factor_id = %s AND last_step < %s"
FORGET_ALL_BUT = """
    DELETE FROM totp_secrets WHERE tenant_id = %s AND user_id = %s AND factor_id IS DISTINCT FROM %s
"""
