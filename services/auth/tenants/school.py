"""The school as its people see it: name, country, currency, settings, and whether it is suspended."""

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
        "language": "text",
        "freeze_day": "int4",
        "suspended": "bool",
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
    language: str
    freeze_day: int | None
    suspended: bool
    registered_at: datetime


class School(View):
    """One row a school."""

    NAME = "school"
    VERSION = 2
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
                "language": "en",
                "freeze_day": None,
                "suspended": False,
                "registered_at": fact.time,
            },
        )

    @on(Tenant.Renamed)
    def renamed(self, fact: Fact[Tenant.Renamed], rows: Rows) -> None:
        rows.change(SCHOOLS, (fact.tenant_id,), name=fact.data.name)

    @on(Tenant.SettingsChanged)
    def settings_changed(self, fact: Fact[Tenant.SettingsChanged], rows: Rows) -> None:
        data = fact.data
        rows.change(SCHOOLS, (fact.tenant_id,), zone=data.zone, language=data.language, freeze_day=data.freeze_day)

    @on(Tenant.Suspended)
    def suspended(self, fact: Fact[Tenant.Suspended], rows: Rows) -> None:
        rows.change(SCHOOLS, (fact.tenant_id,), suspended=True)

    @on(Tenant.Reinstated)
    def reinstated(self, fact: Fact[Tenant.Reinstated], rows: Rows) -> None:
        rows.change(SCHOOLS, (fact.tenant_id,), suspended=False)


async def school_of(read: Reading) -> SchoolRow | None:
    return await read.one(
        SchoolRow,
        "SELECT tenant_id AS id, name, country, currency, zone, language, freeze_day, suspended, registered_at"
        " FROM school WHERE tenant_id = %(tenant)s",
    )
