"""What can be done with a room."""

from uuid import UUID

from academic.loading import named
from academic.orgs.org import Org
from academic.rooms.room import Room
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import Refused
from shared.store import EventStore, Taken


class RoomExists(Refused):
    """The org has a room of this name."""


@command
async def register_room(
    store: EventStore, call: Call, room_id: UUID, name: str, org_id: UUID, capacity: int | None
) -> Saved:
    await named(store, call, Org, org_id, "/org_id")
    room = Room(id=room_id, tenant_id=call.tenant_id, name=name, org_id=org_id, capacity=capacity, timestamp=call.now)
    try:
        return await store.save(room, call=call, claims=[name_of(room)])
    except Taken:
        raise RoomExists(pointer="/name") from None


@command
async def change_room_capacity(store: EventStore, call: Call, room_id: UUID, capacity: int | None) -> Saved:
    return await store.change(Room, room_id, lambda room: room.change_capacity(capacity, call.now), call=call)


@command
async def retire_room(store: EventStore, call: Call, room_id: UUID) -> Saved:
    """Its name is free again."""
    room = await store.get(Room, room_id, call.tenant_id)
    return await store.change(Room, room_id, lambda room: room.retire(call.now), call=call, releases=[name_of(room)])


def name_of(room: Room) -> Claim:
    return Claim(room.tenant_id, "room-name", f"{room.org_id}:{room.name.casefold()}", room.id)
