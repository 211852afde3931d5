"""The school as its people see it: name, country, currency, time zone."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.tenants.tenant import Tenant
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

SCHOOLS = Table(
    "school",
    key=("tenant_id",),
    columns={
        "tenant_id": "uuid",
        "name": "text",
        "country": "text",
        "currency": "text",
        "zone": "text",
        "registered_at": "timestamptz",
    },
)


@dataclass(frozen=True)
class SchoolRow:
    id: UUID
    name: str
    country: str
    currency: str
    zone: str
    registered_at: datetime


class School(View):
    """One row a school."""

    NAME = "school"
    VERSION = 1
    SOURCE = "auth"
    TABLES = (SCHOOLS,)

    @on(Tenant.Registered)
    def registered(self, fact: Fact[Tenant.Registered], rows: Rows) -> None:
        rows.put(
            SCHOOLS,
            {
                "tenant_id": fact.tenant_id,
                "name": fact.data.name,
                "country": fact.data.country,
                "currency": fact.data.currency,
                "zone": fact.data.zone,
                "registered_at": fact.time,
            },
        )


async def school_of(read: Reading) -> SchoolRow | None:
    return await read.one(
        SchoolRow,
        "SELECT tenant_id AS id, name, country, currency, zone, registered_at FROM school WHERE tenant_id = %(tenant)s",
    )
