"""The feed of changes: public events of a school in the order of the log, as far as the reader may see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.changes.change_log import COLUMNS, facts_of
from academic.changes.field_classes import PERSONAL_FIELDS, permission_of
from shared.codec import ENVELOPE, Codec
from shared.errors import Refused
from shared.events import Aggregate
from shared.facts import Fact
from shared.identity import Identity
from shared.personal import Keyring
from shared.reading import Reading
from shared.sealed import Sealed


class HistoryReplaced(Refused):
    """The history was restored from a copy: read again from the position that is named."""


class Change(BaseModel):
    """`previous` is the position of the change before this one in your feed, 0 for the first: a reader whose last one
    was another has missed something. `type` and `data` are as the documents of the events say; a field of an erased
    person is null, and so is what may tell of somebody's health."""

    position: int
    previous: int
    id: UUID
    type: str
    type_version: int
    aggregate_id: UUID
    version: int
    at: datetime
    recorded_at: datetime
    actor: dict[str, str]
    correlation_id: UUID
    causation_id: UUID | None
    data: dict[str, Any]


class ChangePage(BaseModel):
    """`next` is what to ask for afterwards: `after=<next>`. `generation` names the history that positions belong to."""

    generation: int
    next: int
    changes: list[Change]


PAGE = f"""
    SELECT {COLUMNS} FROM change c
    JOIN events e ON e.notification_id = c.position AND e.tenant_id = c.tenant_id
    WHERE c.tenant_id = %(tenant)s AND c.position > %(after)s AND c.topic = ANY(%(topics)s)
    ORDER BY c.position LIMIT %(limit)s
"""  # noqa: S608
BEFORE = """
    SELECT position FROM change WHERE tenant_id = %(tenant)s AND position <= %(after)s AND topic = ANY(%(topics)s)
    ORDER BY position DESC LIMIT 1
"""


def topics_for(identity: Identity, codec: Codec, wanted: Sequence[str]) -> list[str]:
    """Public events that the reader may see in the whole school; `wanted` empty: all of them."""
    return [
        topic
        for topic, kind in codec.types.items()
        if kind.public
        and (not wanted or topic in wanted)
        and permission_of(topic, kind.aggregate_topic) in identity.permissions
    ]


async def check_generation(read: Reading, after: int, generation: int | None) -> int:
    """The one that is read now. Raises HistoryReplaced for a reader who is further than what is left of its own."""
    (row,) = await read.rows("SELECT generation, kept FROM event_log")
    if generation is not None and generation != row["generation"] and after > row["kept"]:
        raise HistoryReplaced(f"Read again with after={row['kept']} and generation={row['generation']}.")
    return int(row["generation"])


async def page_after(
    read: Reading, codec: Codec, keyring: Keyring, topics: Sequence[str], after: int, limit: int
) -> tuple[list[Change], int]:
    """The changes, and the position from which the next page goes on."""
    facts = facts_of(await read.rows(PAGE, after=after, topics=list(topics), limit=limit), codec)
    before = await read.rows(BEFORE, after=after, topics=list(topics))
    previous = before[0]["position"] if before else 0
    texts = await clear_texts(keyring, read.tenant_id, facts)
    changes = []
    for fact in facts:
        changes.append(change(fact, previous, codec, texts))
        previous = fact.position
    last = facts[-1].position if facts else after
    return changes, last if len(facts) == limit else max(last, read.position)


async def clear_texts(
    keyring: Keyring, tenant_id: UUID, facts: Sequence[Fact[Aggregate.Event]]
) -> Mapping[str, str | None]:
    """Of personal fields, by ciphertext. Who may not read people gets none of their events."""
    sealed = [
        (getattr(fact.data, "person_id", fact.aggregate_id), name, value)
        for fact in facts
        for name, value in vars(fact.data).items()
        if isinstance(value, Sealed) and name in PERSONAL_FIELDS
    ]
    texts = await keyring.open(tenant_id, sealed)
    return {value.text: text for (_, _, value), text in zip(sealed, texts, strict=True)}


def change(fact: Fact[Aggregate.Event], previous: int, codec: Codec, texts: Mapping[str, str | None]) -> Change:
    kind = codec.types[fact.topic]
    values = {name: value for name, value in vars(fact.data).items() if name not in ENVELOPE}
    data: dict[str, Any] = kind.data_adapter.dump_python(values, mode="json")
    data |= {name: texts.get(data[name]) for name in kind.sealed if data.get(name) is not None}
    return Change(
        position=fact.position,
        previous=previous,
        id=fact.event_id,
        type=fact.topic,
        type_version=kind.version,
        aggregate_id=fact.aggregate_id,
        version=fact.version,
        at=fact.time,
        recorded_at=fact.recorded_at,
        actor={"kind": fact.actor["kind"], "id": fact.actor["id"]},
        correlation_id=fact.correlation_id,
        causation_id=fact.causation_id,
        data=data,
    )
