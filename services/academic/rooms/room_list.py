"""The rooms of a school."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel

from academic.rooms.room import Room
from shared.answers import Paging
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ROOMS = Table(
    "room",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "name": "text",
        "org_id": "uuid",
        "capacity": "int4",
        "retired": "bool",
    },
    indexes=(("tenant_id", "name", "id"),),
)


class RoomList(View):
    """All rooms, retired ones as well."""

    NAME = "room_list"
    SOURCE = "academic"
    TABLES = (ROOMS,)

    @on(Room.Registered)
    def registered(self, fact: Fact[Room.Registered], rows: Rows) -> None:
        data = fact.data
        rows.put(
            ROOMS,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "name": data.name,
                "org_id": data.org_id,
                "capacity": data.capacity,
                "retired": False,
            },
        )

    @on(Room.CapacityChanged)
    def capacity_changed(self, fact: Fact[Room.CapacityChanged], rows: Rows) -> None:
        rows.change(ROOMS, (fact.tenant_id, fact.aggregate_id), capacity=fact.data.capacity)

    @on(Room.Retired)
    def retired(self, fact: Fact[Room.Retired], rows: Rows) -> None:
        rows.change(ROOMS, (fact.tenant_id, fact.aggregate_id), retired=True)


class RoomLine(BaseModel):
    """`capacity`: seats; null where nobody counted."""

    id: UUID
    name: str
    org_id: UUID
    capacity: int | None
    retired: bool


async def rooms(read: Reading, paging: Paging) -> list[RoomLine]:
    """One page and one row more, by name."""
    name, id = paging.after(str, UUID) or ("", UUID(int=0))
    return await read.all(
        RoomLine,
        "SELECT id, name, org_id, capacity, retired FROM room WHERE tenant_id = %(tenant)s"
        " AND (name, id) > (%(name)s, %(id)s) ORDER BY name, id LIMIT %(limit)s",
        name=name,
        id=id,
        limit=paging.limit + 1,
    )


async def room_names(read: Reading, ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """The names of some rooms; None is no room."""
    rows = await read.rows(
        "SELECT id, name FROM room WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)",
        ids=[id for id in ids if id is not None],
    )
    return {row["id"]: row["name"] for row in rows}
