"""The town's billing service: one item for each count of the tallies."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from shared.answers import Answer
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.events import Aggregate, event
from shared.facts import Fact
from shared.http import create_app
from shared.ids import uuid7
from shared.problems import problems
from shared.reactions import Act, when
from shared.service import Service
from shared.settings import ServiceSettings
from shared.views import Rows, Table, View, on
from tests.faults.town.tallies import Row, linger


class Item(Aggregate):
    TOPIC = "billing.item"

    class Created(Aggregate.Created):
        TOPIC = "billing.item_created"

    class Booked(Created):
        TOPIC = "billing.item_booked"
        PUBLIC = True
        tally_id: UUID
        tag: str
        amount: int

    @event(Booked)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, tally_id: UUID, tag: str, amount: int, timestamp: datetime
    ) -> None:
        self.tally_id = tally_id
        self.tag = tag
        self.amount = amount


class Counted(BaseModel, frozen=True):
    tag: str
    amount: int


COUNTED = Table(
    "counted",
    key=("tenant_id", "tally_id"),
    columns={"tenant_id": "uuid", "tally_id": "uuid", "counts": "int8", "total": "int8"},
)
ITEMS = Table(
    "items",
    key=("tenant_id", "tally_id"),
    columns={"tenant_id": "uuid", "tally_id": "uuid", "counts": "int8", "total": "int8"},
)


async def add(rows: Rows, table: Table, tenant_id: UUID, tally_id: UUID, amount: int) -> None:
    row = await rows.get(table, (tenant_id, tally_id)) or {"counts": 0, "total": 0}
    sums = {"counts": row["counts"] + 1, "total": row["total"] + amount}
    rows.put(table, {"tenant_id": tenant_id, "tally_id": tally_id, **sums})


class Counts(View):
    """What academic has counted, as billing heard it."""

    NAME = "counts"
    SOURCE = "academic"
    TABLES = (COUNTED,)

    @on("academic.counted")
    async def counted(self, fact: Fact[Counted], rows: Rows) -> None:
        await add(rows, COUNTED, fact.tenant_id, fact.aggregate_id, fact.data.amount)


class Items(View):
    """What was booked for each tally."""

    NAME = "items"
    SOURCE = "billing"
    TABLES = (ITEMS,)

    @on(Item.Booked)
    async def booked(self, fact: Fact[Item.Booked], rows: Rows) -> None:
        await add(rows, ITEMS, fact.tenant_id, fact.data.tally_id, fact.data.amount)


@when("academic.counted", name="billing.book-item")
async def when_counted(fact: Fact[Counted], act: Act) -> None:
    """The id is drawn anew at each try: only the derived key of the call keeps a second item away."""
    await linger(fact.data.tag)
    item = Item(
        id=uuid7(),
        tenant_id=fact.tenant_id,
        tally_id=fact.aggregate_id,
        tag=fact.data.tag,
        amount=fact.data.amount,
        timestamp=fact.time,
    )
    await act.store.save(item, call=act.call)


SERVICE = Service("billing", (Item,), (Counts, Items), (when_counted,))


class TownSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="BILLING_", frozen=True, extra="ignore")


router = APIRouter(tags=["items"])


@router.get("/tallies/{tally_id}/items", responses=problems(NotFound))
async def get_items(tally_id: UUID, caller: Annotated[Caller, may("plans.read")]) -> Answer[Row]:
    """What was booked for a tally."""
    async with caller.reading(Items) as read:
        row = await read.one(
            Row,
            "SELECT tally_id, counts, total FROM items WHERE tenant_id = %(tenant)s AND tally_id = %(tally)s",
            tally=tally_id,
        )
    if row is None:
        raise NotFound
    return caller.answer(row, "Items", read)


@router.get("/tallies/{tally_id}/counted", responses=problems(NotFound))
async def get_counted(tally_id: UUID, caller: Annotated[Caller, may("plans.read")]) -> Answer[Row]:
    """What billing heard of a tally."""
    async with caller.reading(Counts) as read:
        row = await read.one(
            Row,
            "SELECT tally_id, counts, total FROM counted WHERE tenant_id = %(tenant)s AND tally_id = %(tally)s",
            tally=tally_id,
        )
    if row is None:
        raise NotFound
    return caller.answer(row, "Counted", read)


app = create_app(SERVICE, TownSettings, routers=(router,))
