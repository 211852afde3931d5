"""What can be done with an org."""

from uuid import UUID

from academic.loading import named
from academic.orgs.org import Org, OrgDetails, root_org_id
from academic.source_ids import sourced
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def create_org(
    store: EventStore, call: Call, org_id: UUID, details: OrgDetails, zone: str | None = None
) -> Saved:
    if details.parent_id is not None:
        await named(store, call, Org, details.parent_id, "/parent_id")
    org = Org.create(org_id, call.tenant_id, details, None, call.now, zone)
    return await store.save(org, call=call, claims=[sourced(call.tenant_id, "org", str(org_id), org_id)])


@command
async def rename_org(store: EventStore, call: Call, org_id: UUID, name: str) -> Saved:
    return await store.change(Org, org_id, lambda org: org.rename(name, call.now), call=call)


@command
async def move_org(store: EventStore, call: Call, org_id: UUID, parent_id: UUID) -> Saved:
    above = await orgs_above(store, call, parent_id)
    return await store.change(Org, org_id, lambda org: org.move(parent_id, call.now, above), call=call)


@command
async def retire_org(store: EventStore, call: Call, org_id: UUID) -> Saved:
    return await store.change(Org, org_id, lambda org: org.retire(call.now), call=call)


@command
async def restore_org(store: EventStore, call: Call, org_id: UUID) -> Saved:
    return await store.change(Org, org_id, lambda org: org.restore(call.now), call=call)


async def orgs_above(store: EventStore, call: Call, org_id: UUID) -> list[UUID]:
    """The way from an org up to the root."""
    org = await named(store, call, Org, org_id, "/parent_id")
    above: list[UUID] = []
    while org.details.parent_id is not None and org.details.parent_id not in above:
        above.append(org.details.parent_id)
        parent = await store.find(Org, org.details.parent_id, call.tenant_id)
        if parent is None:
            break
        org = parent
    return above


async def zone_of(store: EventStore, call: Call, org_id: UUID) -> str:
    """The time zone of an org: its own, or that of the nearest org above it."""
    for each in [org_id, *await orgs_above(store, call, org_id), root_org_id(call.tenant_id)]:
        org = await store.find(Org, each, call.tenant_id)
        if org is not None and org.zone is not None:
            return org.zone
    return "UTC"
