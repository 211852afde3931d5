"""Sign-ins that were sent to a provider: bound to the browser that began them, each comes back once."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from auth.external_sign_in.refusals import ExternalSignInExpired
from auth.handed_out import text_of
from auth.login_sessions.refresh_tokens import digest
from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.ids import PLATFORM
from shared.personal import MasterKey

LIFE = timedelta(minutes=10)


class Secrets(NamedTuple):
    """`state` goes round by the provider, `browser` stays where it was begun; the others follow from the state."""

    state: str
    browser: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """PKCE, S256 (RFC 7636)."""
        return text_of(sha256(self.verifier.encode()).digest())


class Begun(NamedTuple):
    school_id: UUID
    provider_id: UUID


class BegunSignIns:
    def __init__(self, pool: Pool, master: MasterKey) -> None:
        self._pool = pool
        self._key = master.derive("external-sign-ins")

    async def start(self, school_id: UUID, provider_id: UUID, now: datetime) -> Secrets:
        made = self.secrets(text_of(secrets.token_bytes(32)), text_of(secrets.token_bytes(32)))
        async with platform_rows(self._pool) as connection:
            await connection.execute(EXPIRE, (PLATFORM, now - LIFE))
            row = (PLATFORM, digest(made.state), digest(made.browser), school_id, provider_id, now)
            await connection.execute(START, row)
        return made

    async def take(self, state: str, browser: str, now: datetime) -> Begun:
        """Gone for everybody else. Raises ExternalSignInExpired, and then takes nothing."""
        async with platform_rows(self._pool) as connection:
            cursor = await connection.execute(TAKE, (PLATFORM, digest(state), digest(browser), now - LIFE))
            row = await cursor.fetchone()
        if row is None:
            raise ExternalSignInExpired
        return Begun(*row)

    def secrets(self, state: str, browser: str) -> Secrets:
        return Secrets(state, browser, self._of("nonce", state), self._of("verifier", state))

    def _of(self, what: str, state: str) -> str:
        return text_of(hmac.new(self._key, f"{what}\x1f{state}".encode(), sha256).digest())


EXPIRE = "DELETE FROM external_sign_ins WHERE tenant_id = %s AND started_at < %s"
START = """
    INSERT INTO external_sign_ins (tenant_id, hash, browser, school_id, provider_id, started_at)
    VALUES (%s, %s, %s, %s, %s, %s)
"""
TAKE = """
    DELETE FROM external_sign_ins WHERE tenant_id = %s AND hash = %s AND browser = %s AND started_at > %s
    RETURNING school_id, provider_id
"""
