"""API keys: a readable prefix and 256 bits. Kept as a hash in a row, with when the key was last used."""

import re
import secrets
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from auth.handed_out import text_of
from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.ids import PLATFORM, derived

FORM = re.compile(r"(rbk_[a-z2-7]{8})_[A-Za-z0-9_-]{43}")
NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use of a key is known."""


class NewKey(NamedTuple):
    """`text` is shown once and kept nowhere."""

    key_id: UUID
    prefix: str
    text: str


class KnownKey(NamedTuple):
    """Whose key it is. What it may do, and whether it still works, is in the account's history."""

    key_id: UUID
    school_id: UUID
    account_id: UUID


class ApiKeys:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, key: NewKey, school_id: UUID, account_id: UUID) -> bool:
        """Of no use before the account's history names it. False where a copy of the same command came first."""
        async with platform_rows(self._pool) as connection:
            kept = await connection.execute(KEEP, (PLATFORM, key.key_id, digest(key.text), school_id, account_id))
        return kept.rowcount == 1

    async def forget(self, key_id: UUID) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(FORGET, (PLATFORM, key_id))

    async def find(self, text: str) -> KnownKey | None:
        async with platform_rows(self._pool) as connection:
            row = await (await connection.execute(FIND, (PLATFORM, digest(text)))).fetchone()
        return None if row is None else KnownKey(*row)

    async def used(self, key_id: UUID, now: datetime) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(USED, (now, PLATFORM, key_id, now - NOTED_EVERY))

    async def last_used(self, school_id: UUID, key_ids: Sequence[UUID]) -> dict[UUID, datetime | None]:
        async with platform_rows(self._pool) as connection:
            cursor = await connection.execute(LAST_USED, (PLATFORM, school_id, list(key_ids)))
            return dict(await cursor.fetchall())


def new_key(account_id: UUID, command: bytes) -> NewKey:
    """`command` is the hash of an idempotency key: copies of a command name the same key, only the first its secret."""
    key_id = derived(account_id, "api-key", command.hex())
    prefix = "rbk_" + b32encode(sha256(key_id.bytes).digest()[:5]).decode().lower()
    return NewKey(key_id, prefix, f"{prefix}_{text_of(secrets.token_bytes(32))}")


def prefix_of(text: str) -> str:
    """What may be counted and shown of a key; empty for what is none."""
    form = FORM.fullmatch(text)
    return "" if form is None else form[1]


def digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


KEEP = """
    INSERT INTO api_keys (tenant_id, key_id, hash, school_id, account_id) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
FORGET = "DELETE FROM api_keys WHERE tenant_id = %s AND key_id = %s"
FIND = "SELECT key_id, school_id, account_id FROM api_keys WHERE tenant_id = %s AND hash = %s"
USED = """
    UPDATE api_keys SET last_used_at = %s
    WHERE tenant_id = %s AND key_id = %s AND (last_used_at IS NULL OR last_used_at <= %s)
"""
LAST_USED = """
    SELECT key_id, last_used_at FROM api_keys WHERE tenant_id = %s AND school_id = %s AND key_id = ANY(%s)
"""
