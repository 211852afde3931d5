"""What can be done with an integration: connect it, rotate its secret, test it, disconnect it."""

from dataclasses import dataclass
from uuid import UUID

from auth.integrations.integration import Config, Integration, Kind, Outcome
from auth.integrations.secret_rows import IntegrationSecrets
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import uuid7
from shared.store import EventStore


@dataclass(frozen=True)
class NewIntegration:
    kind: Kind
    title: str
    config: Config


@command
async def connect_integration(
    store: EventStore, call: Call, kept: IntegrationSecrets, integration_id: UUID, told: NewIntegration, secret: str
) -> Saved:
    """The secret is kept first: an event never names one that is not there."""
    secret_id = uuid7()
    await kept.keep(call.tenant_id, integration_id, secret_id, secret)
    integration = Integration(
        id=integration_id,
        tenant_id=call.tenant_id,
        kind=told.kind,
        title=told.title,
        config=told.config,
        secret_id=secret_id,
        timestamp=call.now,
    )
    saved = await store.save(integration, call=call)
    if integration_id not in saved.ids:
        await kept.forget_all_but(call.tenant_id, integration_id, None)
    return saved


@command
async def rotate_integration_secret(
    store: EventStore, call: Call, kept: IntegrationSecrets, integration_id: UUID, secret: str
) -> Saved:
    secret_id = uuid7()
    integration = await store.get(Integration, integration_id, call.tenant_id)
    integration.rotate_secret(secret_id, call.now)
    await kept.keep(call.tenant_id, integration_id, secret_id, secret)
    saved = await store.save(integration, call=call)
    counting = await store.get(Integration, integration_id, call.tenant_id)
    await kept.forget_all_but(call.tenant_id, integration_id, counting.secret_id)
    return saved


@command
async def test_integration(store: EventStore, call: Call, kept: IntegrationSecrets, integration_id: UUID) -> Saved:
    """Whether the secret that counts is here and opens. The other system is not called."""
    integration = await store.get(Integration, integration_id, call.tenant_id)
    secret = await kept.open(call.tenant_id, integration_id, integration.secret_id)
    outcome: Outcome = "secret-missing" if secret is None else "ready"
    integration.record_test(outcome, call.now)
    return await store.save(integration, call=call, reply={"outcome": outcome})


@command
async def disconnect_integration(
    store: EventStore, call: Call, kept: IntegrationSecrets, integration_id: UUID
) -> Saved:
    saved = await store.change(
        Integration, integration_id, lambda integration: integration.disconnect(call.now), call=call
    )
    await kept.forget_all_but(call.tenant_id, integration_id, None)
    return saved
