"""Secrets of integrations: sealed with a key of the school, in rows of their own. Nothing ever shows them."""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.database import Connection, Pool
from shared.personal import MasterKey

PURPOSE = "integration-secrets"


class IntegrationSecrets:
    def __init__(self, pool: Pool, master: MasterKey) -> None:
        self._pool = pool
        self._master = master

    async def keep(self, tenant_id: UUID, integration_id: UUID, secret_id: UUID, secret: str) -> None:
        """Of no use before the integration's history names it."""
        nonce = secrets.token_bytes(12)
        bound = integration_id.bytes + secret_id.bytes
        sealed = nonce + self._cipher(tenant_id).encrypt(nonce, secret.encode(), bound)
        async with self._pool.connection() as connection, connection.transaction():
            await see(connection, tenant_id)
            await connection.execute(KEEP, (tenant_id, integration_id, secret_id, sealed))

    async def open(self, tenant_id: UUID, integration_id: UUID, secret_id: UUID) -> str | None:
        """None where there is none, or where it was not sealed for this very integration."""
        async with self._pool.connection() as connection, connection.transaction():
            await see(connection, tenant_id)
            row = await (await connection.execute(OPEN, (tenant_id, integration_id, secret_id))).fetchone()
        if row is None:
            return None
        sealed: bytes = row[0]
        try:
            bound = integration_id.bytes + secret_id.bytes
            return self._cipher(tenant_id).decrypt(sealed[:12], sealed[12:], bound).decode()
        except InvalidTag:
            return None

    async def forget_all_but(self, tenant_id: UUID, integration_id: UUID, secret_id: UUID | None) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await see(connection, tenant_id)
            await connection.execute(FORGET, (tenant_id, integration_id, secret_id))

    def _cipher(self, tenant_id: UUID) -> AESGCM:
        return AESGCM(self._master.derive(PURPOSE, tenant_id))


async def see(connection: Connection, tenant_id: UUID) -> None:
    await connection.execute("SELECT set_config('rollbook.tenant', %s, true)", (str(tenant_id),))


KEEP = "INSERT INTO integration_secrets (tenant_id, integration_id, secret_id, sealed) VALUES (%s, %s, %s, %s)"
OPEN = "SELECT sealed FROM integration_secrets WHERE tenant_id = %s AND integration_id = %s AND secret_id = %s"
FORGET = """
    DELETE FROM integration_secrets
    WHERE tenant_id = %s AND integration_id = %s AND secret_id IS DISTINCT FROM %s
"""
