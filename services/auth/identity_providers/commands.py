"""What can be done with an identity provider: configure it, change its settings and secret, remove it."""

from uuid import UUID

from auth.identity_providers.identity_provider import IdentityProvider, ProviderSettings
from auth.integrations.secret_rows import IntegrationSecrets
from auth.login_sessions.commands import end_sessions
from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.roles.held import custom_ids, defined_roles
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.identity import FEDERATED
from shared.ids import uuid7
from shared.store import EventStore


@command
async def configure_identity_provider(
    store: EventStore,
    call: Call,
    kept: IntegrationSecrets,
    provider_id: UUID,
    issuer: str,
    settings: ProviderSettings,
    secret: str,
) -> Saved:
    """The secret is kept first: an event never names one that is not there. Raises NotFound for an unknown role."""
    await check_roles(store, call, settings)
    secret_id = uuid7()
    await kept.keep(call.tenant_id, provider_id, secret_id, secret)
    provider = IdentityProvider(
        id=provider_id,
        tenant_id=call.tenant_id,
        issuer=issuer,
        secret_id=secret_id,
        settings=settings,
        timestamp=call.now,
    )
    saved = await store.save(provider, call=call)
    if provider_id not in saved.ids:
        await kept.forget_all_but(call.tenant_id, provider_id, None)
    return saved


@command
async def change_identity_provider(
    store: EventStore, call: Call, provider_id: UUID, settings: ProviderSettings
) -> Saved:
    """Raises NotFound, ProviderIsOver."""
    await check_roles(store, call, settings)
    return await store.change(
        IdentityProvider, provider_id, lambda provider: provider.change_settings(settings, call.now), call=call
    )


@command
async def rotate_client_secret(
    store: EventStore, call: Call, kept: IntegrationSecrets, provider_id: UUID, secret: str
) -> Saved:
    """Raises NotFound, ProviderIsOver."""
    secret_id = uuid7()
    provider = await store.get(IdentityProvider, provider_id, call.tenant_id)
    provider.rotate_secret(secret_id, call.now)
    await kept.keep(call.tenant_id, provider_id, secret_id, secret)
    saved = await store.save(provider, call=call)
    counting = await store.get(IdentityProvider, provider_id, call.tenant_id)
    await kept.forget_all_but(call.tenant_id, provider_id, counting.secret_id)
    return saved


async def remove_identity_provider(
    store: EventStore, call: Call, kept: IntegrationSecrets, refresh_tokens: RefreshTokens, provider_id: UUID
) -> Saved:
    """Whoever signed in by a provider of this school has to sign in again. Raises NotFound."""
    saved = await note_removal(store, call, provider_id)
    await kept.forget_all_but(call.tenant_id, provider_id, None)
    families = [each for each in await refresh_tokens.of_school(call.tenant_id) if FEDERATED in each.amr]
    await end_sessions(store, call.step("sign-ins"), refresh_tokens, families, "provider-removed")
    return saved


@command
async def note_removal(store: EventStore, call: Call, provider_id: UUID) -> Saved:
    return await store.change(IdentityProvider, provider_id, lambda provider: provider.remove(call.now), call=call)


async def check_roles(store: EventStore, call: Call, settings: ProviderSettings) -> None:
    """Raises NotFound for a role that the school has not defined, or has retired."""
    ids = set(custom_ids([*settings.managed, *settings.default_roles]))
    defined = await defined_roles(store, call.tenant_id, map(str, ids))
    if {role.id for role in defined if not role.retired} != ids:
        raise NotFound(pointer="/settings")
