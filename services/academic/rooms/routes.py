"""Rooms over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.fields import Seats, Title
from academic.orgs.org import root_org_id
from academic.rooms.commands import RoomExists, change_room_capacity, register_room, retire_room
from academic.rooms.room import RoomIsRetired
from academic.rooms.room_list import RoomLine, RoomList, rooms
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["rooms"])


class NewRoom(Request):
    """Without an org the room belongs to the school as a whole."""

    name: Title
    org_id: UUID | None = None
    capacity: Seats | None = None


class RoomCapacity(Request):
    capacity: Seats | None


@router.post("/rooms", status_code=201, responses=problems(NotFound, RoomExists))
async def post_room(body: NewRoom, caller: Annotated[Caller, may("classes.write", creates=True)]) -> Answer[Receipt]:
    """Register a room."""
    org_id = body.org_id or root_org_id(caller.tenant_id)
    saved = await register_room(caller.store, caller.call, uuid7(), body.name, org_id, body.capacity)
    return caller.accepted(saved, "Room registered")


@router.get("/rooms")
async def get_rooms(paging: Page, caller: Annotated[Caller, may("classes.read")]) -> Answer[list[RoomLine]]:
    """The rooms of the school, by name."""
    async with caller.reading(RoomList) as read:
        lines = await rooms(read, paging)
    return caller.page(lines, "Rooms", read, paging, lambda line: (line.name, line.id))


@router.post("/rooms/{room_id}/capacity", responses=problems(NotFound, RoomIsRetired))
async def post_room_capacity(
    room_id: UUID, body: RoomCapacity, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Change the number of seats."""
    saved = await change_room_capacity(caller.store, caller.call, room_id, body.capacity)
    return caller.accepted(saved, "Capacity changed")


@router.post("/rooms/{room_id}/retirement", responses=problems(NotFound))
async def post_room_retirement(room_id: UUID, caller: Annotated[Caller, may("classes.write")]) -> Answer[Receipt]:
    """Use a room no longer. Meetings that are planned in it stay where they are."""
    return caller.accepted(await retire_room(caller.store, caller.call, room_id), "Room retired")
