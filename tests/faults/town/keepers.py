"""A release of billing that shows who keeps a tally, and greets the keeper: sealed elsewhere, opened here."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from shared.answers import Answer
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.events import Aggregate, event
from shared.facts import Fact
from shared.ids import uuid7
from shared.problems import problems
from shared.reactions import Act, when
from shared.sealed import Sealed
from shared.service import Service
from shared.views import Rows, Table, View, on


class Greeting(Aggregate):
    TOPIC = "billing.greeting"

    class Created(Aggregate.Created):
        TOPIC = "billing.greeting_created"

    class Greeted(Created):
        """`known` is false for somebody who is erased."""

        TOPIC = "billing.greeted"
        tally_id: UUID
        known: bool

    @event(Greeted)
    def __init__(self, *, id: UUID, tenant_id: UUID, tally_id: UUID, known: bool, timestamp: datetime) -> None:
        self.known = known


class Opened(BaseModel, frozen=True):
    keeper: Sealed[str]


KEEPERS = Table(
    "keepers",
    key=("tenant_id", "tally_id"),
    columns={"tenant_id": "uuid", "tally_id": "uuid", "keeper": "text"},
)


class Keepers(View):
    """Who keeps which tally."""

    NAME = "keepers"
    SOURCE = "academic"
    TABLES = (KEEPERS,)

    @on("academic.tally_opened")
    def opened(self, fact: Fact[Opened], rows: Rows) -> None:
        key = {"tenant_id": fact.tenant_id, "tally_id": fact.aggregate_id}
        rows.put(KEEPERS, {**key, "keeper": fact.data.keeper.text})


@when("academic.tally_opened", name="billing.greet-keeper")
async def when_opened(fact: Fact[Opened], act: Act) -> None:
    [name] = await act.keyring.open(fact.tenant_id, [(fact.aggregate_id, "keeper", fact.data.keeper)])
    greeting = Greeting(
        id=uuid7(),
        tenant_id=fact.tenant_id,
        tally_id=fact.aggregate_id,
        known=name is not None,
        timestamp=fact.time,
    )
    await act.store.save(greeting, call=act.call)


class Row(BaseModel):
    tally_id: UUID
    keeper: str | None


router = APIRouter(tags=["keepers"])


@router.get("/tallies/{tally_id}/keeper", responses=problems(NotFound))
async def get_keeper(tally_id: UUID, caller: Annotated[Caller, may("plans.read")]) -> Answer[Row]:
    """Who keeps a tally; null once erased."""
    async with caller.reading(Keepers) as read:
        row = await read.one(
            Row,
            "SELECT tally_id, keeper FROM keepers WHERE tenant_id = %(tenant)s AND tally_id = %(tally)s",
            tally=tally_id,
        )
    if row is None:
        raise NotFound
    (keeper,) = await caller.keyring.open(caller.tenant_id, [(tally_id, "keeper", row.keeper)])
    return caller.answer(row.model_copy(update={"keeper": keeper}), "Keeper", read)


def with_keepers(service: Service) -> Service:
    return replace(
        service,
        aggregates=(*service.aggregates, Greeting),
        views=(*service.views, Keepers),
        reactions=(*service.reactions, when_opened),
    )
