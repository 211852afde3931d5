"""Two services that are small enough to be run a hundred thousand times: pads of notes, and a stamp for each note."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared.calls import Call, Saved
from shared.commands import command
from shared.events import Aggregate, event
from shared.facts import Fact
from shared.reactions import Act, when
from shared.service import Service
from shared.store import EventStore
from shared.views import Rows, Table, View, on


class Pad(Aggregate):
    TOPIC = "academic.pad"

    class Created(Aggregate.Created):
        TOPIC = "academic.pad_created"

    class Opened(Created):
        TOPIC = "academic.pad_opened"

    class Noted(Aggregate.Event):
        TOPIC = "academic.noted"
        tag: int

    @event(Opened)
    def __init__(self, *, id: UUID, tenant_id: UUID, timestamp: datetime) -> None:
        self.tags: tuple[int, ...] = ()

    def note(self, tag: int, now: datetime) -> None:
        self._noted(tag=tag, timestamp=now)

    @event(Noted)
    def _noted(self, tag: int, timestamp: datetime) -> None:
        self.tags = (*self.tags, tag)


class Card(Aggregate):
    """What a reaction stamps. A tenant has one card; nothing but the derived key keeps a second stamp away."""

    TOPIC = "billing.card"

    class Created(Aggregate.Created):
        TOPIC = "billing.card_created"

    class Begun(Created):
        TOPIC = "billing.card_begun"

    class Stamped(Aggregate.Event):
        TOPIC = "billing.card_stamped"
        position: int

    @event(Begun)
    def __init__(self, *, id: UUID, tenant_id: UUID, timestamp: datetime) -> None:
        self.stamps = 0

    def stamp(self, position: int, now: datetime) -> None:
        self._stamped(position=position, timestamp=now)

    @event(Stamped)
    def _stamped(self, position: int, timestamp: datetime) -> None:
        self.stamps += 1


@command
async def note(store: EventStore, call: Call, pad_id: UUID, tag: int) -> Saved:
    """The same note twice would be stored twice: only the key of the call tells a copy."""
    async with store.turn(call, pad_id):
        pad = await store.find(Pad, pad_id, call.tenant_id)
        if pad is None:
            pad = Pad(id=pad_id, tenant_id=call.tenant_id, timestamp=call.now)
        pad.note(tag, call.now)
        return await store.save(pad, call=call)


class Opened(BaseModel, frozen=True):
    pass


class Noted(BaseModel, frozen=True):
    tag: int


SEEN = Table("seen", key=("tenant_id",), columns={"tenant_id": "uuid", "positions": "int8[]"})


async def see(rows: Rows, fact: Fact[Any]) -> None:
    """No put of an absolute value: what is lost, doubled or out of order stays visible."""
    row = await rows.get(SEEN, (fact.tenant_id,)) or {"positions": []}
    rows.put(SEEN, {"tenant_id": fact.tenant_id, "positions": [*row["positions"], fact.position]})


class OwnPads(View):
    """The notes as their own service sees them."""

    NAME = "own-pads"
    SOURCE = "academic"
    TABLES = (SEEN,)

    @on(Pad.Opened)
    async def opened(self, fact: Fact[Pad.Opened], rows: Rows) -> None:
        await see(rows, fact)

    @on(Pad.Noted)
    async def noted(self, fact: Fact[Pad.Noted], rows: Rows) -> None:
        await see(rows, fact)


class HeardPads(View):
    """The notes as another service heard of them."""

    NAME = "heard-pads"
    SOURCE = "academic"
    TABLES = (SEEN,)

    @on("academic.pad_opened")
    async def opened(self, fact: Fact[Opened], rows: Rows) -> None:
        await see(rows, fact)

    @on("academic.noted")
    async def noted(self, fact: Fact[Noted], rows: Rows) -> None:
        await see(rows, fact)


async def stamp(fact: Fact[Any], act: Act, card_id: UUID) -> None:
    card = await act.store.find(Card, card_id, fact.tenant_id)
    if card is None:
        card = Card(id=card_id, tenant_id=fact.tenant_id, timestamp=fact.time)
    card.stamp(fact.position, fact.time)
    await act.store.save(card, call=act.call)


def card_of(tenant_id: UUID) -> UUID:
    return UUID(int=tenant_id.int + (1 << 64))


@when(Pad.Noted, name="academic.stamp-own")
async def when_noted(fact: Fact[Pad.Noted], act: Act) -> None:
    await stamp(fact, act, card_of(fact.tenant_id))


@when("academic.noted", name="billing.stamp-heard")
async def when_heard(fact: Fact[Noted], act: Act) -> None:
    await stamp(fact, act, card_of(fact.tenant_id))


ACADEMIC = Service("academic", (Pad, Card), (OwnPads,), (when_noted,))
BILLING = Service("billing", (Card,), (HeardPads,), (when_heard,))
