"""How far a new school is set up: what the other services have made for it, as their public facts tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

COLUMNS = {"tenant_id": "uuid", "step": "text", "done_at": "timestamptz"}
ACADEMIC_STEPS = Table("academic_step", key=("tenant_id", "step"), columns=COLUMNS)
BILLING_STEPS = Table("billing_step", key=("tenant_id", "step"), columns=COLUMNS)

Progress = Literal["setting-up", "ready"]


class Expected(NamedTuple):
    service: str
    step: str


EXPECTED = (
    Expected("academic", "root-org"),
    Expected("academic", "attendance-codes"),
    Expected("billing", "issuer"),
    Expected("billing", "series"),
)


class OrgCreated(BaseModel):
    parent_id: UUID | None


class Told(BaseModel):
    """A fact of which only the name counts here."""


@dataclass(frozen=True)
class DoneStep:
    step: str
    done_at: datetime


class AcademicSetUp(View):
    """The root of the org tree and the default codes."""

    NAME = "academic_set_up"
    SOURCE = "academic"
    TABLES = (ACADEMIC_STEPS,)

    @on("academic.org_created")
    async def org_created(self, fact: Fact[OrgCreated], rows: Rows) -> None:
        if fact.data.parent_id is None:
            await note(rows, ACADEMIC_STEPS, fact.tenant_id, "root-org", fact.time)

    @on("academic.code_defined")
    async def code_defined(self, fact: Fact[Told], rows: Rows) -> None:
        await note(rows, ACADEMIC_STEPS, fact.tenant_id, "attendance-codes", fact.time)


class BillingSetUp(View):
    """The issuer and its series."""

    NAME = "billing_set_up"
    SOURCE = "billing"
    TABLES = (BILLING_STEPS,)

    @on("billing.issuer_registered")
    async def issuer_registered(self, fact: Fact[Told], rows: Rows) -> None:
        await note(rows, BILLING_STEPS, fact.tenant_id, "issuer", fact.time)

    @on("billing.series_opened")
    async def series_opened(self, fact: Fact[Told], rows: Rows) -> None:
        await note(rows, BILLING_STEPS, fact.tenant_id, "series", fact.time)


async def note(rows: Rows, table: Table, tenant_id: UUID, step: str, at: datetime) -> None:
    """The first time counts."""
    if await rows.get(table, (tenant_id, step)) is None:
        rows.put(table, {"tenant_id": tenant_id, "step": step, "done_at": at})


async def academic_steps(read: Reading) -> list[DoneStep]:
    return await read.all(DoneStep, "SELECT step, done_at FROM academic_step WHERE tenant_id = %(tenant)s")


async def billing_steps(read: Reading) -> list[DoneStep]:
    return await read.all(DoneStep, "SELECT step, done_at FROM billing_step WHERE tenant_id = %(tenant)s")
