"""What can be done with an erasure: ask for it, approve it, reject it, note what a service answered."""

from uuid import UUID

from auth.erasures.erasure import Erasure, NobodyToErase, Reply
from auth.tenants.tenant import Tenant
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound, Refused
from shared.ids import PLATFORM
from shared.store import EventStore


class UserOfOtherSchools(Refused):
    """This person belongs to other schools, too: end the membership instead, or let the person ask."""


class OwnerStays(Refused):
    """An owner of a school is not erased: revoke that role first."""


@command
async def request_erasure(
    store: EventStore,
    call: Call,
    erasure_id: UUID,
    user_id: UUID | None,
    person_ids: tuple[UUID, ...],
    requested_by: UUID,
) -> Saved:
    """A request covers what the one who asks may decide: of an identity in several schools, its own person alone."""
    if user_id is None and not person_ids:
        raise NobodyToErase
    if user_id is not None:
        await _guard_user(store, call, user_id, requested_by)
    erasure = Erasure(
        id=erasure_id,
        tenant_id=call.tenant_id,
        user_id=user_id,
        person_ids=person_ids,
        requested_by=requested_by,
        timestamp=call.now,
    )
    return await store.save(erasure, call=call)


@command
async def approve_erasure(store: EventStore, call: Call, erasure_id: UUID, by: UUID) -> Saved:
    async with store.turn(call, erasure_id):
        erasure = await store.get(Erasure, erasure_id, call.tenant_id)
        if erasure.user_id is not None:
            await _guard_user(store, call, erasure.user_id, erasure.requested_by)
        erasure.approve(by, call.now)
        return await store.save(erasure, call=call)


@command
async def reject_erasure(store: EventStore, call: Call, erasure_id: UUID, by: UUID) -> Saved:
    return await store.change(Erasure, erasure_id, lambda erasure: erasure.reject(by, call.now), call=call)


@command
async def note_reply(store: EventStore, call: Call, erasure_id: UUID, reply: Reply) -> Saved:
    return await store.change(Erasure, erasure_id, lambda erasure: erasure.note(reply, call.now), call=call)


async def _guard_user(store: EventStore, call: Call, user_id: UUID, requested_by: UUID) -> None:
    user = await store.get(User, user_id, PLATFORM)
    if call.tenant_id not in user.schools:
        raise NotFound(pointer="/user_id")
    if requested_by != user_id and len(user.schools) > 1:
        raise UserOfOtherSchools
    for school in user.schools:
        if user_id in (await store.get(Tenant, school, school)).owners:
            raise OwnerStays
