"""`rollbook chain verify`: whatever somebody with all rights does to a store, the first bad position is named."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

import pytest

from infra.testing.harness import new_log
from infra.verifier.stored import newest_checkpoints, snapshot
from infra.verifier.verify_chain import Checkpoint, read_keys
from shared.checkpoints import CheckpointKey
from shared.ids import uuid7
from shared.personal import MasterKey
from tests.shared.histories import KEYS, PATTERN, Dsns, chain_up, clone, store, tamper, two_histories, verified
from tests.shared.stores import as_worker

FLIP = "UPDATE events SET state = set_byte(state, 1, get_byte(state, 1) # 1) WHERE notification_id = 4;"
SHIFT = "UPDATE events SET notification_id = notification_id + 100 WHERE notification_id >= 4;"
SHIFT_BACK = "UPDATE events SET notification_id = notification_id - {} WHERE notification_id > 100;"
COPY = (
    "INSERT INTO events SELECT gen_random_uuid(), 1, topic, state, {}, tenant_id, recorded_at"
    " FROM events WHERE notification_id = 3;"
)
MANIPULATIONS = {
    "a byte of the state": (FLIP, 4),
    "the time": ("UPDATE events SET recorded_at = recorded_at + '1 us'::interval WHERE notification_id = 4", 4),
    "a time without end": ("UPDATE events SET recorded_at = 'infinity' WHERE notification_id = 4", 4),
    "the topic": ("UPDATE events SET topic = topic || 'n' WHERE notification_id = 4", 4),
    "the aggregate": ("UPDATE events SET originator_id = gen_random_uuid() WHERE notification_id = 4", 4),
    "the version": ("UPDATE events SET originator_version = 2 WHERE notification_id = 4", 4),
    "the tenant": ("UPDATE events SET tenant_id = gen_random_uuid() WHERE notification_id = 4", 4),
    "the first event": (FLIP.replace("= 4", "= 1"), 1),
    "the last event": (FLIP.replace("= 4", "= 11"), 11),
    "two events, the later first": (FLIP.replace("= 4", "= 8") + FLIP, 4),
    "an event dropped": ("DELETE FROM events WHERE notification_id = 4", 4),
    "an event dropped with its entry": (
        "DELETE FROM events WHERE notification_id = 4; DELETE FROM hash_chain WHERE position = 4",
        4,
    ),
    "an event dropped and the rest moved up": (
        "DELETE FROM events WHERE notification_id = 4;" + SHIFT + SHIFT_BACK.format(101),
        4,
    ),
    "an entry dropped": ("DELETE FROM hash_chain WHERE position = 4", 4),
    "two events swapped": (
        "UPDATE events SET notification_id = 100 WHERE notification_id = 3;"
        "UPDATE events SET notification_id = 3 WHERE notification_id = 8;"
        "UPDATE events SET notification_id = 8 WHERE notification_id = 100",
        3,
    ),
    "an event inserted and the rest moved on": (SHIFT + SHIFT_BACK.format(99) + COPY.format(4), 4),
    "an event inserted beside another": ("DROP INDEX events_notification_id;" + COPY.format(4), 4),
    "an event inserted before the first": (COPY.format(0), 0),
    "an event numbered anew": ("UPDATE events SET notification_id = 100 WHERE notification_id = 4", 4),
    "an event and its entry numbered anew": (
        "UPDATE events SET notification_id = 100 WHERE notification_id = 4;"
        "UPDATE hash_chain SET position = 100 WHERE position = 4",
        4,
    ),
    "an event hash": ("UPDATE hash_chain SET event_hash = sha256('x') WHERE position = 4", 4),
    "a chain hash": ("UPDATE hash_chain SET chain_hash = sha256('x') WHERE position = 4", 4),
    "a predecessor": ("UPDATE hash_chain SET previous = 1 WHERE position = 4", 4),
    "a forged checkpoint": (
        "UPDATE hash_chain_checkpoints SET signature = set_byte(signature, 9, get_byte(signature, 9) # 1)"
        " WHERE position = 11",
        11,
    ),
    "the time of a checkpoint": (
        "UPDATE hash_chain_checkpoints SET made_at = made_at - '1 us'::interval WHERE position = 11",
        11,
    ),
    "another key's checkpoint": ("UPDATE hash_chain_checkpoints SET key_id = 'unknown' WHERE position = 6", 6),
}


class Chained(NamedTuple):
    dsns: Dsns
    ours: UUID
    theirs: UUID


@pytest.fixture(scope="module")
async def original(postgres: str) -> AsyncIterator[Chained]:
    """A store of two tenants, signed after the sixth event and after the last."""
    async with new_log(postgres, "academic") as dsns:
        async with await as_worker(dsns) as worker:
            tenants = await two_histories(worker)
        yield Chained(dsns, *tenants)


@pytest.fixture
async def chained(original: Chained, postgres: str) -> AsyncIterator[Chained]:
    async with clone(postgres, original.dsns) as dsns:
        yield original._replace(dsns=dsns)


async def kept_outside(chained: Chained) -> list[Checkpoint]:
    async with await as_worker(chained.dsns) as worker, snapshot(worker):
        return [point async for point in newest_checkpoints(worker, "academic")]


async def rewrite(chained: Chained, statements: str, after: int) -> None:
    """As somebody who knows the format: events are changed, and all entries after a position made anew."""
    await tamper(chained.dsns, f"{statements}; DELETE FROM hash_chain WHERE position > {after};")
    await tamper(chained.dsns, "CREATE TABLE aside AS SELECT * FROM hash_chain_checkpoints")
    await tamper(chained.dsns, "DELETE FROM hash_chain_checkpoints")
    async with await as_worker(chained.dsns) as worker:
        await chain_up(worker, sign=False)
    await tamper(chained.dsns, "INSERT INTO hash_chain_checkpoints SELECT * FROM aside")


async def test_N9_an_intact_store_verifies(original: Chained) -> None:
    verdict = await verified(original.dsns)
    assert verdict.lines() == [
        "intact: academic: 12 events of 2 tenants, signed up to position 12, 0 not signed yet, 0 not chained yet"
    ]
    assert (await verified(original.dsns, outside=await kept_outside(original))).intact


@pytest.mark.parametrize("what", MANIPULATIONS)
async def test_N9_the_first_bad_position_of_a_store_is_named(chained: Chained, what: str) -> None:
    statements, position = MANIPULATIONS[what]
    await tamper(chained.dsns, statements)
    verdict = await verified(chained.dsns)
    assert not verdict.intact
    assert f"first bad position {position}:" in verdict.lines()[0]
    for seen in (verdict, await verified(chained.dsns, tenant=chained.ours)):
        bad = seen.chains[chained.ours].bad
        assert bad is not None
        assert bad.position == position
        assert any(f"tenant {chained.ours}: first bad position {position}:" in line for line in seen.lines())
    if "the rest moved" not in what:
        assert verdict.chains[chained.theirs].bad is None
        assert (await verified(chained.dsns, tenant=chained.theirs)).intact


async def test_N9_an_event_given_to_another_tenant_is_bad_in_both_histories(chained: Chained) -> None:
    await tamper(chained.dsns, f"UPDATE events SET tenant_id = '{chained.theirs}' WHERE notification_id = 4")
    chains = (await verified(chained.dsns)).chains
    assert {tenant: chain.bad and chain.bad.position for tenant, chain in chains.items()} == {
        chained.ours: 4,
        chained.theirs: 4,
    }


async def test_N9_a_tail_cut_off_before_a_checkpoint_is_found(chained: Chained) -> None:
    await tamper(
        chained.dsns, "DELETE FROM events WHERE notification_id > 8; DELETE FROM hash_chain WHERE position > 8"
    )
    verdict = await verified(chained.dsns)
    assert "first bad position 9: nothing stands there" in verdict.lines()[0]
    bad = (await verified(chained.dsns, tenant=chained.ours)).chains[chained.ours].bad
    assert bad is not None
    assert bad.position == PATTERN.rindex("A") + 1


async def test_N9_a_tail_cut_off_with_its_checkpoints_is_found_by_those_kept_outside(chained: Chained) -> None:
    outside = await kept_outside(chained)
    for table, column in (
        ("events", "notification_id"),
        ("hash_chain", "position"),
        ("hash_chain_checkpoints", "position"),
    ):
        await tamper(chained.dsns, f"DELETE FROM {table} WHERE {column} > 8")
    assert (await verified(chained.dsns)).intact
    verdict = await verified(chained.dsns, outside=outside)
    assert "first bad position 9: nothing stands there" in verdict.lines()[0]
    assert (await verified(chained.dsns, tenant=chained.ours, outside=outside)).chains[chained.ours].bad is not None


async def test_N9_a_tenant_that_is_gone_altogether_is_found(chained: Chained) -> None:
    outside = await kept_outside(chained)
    for table in ("events", "hash_chain", "hash_chain_checkpoints"):
        await tamper(chained.dsns, f"DELETE FROM {table} WHERE tenant_id = '{chained.theirs}'")
    assert (await verified(chained.dsns)).missing == 2
    bad = (await verified(chained.dsns, tenant=chained.theirs, outside=outside)).chains[chained.theirs].bad
    assert bad is not None


async def test_N9_history_rewritten_with_its_hashes_contradicts_the_next_checkpoint(chained: Chained) -> None:
    await rewrite(chained, FLIP.replace("= 4", "= 9"), after=8)
    verdict = await verified(chained.dsns)
    assert "first bad position 11: signed history was rewritten after position 6" in verdict.lines()[0]
    assert verdict.chains[chained.theirs].bad is None


async def test_N9_history_rewritten_after_the_last_checkpoint_is_not_found(chained: Chained) -> None:
    """What this cannot show; the next checkpoint is at most minutes away."""
    async with await as_worker(chained.dsns) as worker:
        await store(worker, chained.ours)
        await chain_up(worker, sign=False)
    await rewrite(chained, FLIP.replace("= 4", "= 13"), after=12)
    assert (await verified(chained.dsns)).intact


async def test_N9_checkpoints_of_another_master_key_are_refused_and_of_a_former_one_accepted(chained: Chained) -> None:
    other = read_keys([CheckpointKey("academic", MasterKey(b"y" * 32)).text])
    verdict = await verified(chained.dsns, other)
    assert {tenant: chain.bad and chain.bad.position for tenant, chain in verdict.chains.items()} == {
        chained.ours: 6,
        chained.theirs: 5,
    }
    assert (await verified(chained.dsns, {**other, **KEYS})).intact


async def test_N9_a_long_history_is_read_in_pages(chained: Chained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.verifier.stored.PAGE", 5)
    async with await as_worker(chained.dsns) as worker:
        for _ in range(5):
            await store(worker, chained.ours, chained.theirs, uuid7())
        await chain_up(worker)
    assert (await verified(chained.dsns)).intact
    await tamper(chained.dsns, FLIP.replace("= 4", "= 26"))
    assert "first bad position 26:" in (await verified(chained.dsns)).lines()[0]
