"""Signed checkpoints: whoever can rewrite the tables still cannot rewrite the history that one of them covers."""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.database import Connection
from shared.hash_chain import Head, microseconds
from shared.personal import MasterKey

CHECKPOINT = b"rollbook checkpoint 1\n"


class CheckpointKey:
    """The key of one service, derived from its master key."""

    def __init__(self, service: str, master: MasterKey) -> None:
        self._service = service
        self._key = Ed25519PrivateKey.from_private_bytes(master.derive(f"hash chain of {service}"))
        self.public = self._key.public_key().public_bytes_raw()
        self.text = b64encode(self.public).decode()
        self.id = sha256(self.public).hexdigest()[:16]

    def sign(self, tenant_id: UUID, head: Head, made_at: datetime) -> bytes:
        return self.sign_bytes(checkpoint_bytes(self._service, tenant_id, head, made_at))

    def sign_bytes(self, message: bytes) -> bytes:
        """What is signed begins with a line that says what it is: no two kinds are taken for each other."""
        return self._key.sign(message)


def checkpoint_bytes(service: str, tenant_id: UUID, head: Head, made_at: datetime) -> bytes:
    """What is signed."""
    numbers = head.position.to_bytes(8, "big", signed=True) + microseconds(made_at).to_bytes(8, "big", signed=True)
    return CHECKPOINT + tenant_id.bytes + numbers + head.chain_hash + service.encode()


async def make_checkpoints(connection: Connection, key: CheckpointKey, after: int, through: int, now: datetime) -> int:
    """One for each tenant with an entry after `after`, at its newest one through `through`; how many there are.

    The entry at `through` is one of them: the newest checkpoint of all tells how far everything is signed."""
    cursor = await connection.execute(
        "SELECT DISTINCT ON (tenant_id) tenant_id, position, chain_hash FROM hash_chain"
        " WHERE position > %s AND position <= %s ORDER BY tenant_id, position DESC",
        (after, through),
    )
    heads = [(tenant, Head(position, chain_hash)) for tenant, position, chain_hash in await cursor.fetchall()]
    await connection.execute(
        "INSERT INTO hash_chain_checkpoints (position, tenant_id, chain_hash, made_at, key_id, signature)"
        " SELECT c.position, c.tenant, c.chain, %s, %s, c.signature"
        " FROM unnest(%s::bigint[], %s::uuid[], %s::bytea[], %s::bytea[]) c(position, tenant, chain, signature)"
        " ON CONFLICT DO NOTHING",
        (
            now,
            key.id,
            [head.position for _, head in heads],
            [tenant for tenant, _ in heads],
            [head.chain_hash for _, head in heads],
            [key.sign(tenant, head, now) for tenant, head in heads],
        ),
    )
    return len(heads)
