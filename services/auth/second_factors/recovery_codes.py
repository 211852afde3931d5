"""Recovery codes: for somebody who lost the second factor. Shown once, kept as hashes, each used once."""

import hmac
import re
import secrets
from hashlib import sha256
from uuid import UUID

from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.ids import PLATFORM
from shared.personal import MasterKey

COUNT = 10
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 characters: none is taken for another."""
LENGTH = 16
"""80 bits: far too many to guess, so that a plain keyed hash is enough."""
READ_AS = str.maketrans("OIL", "011")


def new_codes() -> list[str]:
    return [written("".join(secrets.choice(ALPHABET) for _ in range(LENGTH))) for _ in range(COUNT)]


def written(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, LENGTH, 4))


def read(text: str) -> str:
    """As it was meant: without dashes and blanks, whatever the case."""
    return re.sub(r"[\s-]", "", text).upper().translate(READ_AS)


class RecoveryCodes:
    """A set of codes is of no use before the user's history names its `set_id`."""

    def __init__(self, pool: Pool, master: MasterKey) -> None:
        self._pool = pool
        self._key = master.derive("recovery-codes", PLATFORM)

    async def keep(self, user_id: UUID, set_id: UUID, codes: list[str]) -> None:
        rows = [(PLATFORM, set_id, self._hash(set_id, code), user_id) for code in codes]
        async with platform_rows(self._pool) as connection, connection.cursor() as cursor:
            await cursor.executemany(KEEP, rows)

    async def use(self, set_id: UUID, code: str) -> bool:
        """One statement claims it: of many uses at once one wins."""
        async with platform_rows(self._pool) as connection:
            claimed = await connection.execute(USE, (PLATFORM, set_id, self._hash(set_id, code)))
        return claimed.rowcount == 1

    async def left(self, set_id: UUID) -> int:
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(LEFT, (PLATFORM, set_id))).fetchone()
        return 0 if row is None else int(row[0])

    async def forget_all_but(self, user_id: UUID, set_id: UUID | None) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET_ALL_BUT, (PLATFORM, user_id, set_id))

    def _hash(self, set_id: UUID, code: str) -> bytes:
        return hmac.new(self._key, set_id.bytes + read(code).encode(), sha256).digest()


KEEP = "INSERT INTO recovery_codes (tenant_id, set_id, hash, user_id) VALUES (%s, %s, %s, %s)"
USE = """
    UPDATE recovery_codes SET used_at = clock_timestamp()
    WHERE tenant_id = %s AND set_id = %s AND hash = %s AND used_at IS NULL
"""
LEFT = "SELECT count(*) FROM recovery_codes WHERE tenant_id = %s AND set_id = %s AND used_at IS NULL"
FORGET_ALL_BUT = """
    DELETE FROM recovery_codes WHERE tenant_id = %s AND user_id = %s AND set_id IS DISTINCT FROM %s
"""
