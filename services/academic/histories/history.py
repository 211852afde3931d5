"""The history of a thing: who did what to it, when, from → to, why."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.histories.labels import NOT_SHOWN, label
from academic.histories.spoken import Speaker
from academic.histories.templates import template
from shared.codec import ENVELOPE
from shared.events import Aggregate
from shared.facts import Fact

Facts = Sequence[Fact[Aggregate.Event]]
WHY = ("reason", "answer", "freeze_reason", "clash_reason", "why")
PARTS = ("enrolment_id", "code", "on")
"""What an event is about within its aggregate: from → to is told of one enrolment, one code, one day."""


class FieldChange(BaseModel):
    """`before` is null where there was nothing."""

    field: str
    label: str
    before: str | None
    after: str


class Who(BaseModel):
    """`kind`: user, service_account or system. `name` is null where you may not see it."""

    kind: str
    id: str
    role: str | None
    name: str | None


class HistoryEntry(BaseModel):
    """`at` is when it was decided, `recorded_at` when it was stored. `why` is null where nothing was said, or where
    you may not read it. `correlation_id`: what was done in one go has the same."""

    position: int
    at: datetime
    recorded_at: datetime
    who: Who
    on_behalf_of: str | None
    action: str
    text: str
    changes: list[FieldChange]
    why: str | None
    subject_id: UUID
    correlation_id: UUID


def values_of(event: Aggregate.Event) -> dict[str, Any]:
    return {name: value for name, value in vars(event).items() if name not in ENVELOPE}


def from_to(facts: Iterable[Fact[Aggregate.Event]]) -> list[dict[str, tuple[Any, Any]]]:
    """For each fact the fields that it changed, with the values before and after."""
    known: dict[tuple[UUID, Any], dict[str, Any]] = {}
    found = []
    for fact in facts:
        values = values_of(fact.data)
        part = next((values[name] for name in PARTS if name in values), None)
        state = known.setdefault((fact.aggregate_id, part), {})
        shown = {name: value for name, value in values.items() if name not in NOT_SHOWN}
        if "before" in values:
            state |= {"after": values["before"]}
            shown = {"after": values["after"]}
        found.append({name: (state.get(name), value) for name, value in shown.items() if state.get(name) != value})
        state |= shown
    return found


def entries(facts: Facts, speaker: Speaker, actors: Mapping[str, str | None]) -> list[HistoryEntry]:
    """In the order of the facts."""
    return [entry(fact, changes, speaker, actors) for fact, changes in zip(facts, from_to(facts), strict=True)]


def entry(
    fact: Fact[Aggregate.Event],
    changes: Mapping[str, tuple[Any, Any]],
    speaker: Speaker,
    actors: Mapping[str, str | None],
) -> HistoryEntry:
    values = values_of(fact.data)
    words = {name: speaker.say(name, value) for name, value in values.items()}
    actor = fact.actor
    return HistoryEntry(
        position=fact.position,
        at=fact.time,
        recorded_at=fact.recorded_at,
        who=Who(kind=actor["kind"], id=actor["id"], role=actor.get("role"), name=actors.get(actor["id"])),
        on_behalf_of=fact.on_behalf_of,
        action=fact.topic,
        text=template(fact.topic, speaker.language).format(it=speaker.name("it", fact.aggregate_id), **words),
        changes=[
            FieldChange(
                field=name,
                label=label(name, speaker.language),
                before=None if before is None else speaker.say(name, before),
                after=speaker.say(name, after),
            )
            for name, (before, after) in changes.items()
            if speaker.readable(after)
        ],
        why=why_of(values, speaker),
        subject_id=fact.aggregate_id,
        correlation_id=fact.correlation_id,
    )


def why_of(values: Mapping[str, Any], speaker: Speaker) -> str | None:
    said = ((name, values.get(name)) for name in WHY)
    return next((speaker.say(name, why) for name, why in said if why is not None and speaker.readable(why)), None)
