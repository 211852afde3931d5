"""A source whose history was cut sends it again in a new generation: reactions go on, and repeat nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from infra.operator import generations, parked, views
from infra.testing.harness import Running
from infra.testing.toy import Notice, Shelf
from shared.builds import start_positions
from shared.database import Connection, connect
from shared.effects import Effects
from shared.envelope import headers_of, readable
from shared.ids import uuid7
from shared.operator.builds import BuildOutdated
from shared.reactions import Act, Fact, Reaction, when
from shared.reader import Reader
from shared.reading import ViewBehind
from shared.records import Record
from shared.starting import start
from shared.token import Token
from shared.topics import events_topic
from tests.shared.kafkas import delete_topic
from tests.shared.readers import catch_up, library, parked_of, reading_log, shelf_with
from tests.shared.stores import NOW, records_of
from tests.shared.test_reactions import Topic, kinder, notices, posting


@asynccontextmanager
async def reacting_in(town: Running, generation: int, reaction: Reaction) -> AsyncIterator[Reader]:
    async with await connect(town.dsns["worker"], search_path="academic") as connection:
        await start_positions(connection, "academic", reaction.name, reaction.source, generation)
        reader = Reader(town.kernel, connection, reaction.source, generation, [], [reaction])
        await reader.start()
        yield reader


def again(records: list[Record], kept: int) -> list[Record]:
    """The same facts, as the next generation sends them."""
    return [record._replace(kept=kept) for record in records if record.position <= kept]


async def begin(worker: Connection, reaction: Reaction, records: list[Record]) -> None:
    """As `reactions start --from now` does behind these records."""
    await worker.execute("INSERT INTO reactions (name, origin) VALUES (%s, 'now')", (reaction.name,))
    for record in records:
        await worker.execute(
            "INSERT INTO positions (consumer, source, generation, partition, position) VALUES (%s, %s, 1, %s, %s)"
            " ON CONFLICT (consumer, source, generation, partition) DO UPDATE SET position = excluded.position",
            (reaction.name, reaction.source, record.partition, record.position),
        )


@pytest.mark.parametrize("kept", [1, 2, 3, 4])
async def test_G19_a_reaction_goes_on_behind_what_it_handled_before_the_cut(
    town: Running, worker: Connection, kept: int
) -> None:
    """It was started after fact 2 and handled 3 and 4; what stands behind `kept` is new, under whatever position."""
    tenant, topic, reaction = uuid7(), Topic(), posting("cut")
    old = [topic.sent(tenant, to=f"old {number}") for number in (1, 2, 3, 4)]
    await begin(worker, reaction, old[:2])
    async with reacting_in(town, 1, reaction) as reader:
        await reader.apply(old)
    assert await notices(town, tenant) == ["cut old 3", "cut old 4"]
    topic.head, topic.last = kept, {old[0].partition: kept}
    new = [topic.sent(tenant, to=f"new {number}")._replace(kept=kept) for number in range(4)]
    async with reacting_in(town, 2, reaction) as reader:
        await reader.apply(again(old, kept) + new)
    async with reacting_in(town, 2, reaction) as reader:
        await reader.apply(again(old, kept) + new)
    assert await notices(town, tenant) == ["cut old 3", "cut old 4", *[f"cut new {number}" for number in range(4)]]


async def test_G13_what_was_parked_before_the_cut_comes_again_with_all_behind_it(
    town: Running, worker: Connection
) -> None:
    tenant, topic, reaction = uuid7(), Topic(), posting("parked")
    records = [topic.sent(tenant, to=to) for to in ("Ann", "nobody", "Ben")]
    async with reacting_in(town, 1, reaction) as reader:
        await reader.apply(records)
    assert [row[1] for row in await parked_of(worker, tenant)] == [2, 3]
    repaired = replace(reaction, handler=replace(reaction.handler, function=kinder))
    async with reacting_in(town, 2, repaired) as reader:
        await reader.apply(again(records, 3))
    assert await notices(town, tenant) == ["parked Ann", "kinder nobody", "kinder Ben"]


async def test_G19_an_own_reaction_that_began_now_leaves_the_past_alone_in_a_new_generation(
    town: Running, worker: Connection
) -> None:
    tenant = uuid7()
    await shelf_with(town, tenant, "Emma")

    @when(Shelf.BookAdded, name=f"own {uuid7()}")
    async def post(fact: Fact[Shelf.BookAdded], act: Act) -> None:
        if fact.tenant_id == tenant:
            notice = Notice(id=uuid7(), tenant_id=tenant, text=fact.data.title, timestamp=NOW)
            await act.store.save(notice, call=act.call)

    await start(worker, replace(town.service, reactions=(post,)), post, "", "now")
    for generation, title in ((1, "Persuasion"), (2, "Sanditon")):
        await shelf_with(town, tenant, title, name=title)
        await start_positions(worker, "academic", post.name, "academic", generation)
        async with reading_log(town.kernel, town.dsns["worker"], [], [post], generation) as reader:
            await catch_up(reader, worker)
    assert await notices(town, tenant) == ["Persuasion", "Sanditon"]


class Message:
    """As Kafka brings it."""

    partition, offset = 0, 0

    def __init__(self, record: Record, kept: int) -> None:
        self.key, self.value = str(record.tenant_id).encode(), record.state
        self.headers: Any = headers_of(record, "billing", 2, record.previous, kept)


def test_G19_records_say_up_to_where_history_was_kept() -> None:
    record = Topic().sent(UUID(int=1), to="Ann")
    assert [found.kept for kept in (0, 7) if (found := readable(Message(record, kept))) is not None] == [0, 7]


async def test_G19_a_new_generation_notes_how_much_history_was_kept(
    toy: Running, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf_with(toy, uuid7(), "Emma", "Persuasion")
    monkeypatch.setenv("ACADEMIC_OWNER_DSN", toy.dsns["owner"])
    monkeypatch.setenv("ACADEMIC_KAFKA", kafka)

    async def noted() -> Any:
        async with await connect(toy.dsns["worker"], search_path="academic") as connection:
            cursor = await connection.execute("SELECT generation, kept FROM event_log")
            assert len(await records_of(connection)) == 3
            return await cursor.fetchone()

    await generations.keep("academic")
    assert await noted() == (1, 0)
    await generations.new("academic")
    generation, kept = await noted()
    await delete_topic(kafka, events_topic("academic", generation))
    assert generation > 1
    assert kept == 3


async def test_G13_an_operator_sees_and_retries_only_what_a_present_generation_parked(
    toy: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACADEMIC_WORKER_DSN", toy.dsns["worker"])
    tenant, topic, reaction = uuid7(), Topic(), posting("operator")
    records = [topic.sent(tenant, to="nobody")]
    for generation in (1, 2):
        async with reacting_in(toy, generation, reaction) as reader:
            await reader.apply(records)
    await parked.list_all("academic")
    assert "/2/" in (shown := capsys.readouterr().out.replace("\n", ""))
    assert "billing/1/" not in shown
    await parked.retry("academic")
    assert "1 parked events" in capsys.readouterr().out
    async with await connect(toy.dsns["worker"], search_path="academic") as connection:
        assert sorted(row[4] for row in await parked_of(connection, tenant)) == [False, True]


async def test_G17_a_build_of_an_earlier_generation_is_not_verified_but_named(
    toy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACADEMIC_WORKER_DSN", toy.dsns["worker"])
    monkeypatch.setenv("ACADEMIC_KAFKA", "127.0.0.1:1")
    monkeypatch.setattr("infra.operator.views.service_of", lambda name: toy.service)
    async with await connect(toy.dsns["worker"], search_path="academic") as connection:
        build = await library(toy, connection)
        await connection.execute("UPDATE positions SET generation = 7 WHERE consumer = %s", (build.schema,))
    with pytest.raises(BuildOutdated, match="earlier generation"):
        await views.verify("academic", build.number)


async def test_G21_what_is_known_of_a_generation_of_a_source_says_nothing_of_the_next(
    toy: Running,
) -> None:
    tenant, topic, reaction = uuid7(), Topic(), posting("known")
    service = replace(toy.service, reactions=(reaction,))
    effects = Effects(service, toy.kernel.freshness)
    records = [topic.sent(tenant, to=f"Ann {number}") for number in range(3)]
    token = Token({("billing", tenant): 3})
    async with reacting_in(toy, 1, reaction) as reader:
        await reader.apply(records)
    assert await effects.stored(token, tenant, 1) > 0
    async with reacting_in(toy, 2, reaction):
        with pytest.raises(ViewBehind):
            await effects.stored(token, tenant, 0.1)
