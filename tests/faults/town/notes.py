"""A release of billing with two new reactions, for a log that is full already: each makes a note of every count."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.facts import Fact
from shared.ids import uuid7
from shared.reactions import Act, when
from shared.service import Service
from tests.faults.town.items import Counted


class Note(Aggregate):
    TOPIC = "billing.note"

    class Created(Aggregate.Created):
        TOPIC = "billing.note_created"

    class Noted(Created):
        TOPIC = "billing.noted"
        tag: str
        by: str

    @event(Noted)
    def __init__(self, *, id: UUID, tenant_id: UUID, tag: str, by: str, timestamp: datetime) -> None:
        self.tag = tag
        self.by = by


async def note(fact: Fact[Counted], act: Act) -> None:
    made = Note(id=uuid7(), tenant_id=fact.tenant_id, tag=fact.data.tag, by=act.call.kind, timestamp=fact.time)
    await act.store.save(made, call=act.call)


@when("academic.counted", name="billing.note-all")
async def note_all(fact: Fact[Counted], act: Act) -> None:
    await note(fact, act)


@when("academic.counted", name="billing.note-new")
async def note_new(fact: Fact[Counted], act: Act) -> None:
    await note(fact, act)


def with_notes(service: Service) -> Service:
    return replace(
        service,
        aggregates=(*service.aggregates, Note),
        reactions=(*service.reactions, note_all, note_new),
    )
