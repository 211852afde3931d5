"""The town's academic service: tallies that count, and what comes back from billing for each count.

Its totals are sums, so that a fact applied twice or not at all shows."""

import asyncio
import os
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound, Refused
from shared.events import Aggregate, event
from shared.facts import Fact
from shared.http import create_app
from shared.ids import uuid7
from shared.personal import Keyring
from shared.problems import problems
from shared.reactions import Act, when
from shared.sealed import Sealed
from shared.service import Service
from shared.settings import ServiceSettings
from shared.store import EventStore
from shared.views import Rows, Table, View, on

REPAIRED = "TOWN_REPAIRED"
"""Set for a worker whose handlers have no bug any more."""
SLOW = "TOWN_SLOW"
"""Set for a process whose handlers take up to so many seconds, and one in 16 four times as long."""


def pause_of(tag: str, longest: float) -> float:
    """Drawn from the tag, so that the clients know what to expect."""
    return 4 * longest if tag.startswith("0") else longest * int(tag[1:3], 16) / 256


async def linger(tag: str) -> None:
    if SLOW in os.environ:
        await asyncio.sleep(pause_of(tag, float(os.environ[SLOW])))


class NegativeAmount(Refused):
    """An amount is not below zero."""


class Tally(Aggregate):
    TOPIC = "academic.tally"

    class Created(Aggregate.Created):
        TOPIC = "academic.tally_created"

    class Opened(Created):
        TOPIC = "academic.tally_opened"
        PUBLIC = True
        keeper: Sealed[str]

    class Counted(Aggregate.Event):
        TOPIC = "academic.counted"
        PUBLIC = True
        tag: str
        amount: int

    @event(Opened)
    def __init__(self, *, id: UUID, tenant_id: UUID, keeper: Sealed[str], timestamp: datetime) -> None:
        self.keeper = keeper
        self.total = 0

    def count(self, tag: str, amount: int, now: datetime) -> None:
        if amount < 0:
            raise NegativeAmount
        self._count(tag=tag, amount=amount, timestamp=now)

    @event(Counted)
    def _count(self, tag: str, amount: int, timestamp: datetime) -> None:
        self.total += amount


class Settlement(Aggregate):
    TOPIC = "academic.settlement"

    class Created(Aggregate.Created):
        TOPIC = "academic.settlement_created"

    class Settled(Created):
        TOPIC = "academic.settled"
        tag: str

    @event(Settled)
    def __init__(self, *, id: UUID, tenant_id: UUID, tag: str, timestamp: datetime) -> None:
        self.tag = tag


@command
async def open_tally(store: EventStore, call: Call, keyring: Keyring, keeper: str) -> Saved:
    tally_id = uuid7()
    sealer = await keyring.sealer(call.tenant_id, tally_id)
    tally = Tally(id=tally_id, tenant_id=call.tenant_id, keeper=sealer.seal("keeper", keeper), timestamp=call.now)
    return await store.save(tally, call=call, keys=sealer.new)


@command
async def count(store: EventStore, call: Call, tally_id: UUID, tag: str, amount: int) -> Saved:
    await linger(tag)
    return await store.change(Tally, tally_id, lambda tally: tally.count(tag, amount, call.now), call=call)


@command
async def forget_keeper(store: EventStore, call: Call, tally_id: UUID) -> Saved:
    tally = await store.get(Tally, tally_id, call.tenant_id)
    return await store.save(tally, call=call, keys=[Keyring.erased(call.tenant_id, tally_id)])


TOTALS = Table(
    "totals",
    key=("tenant_id", "tally_id"),
    columns={"tenant_id": "uuid", "tally_id": "uuid", "keeper": "text", "counts": "int8", "total": "int8"},
)
BOOKED = Table(
    "booked",
    key=("tenant_id", "tally_id"),
    columns={"tenant_id": "uuid", "tally_id": "uuid", "counts": "int8", "total": "int8"},
)


class Totals(View):
    """What each tally has counted."""

    NAME = "totals"
    SOURCE = "academic"
    TABLES = (TOTALS,)

    @on(Tally.Opened)
    def opened(self, fact: Fact[Tally.Opened], rows: Rows) -> None:
        key = {"tenant_id": fact.tenant_id, "tally_id": fact.aggregate_id}
        rows.put(TOTALS, {**key, "keeper": fact.data.keeper.text, "counts": 0, "total": 0})

    @on(Tally.Counted)
    async def counted(self, fact: Fact[Tally.Counted], rows: Rows) -> None:
        if fact.data.tag.startswith("poison") and REPAIRED not in os.environ:
            raise ValueError(fact.data.tag)
        key = (fact.tenant_id, fact.aggregate_id)
        row = await rows.get(TOTALS, key)
        if row is None:
            raise LookupError("a count before its tally")
        rows.change(TOTALS, key, counts=row["counts"] + 1, total=row["total"] + fact.data.amount)


class ItemBooked(BaseModel, frozen=True):
    tally_id: UUID
    tag: str
    amount: int


class Booked(View):
    """What billing has booked for each tally."""

    NAME = "booked"
    SOURCE = "billing"
    TABLES = (BOOKED,)

    @on("billing.item_booked")
    async def booked(self, fact: Fact[ItemBooked], rows: Rows) -> None:
        key = (fact.tenant_id, fact.data.tally_id)
        row = await rows.get(BOOKED, key) or {"counts": 0, "total": 0}
        sums = {"counts": row["counts"] + 1, "total": row["total"] + fact.data.amount}
        rows.put(BOOKED, {"tenant_id": fact.tenant_id, "tally_id": fact.data.tally_id, **sums})


@when("billing.item_booked", name="academic.settle")
async def when_item_booked(fact: Fact[ItemBooked], act: Act) -> None:
    """The id is drawn anew at each try: only the derived key of the call keeps a second settlement away."""
    await linger(fact.data.tag)
    settlement = Settlement(id=uuid7(), tenant_id=fact.tenant_id, tag=fact.data.tag, timestamp=fact.time)
    await act.store.save(settlement, call=act.call)


SERVICE = Service("academic", (Tally, Settlement), (Totals, Booked), (when_item_booked,))


class TownSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ACADEMIC_", frozen=True, extra="ignore")


class NewTally(Request):
    keeper: str


class NewCount(Request):
    tag: str
    amount: int


class Row(BaseModel):
    tally_id: UUID
    counts: int
    total: int


class TotalRow(Row):
    keeper: str | None


router = APIRouter(tags=["tallies"])


@router.post("/tallies", status_code=201)
async def post_tally(body: NewTally, caller: Annotated[Caller, may("classes.write", creates=True)]) -> Answer[Receipt]:
    """Open a tally."""
    return caller.accepted(await open_tally(caller.store, caller.call, caller.keyring, body.keeper), "Opened")


@router.post("/tallies/{tally_id}/counts", status_code=201, responses=problems(NegativeAmount, NotFound))
async def post_count(
    tally_id: UUID, body: NewCount, caller: Annotated[Caller, may("classes.write", creates=True)]
) -> Answer[Receipt]:
    """Count."""
    return caller.accepted(await count(caller.store, caller.call, tally_id, body.tag, body.amount), "Counted")


@router.post("/tallies/{tally_id}/erasure", responses=problems(NotFound))
async def post_erasure(
    tally_id: UUID, caller: Annotated[Caller, may("classes.write", creates=True)]
) -> Answer[Receipt]:
    """Destroy the key of a tally's keeper."""
    return caller.accepted(await forget_keeper(caller.store, caller.call, tally_id), "Erased")


@router.get("/tallies/{tally_id}", responses=problems(NotFound))
async def get_tally(tally_id: UUID, caller: Annotated[Caller, may("classes.read")]) -> Answer[TotalRow]:
    """What a tally has counted."""
    async with caller.reading(Totals) as read:
        row = await read.one(
            TotalRow,
            "SELECT tally_id, keeper, counts, total FROM totals WHERE tenant_id = %(tenant)s AND tally_id = %(tally)s",
            tally=tally_id,
        )
    if row is None:
        raise NotFound
    (keeper,) = await caller.keyring.open(caller.tenant_id, [(tally_id, "keeper", row.keeper)])
    return caller.answer(row.model_copy(update={"keeper": keeper}), "Tally", read)


@router.get("/tallies/{tally_id}/booked", responses=problems(NotFound))
async def get_booked(tally_id: UUID, caller: Annotated[Caller, may("classes.read")]) -> Answer[Row]:
    """What billing has booked for a tally."""
    async with caller.reading(Booked) as read:
        row = await read.one(
            Row,
            "SELECT tally_id, counts, total FROM booked WHERE tenant_id = %(tenant)s AND tally_id = %(tally)s",
            tally=tally_id,
        )
    if row is None:
        raise NotFound
    return caller.answer(row, "Booked", read)


app = create_app(SERVICE, TownSettings, routers=(router,))
