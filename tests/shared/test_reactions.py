"""Reactions: each fact has its effect once, in order within its tenant, and a failure stops nobody else."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from infra.testing.harness import Running
from infra.testing.toy import Notice, ParcelSent, Shelf
from shared.builds import Build, start_positions
from shared.database import Connection, connect
from shared.errors import NotFound
from shared.ids import derived, uuid7
from shared.key_relay import SentKey, store_keys
from shared.personal import Keyring
from shared.reactions import Act, Fact, Reaction, when
from shared.reader import Reader
from shared.records import Record, partition_of
from shared.starting import start, started_reactions
from shared.store import Unavailable
from tests.faults.town.proxy import Cut, proxied
from tests.shared.readers import catch_up, parked_of, reading_log, shelf_with
from tests.shared.stores import NOW, call_of, new_shelf


@dataclass
class Topic:
    """Facts of another service, as its relay chains them."""

    head: int = 0
    last: dict[int, int] = field(default_factory=dict)

    def sent(self, tenant_id: UUID, **data: Any) -> Record:
        partition = partition_of(tenant_id)
        self.head += 1
        meta = {"event_id": uuid7(), "time": NOW, "actor": {"kind": "user", "id": "u"}, "correlation_id": uuid7()}
        state = orjson.dumps({"meta": meta, "data": data})
        previous = self.last.get(partition, 0)
        self.last[partition] = self.head
        return Record(
            self.head, tenant_id, uuid7(), 1, "billing.parcel_sent", state, NOW, previous, partition, self.head - 1
        )


@asynccontextmanager
async def reacting(
    town: Running, *reactions: Reaction, dsn: str | None = None, builds: Iterable[Build] = ()
) -> AsyncIterator[Reader]:
    """A reader of billing that runs these reactions. Their places are those of before, if there are any."""
    async with await connect(dsn or town.dsns["worker"], search_path="academic") as connection:
        for reaction in reactions:
            await start_positions(connection, "academic", reaction.name, reaction.source, 1)
        reader = Reader(town.kernel, connection, "billing", 1, builds, reactions)
        await reader.start()
        yield reader


async def notices(town: Running, tenant_id: UUID) -> list[str]:
    """The texts of the tenant's notices, in order."""
    records = await town.log()
    return [
        orjson.loads(record.state)["data"]["text"]
        for record in records
        if record.tenant_id == tenant_id and record.topic == Notice.Posted.TOPIC
    ]


def posting(name: str) -> Reaction:
    """Posts what was sent, under a name that no other test has."""

    @when("billing.parcel_sent", name=f"{name} {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        if fact.data.to == "nobody":
            raise NotFound
        notice = Notice(id=uuid7(), tenant_id=fact.tenant_id, text=f"{name} {fact.data.to}", timestamp=fact.time)
        await act.store.save(notice, call=act.call)

    return post


async def test_a_fact_has_its_effect_and_its_local_model_is_there_before(town: Running) -> None:
    tenant = uuid7()
    await town.feed("billing.parcel_sent", tenant, uuid7(), {"to": "Ann"})
    assert await notices(town, tenant) == ["Ann 1"]
    [posted] = [one for one in await town.log() if one.tenant_id == tenant]
    meta = orjson.loads(posted.state)["meta"]
    assert meta["actor"] == {"kind": "system", "id": "academic.post-notice"}


async def test_G23_duplicates_have_one_effect(town: Running, worker: Connection) -> None:
    tenant, topic, reaction = uuid7(), Topic(), posting("dup")
    records = [topic.sent(tenant, to=f"Ann {number}") for number in range(3)]
    async with reacting(town, reaction) as reader:
        for _ in range(3):
            await reader.apply(records)
        await reader.apply([records[2], records[0]])
        await worker.execute("UPDATE positions SET position = 0 WHERE consumer = %s", (reaction.name,))
        await reader.start()
        await reader.apply(records)
    assert await notices(town, tenant) == ["dup Ann 0", "dup Ann 1", "dup Ann 2"]


async def test_what_a_reaction_keeps_apart_goes_side_by_side_and_the_rest_waits_for_it(town: Running) -> None:
    """Ann's first fact ends only after Ben's: one after the other, it would never end."""
    handled: list[str] = []
    ben_was_handled = asyncio.Event()

    @when("billing.parcel_sent", name=f"apart {uuid7()}", apart="to")
    async def apart(fact: Fact[ParcelSent], act: Act) -> None:
        if fact.data.to == "Ann" and "Ann" not in handled:
            async with asyncio.timeout(10):
                await ben_was_handled.wait()
        handled.append(fact.data.to)
        if fact.data.to == "Ben":
            ben_was_handled.set()

    tenant, topic = uuid7(), Topic()
    records = [topic.sent(tenant, to=to) for to in ("Ann", "Ann", "Ben")]
    async with reacting(town, apart) as reader:
        await reader.apply(records)
        assert handled == ["Ben", "Ann", "Ann"]

    @when("billing.parcel_sent", name=f"in order {uuid7()}")
    async def in_order(fact: Fact[ParcelSent], act: Act) -> None:
        handled.append(f"{fact.data.to} in order")

    handled.clear()
    ben_was_handled.clear()
    more = [topic.sent(tenant, to=to) for to in ("Ann", "Ben")]
    async with reacting(town, replace(apart, name=f"apart {uuid7()}"), in_order) as reader:
        handled.append("Ann")
        await reader.apply([*records, *more])
    assert handled[1:3] == ["Ann", "Ann in order"]
    assert handled[-1] == "Ben in order"


async def test_G23_what_fails_stops_its_own_kind_and_nobody_kept_apart(town: Running, worker: Connection) -> None:
    tenant, topic = uuid7(), Topic()
    posting_apart = replace(posting("lanes"), apart="to")
    records = [topic.sent(tenant, to=to) for to in ("nobody", "Ann", "nobody", "Ann")]
    async with reacting(town, posting_apart) as reader:
        await reader.apply(records)
        parked = await parked_of(worker, tenant)
        assert await notices(town, tenant) == ["lanes Ann", "lanes Ann"]
        assert len(parked) == 2
        await reader.apply([topic.sent(tenant, to="Ann")])
    assert len(await parked_of(worker, tenant)) == 3


async def test_G3_what_comes_out_of_order_has_no_effect_until_its_turn(town: Running) -> None:
    tenant, topic, reaction = uuid7(), Topic(), posting("order")
    first, second, third = [topic.sent(tenant, to=f"Ann {number}") for number in range(3)]
    async with reacting(town, reaction) as reader:
        assert await reader.apply([second, third]) == 2
        assert await notices(town, tenant) == []
        assert await reader.apply([first, third, second]) == 1
        assert await reader.apply([third]) == 0
        assert reader.broken == 3
    assert await notices(town, tenant) == ["order Ann 0", "order Ann 1", "order Ann 2"]


async def test_G23_a_crash_between_effect_and_position_has_one_effect(town: Running) -> None:
    tenant, topic, reaction = uuid7(), Topic(), posting("crash")
    records = [topic.sent(tenant, to=f"Ann {number}") for number in range(3)]
    async with proxied(town.dsns["worker"]) as proxy:
        proxy.arm(b"UPDATE positions", Cut.REQUEST)
        async with reacting(town, reaction, dsn=proxy.dsn) as reader:
            with pytest.raises(psycopg.OperationalError):
                await reader.apply(records)
    assert len(await notices(town, tenant)) == 3
    async with reacting(town, reaction) as reader:
        assert reader.lowest()[partition_of(tenant)].position == 0
        await reader.apply(records)
        assert reader.lowest()[partition_of(tenant)].position == 3
    assert len(await notices(town, tenant)) == 3


async def test_G13_a_failing_reaction_parks_its_tenant_alone(town: Running, worker: Connection) -> None:
    bad, good, topic, reaction = uuid7(), uuid7(), Topic(), posting("park")
    records = [topic.sent(bad, to="nobody"), topic.sent(bad, to="Ann"), topic.sent(good, to="Ben")]
    async with reacting(town, reaction) as reader:
        await reader.apply(records)
        later = topic.sent(bad, to="Cid")
        await reader.apply([later])
    assert await notices(town, good) == ["park Ben"]
    assert await notices(town, bad) == []
    assert [row[1:3] for row in await parked_of(worker, bad)] == [(1, "NotFound"), (2, "Waits"), (4, "Waits")]
    assert await parked_of(worker, good) == []
    repaired = replace(reaction, handler=replace(reaction.handler, function=kinder))
    async with reacting(town, repaired) as reader:
        await worker.execute("UPDATE parked SET retry = true WHERE consumer = %s", (reaction.name,))
        by_position = {record.position: record for record in (*records, later)}

        async def fetch(pointer: Any) -> Record:
            return by_position[pointer.position]

        await reader.retry_parked(fetch)
        await reader.apply([topic.sent(bad, to="Dot")])
    assert await parked_of(worker, bad) == []
    assert await notices(town, bad) == ["kinder nobody", "kinder Ann", "kinder Cid", "kinder Dot"]


async def kinder(fact: Fact[ParcelSent], act: Act) -> None:
    notice = Notice(id=uuid7(), tenant_id=fact.tenant_id, text=f"kinder {fact.data.to}", timestamp=fact.time)
    await act.store.save(notice, call=act.call)


async def test_reactions_to_one_fact_run_in_declared_order_before_the_next_fact(town: Running) -> None:
    tenant, topic = uuid7(), Topic()
    async with reacting(town, posting("first"), posting("second")) as reader:
        await reader.apply([topic.sent(tenant, to=name) for name in ("Ann", "Ben")])
    assert await notices(town, tenant) == ["first Ann", "second Ann", "first Ben", "second Ben"]


async def test_a_slow_tenant_does_not_hold_up_the_others(town: Running) -> None:
    slow, topic, release = uuid7(), Topic(), asyncio.Event()
    others = [uuid7() for _ in range(5)]

    @when("billing.parcel_sent", name=f"slow {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        if fact.tenant_id == slow:
            await release.wait()
        await kinder(fact, act)

    async with reacting(town, post) as reader:
        applying = asyncio.create_task(reader.apply([topic.sent(one, to="Ann") for one in (slow, *others)]))
        async with asyncio.timeout(5):
            for other in others:
                while not await notices(town, other):  # noqa: ASYNC110 - the other tenants' tasks are not ours
                    await asyncio.sleep(0.01)
        assert await notices(town, slow) == []
        release.set()
        await applying
    assert len(await notices(town, slow)) == 1


async def test_a_passing_fault_of_one_tenant_parks_nobody_and_doubles_nothing(
    town: Running, worker: Connection
) -> None:
    topic, tenants, failing = Topic(), [uuid7() for _ in range(20)], True

    @when("billing.parcel_sent", name=f"passing {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        if failing and fact.tenant_id == tenants[7]:
            raise Unavailable("the store is busy")
        await kinder(fact, act)

    records = [topic.sent(tenant, to="Ann") for tenant in tenants]
    async with reacting(town, post) as reader:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await reader.apply(records)
        failing = False
        await reader.apply(records)
    for tenant in tenants:
        assert await parked_of(worker, tenant) == []
        assert len(await notices(town, tenant)) == 1


async def test_a_save_that_can_never_be_stored_parks_its_tenant(town: Running, worker: Connection) -> None:
    topic, tenant, good = Topic(), uuid7(), uuid7()
    async with reacting(town, posting("never")) as reader:
        await reader.apply([topic.sent(tenant, to="a\0b"), topic.sent(good, to="Ann")])
    assert [row[2] for row in await parked_of(worker, tenant)] == ["Unstorable"]
    assert await notices(town, good) == ["never Ann"]


async def test_G4_a_reaction_that_lost_against_another_process_decides_again(town: Running) -> None:
    tenant, topic, tries = uuid7(), Topic(), 0
    shelf = await shelf_with(town, tenant)

    @when("billing.parcel_sent", name=f"conflict {uuid7()}")
    async def add(fact: Fact[ParcelSent], act: Act) -> None:
        nonlocal tries
        tries += 1
        mine = await act.store.get(Shelf, shelf.id, tenant)
        if tries < 3:
            await act.store.change(Shelf, shelf.id, lambda one: one.add(f"{tries}", NOW), call=call_of(tenant))
        mine.add(fact.data.to, NOW)
        await act.store.save(mine, call=act.call)

    async with reacting(town, add) as reader:
        await reader.apply([topic.sent(tenant, to="Ann")])
    assert tries == 3
    assert (await town.kernel.store.get(Shelf, shelf.id, tenant)).books == ("1", "2", "Ann")


async def test_N6_a_key_that_has_not_arrived_is_waited_for(town: Running, worker: Connection) -> None:
    tenant, person, topic = uuid7(), uuid7(), Topic()
    sealer = await Keyring(town.kernel.keyring.master, town.kernel.pool).sealer(tenant, person)
    [key] = sealer.new

    @when("billing.parcel_sent", name=f"keys {uuid7()}")
    async def post(fact: Fact[ParcelSent], act: Act) -> None:
        [name] = await act.keyring.open(tenant, [(person, "name", fact.data.to)])
        notice = Notice(id=derived(fact.event_id, "notice"), tenant_id=tenant, text=f"{name}", timestamp=fact.time)
        await act.store.save(notice, call=act.call)

    async with reacting(town, post) as reader:
        applying = asyncio.create_task(reader.apply([topic.sent(tenant, to=sealer.seal("name", "Ann").text)]))
        await asyncio.sleep(0.1)
        assert not applying.done()
        sent = SentKey(str(tenant), str(person), key.version, None, "billing")
        sent.wrapped = key.wrapped
        await store_keys(worker, [sent])
        await applying
    assert await notices(town, tenant) == ["Ann"]


@pytest.mark.parametrize(("origin", "effects"), [("beginning", 3), ("now", 1)])
async def test_G23_a_new_reaction_does_nothing_until_it_is_told_from_where(
    town: Running, worker: Connection, origin: Any, effects: int
) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Emma", "Persuasion")

    @when(Shelf.BookAdded, name=f"started {uuid7()}")
    async def post(fact: Fact[Shelf.BookAdded], act: Act) -> None:
        if fact.tenant_id == tenant:
            notice = Notice(id=uuid7(), tenant_id=tenant, text=fact.data.title, timestamp=fact.time)
            await act.store.save(notice, call=act.call)

    service = replace(town.service, reactions=(post,))
    assert await started_reactions(worker, service) == []
    await start(worker, service, post, "", origin)
    assert await started_reactions(worker, service) == [post]
    await start_positions(worker, "academic", post.name, "academic", 1)
    late = await town.kernel.store.get(Shelf, saved.id, tenant)
    late.add("Sanditon", NOW)
    await town.kernel.store.save(late, new_shelf(tenant, "Other"), call=call_of(tenant))
    async with reading_log(town.kernel, town.dsns["worker"], [], [post]) as reader:
        await catch_up(reader, worker)
    assert len(await notices(town, tenant)) == effects
