"""Whose an identity of a provider is: a claim of the school on a keyed hash, never the subject itself."""

from uuid import UUID

from auth.identity_providers.identity_provider import IdentityProvider
from shared.calls import Claim
from shared.database import Pool
from shared.personal import MasterKey

KIND = "external-identity"


class Identities:
    """`(issuer, subject)` in one school at one provider: those of a removed provider come back by no other."""

    def __init__(self, pool: Pool, master: MasterKey) -> None:
        self._pool = pool
        self._master = master

    def claim(self, provider: IdentityProvider, subject: str, user_id: UUID) -> Claim:
        key = self._master.keyed_hash(KIND, provider.tenant_id, f"{provider.issuer}\x1f{subject}")
        return Claim(provider.tenant_id, kind_of(provider.id), key, user_id)

    async def user_of(self, provider: IdentityProvider, subject: str) -> UUID | None:
        wanted = self.claim(provider, subject, provider.id)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT set_config('rollbook.tenant', %s, true)", (str(provider.tenant_id),))
            row = await (await connection.execute(HOLDER, (wanted.tenant_id, wanted.kind, wanted.key))).fetchone()
        return None if row is None else row[0]

    async def of_user(self, tenant_id: UUID, user_id: UUID) -> list[Claim]:
        """All that a user has in a school."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT set_config('rollbook.tenant', %s, true)", (str(tenant_id),))
            cursor = await connection.execute(OF_USER, (tenant_id, f"{KIND} %", user_id))
            return [Claim(tenant_id, kind, key, user_id) for kind, key in await cursor.fetchall()]


def kind_of(provider_id: UUID) -> str:
    return f"{KIND} {provider_id}"


HOLDER = "SELECT owner FROM claims WHERE tenant_id = %s AND kind = %s AND key = %s"
OF_USER = "SELECT kind, key FROM claims WHERE tenant_id = %s AND kind LIKE %s AND owner = %s"
