"""A toy service for the kernel's tests: shelves of books, in the schema and under the event names of academic."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import NotFound, Refused
from shared.events import Aggregate, event
from shared.facts import Fact
from shared.http import create_app
from shared.ids import derived, uuid7
from shared.problems import problems
from shared.reactions import Act, when
from shared.sealed import Sealed
from shared.service import Service
from shared.settings import ServiceSettings
from shared.store import EventStore, Taken
from shared.views import Rows, Table, View, on


class ShelfFull(Refused):
    """The shelf is full."""


class NameTaken(Refused):
    """Another shelf has this name."""


class Shelf(Aggregate):
    TOPIC = "academic.shelf"

    class Created(Aggregate.Created):
        TOPIC = "academic.shelf_created"

    class Put(Created):
        TOPIC = "academic.shelf_put_up"
        PUBLIC = True
        name: str
        owner: Sealed[str] | None = None

    class BookAdded(Aggregate.Event):
        TOPIC = "academic.book_added"
        PUBLIC = True
        class_version = 2
        title: str
        pages: int

        @staticmethod
        def upcast_v1_v2(data: dict[str, object]) -> None:
            data["pages"] = 0

    class Broken(Aggregate.Event):
        TOPIC = "academic.shelf_broken"

    @event(Put)
    def __init__(self, *, id: UUID, tenant_id: UUID, name: str, owner: Sealed[str] | None, timestamp: datetime) -> None:
        self.name = name
        self.books: tuple[str, ...] = ()
        self.broken = False

    def add(self, title: str, now: datetime) -> None:
        if title in self.books:
            return
        if len(self.books) == 40:
            raise ShelfFull
        self._added(title=title, pages=100, timestamp=now)

    @event(BookAdded)
    def _added(self, title: str, pages: int, timestamp: datetime) -> None:
        self.books = (*self.books, title)

    def break_down(self, now: datetime) -> None:
        self._broken(timestamp=now)

    @event(Broken)
    def _broken(self, timestamp: datetime) -> None:
        self.broken = True


class Notice(Aggregate):
    TOPIC = "academic.notice"

    class Created(Aggregate.Created):
        TOPIC = "academic.notice_created"

    class Posted(Created):
        TOPIC = "academic.notice_posted"
        text: str

    @event(Posted)
    def __init__(self, *, id: UUID, tenant_id: UUID, text: str, timestamp: datetime) -> None:
        self.text = text


@command
async def put_up_shelf(store: EventStore, call: Call, name: str) -> Saved:
    shelf = Shelf(id=uuid7(), tenant_id=call.tenant_id, name=name, owner=None, timestamp=call.now)
    try:
        return await store.save(shelf, call=call, claims=[Claim(call.tenant_id, "shelf", name, shelf.id)])
    except Taken:
        raise NameTaken from None


@command
async def add_book(store: EventStore, call: Call, shelf_id: UUID, title: str) -> Saved:
    return await store.change(Shelf, shelf_id, lambda shelf: shelf.add(title, call.now), call=call)


BOOKS = Table(
    "books",
    key=("tenant_id", "shelf_id", "title"),
    columns={"tenant_id": "uuid", "shelf_id": "uuid", "title": "text", "pages": "int4", "tags": "text[]"},
)
SHELVES = Table(
    "shelves",
    key=("tenant_id", "shelf_id"),
    columns={"tenant_id": "uuid", "shelf_id": "uuid", "name": "text", "books": "int4", "since": "timestamptz"},
    indexes=(("tenant_id", "name"),),
)


class Library(View):
    """Shelves and what stands on them."""

    NAME = "library"
    SOURCE = "academic"
    TABLES = (BOOKS, SHELVES)

    @on(Shelf.Put)
    def put(self, fact: Fact[Shelf.Put], rows: Rows) -> None:
        rows.put(
            SHELVES,
            {
                "tenant_id": fact.tenant_id,
                "shelf_id": fact.aggregate_id,
                "name": fact.data.name,
                "books": 0,
                "since": fact.time,
            },
        )

    @on(Shelf.BookAdded)
    async def added(self, fact: Fact[Shelf.BookAdded], rows: Rows) -> None:
        if fact.data.title == "Unreadable" and not self.repaired:
            raise ValueError(fact.data.title)
        shelf = await rows.get(SHELVES, (fact.tenant_id, fact.aggregate_id))
        assert shelf is not None  # noqa: S101
        rows.change(SHELVES, (fact.tenant_id, fact.aggregate_id), books=shelf["books"] + 1)
        rows.put(
            BOOKS,
            {
                "tenant_id": fact.tenant_id,
                "shelf_id": fact.aggregate_id,
                "title": fact.data.title,
                "pages": fact.data.pages,
                "tags": ["new", 'quoted "twice"'],
            },
        )

    @on(Shelf.Broken)
    async def broken(self, fact: Fact[Shelf.Broken], rows: Rows) -> None:
        rows.remove(SHELVES, (fact.tenant_id, fact.aggregate_id))

    repaired = False


class ParcelSent(BaseModel, frozen=True):
    to: str


PARCELS = Table(
    "parcels", key=("tenant_id", "parcel_id"), columns={"tenant_id": "uuid", "parcel_id": "uuid", "to": "text"}
)


class Parcels(View):
    """What another service sent."""

    NAME = "parcels"
    SOURCE = "billing"
    TABLES = (PARCELS,)

    @on("billing.parcel_sent")
    def sent(self, fact: Fact[ParcelSent], rows: Rows) -> None:
        rows.put(PARCELS, {"tenant_id": fact.tenant_id, "parcel_id": fact.aggregate_id, "to": fact.data.to})


@when("billing.parcel_sent", name="academic.post-notice")
async def when_parcel_sent(fact: Fact[ParcelSent], act: Act) -> None:
    if fact.data.to == "nobody":
        raise NotFound
    async with act.reading(Parcels) as read:
        known = await read.rows("SELECT 1 FROM parcels WHERE parcel_id = %(parcel)s", parcel=fact.aggregate_id)
    notice = Notice(
        id=derived(fact.aggregate_id, "notice"),
        tenant_id=fact.tenant_id,
        text=f"{fact.data.to} {len(known)}",
        timestamp=fact.time,
    )
    await act.store.save(notice, call=act.call)


SERVICE = Service("academic", (Shelf, Notice), (Library, Parcels), (when_parcel_sent,))


class ToySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TOY_", frozen=True, extra="ignore")


class NewShelf(Request):
    name: str


class ShelfRow(BaseModel):
    shelf_id: UUID
    name: str
    books: int


router = APIRouter(tags=["shelves"])


@router.post("/shelves", status_code=201, responses=problems(NameTaken))
async def post_shelf(body: NewShelf, caller: Annotated[Caller, may("classes.write", creates=True)]) -> Answer[Receipt]:
    """Put up a shelf."""
    return caller.accepted(await put_up_shelf(caller.store, caller.call, body.name), "Shelf put up")


@router.post("/shelves/{shelf_id}/books", status_code=201, responses=problems(ShelfFull, NotFound))
async def post_book(
    shelf_id: UUID, body: NewShelf, caller: Annotated[Caller, may("classes.write", creates=True)]
) -> Answer[Receipt]:
    """Add a book."""
    return caller.accepted(await add_book(caller.store, caller.call, shelf_id, body.name), "Book added")


@router.get("/shelves/{shelf_id}", responses=problems(NotFound))
async def get_shelf(shelf_id: UUID, caller: Annotated[Caller, may("classes.read")]) -> Answer[ShelfRow]:
    """One shelf."""
    async with caller.reading(Library) as read:
        row = await read.one(
            ShelfRow,
            "SELECT shelf_id, name, books FROM shelves WHERE tenant_id = %(tenant)s AND shelf_id = %(shelf)s",
            shelf=shelf_id,
        )
    if row is None:
        raise NotFound
    return caller.answer(row, "Shelf", read)


app = create_app(SERVICE, ToySettings, routers=(router,))
