"""The integrations of a school: what each is, since when its secret counts, what its last test said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from auth.integrations.integration import Integration
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

INTEGRATIONS = Table(
    "integration",
    key=("tenant_id", "integration_id"),
    columns={
        "tenant_id": "uuid",
        "integration_id": "uuid",
        "kind": "text",
        "title": "text",
        "config": "jsonb",
        "connected_at": "timestamptz",
        "secret_since": "timestamptz",
        "outcome": "text",
        "tested_at": "timestamptz",
        "disconnected_at": "timestamptz",
    },
)


class IntegrationLine(BaseModel):
    """The secret can be set and never read. `outcome` null: never tested."""

    id: UUID
    kind: str
    title: str
    config: dict[str, Any]
    connected_at: datetime
    secret_since: datetime
    outcome: str | None
    tested_at: datetime | None
    disconnected_at: datetime | None


class Integrations(View):
    """One row an integration; those that were disconnected stay."""

    NAME = "integrations"
    SOURCE = "auth"
    TABLES = (INTEGRATIONS,)

    @on(Integration.Connected)
    def connected(self, fact: Fact[Integration.Connected], rows: Rows) -> None:
        rows.put(
            INTEGRATIONS,
            {
                "tenant_id": fact.tenant_id,
                "integration_id": fact.aggregate_id,
                "kind": fact.data.kind,
                "title": fact.data.title,
                "config": fact.data.config,
                "connected_at": fact.time,
                "secret_since": fact.time,
                "outcome": None,
                "tested_at": None,
                "disconnected_at": None,
            },
        )

    @on(Integration.SecretRotated)
    def rotated(self, fact: Fact[Integration.SecretRotated], rows: Rows) -> None:
        rows.change(INTEGRATIONS, (fact.tenant_id, fact.aggregate_id), secret_since=fact.time)

    @on(Integration.Tested)
    def tested(self, fact: Fact[Integration.Tested], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        rows.change(INTEGRATIONS, key, outcome=fact.data.outcome, tested_at=fact.time)

    @on(Integration.Disconnected)
    def disconnected(self, fact: Fact[Integration.Disconnected], rows: Rows) -> None:
        rows.change(INTEGRATIONS, (fact.tenant_id, fact.aggregate_id), disconnected_at=fact.time)


async def integrations_of(read: Reading) -> list[IntegrationLine]:
    return await read.all(
        IntegrationLine,
        "SELECT integration_id AS id, kind, title, config, connected_at, secret_since, outcome, tested_at,"
        " disconnected_at FROM integration WHERE tenant_id = %(tenant)s ORDER BY integration_id",
    )
