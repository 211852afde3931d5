"""Which invitation of a school holds an address, and which user has it: keyed hashes, never the address itself."""

from uuid import UUID

from auth.invitations.invitation import Invitation
from auth.passwords.credentials import Credentials
from auth.users.emails import normal_email
from auth.users.open_link import LinkSpent
from shared.calls import Claim
from shared.database import Pool
from shared.personal import Keyring, MasterKey

KIND = "invitation-email"


class Addresses:
    def __init__(self, pool: Pool, master: MasterKey, credentials: Credentials) -> None:
        self._pool = pool
        self._master = master
        self._credentials = credentials

    def claim(self, tenant_id: UUID, email: str, invitation_id: UUID) -> Claim:
        return claim_on(self._master, tenant_id, email, invitation_id)

    async def holder(self, tenant_id: UUID, email: str) -> UUID | None:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT set_config('rollbook.tenant', %s, true)", (str(tenant_id),))
            row = await (
                await connection.execute(HOLDER, (tenant_id, KIND, key_of(self._master, tenant_id, email)))
            ).fetchone()
        return None if row is None else row[0]

    async def user_of(self, email: str) -> UUID | None:
        return await self._credentials.user_of(email)


async def opened_address(keyring: Keyring, invitation: Invitation) -> str:
    """Raises LinkSpent where it was erased."""
    (email,) = await keyring.open(invitation.tenant_id, [(invitation.id, "email", invitation.email)])
    if email is None:
        raise LinkSpent
    return email


def claim_on(master: MasterKey, tenant_id: UUID, email: str, invitation_id: UUID) -> Claim:
    return Claim(tenant_id, KIND, key_of(master, tenant_id, email), invitation_id)


def key_of(master: MasterKey, tenant_id: UUID, email: str) -> str:
    return master.keyed_hash(KIND, tenant_id, normal_email(email))


HOLDER = "SELECT owner FROM claims WHERE tenant_id = %s AND kind = %s AND key = %s"
