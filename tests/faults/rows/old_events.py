"""G18: every event that a release ever stored is read by every later one; a newer one is parked, never lost."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from psycopg import sql

from academic.orgs.org import Org
from academic.service import SERVICE as ACADEMIC
from infra.events import GOLDEN, RELEASED, schemas
from infra.native.running import running as servers
from infra.released import breaks
from infra.services import SERVICES
from infra.testing.harness import Running, running
from shared.builds import builds_of
from shared.codec import Codec, Undecodable
from shared.database import Connection, connect
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.parking import Pointer
from shared.reactions import Reaction
from shared.reader import Fetch, Reader
from shared.records import Record, partition_of
from shared.service import Service
from tests.contracts.history import aggregates_of, differences, fold, read_history, recorded, releases
from tests.faults.arena import Arena
from tests.faults.town import items, tallies
from tests.faults.town.tallies import Tally

BEFORE, NEWER, BEHIND = 3, 2, 2
ALL = BEFORE + NEWER + BEHIND
NOW = datetime(2026, 9, 1, tzinfo=UTC)
"""Counts of a tenant: by this release, by a newer one, and by this one again behind them."""


async def old_events(arena: Arena) -> None:
    events, broken = corpus()
    arena.found.add(golden=events, unread=len(broken), caught=caught())
    arena.found.wrong += broken
    arena.found.must(caught() == len(CHANGES), f"only {caught()} of {len(CHANGES)} changed events were noticed")
    with ExitStack() as stack:
        dsn = stack.enter_context(servers("postgres")).dsn()
        for release in releases():
            logs, known = read_history(release), recorded(release)
            wrong = differences(known, await fold(dsn, logs))
            less = aggregates_of(ACADEMIC, logs["academic"][:-1])
            spoilt = differences({name: known[name] for name in less}, less)
            arena.found.add(**{f"history_{release}": sum(map(len, logs.values())), "differences": len(wrong)})
            arena.found.wrong += wrong
            arena.found.must(bool(spoilt), f"an event less than release {release} stored made no difference")
        arena.found.must(bool(releases()), "no release has recorded its history")
        parked = [await own_newer(dsn, arena.folder), await foreign_newer(dsn, arena.folder)]
    arena.found.add(parked=sum(parked))


def corpus() -> tuple[int, list[str]]:
    """How many golden events there are, and what is wrong with them."""
    count, wrong = 0, []
    for service in SERVICES:
        lines = (GOLDEN / f"{service.name}.jsonl").read_text().splitlines()
        count += len(lines)
        wrong += unread(service, [json.loads(line) for line in lines])
        wrong += breaks(json.loads((RELEASED / f"{service.name}.json").read_text()), schemas(service))
    return count, wrong


def unread(service: Service, golden: list[dict[str, Any]]) -> list[str]:
    codec, wrong = Codec(service.aggregates), []
    for entry in golden:
        try:
            codec.decode(entry["topic"], json.dumps(entry["state"]).encode(), uuid7(), 1, uuid7())
        except Undecodable as error:
            wrong.append(f"version {entry['version']}: {error}")
    known = {(entry["topic"], entry["version"]) for entry in golden}
    wanted = {(topic, n) for topic, kind in codec.types.items() for n in range(1, kind.version + 1)}
    return wrong + [f"{topic} has no golden event of version {n}" for topic, n in sorted(wanted - known)]


class Demanding(Org.Renamed):
    """A field that old events do not have."""

    TOPIC = Org.Renamed.TOPIC
    reason: str


class Retyped(Org.Renamed):
    """A field of another type."""

    TOPIC = Org.Renamed.TOPIC
    name: int  # type: ignore[assignment]


class Raised(Org.Renamed):
    """A version without an upcaster, and without golden events."""

    TOPIC = Org.Renamed.TOPIC
    class_version = 2


CHANGES: tuple[type[Any], ...] = (Demanding, Retyped, Raised)


def caught() -> int:
    """How many of the changes make the corpus red."""
    found = 0
    for changed in CHANGES:
        with patch.object(Org, "Renamed", changed):
            try:
                found += bool(corpus()[1])
            except AttributeError:  # an upcaster is missing
                found += 1
    return found


@contextmanager
def newer(town: Running) -> Iterator[None]:
    """Counts have a second version, which only this release writes and reads."""
    kind = town.kernel.codec.types[Tally.Counted.TOPIC]
    with patch.object(kind, "version", 2), patch.object(Tally.Counted, "upcast_v1_v2", dict.copy, create=True):
        yield


async def own_newer(dsn: str, folder: Path) -> int:
    """During a rolling deployment the old worker meets counts of the new API: how many it parked."""
    home = folder / "own"
    home.mkdir()
    async with running(dsn, home, tallies.SERVICE, tallies.TownSettings, tallies.app) as town:
        tenant, other = uuid7(), uuid7()
        await counted(town, tenant, range(BEFORE, BEFORE + NEWER))
        await counted(town, other, range(0))
        await town.settle()
        parked = len(await town.parked())
        assert await counts_of(town, "totals", "totals") == {tenant: BEFORE, other: ALL}
        async with await connect(town.dsns["worker"], search_path="academic") as connection:

            async def fetch(pointer: Pointer) -> Record:
                return (await read_page(connection, pointer.position - 1, 1))[0]

            with newer(town):
                await retry(town, connection, "academic", (), fetch)
        assert await town.parked() == []
        assert await counts_of(town, "totals", "totals") == {tenant: ALL, other: ALL}
        return parked


async def counted(town: Running, tenant: UUID, newer_ones: range) -> None:
    """A tally with all its counts; the newer release made some of them."""
    store = town.kernel.store
    opened = await tallies.open_tally(store, town.call(tenant), town.kernel.keyring, "Keeper")
    tally = await store.get(Tally, opened.id, tenant)
    for n in range(ALL):
        tally.count(f"tag {n}", 1, town.call(tenant).now)
        with newer(town) if n in newer_ones else nullcontext():
            await store.save(tally, call=town.call(tenant))


async def foreign_newer(dsn: str, folder: Path) -> int:
    """The same in another service: its view and its reaction park, and go on with the next release."""
    home = folder / "foreign"
    home.mkdir()
    async with running(dsn, home, items.SERVICE, items.TownSettings, items.app) as town:
        tenant, other = UUID(int=1), UUID(int=2)
        facts = [*sent(tenant, 1, range(BEFORE, BEFORE + NEWER)), *sent(other, ALL + 1, range(0))]
        await town.deliver("academic", *facts)
        parked = len(await town.parked())
        assert await counts_of(town, "counts", "counted") == {tenant: BEFORE, other: ALL}
        by_position = {fact.position: fact for fact in facts}

        async def fetch(pointer: Pointer) -> Record:
            return by_position[pointer.position]

        handler = items.Counts.HANDLERS["academic.counted"]
        [reaction] = items.SERVICE.reactions
        able = replace(reaction, handler=replace(reaction.handler, version=2))
        async with await connect(town.dsns["worker"], search_path="billing") as connection:
            with patch.dict(items.Counts.HANDLERS, {handler.topic: replace(handler, version=2)}):
                await retry(town, connection, "academic", (able,), fetch)
        await town.settle()
        assert await town.parked() == []
        assert await counts_of(town, "counts", "counted") == {tenant: ALL, other: ALL}
        assert [len(await town.events(one)) for one in (tenant, other)] == [ALL, ALL]
        return parked


def sent(tenant: UUID, first: int, newer_ones: range) -> Iterator[Record]:
    """Counts of a tally, as the relay of the other service chains them."""
    previous, tally = 0, uuid7()
    for n in range(ALL):
        meta: dict[str, object] = {"event_id": str(uuid7()), "time": NOW.isoformat(), "correlation_id": str(uuid7())}
        meta |= {"actor": {"kind": "user", "id": "u"}, "class_version": 2 if n in newer_ones else 1}
        state = json.dumps({"meta": meta, "data": {"tag": f"tag {n}", "amount": 1}}).encode()
        place = (previous, partition_of(tenant), first + n - 1)
        yield Record(first + n, tenant, tally, n + 1, "academic.counted", state, NOW, *place)
        previous = first + n


async def retry(
    town: Running, connection: Connection, source: str, reactions: tuple[Reaction, ...], fetch: Fetch
) -> None:
    """As a worker of the newer release does it, after an operator's word."""
    views = [view for view in town.service.views if source == view.SOURCE]
    reader = Reader(town.kernel, connection, source, 1, await builds_of(connection, views), reactions)
    await reader.start()
    await connection.execute("UPDATE parked SET retry = true")
    await reader.retry_parked(fetch)


async def counts_of(town: Running, view: str, table: str) -> dict[UUID, int]:
    """tenant → counts"""
    async with await connect(town.dsns["worker"], search_path=town.service.name) as connection:
        [build] = [one for one in await builds_of(connection, town.service.views) if view == one.view.NAME]
        query = sql.SQL("SELECT tenant_id, counts FROM {}").format(sql.Identifier(build.schema, table))
        return dict(await (await connection.execute(query)).fetchall())
