"""Who may sign in by a provider only: no password and no passkey of one's own opens such a school."""

from auth.memberships.membership import Membership
from auth.tenants.tenant import Tenant
from auth.users.commands import email_of
from auth.users.user import User
from shared.errors import Forbidden
from shared.personal import Keyring
from shared.store import EventStore


class ExternalSignInNeeded(Forbidden):
    """Your school wants you to sign in by its identity provider."""


async def check_own_credential(store: EventStore, keyring: Keyring, user: User, membership: Membership) -> None:
    """An owner always gets in by the own credential, else a provider that is gone would lock the school. Raises
    ExternalSignInNeeded."""
    if "owner" in membership.roles:
        return
    tenant = await store.get(Tenant, membership.tenant_id, membership.tenant_id)
    only = tenant.external_only
    if only.everybody or (only.domains and only.holds_for(await email_of(user, keyring))):
        raise ExternalSignInNeeded
