"""The role that follows a source: which builds and reactions it runs, and when they join, go live or change."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from infra.testing.harness import Running
from infra.testing.toy import Library, Notice
from shared import topics
from shared.builds import Build, builds_of
from shared.database import Connection
from shared.envelope import headers_of
from shared.following import Following
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.reactions import Act, Fact, Reaction, when
from shared.reading import ViewParked
from shared.records import Record, partition_of
from shared.service import Service
from shared.starting import start
from shared.token import Token
from shared.topic_feed import TopicFeed
from shared.views import Rows, Table, View, on
from tests.shared.kafkas import delete_topic, eventually, leading
from tests.shared.readers import rows_of, settings_of
from tests.shared.stores import NOW


@dataclass
class Sent:
    to: str


@dataclass
class Source:
    """A service of its own name that sends parcels, and what the toy makes of them."""

    name: str
    service: Service
    view: type[View]
    reaction: Reaction
    kafka: str
    last: dict[tuple[int, int], int]
    head: int = 0

    async def send(self, tenant_id: UUID, to: str, generation: int = 1) -> int:
        """Through Kafka, as its relay would; the position."""
        partition = partition_of(tenant_id)
        self.head += 1
        meta = {"event_id": uuid7(), "time": NOW, "actor": {"kind": "user", "id": "u"}, "correlation_id": uuid7()}
        state = orjson.dumps({"meta": meta, "data": {"to": to}})
        record = Record(self.head, tenant_id, uuid7(), 1, f"{self.name}.parcel_sent", state, NOW, 0)
        headers = headers_of(record, self.name, generation, self.last.get((generation, partition), 0))
        self.last[generation, partition] = self.head
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await producer.start()
        try:
            await producer.send_and_wait(
                topics.events_topic(self.name, generation),
                state,
                key=str(tenant_id).encode(),
                headers=headers,
                partition=partition,
            )
        finally:
            await producer.stop()
        return self.head


def source_of(town: Running, name: str, kafka: str) -> Source:
    table = Table(f"mail_{name}", key=("tenant_id", "id"), columns={"tenant_id": "uuid", "id": "uuid", "to": "text"})

    class Mail(View):
        NAME = f"mail_{name}"
        SOURCE = name
        TABLES = (table,)

        @on(f"{name}.parcel_sent")
        def sent(self, fact: Fact[Sent], rows: Rows) -> None:
            rows.put(table, {"tenant_id": fact.tenant_id, "id": fact.aggregate_id, "to": fact.data.to})

    @when(f"{name}.parcel_sent", name=f"academic.mail-{name}")
    async def post(fact: Fact[Sent], act: Act) -> None:
        if fact.data.to == "nobody":
            raise ValueError
        async with act.reading(Mail) as read:
            known = await read.rows(f"SELECT 1 FROM mail_{name} WHERE tenant_id = %(tenant)s")
        notice = Notice(id=uuid7(), tenant_id=fact.tenant_id, text=f"{fact.data.to} {len(known)}", timestamp=fact.time)
        await act.store.save(notice, call=act.call)

    service = Service("academic", town.service.aggregates, (*town.service.views, Mail), (post,))
    return Source(name, service, Mail, post, kafka, {})


@pytest.fixture
async def source(town: Running, kafka: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Source]:
    monkeypatch.setattr("shared.following.LOOK_EVERY", 0.1)
    name = f"t{secrets.token_hex(6)}"
    await topics.ensure(kafka, name, 1)
    try:
        yield source_of(town, name, kafka)
    finally:
        for generation in (1, 2):
            await delete_topic(kafka, topics.events_topic(name, generation))


@asynccontextmanager
async def following(town: Running, source: Source) -> AsyncIterator[Kernel]:
    """The worker of a release that knows this source: it reads it and the own log."""
    kernel = Kernel(source.service, town.kernel.pool, town.kernel.writer, town.kernel.keyring.master, 1)
    settings = settings_of(town, source.kafka)
    async with (
        leading(town.dsns["worker"], Following(kernel, settings, source.name).run, f"read {source.name}"),
        leading(town.dsns["worker"], Following(kernel, settings, "academic").run, f"read academic {source.name}"),
    ):
        yield kernel


async def live_build(worker: Connection, source: Source) -> Build | None:
    builds = await builds_of(worker, [source.view])
    return next((build for build in builds if build.live), None)


async def notices(town: Running, tenant_id: UUID) -> list[str]:
    records = await town.log()
    return [
        orjson.loads(record.state)["data"]["text"]
        for record in records
        if record.tenant_id == tenant_id and record.topic == Notice.Posted.TOPIC
    ]


async def test_a_view_of_another_service_goes_live_and_a_reaction_waits_to_be_started(
    town: Running, worker: Connection, source: Source
) -> None:
    tenant = uuid7()
    await source.send(tenant, "Ann")
    async with following(town, source):
        await eventually(lambda: live_build(worker, source))
        build = await live_build(worker, source)
        assert build is not None
        assert [row[2] for row in await rows_of(worker, build, f"mail_{source.name}", tenant)] == ["Ann"]
        assert await notices(town, tenant) == []
        await start(worker, source.service, source.reaction, source.kafka, "beginning")
        await eventually(lambda: notices(town, tenant))
        await source.send(tenant, "Ben")

        async def both() -> bool:
            return await notices(town, tenant) == ["Ann 1", "Ben 2"]

        await eventually(both)


async def test_a_reaction_that_starts_now_leaves_the_past_alone(
    town: Running, worker: Connection, source: Source
) -> None:
    tenant = uuid7()
    await source.send(tenant, "Ann")
    await start(worker, source.service, source.reaction, source.kafka, "now")
    async with following(town, source):
        await eventually(lambda: live_build(worker, source))
        await source.send(tenant, "Ben")
        await eventually(lambda: notices(town, tenant))
        assert await notices(town, tenant) == ["Ben 2"]


async def test_C32_N8_a_token_of_another_service_waits_for_its_view_and_for_the_effects(
    town: Running, worker: Connection, source: Source
) -> None:
    tenant = uuid7()
    await start(worker, source.service, source.reaction, source.kafka, "beginning")
    async with following(town, source) as kernel:
        await eventually(lambda: live_build(worker, source))
        for number in range(1, 6):
            position = await source.send(tenant, f"Ann {number}")
            token = Token({(source.name, tenant): position})
            async with kernel.reading(source.view, tenant, token) as read:
                rows = await read.rows(f"SELECT 1 FROM mail_{source.name} WHERE tenant_id = %(tenant)s")
            assert len(rows) == number
            assert read.position >= position


async def test_G13_a_token_behind_a_parked_reaction_is_told_so(
    town: Running, worker: Connection, source: Source
) -> None:
    tenant = uuid7()
    await start(worker, source.service, source.reaction, source.kafka, "beginning")
    async with following(town, source) as kernel:
        await eventually(lambda: live_build(worker, source))
        position = await source.send(tenant, "nobody")
        token = Token({(source.name, tenant): position})
        with pytest.raises(ViewParked):
            async with kernel.reading(Library, tenant, token):
                raise AssertionError("what the reaction did not do is shown as if it had")


async def test_DS14_a_new_generation_of_a_source_is_noticed_and_read_from_its_beginning(
    town: Running, worker: Connection, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.following.GENERATION_LOOKS", 1)
    tenant = uuid7()
    await source.send(tenant, "Ann")
    async with following(town, source):
        await eventually(lambda: live_build(worker, source))
        old = await live_build(worker, source)
        await topics.ensure(source.kafka, source.name, 2)
        source.head = 0
        await source.send(tenant, "Ben", generation=2)

        async def shows_the_new_history() -> bool:
            build = await live_build(worker, source)
            if build is None or build == old:
                return False
            return [row[2] for row in await rows_of(worker, build, f"mail_{source.name}", tenant)] == ["Ben"]

        await eventually(shows_the_new_history)


async def test_two_workers_of_one_release_run_each_consumer_once(
    town: Running, worker: Connection, source: Source
) -> None:
    tenant = uuid7()
    await start(worker, source.service, source.reaction, source.kafka, "beginning")
    async with following(town, source), following(town, replace(source)):
        await eventually(lambda: live_build(worker, source))
        for number in range(5):
            await source.send(tenant, f"Ann {number}")

        async def all_posted() -> bool:
            return len(await notices(town, tenant)) == 5

        await eventually(all_posted)
    texts = await notices(town, tenant)
    assert [text.rpartition(" ")[0] for text in texts] == [f"Ann {number}" for number in range(5)]


async def test_TRAP_a_reader_that_meets_the_cancelled_task_of_a_client_starts_again(
    town: Running, worker: Connection, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group of tasks would forget it and go on with the others."""
    feed, runs = TopicFeed.run, itertools.count()

    async def run(self: TopicFeed) -> None:
        if next(runs) == 0:
            raise asyncio.CancelledError
        await feed(self)

    monkeypatch.setattr(TopicFeed, "run", run)
    tenant = uuid7()
    async with following(town, source):
        await source.send(tenant, "Ann")
        await eventually(lambda: live_build(worker, source))
