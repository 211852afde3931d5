"""What can be done with the funding of a class."""

from uuid import UUID

from academic.classes.class_ import Class
from academic.funding.class_funding import ClassFunding, Funding, funding_id
from academic.loading import as_seen
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def set_funding(store: EventStore, call: Call, class_id: UUID, funding: Funding) -> Saved:
    async with store.turn(call, funding_id(call.tenant_id, class_id)):
        found = await funding_of(store, call, class_id)
        as_seen(call, found)
        found.set(funding, call.now)
        return await store.save(found, call=call)


@command
async def remove_funding(store: EventStore, call: Call, class_id: UUID) -> Saved:
    async with store.turn(call, funding_id(call.tenant_id, class_id)):
        found = await funding_of(store, call, class_id)
        as_seen(call, found)
        found.remove(call.now)
        return await store.save(found, call=call)


async def funding_of(store: EventStore, call: Call, class_id: UUID) -> ClassFunding:
    """That of a class which nobody funds is a new one. Raises NotFound for an unknown class."""
    await store.get(Class, class_id, call.tenant_id)
    id = funding_id(call.tenant_id, class_id)
    found = await store.find(ClassFunding, id, call.tenant_id)
    return found or ClassFunding(id=id, tenant_id=call.tenant_id, class_id=class_id, timestamp=call.now)
