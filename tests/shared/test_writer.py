"""The group-commit writer: batches, fairness, limits, and what happens when a call fails or its answer is lost."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from shared.calls import Claim
from shared.database import connect
from shared.ids import uuid7
from shared.members import Member, Result, TooLarge, Unstorable
from shared.writer import MAX_WAITING, Unavailable, Writer
from tests.shared.stores import as_worker, event_of, member_of, records_of, store_on

Dsns = dict[str, str]


async def batches_of(*members: Member, idle: int = 1) -> list[list[Member]]:
    """What the lanes would take, one after the other; with `idle` 1 the other lane is at work on something else."""
    writer = Writer("", "academic")
    writer._idle = idle
    tasks = [asyncio.create_task(writer.append(member)) for member in members]
    await asyncio.sleep(0)
    batches = []
    while writer.waiting:
        batches.append(writer._next_batch()[0])
    for task in tasks:
        task.cancel()
    return batches


def one(tenant: UUID, **more: Any) -> Member:
    return member_of(event_of(tenant), **more)


SHARED: list[Callable[[UUID, UUID], Member]] = [
    lambda tenant, same: member_of(event_of(tenant, same)),
    lambda tenant, same: member_of(event_of(tenant), key=same.bytes),
    lambda tenant, same: member_of(event_of(tenant), claims=(Claim(tenant, "name", str(same), uuid7()),)),
]


@pytest.mark.parametrize("make", SHARED, ids=["aggregate", "key", "claim"])
async def test_ET3_saves_that_share_something_are_served_in_two_batches(
    make: Callable[[UUID, UUID], Member],
) -> None:
    tenant, same = uuid7(), uuid7()
    first, second, later, other = make(tenant, same), make(tenant, same), one(tenant), one(uuid7())
    assert await batches_of(first, second, later, other) == [[first, other], [second, later]]


async def test_a_crowd_is_divided_between_the_lanes_and_a_few_are_not() -> None:
    crowd = await batches_of(*[one(uuid7()) for _ in range(40)], idle=2)
    assert [len(batch) for batch in crowd][:2] == [20, 10]
    assert [len(batch) for batch in await batches_of(*[one(uuid7()) for _ in range(15)], idle=2)] == [15]


async def test_a_save_waits_for_the_batch_in_flight_that_it_shares_something_with() -> None:
    writer = Writer("", "academic")
    tenant, same = uuid7(), uuid7()
    writer._in_flight = {same}
    tasks = [asyncio.create_task(writer.append(m)) for m in (member_of(event_of(tenant, same)), one(uuid7()))]
    await asyncio.sleep(0)
    assert len(writer._next_batch()[0]) == 1
    assert writer._next_batch()[0] == []
    assert writer.waiting == 1
    for task in tasks:
        task.cancel()


async def test_tenants_are_served_in_turn() -> None:
    busy, quiet = uuid7(), uuid7()
    many, few = [one(busy) for _ in range(400)], [one(quiet) for _ in range(3)]
    first, second = await batches_of(*many, *few)
    assert set(few) <= set(first)
    assert len(first) == 256
    assert len(second) == 147


async def test_a_tenant_with_large_saves_does_not_keep_the_others_waiting() -> None:
    busy, quiet = uuid7(), uuid7()
    large = [member_of(*[event_of(busy) for _ in range(1_500)]) for _ in range(3)]
    small = one(quiet)
    batches = await batches_of(*large, small)
    assert [small in batch for batch in batches] == [True, False, False]


async def test_a_batch_ends_at_2_000_events_and_at_4_MB() -> None:
    events = [member_of(*[event_of(uuid7()) for _ in range(900)]) for _ in range(3)]
    assert [len(batch) for batch in await batches_of(*events)] == [2, 1]
    state = b'"' + b"x" * 250_000 + b'"'
    heavy = [member_of(*[event_of(uuid7(), state=state) for _ in range(7)]) for _ in range(3)]
    assert [len(batch) for batch in await batches_of(*heavy)] == [2, 1]


async def test_a_save_above_the_limits_is_refused_before_it_is_queued() -> None:
    tenant = uuid7()
    with pytest.raises(TooLarge, match="2001 events"):
        member_of(*[event_of(tenant)] * 2_001)
    with pytest.raises(TooLarge, match="256 KB"):
        member_of(event_of(tenant, state=b"x" * 262_145))
    with pytest.raises(TooLarge, match="bytes"):
        member_of(*[event_of(tenant, state=b"x" * 262_144)] * 16)
    with pytest.raises(TooLarge, match="claim"):
        member_of(event_of(tenant), claims=(Claim(tenant, "name", "x" * 1_001, tenant),))


async def test_text_with_a_NUL_is_refused_before_it_is_queued() -> None:
    tenant = uuid7()
    for state in (rb'"\u0000"', rb'"a\\\u0000"'):
        with pytest.raises(Unstorable):
            member_of(event_of(tenant, state=state))
    with pytest.raises(Unstorable):
        member_of(event_of(tenant), claims=(Claim(tenant, "name", "a\0", tenant),))
    member_of(event_of(tenant, state=rb'"\\u0000"'))


async def test_a_full_queue_is_answered_at_once() -> None:
    writer = Writer("", "academic")
    waiting = [asyncio.create_task(writer.append(one(uuid7()))) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="too many"):
        await writer.append(one(uuid7()))
    for task in waiting:
        task.cancel()


async def test_ET3_a_save_that_fails_the_call_hurts_only_itself(log: Dsns) -> None:
    good = [one(uuid7()) for _ in range(3)]
    tenant = uuid7()
    twice = (Claim(tenant, "name", "one", tenant),) * 2
    bad = [
        one(tenant, claims=twice),
        one(uuid7(), claims=(Claim(tenant, "name", "half of a pair \ud800", tenant),)),
        member_of(event_of(tenant, tenant, 1), event_of(tenant, tenant, 1)),
    ]
    async with store_on(log["api"]) as store:
        members = [good[0], bad[0], good[1], bad[1], bad[2], good[2]]
        outcomes = await asyncio.gather(*map(store._writer.append, members), return_exceptions=True)
        again = await store._writer.append(one(uuid7()))
    kinds = [one.outcome if isinstance(one, Result) else type(one).__name__ for one in outcomes]
    assert kinds == ["saved", "Unstorable", "saved", "Unstorable", "Unstorable", "saved"]
    assert again.outcome == "saved"


async def test_a_cancelled_caller_does_not_cancel_the_save(log: Dsns) -> None:
    tenant = uuid7()
    member = one(tenant, key=b"k")
    async with store_on(log["api"]) as store, await as_worker(log) as connection:
        caller = asyncio.create_task(store._writer.append(member))
        await asyncio.sleep(0)
        caller.cancel()
        again = one(tenant, key=b"k")
        assert (await store._writer.append(again)).outcome == "replayed"
        assert [record.tenant_id for record in await records_of(connection)].count(tenant) == 1


async def test_a_writer_that_stops_stores_what_waits_and_takes_no_more(log: Dsns) -> None:
    writer = Writer(log["api"], "academic")
    await writer.start()
    waiting = [asyncio.create_task(writer.append(one(uuid7()))) for _ in range(300)]
    await asyncio.sleep(0)
    await writer.stop()
    assert {(await task).outcome for task in waiting} == {"saved"}
    with pytest.raises(Unavailable, match="stopping"):
        await writer.append(one(uuid7()))


async def test_a_lock_that_is_held_too_long_is_unavailable_and_known_not_to_be_stored(log: Dsns) -> None:
    tenant = uuid7()
    async with await as_worker(log) as holder, store_on(log["api"]) as store:
        await holder.execute("SELECT pg_advisory_lock(1, 'academic'::regnamespace::oid::integer)")
        with pytest.raises(Unavailable, match="busy") as refused:
            await store._writer.append(one(tenant))
        await holder.execute("SELECT pg_advisory_unlock_all()")
        assert not refused.value.unknown
        assert (await store._writer.append(one(tenant))).outcome == "saved"


async def test_readers_are_told_after_the_commit(log: Dsns) -> None:
    async with await connect(log["worker"]) as listener, store_on(log["api"]) as store:
        await listener.execute("LISTEN rollbook_academic")
        await store._writer.append(one(uuid7()))
        assert [hint.payload async for hint in listener.notifies(timeout=5, stop_after=1)] == [""]
