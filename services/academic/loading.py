"""What commands ask of the store before they decide."""

from typing import TypeVar
from uuid import UUID

from shared.calls import Call
from shared.errors import NotFound
from shared.events import Aggregate
from shared.store import EventStore, Stale

A = TypeVar("A", bound=Aggregate)


async def named(store: EventStore, call: Call, kind: type[A], id: UUID, pointer: str) -> A:
    """A thing that a request names in its body; `pointer` tells where."""
    found = await store.find(kind, id, call.tenant_id)
    if found is None:
        raise NotFound(pointer=pointer)
    return found


def as_seen(call: Call, aggregate: Aggregate) -> None:
    """Honours If-Match where a command saves by itself."""
    if call.expected_version not in (None, aggregate.version):
        raise Stale(aggregate.version)
