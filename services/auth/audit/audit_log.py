"""The audit of a school: who did what, when, to whom, from → to; what was refused, too. A view over the whole log."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from auth.audit.meaning import NOT_SHOWN, State, changed, data_of, user_of
from auth.audit.refused_day import RefusedDay
from auth.users.user import User
from shared.codec import event_classes
from shared.events import Aggregate
from shared.facts import Handler
from shared.ids import PLATFORM, uuid_or_none
from shared.views import Fact, Rows, Table, View

ENTRIES = Table(
    "audit_entry",
    key=("tenant_id", "position"),
    columns={
        "tenant_id": "uuid",
        "position": "int8",
        "at": "timestamptz",
        "actor_kind": "text",
        "actor_id": "text",
        "actor_role": "text",
        "login": "uuid",
        "on_behalf_of": "text",
        "action": "text",
        "outcome": "text",
        "subject": "text",
        "subject_id": "uuid",
        "user_id": "uuid",
        "before": "jsonb",
        "after": "jsonb",
        "network": "text",
        "correlation_id": "uuid",
    },
    indexes=(
        ("tenant_id", "actor_id", "position"),
        ("tenant_id", "action", "position"),
        ("tenant_id", "subject_id", "position"),
        ("tenant_id", "user_id", "position"),
    ),
)
STATES = Table(
    "audit_state",
    key=("tenant_id", "aggregate_id"),
    columns={"tenant_id": "uuid", "aggregate_id": "uuid", "state": "jsonb"},
)
REACH = Table(
    "audit_reach",
    key=("tenant_id", "user_id"),
    columns={"tenant_id": "uuid", "user_id": "uuid", "schools": "uuid[]"},
)
DONE = "done"
JOINED, LEFT = User.SchoolJoined.TOPIC, User.SchoolLeft.TOPIC
COUNTED = RefusedDay.RefusalsCounted.TOPIC


class Audit(View):
    """A user belongs to no school: what happens to the identity is shown in each school that the user belongs to at
    that moment, without any value; that somebody joins or leaves a school is shown in that school alone."""

    NAME = "audit"
    SOURCE = "auth"
    TABLES = (ENTRIES, STATES, REACH)
    KINDS: ClassVar[dict[str, str]] = {}

    @classmethod
    def over(cls, aggregates: Iterable[type[Aggregate]]) -> "type[Audit]":
        """Every event of these has an entry, unless `meaning` says why not."""
        for aggregate in aggregates:
            for event in event_classes(aggregate):
                topic = event.TOPIC
                if topic not in NOT_SHOWN:
                    cls.KINDS[topic] = aggregate.TOPIC
                    cls.HANDLERS[topic] = Handler(topic, cls.noted, event, 1)
        return cls

    async def noted(self, fact: Fact[Aggregate.Event], rows: Rows) -> None:
        kind, told = self.KINDS[fact.topic], data_of(fact.data)
        user_id = user_of(fact.topic, kind, fact.aggregate_id, told)
        schools = await schools_of(rows, fact, user_id, told)
        if isinstance(fact.data, RefusedDay.ActionRefused):
            for school in schools:
                rows.put(ENTRIES, refused(school, fact, fact.data))
            return
        before, after = await from_to(rows, fact, told)
        for school in schools:
            rows.put(ENTRIES, entry(school, fact, kind, user_id) | {"before": before, "after": after})


async def from_to(rows: Rows, fact: Fact[Aggregate.Event], told: State) -> tuple[State, State]:
    if fact.topic == COUNTED:
        return {}, told
    key = (fact.tenant_id, fact.aggregate_id)
    row = await rows.get(STATES, key)
    known: State = {} if row is None else row["state"]
    before, after = changed(fact.topic, known, told)
    rows.put(STATES, {"tenant_id": key[0], "aggregate_id": key[1], "state": known | after})
    return before, after


async def schools_of(rows: Rows, fact: Fact[Aggregate.Event], user_id: UUID | None, told: State) -> list[UUID]:
    """Where it is shown."""
    if fact.tenant_id != PLATFORM:
        return [fact.tenant_id]
    if user_id is None:
        return []
    row = await rows.get(REACH, (PLATFORM, user_id))
    schools: list[UUID] = [] if row is None else list(row["schools"])
    if fact.topic not in (JOINED, LEFT):
        return schools
    school = UUID(told["school_id"])
    left = [each for each in schools if each != school]
    now = left if fact.topic == LEFT else [*left, school]
    rows.put(REACH, {"tenant_id": PLATFORM, "user_id": user_id, "schools": now})
    return [school]


def entry(school: UUID, fact: Fact[Aggregate.Event], kind: str, user_id: UUID | None) -> dict[str, object]:
    actor = fact.actor
    return {
        "tenant_id": school,
        "position": fact.position,
        "at": fact.time,
        "actor_kind": actor["kind"],
        "actor_id": actor["id"],
        "actor_role": actor.get("role", ""),
        "login": uuid_or_none(actor.get("login")),
        "on_behalf_of": fact.on_behalf_of,
        "action": fact.topic,
        "outcome": DONE,
        "subject": kind.partition(".")[2],
        "subject_id": fact.aggregate_id,
        "user_id": user_id,
        "before": {},
        "after": {},
        "network": None,
        "correlation_id": fact.correlation_id,
    }


def refused(school: UUID, fact: Fact[Aggregate.Event], told: RefusedDay.ActionRefused) -> dict[str, object]:
    """Of a try that came to nothing: who tried, what, and the code of the answer. The network stays sealed."""
    return entry(school, fact, RefusedDay.TOPIC, told.user_id) | {
        "at": told.at,
        "actor_kind": "unknown" if told.actor_id is None else "user",
        "actor_id": told.actor_id or "",
        "actor_role": "",
        "login": uuid_or_none(told.login),
        "on_behalf_of": told.on_behalf_of,
        "action": told.action,
        "outcome": told.code,
        "network": None if told.network is None else told.network.text,
    }
