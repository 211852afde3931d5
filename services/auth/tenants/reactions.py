"""A suspended school: whoever is signed in there has to sign in again, and then finds it read-only."""

from auth.login_sessions.commands import end_sessions
from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.tenants.tenant import Tenant
from shared.reactions import Act, Fact, when


@when(Tenant.Suspended, name="auth.end-sign-ins-of-suspended")
async def when_tenant_suspended(fact: Fact[Tenant.Suspended], act: Act) -> None:
    refresh_tokens = RefreshTokens(act.kernel.pool, act.keyring.master)
    families = await refresh_tokens.of_school(fact.tenant_id)
    await end_sessions(act.store, act.call, refresh_tokens, families, "tenant-suspended")
