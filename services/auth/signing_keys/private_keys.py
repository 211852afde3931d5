"""Private halves of the signing keys: rows sealed with the master key, opened in memory only."""

import base64
import hashlib
import secrets
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auth.platform_rows import platform_rows
from auth.signing_keys.signing_key import PublicJwk
from shared.database import Pool
from shared.ids import PLATFORM
from shared.personal import MasterKey


class PrivateKeys:
    def __init__(self, pool: Pool, master: MasterKey) -> None:
        self._pool = pool
        self._cipher = AESGCM(master.derive("signing-keys", PLATFORM))

    async def keep(self, key_id: UUID, key: Ed25519PrivateKey) -> None:
        nonce = secrets.token_bytes(12)
        sealed = nonce + self._cipher.encrypt(nonce, key.private_bytes_raw(), key_id.bytes)
        async with platform_rows(self._pool) as connection:
            await connection.execute(
                "INSERT INTO signing_secrets (tenant_id, key_id, sealed) VALUES (%s, %s, %s)",
                (PLATFORM, key_id, sealed),
            )

    async def forget(self, key_id: UUID) -> None:
        async with platform_rows(self._pool) as connection:
            await connection.execute(
                "DELETE FROM signing_secrets WHERE tenant_id = %s AND key_id = %s", (PLATFORM, key_id)
            )

    async def all(self) -> dict[UUID, Ed25519PrivateKey]:
        async with platform_rows(self._pool) as connection:
            cursor = await connection.execute(
                "SELECT key_id, sealed FROM signing_secrets WHERE tenant_id = %s", (PLATFORM,)
            )
            rows = await cursor.fetchall()
        return {key_id: self._opened(key_id, sealed) for key_id, sealed in rows}

    def _opened(self, key_id: UUID, sealed: bytes) -> Ed25519PrivateKey:
        raw = self._cipher.decrypt(sealed[:12], sealed[12:], key_id.bytes)
        return Ed25519PrivateKey.from_private_bytes(raw)


def public_jwk(key: Ed25519PrivateKey) -> PublicJwk:
    """The `kid` is the key's thumbprint (RFC 7638)."""
    x = unpadded(key.public_key().public_bytes_raw())
    members = orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": x})
    return PublicJwk(kid=unpadded(hashlib.sha256(members).digest()), x=x)


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
