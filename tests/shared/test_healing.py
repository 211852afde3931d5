"""What one tenant waits for and nobody has to repair: the others go on, and it goes on by itself."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest

from infra.testing.harness import Running
from infra.testing.toy import ParcelSent, Shelf
from shared.calls import Call, Saved
from shared.commands import command
from shared.database import Connection
from shared.ids import uuid7
from shared.key_relay import SentKey, store_keys
from shared.parking import Pointer
from shared.personal import Keyring
from shared.reactions import Act, Fact, when
from shared.reader import FactMissing
from shared.records import Record
from shared.store import Conflict, EventStore
from tests.shared.readers import parked_of
from tests.shared.stores import call_of, new_shelf
from tests.shared.test_reactions import Topic, kinder, notices, posting, reacting


async def test_G24_a_key_that_stays_away_holds_up_its_tenant_alone_and_nobody_must_ask_again(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.reacting.PAUSES", (0.01,))
    tenant, person, other, topic = uuid7(), uuid7(), uuid7(), Topic()
    sealer = await Keyring(town.kernel.keyring.master, town.kernel.pool).sealer(tenant, person)
    [key] = sealer.new

    @when("billing.parcel_sent", name=f"away {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        sealed = fact.data.to if fact.data.to.startswith("v1.") else None
        [name] = await act.keyring.open(tenant, [(person, "name", sealed)])
        await kinder(fact._replace(data=ParcelSent(to=name or fact.data.to)), act)

    records = [topic.sent(tenant, to=sealer.seal("name", "Ann").text), topic.sent(tenant, to="Ben")]
    records.append(topic.sent(other, to="Cid"))
    async with reacting(town, post) as reader:
        await reader.apply(records)
        assert await notices(town, other) == ["kinder Cid"]
        for tries in (1, 2):
            parked = [row[1:] for row in await parked_of(worker, tenant)]
            assert parked == [(1, "KeyAbsent", tries, True), (2, "Waits", 1, False)]
            await reader.retry_parked(found_in(records))
        assert await notices(town, tenant) == []
        sent = SentKey(str(tenant), str(person), key.version, None, "billing")
        sent.wrapped = key.wrapped
        await store_keys(worker, [sent])
        await reader.retry_parked(found_in(records))
    assert await parked_of(worker, tenant) == []
    assert await notices(town, tenant) == ["kinder Ann", "kinder Ben"]


async def test_G23_a_reaction_never_gives_up_on_a_conflict(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.reacting.PAUSES", (0.01,))
    tenant, topic, lost = uuid7(), Topic(), 0

    @when("billing.parcel_sent", name=f"contended {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        nonlocal lost
        lost += 1
        if lost < 6:
            raise Conflict(lost)
        await kinder(fact, act)

    records = [topic.sent(tenant, to="Ann"), topic.sent(tenant, to="Ben")]
    async with reacting(town, post) as reader:
        await reader.apply(records)
        for _ in range(4):
            await reader.retry_parked(found_in(records))
    assert await parked_of(worker, tenant) == []
    assert await notices(town, tenant) == ["kinder Ann", "kinder Ben"]


@pytest.mark.parametrize("by_command", [True, False])
async def test_G23_a_conflict_that_comes_again_though_nobody_wrote_meanwhile_is_parked_for_an_operator(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch, by_command: bool
) -> None:
    monkeypatch.setattr("shared.reacting.PAUSES", (0.01, 0.01))
    tenant, other, topic = uuid7(), uuid7(), Topic()
    there = new_shelf(tenant)
    await town.kernel.store.save(there, call=call_of(tenant))

    async def put_up(store: EventStore, call: Call) -> Saved:
        shelf = Shelf(id=there.id, tenant_id=tenant, name="Again", owner=None, timestamp=call.now)
        return await store.save(shelf, call=call)

    @when("billing.parcel_sent", name=f"again {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        if fact.tenant_id == tenant:
            await (command(put_up) if by_command else put_up)(act.store, act.call)
        await kinder(fact, act)

    records = [topic.sent(tenant, to="Ann"), topic.sent(other, to="Ben")]
    async with reacting(town, post) as reader:
        async with asyncio.timeout(10):
            await reader.apply(records)
        assert await notices(town, other) == ["kinder Ben"]
        assert [row[1:] for row in await parked_of(worker, tenant)] == [(1, "LastingConflict", 1, False)]


async def test_G23_a_conflict_that_first_others_caused_and_then_nobody_is_not_tried_for_ever(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.reacting.PAUSES", (0.01,))
    tenant, topic, tries = uuid7(), Topic(), itertools.count(1)

    @when("billing.parcel_sent", name=f"at last {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        raise Conflict(min(next(tries), 3))

    records = [topic.sent(tenant, to="Ann")]
    async with reacting(town, post) as reader:
        await reader.apply(records)
        assert [row[2:] for row in await parked_of(worker, tenant)] == [("Conflict", 1, True)]
        await reader.retry_parked(found_in(records))
        await reader.retry_parked(found_in(records))
    assert [row[2::2] for row in await parked_of(worker, tenant)] == [("LastingConflict", False)]


async def test_G13_a_parked_fact_that_its_source_does_not_hold_now_keeps_no_other_tenant_from_going_on(
    town: Running, worker: Connection
) -> None:
    topic, reaction = Topic(), posting("missing")
    tenants = sorted(uuid7() for _ in range(3))
    records = [topic.sent(tenant, to="nobody") for tenant in tenants]
    async with reacting(town, reaction) as reader:
        await reader.apply(records)
    found = found_in(records)

    async def fetch(pointer: Pointer) -> Record:
        if pointer.tenant_id == tenants[0] and missing:
            raise FactMissing("not there")
        return await found(pointer)

    repaired = replace(reaction, handler=replace(reaction.handler, function=kinder))
    async with reacting(town, repaired) as reader:
        await worker.execute("UPDATE parked SET retry = true WHERE consumer = %s", (reaction.name,))
        missing = True
        await reader.retry_parked(fetch)
        assert [await parked_of(worker, tenant) for tenant in tenants] == [
            [(reaction.name, 1, "FactMissing", 2, True)],
            [],
            [],
        ]
        missing = False
        await reader.retry_parked(fetch)
    assert [await notices(town, tenant) for tenant in tenants] == [["kinder nobody"]] * 3


def found_in(records: Iterable[Record]) -> Callable[[Pointer], Awaitable[Record]]:
    by_position = {record.position: record for record in records}

    async def fetch(pointer: Pointer) -> Record:
        return by_position[pointer.position]

    return fetch
