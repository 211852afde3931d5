"""Every order of two or three connections over the SQL that they race for: appends, positions, flips, claims."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest

from shared.builds import BehindLive, Build, flip, make_build
from shared.calls import Claim
from shared.chain import Place
from shared.database import Connection
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.members import Member, Result
from shared.positions import Deposed, Move, load_places, move
from shared.tables import Table
from shared.views import View
from tests.faults.logs import SERVICE
from tests.faults.permutations import Runner, Step, orders, orders_of_alike
from tests.faults.steps import appends, begin, commit, head_of, reads_after, rollback, store, whole
from tests.faults.teeth.no_lock import BROKEN
from tests.shared.stores import append, event_of, member_of

BASE = 5


class Bare(View):
    """Positions and builds are all that a flip looks at."""

    NAME = "bare"
    SOURCE = SERVICE
    TABLES: ClassVar[tuple[Table, ...]] = ()


@pytest.fixture(scope="module")
async def meeting(postgres: str) -> AsyncIterator[tuple[Connection, Runner]]:
    async with store(postgres) as made:
        yield made


@pytest.mark.parametrize("end", [commit, rollback])
async def test_G3_no_order_of_two_appends_shows_a_reader_a_hole(meeting: tuple[Connection, Runner], end: Step) -> None:
    own, runner = meeting
    waited = runner.waited
    for order in orders(2, 2, 2):
        head = await head_of(own)
        first, second = [member_of(event_of(uuid7())) for _ in range(2)]
        read = reads_after(head)
        results = await runner.run(order, [appends(first), commit], [appends(second), end], [read, read])
        earlier, later = results[2]
        stored = [record.position for record in await read_page(own, head, 100)]
        assert stored == list(range(head + 1, head + 1 + (2 if end is commit else 1))), order
        assert later == stored[: len(later)], order
        assert earlier == later[: len(earlier)], order
    assert runner.waited > waited


async def test_T1_some_order_shows_a_head_that_was_read_too_early(postgres: str) -> None:
    """The tooth of the test above."""
    errors = 0
    async with store(postgres, *BROKEN["cte"]) as (_, runner):
        for order in orders(2, 2):
            members = [member_of(event_of(uuid7())) for _ in range(2)]
            results = await runner.run(order, *[[appends(member), commit] for member in members])
            errors += sum(isinstance(own[0], psycopg.errors.UniqueViolation) for own in results)
    assert errors


def same_version() -> list[Member]:
    tenant, aggregate = uuid7(), uuid7()
    return [member_of(event_of(tenant, aggregate, 1, f'"{n}"'.encode())) for n in range(3)]


def same_key() -> list[Member]:
    tenant, key = uuid7(), uuid7().bytes
    return [member_of(event_of(tenant), key=key) for _ in range(3)]


def same_bytes() -> list[Member]:
    return [member_of(event_of(uuid7()))] * 3


def same_claim() -> list[Member]:
    tenant = uuid7()
    return [member_of(event_of(tenant), claims=(Claim(tenant, "name", "one", uuid7()),)) for _ in range(3)]


@pytest.mark.parametrize(
    ("members", "others"),
    [(same_version, "conflict"), (same_key, "replayed"), (same_bytes, "replayed"), (same_claim, "taken")],
)
async def test_G4_in_every_order_one_of_three_appends_is_saved(
    meeting: tuple[Connection, Runner], members: Callable[[], list[Member]], others: str
) -> None:
    own, runner = meeting
    for order in orders_of_alike(2, 2, 2):
        head = await head_of(own)
        results = await runner.run(order, *[[appends(member), commit] for member in members()])
        outcomes: list[Result] = [one[0] for one in results]
        assert sorted(one.outcome for one in outcomes) == sorted(["saved", others, others]), order
        assert await head_of(own) == head + 1, order
        if others == "replayed":
            assert {one.position for one in outcomes} == {head + 1}, order


async def test_G22_a_claim_passes_from_one_owner_to_the_next_without_a_moment_of_two(
    meeting: tuple[Connection, Runner],
) -> None:
    own, runner = meeting
    for order in orders(2, 2, 2):
        tenant = uuid7()
        claims = [Claim(tenant, "name", "one", uuid7()) for _ in range(3)]
        await append(own, member_of(event_of(tenant), claims=(claims[0],)))
        members = [
            member_of(event_of(tenant), releases=(claims[0],)),
            *[member_of(event_of(tenant), claims=(claim,)) for claim in claims[1:]],
        ]
        results = await runner.run(order, *[[appends(member), commit] for member in members])
        cursor = await own.execute("SELECT owner FROM claims WHERE tenant_id = %s", (tenant,))
        owners = [owner for (owner,) in await cursor.fetchall()]
        saved = [claims[n].owner for n in (1, 2) if results[n][0].outcome == "saved"]
        assert results[0][0].outcome == "saved", order
        assert owners == saved, order


def follower(consumer: str, effects: list[UUID]) -> list[Step]:
    """Reads its position, then stores an effect with the move from it, as readers of a log do."""
    read: list[Place] = []
    tenant = uuid7()

    async def look(connection: Connection) -> None:
        places = await load_places(connection, SERVICE, 1, [consumer])
        read.append(places[consumer][0])

    async def handle(connection: Connection) -> bool:
        await append(connection, member_of(event_of(tenant)))
        to = Place(read[0].position + 1)
        try:
            await move(connection, SERVICE, 1, [Move(consumer, 0, read[0], to)])
        except Deposed:
            await rollback(connection)
            return False
        effects.append(tenant)
        return True

    return [look, begin(handle), commit]


@pytest.mark.parametrize("followers", [2, 3])
async def test_G8_in_every_order_each_move_of_a_position_has_one_effect(
    meeting: tuple[Connection, Runner], followers: int
) -> None:
    own, runner = meeting
    for order in orders_of_alike(3, 3) if followers == 2 else orders_of_alike(2, 2, 2):
        consumer = f"follower {uuid7()}"
        await own.execute(
            "INSERT INTO positions (consumer, source, generation, partition, position) VALUES (%s, %s, 1, 0, 0)",
            (consumer, SERVICE),
        )
        head, moved = await head_of(own), list[UUID]()
        steps = [follower(consumer, moved) for _ in range(followers)]
        if followers == 3:
            steps = [[look, whole(handle)] for look, handle, _ in steps]
        results = await runner.run(order, *steps)
        places = await load_places(own, SERVICE, 1, [consumer])
        assert places[consumer][0].position == len(moved) == sum(own[1] for own in results), order
        assert await head_of(own) - head == len(moved), order
        assert moved, order


@pytest.fixture(scope="module")
async def builds(meeting: tuple[Connection, Runner]) -> tuple[Build, Build]:
    own, _ = meeting
    return await make_build(own, SERVICE, Bare, 1), await make_build(own, SERVICE, Bare, 1)


async def set_up(connection: Connection, live: Build, other: Build) -> None:
    await connection.execute("UPDATE builds SET live = false WHERE build = %s", (other.number,))
    await connection.execute("UPDATE builds SET live = true WHERE build = %s", (live.number,))
    await connection.execute(
        "UPDATE positions SET position = %s WHERE consumer = ANY(%s)", (BASE, [live.schema, other.schema])
    )


def flips(build: Build) -> Step:
    async def run(connection: Connection) -> bool:
        try:
            await flip(connection, SERVICE, build)
        except BehindLive:
            return False
        return True

    return begin(run)


def moves(build: Build) -> Step:
    async def run(connection: Connection) -> None:
        await move(connection, SERVICE, 1, [Move(build.schema, 0, Place(BASE), Place(BASE + 2))])

    return begin(run)


async def live_position(connection: Connection) -> tuple[int, int]:
    """(how many builds are live, the position of the one)."""
    cursor = await connection.execute(
        "SELECT count(*), max(position) FROM positions JOIN builds ON schema = consumer WHERE live AND view = 'bare'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


@pytest.mark.parametrize("moving", ["the live one", "the other"])
async def test_G17_no_order_of_a_flip_and_a_move_shows_a_reader_the_past(
    meeting: tuple[Connection, Runner], builds: tuple[Build, Build], moving: str
) -> None:
    own, runner = meeting
    live, other = builds
    moved = live if moving == "the live one" else other
    flipped = 0
    for order in orders(2, 2, 2):
        await set_up(own, live, other)
        steps: list[list[Callable[[Connection], Awaitable[Any]]]] = [
            [flips(other), commit],
            [moves(moved), commit],
            [live_position, live_position],
        ]
        results = await runner.run(order, *steps)
        earlier, later = results[2]
        last = await live_position(own)
        assert earlier[0] == later[0] == last[0] == 1, order
        assert earlier[1] <= later[1] <= last[1], order
        flipped += results[0][0]
    assert flipped > 0


async def test_G17_of_two_flips_there_and_back_one_build_is_live_in_every_order(
    meeting: tuple[Connection, Runner], builds: tuple[Build, Build]
) -> None:
    own, runner = meeting
    live, other = builds
    for order in orders(2, 2, 1):
        await set_up(own, live, other)
        results = await runner.run(order, [flips(other), commit], [flips(live), commit], [live_position])
        assert results[0][0] is results[1][0] is True, order
        assert (await live_position(own))[0] == results[2][0][0] == 1, order
