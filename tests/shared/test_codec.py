"""Stored events: plain JSON, old shapes read, unknown and newer ones refused."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest

from infra.testing.toy import SERVICE, Shelf
from shared.calls import Actor
from shared.codec import Codec, Undecodable
from shared.events import Aggregate, event
from shared.ids import uuid7
from shared.sealed import Sealed
from tests.shared.stores import CODEC, NOW, as_worker, call_of, new_shelf, store_on

Dsns = dict[str, str]

TENANT, SHELF = uuid7(), uuid7()


@dataclass(frozen=True)
class Price:
    amount: int
    currency: str


class Order(Aggregate):
    TOPIC = "academic.order"

    class Created(Aggregate.Created):
        TOPIC = "academic.order_created"

    class Placed(Created):
        TOPIC = "academic.order_placed"
        price: Price
        weight: Decimal
        due: date
        lines: tuple[Price, ...]
        buyer: UUID | None
        gift: bool = False

    @event(Placed)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        price: Price,
        weight: Decimal,
        due: date,
        lines: tuple[Price, ...],
        buyer: UUID | None,
        gift: bool,
        timestamp: datetime,
    ) -> None:
        self.price = price


def stored(data: dict[str, Any], **meta: Any) -> bytes:
    required = {"event_id": uuid7(), "time": NOW, "actor": {"kind": "user", "id": "u"}, "correlation_id": uuid7()}
    return orjson.dumps({"meta": required | meta, "data": data})


def decode(topic: str, state: bytes, version: int = 1) -> Any:
    return CODEC.decode(topic, state, SHELF, version, TENANT)[1]


def test_DS8_what_is_stored_is_plain_JSON() -> None:
    codec, buyer = Codec((Order,)), uuid7()
    order = Order(
        id=SHELF,
        tenant_id=TENANT,
        price=Price(1250, "EUR"),
        weight=Decimal("1.50"),
        due=date(2026, 9, 1),
        lines=(Price(1, "EUR"), Price(2, "EUR")),
        buyer=buyer,
        gift=True,
        timestamp=NOW,
    )
    [placed] = order.collect_events()
    call = call_of(TENANT, actor=Actor("user", "ann", role="owner"), causation_id=SHELF, traceparent="00-trace")
    state = codec.encode(placed, call)
    written = orjson.loads(state)
    assert written["data"] == {
        "price": {"amount": 1250, "currency": "EUR"},
        "weight": "1.50",
        "due": "2026-09-01",
        "lines": [{"amount": 1, "currency": "EUR"}, {"amount": 2, "currency": "EUR"}],
        "buyer": str(buyer),
        "gift": True,
    }
    assert UUID(written["meta"].pop("event_id")).version == 7
    assert written["meta"] == {
        "time": "2026-09-01T17:00:00Z",
        "actor": {"kind": "user", "id": "ann", "role": "owner"},
        "correlation_id": str(call.correlation_id),
        "causation_id": str(SHELF),
        "traceparent": "00-trace",
    }
    meta, again = codec.decode("academic.order_placed", state, SHELF, 1, TENANT)
    assert vars(again) == vars(placed)
    assert meta["time"] == datetime(2026, 9, 1, 17, tzinfo=UTC)


async def test_stored_events_are_readable_in_SQL(log: Dsns) -> None:
    tenant = uuid7()
    async with store_on(log["api"]) as store, await as_worker(log) as worker:
        await store.save(new_shelf(tenant, "Poésie"), call=call_of(tenant))
        cursor = await worker.execute(
            "SELECT convert_from(state, 'UTF8')::jsonb -> 'data' ->> 'name' FROM events WHERE tenant_id = %s", (tenant,)
        )
        assert await cursor.fetchall() == [("Poésie",)]


def test_ET11_an_event_of_an_older_version_is_read_in_todays_shape() -> None:
    assert decode("academic.book_added", stored({"title": "Emma"}), 2).pages == 0
    assert decode("academic.book_added", stored({"title": "Emma", "pages": 7}, class_version=2), 2).pages == 7


def test_ET11_TRAP_ES34_a_newer_version_is_refused() -> None:
    for topic, data in (("academic.book_added", {"title": "Emma", "pages": 7}), ("academic.shelf_broken", {})):
        with pytest.raises(Undecodable, match="newer"):
            decode(topic, stored(data, class_version=3), 2)


def test_TRAP_ES32_an_unknown_name_is_refused_and_never_imported() -> None:
    for topic in ("academic.unknown", "infra.testing.toy:Shelf.Broken", "os:system", "academic.shelf_created"):
        with pytest.raises(Undecodable, match="unknown"):
            decode(topic, stored({}))


@pytest.mark.parametrize("state", [stored({}), b"{}", b"not JSON", b"[]", b'{"meta": 1, "data": {}}'])
@pytest.mark.parametrize("topic", ["academic.shelf_put_up", "academic.book_added"])
def test_TRAP_ES33_bytes_of_another_shape_are_refused(topic: str, state: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(topic, state)


def test_a_missing_optional_field_has_its_default() -> None:
    put = decode("academic.shelf_put_up", stored({"name": "Fiction"}))
    assert put.owner is None
    assert put.mutate(None).name == "Fiction"


def test_a_field_that_this_release_does_not_know_is_left_alone() -> None:
    assert decode("academic.shelf_put_up", stored({"name": "Fiction", "colour": "red"})).name == "Fiction"


def test_N6_an_event_with_sealed_fields_names_its_person() -> None:
    for owner, subjects in ((Sealed[str]("v1.x"), [str(SHELF)]), (None, None)):
        shelf = Shelf(id=SHELF, tenant_id=TENANT, name="Fiction", owner=owner, timestamp=NOW)
        [put] = shelf.collect_events()
        written = orjson.loads(CODEC.encode(put, call_of(TENANT)))
        assert written["meta"].get("subjects") == subjects
        assert written["data"]["owner"] == (owner and owner.text)
        assert decode("academic.shelf_put_up", CODEC.encode(put, call_of(TENANT))).owner == owner


def test_two_events_of_one_name_stop_the_start() -> None:
    with pytest.raises(ValueError, match=r"academic\.shelf_put_up"):
        Codec((*SERVICE.aggregates, Shelf))
