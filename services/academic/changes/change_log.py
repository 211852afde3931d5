"""One line for each event: where it stands, what belongs together, and which other things it is about."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from shared.codec import Codec, event_classes
from shared.events import Aggregate
from shared.facts import Handler, read_own
from shared.reading import Reading
from shared.records import Record
from shared.views import Fact, Rows, Table, View

CHANGES = Table(
    "change",
    key=("tenant_id", "position"),
    columns={
        "tenant_id": "uuid",
        "position": "int8",
        "topic": "text",
        "aggregate_id": "uuid",
        "version": "int4",
        "correlation_id": "uuid",
    },
    indexes=(("tenant_id", "correlation_id", "position"),),
)
ABOUT = Table(
    "change_about",
    key=("tenant_id", "thing_id", "position"),
    columns={"tenant_id": "uuid", "thing_id": "uuid", "position": "int8"},
)
LINKS = ("enrolment_id", "person_id", "guardian_id", "meeting_id")
"""Fields that name what an event is about, beside its own aggregate."""
MORE: Mapping[str, tuple[str, ...]] = {
    "academic.waitlist": ("class_id",),
    "academic.class_funding": ("class_id",),
    "academic.calendar": ("org_id",),
}


class ChangeLog(View):
    """Ids and positions only: what an event says is read from the log, so that nothing personal is copied."""

    NAME = "change_log"
    SOURCE = "academic"
    TABLES: ClassVar = (CHANGES, ABOUT)
    NAMED: ClassVar[dict[str, tuple[str, ...]]] = {}

    @classmethod
    def over(cls, aggregates: Iterable[type[Aggregate]]) -> "type[ChangeLog]":
        """Every event of these has a line."""
        for aggregate in aggregates:
            fields = (*LINKS, *MORE.get(aggregate.TOPIC, ()))
            for event in event_classes(aggregate):
                topic = event.TOPIC
                cls.NAMED[topic] = fields
                cls.HANDLERS[topic] = Handler(topic, cls.noted, event, 1)
        return cls

    def noted(self, fact: Fact[Aggregate.Event], rows: Rows) -> None:
        line = {
            "tenant_id": fact.tenant_id,
            "position": fact.position,
            "topic": fact.topic,
            "aggregate_id": fact.aggregate_id,
            "version": fact.version,
            "correlation_id": fact.correlation_id,
        }
        rows.put(CHANGES, line)
        named = {getattr(fact.data, name, None) for name in self.NAMED[fact.topic]} - {None, fact.aggregate_id}
        for thing_id in named:
            rows.put(ABOUT, {"tenant_id": fact.tenant_id, "thing_id": thing_id, "position": fact.position})


COLUMNS = "e.notification_id, e.tenant_id, e.originator_id, e.originator_version, e.topic, e.state, e.recorded_at"
STREAMS = f"""
    SELECT {COLUMNS} FROM events e
    WHERE e.tenant_id = %(tenant)s AND e.originator_id = ANY(%(ids)s) AND e.notification_id <= %(until)s
    ORDER BY e.notification_id
"""  # noqa: S608
THINGS = f"""
    SELECT {COLUMNS} FROM events e WHERE e.tenant_id = %(tenant)s AND e.notification_id = ANY(
        SELECT o.position FROM change_about o WHERE o.tenant_id = %(tenant)s AND o.thing_id = %(id)s
        UNION SELECT s.notification_id FROM events s
        WHERE s.tenant_id = %(tenant)s AND s.originator_id = %(id)s AND s.notification_id <= %(until)s
    ) ORDER BY e.notification_id
"""  # noqa: S608


async def streams(read: Reading, codec: Codec, ids: Sequence[UUID]) -> list[Fact[Aggregate.Event]]:
    """All events of these aggregates, as far as the view has come, in order."""
    return facts_of(await read.rows(STREAMS, ids=list(ids), until=read.position), codec)


async def about(read: Reading, codec: Codec, id: UUID) -> list[Fact[Aggregate.Event]]:
    """All events of a thing, and those of others that are about it, in order."""
    return facts_of(await read.rows(THINGS, id=id, until=read.position), codec)


def facts_of(rows: Iterable[Mapping[str, object]], codec: Codec) -> list[Fact[Aggregate.Event]]:
    return [read_own(Record.of_log(list(row.values())), codec) for row in rows]
