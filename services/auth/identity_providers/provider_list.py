"""The identity providers of a school."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from auth.identity_providers.identity_provider import IdentityProvider
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

PROVIDERS = Table(
    "identity_provider",
    key=("tenant_id", "provider_id"),
    columns={
        "tenant_id": "uuid",
        "provider_id": "uuid",
        "issuer": "text",
        "settings": "jsonb",
        "configured_at": "timestamptz",
        "secret_since": "timestamptz",
        "removed_at": "timestamptz",
    },
)


class ProviderLine(BaseModel):
    """The client secret can be set and never read."""

    id: UUID
    issuer: str
    settings: dict[str, Any]
    configured_at: datetime
    secret_since: datetime
    removed_at: datetime | None


class Choice(BaseModel):
    """A provider as somebody sees it who wants to sign in."""

    id: UUID
    title: str


class IdentityProviders(View):
    """One row a provider; those that were removed stay."""

    NAME = "identity_providers"
    SOURCE = "auth"
    TABLES = (PROVIDERS,)

    @on(IdentityProvider.Configured)
    def configured(self, fact: Fact[IdentityProvider.Configured], rows: Rows) -> None:
        rows.put(
            PROVIDERS,
            {
                "tenant_id": fact.tenant_id,
                "provider_id": fact.aggregate_id,
                "issuer": fact.data.issuer,
                "settings": asdict(fact.data.settings),
                "configured_at": fact.time,
                "secret_since": fact.time,
                "removed_at": None,
            },
        )

    @on(IdentityProvider.SettingsChanged)
    def settings_changed(self, fact: Fact[IdentityProvider.SettingsChanged], rows: Rows) -> None:
        rows.change(PROVIDERS, (fact.tenant_id, fact.aggregate_id), settings=asdict(fact.data.settings))

    @on(IdentityProvider.SecretRotated)
    def rotated(self, fact: Fact[IdentityProvider.SecretRotated], rows: Rows) -> None:
        rows.change(PROVIDERS, (fact.tenant_id, fact.aggregate_id), secret_since=fact.time)

    @on(IdentityProvider.Removed)
    def removed(self, fact: Fact[IdentityProvider.Removed], rows: Rows) -> None:
        rows.change(PROVIDERS, (fact.tenant_id, fact.aggregate_id), removed_at=fact.time)


async def providers_of(read: Reading) -> list[ProviderLine]:
    return await read.all(
        ProviderLine,
        "SELECT provider_id AS id, issuer, settings, configured_at, secret_since, removed_at"
        " FROM identity_provider WHERE tenant_id = %(tenant)s ORDER BY provider_id",
    )


async def choices_of(read: Reading) -> list[Choice]:
    return await read.all(
        Choice,
        "SELECT provider_id AS id, settings ->> 'title' AS title FROM identity_provider"
        " WHERE tenant_id = %(tenant)s AND removed_at IS NULL ORDER BY provider_id",
    )
