"""The hash chain follows the log, once, whoever leads and whatever is lost on the way; nobody changes it."""

from datetime import timedelta

import psycopg
import pytest
from pydantic import SecretStr

from infra.testing.harness import Running
from infra.testing.toy import ToySettings
from infra.verifier.verify_chain import read_keys
from shared.checkpoints import CheckpointKey
from shared.clock import time_of
from shared.database import connect
from shared.gauges import HASHED, HASHED_BEHIND, HASHED_SIGNED
from shared.hashing import OPTIONS, SIGN_EVERY, ChainCut, HashChain
from shared.ids import uuid7
from shared.positions import Deposed
from shared.reader import HistoryGap
from shared.worker import roles_of
from tests.shared.histories import KEY, chain_up, store, tamper, two_histories, verified
from tests.shared.kafkas import eventually, leading
from tests.shared.stores import as_worker

Dsns = dict[str, str]
TABLES = ("hash_chain", "hash_chain_checkpoints")


async def test_N9_the_chain_follows_what_is_stored_and_an_intact_log_verifies(empty_log: Dsns) -> None:
    ours, theirs = uuid7(), uuid7()
    async with await as_worker(empty_log) as worker:
        for _ in range(3):
            await store(worker, ours, theirs, ours)
            assert (await chain_up(worker)).position == (await verified(empty_log)).chains[ours].position
        await store(worker, theirs)
    verdict = await verified(empty_log)
    assert verdict.intact
    assert {tenant: chain.events for tenant, chain in verdict.chains.items()} == {ours: 6, theirs: 3}
    assert (verdict.chains[ours].signed, verdict.chains[theirs].signed, verdict.waiting) == (9, 8, 1)


async def test_N9_pages_need_not_end_where_saves_do(empty_log: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.hashing.PAGE", 5)
    async with await as_worker(empty_log) as worker:
        await store(worker, *[uuid7()] * 4, *[uuid7() for _ in range(8)])
        assert (await chain_up(worker)).position == 12
    assert (await verified(empty_log)).intact


async def test_N9_a_page_is_chained_once_though_its_commit_was_not_heard_of(empty_log: Dsns) -> None:
    async with await as_worker(empty_log) as worker:
        await store(worker, uuid7(), uuid7())
        deaf = HashChain(worker, "academic", KEY)
        await deaf.start()
        await deaf.extend()
        deaf.position = 0
        with pytest.raises(Deposed):
            await deaf.extend()
        await deaf.start()
        assert (deaf.position, await deaf.extend()) == (2, 0)
    assert (await verified(empty_log)).intact


async def test_N9_G7_two_leaders_write_one_chain(empty_log: Dsns) -> None:
    tenants = [uuid7(), uuid7()]
    async with await as_worker(empty_log) as one, await as_worker(empty_log) as two:
        frozen, leader = HashChain(one, "academic", KEY), HashChain(two, "academic", KEY)
        await store(one, *tenants)
        await frozen.start()
        await leader.start()
        await leader.extend()
        await store(one, *tenants)
        with pytest.raises(Deposed):
            await frozen.extend()
        await leader.extend()
        later = await time_of(one) + SIGN_EVERY
        assert await leader.sign(later) == 2
        await frozen.start()
        assert await frozen.sign(later) == 0
    verdict = await verified(empty_log)
    assert verdict.intact
    assert [chain.events for chain in verdict.chains.values()] == [2, 2]


async def test_N9_checkpoints_are_signed_after_a_time_or_a_number_of_events(
    empty_log: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await as_worker(empty_log) as worker:
        chain = HashChain(worker, "academic", KEY)
        await chain.start()
        now = await time_of(worker)
        assert await chain.sign(now) == 0
        await store(worker, uuid7(), uuid7())
        await chain.extend()
        assert await chain.sign(now) == 2
        await store(worker, uuid7())
        await chain.extend()
        assert await chain.sign(now + SIGN_EVERY - timedelta(seconds=1)) == 0
        assert await chain.sign(now + SIGN_EVERY) == 1
        monkeypatch.setattr("shared.hashing.SIGN_EVENTS", 2)
        await store(worker, *[uuid7()] * 2)
        await chain.extend()
        assert await chain.sign(now + SIGN_EVERY) == 1
        assert chain.signed == 5


async def test_N9_a_gap_in_the_log_is_never_chained_over(empty_log: Dsns) -> None:
    async with await as_worker(empty_log) as worker:
        await store(worker, *[uuid7()] * 3)
        await tamper(empty_log, "DELETE FROM events WHERE notification_id = 2")
        with pytest.raises(HistoryGap):
            await chain_up(worker)


async def test_N9_nothing_is_chained_on_top_of_signed_entries_that_are_gone(empty_log: Dsns) -> None:
    async with await as_worker(empty_log) as worker:
        await two_histories(worker)
        await tamper(empty_log, "DELETE FROM hash_chain WHERE position > 8")
        with pytest.raises(ChainCut):
            await chain_up(worker)
        assert HASHED_BEHIND._value.get() == 4


async def test_N9_a_worker_that_leads_chains_and_signs_what_is_stored(toy: Running) -> None:
    role = roles_of(toy.kernel, ToySettings(worker_dsn=SecretStr(toy.dsns["worker"])))["hash-chain"]
    keys = read_keys([CheckpointKey("academic", toy.kernel.keyring.master).text])
    tenant, dsns = uuid7(), dict(toy.dsns)
    async with await as_worker(dsns) as worker, leading(dsns["worker"], role, "hash-chain"):
        for number in (1, 2):
            await store(worker, tenant)

            async def is_chained(number: int = number) -> bool:
                chain = (await verified(dsns, keys)).chains.get(tenant)
                return chain is not None and chain.bad is None and (chain.events, chain.signed) == (number, 1)

            await eventually(is_chained)


async def test_N9_how_far_the_chain_is_behind_is_a_metric(empty_log: Dsns) -> None:
    async with await as_worker(empty_log) as worker:
        await two_histories(worker)
        await store(worker, uuid7())
        await HashChain(worker, "academic", KEY).start()
    assert [gauge._value.get() for gauge in (HASHED, HASHED_SIGNED, HASHED_BEHIND)] == [12, 12, 1]


async def test_N9_the_worker_waits_for_no_disk_when_it_chains(empty_log: Dsns) -> None:
    async with await connect(empty_log["worker"], search_path="academic", **OPTIONS) as worker:
        assert await (await worker.execute("SHOW synchronous_commit")).fetchone() == ("off",)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET position = position", "DELETE FROM {}", "TRUNCATE {}"])
async def test_N9_nobody_changes_or_removes_what_is_chained(log: Dsns, table: str, change: str) -> None:
    async with await as_worker(log) as worker:
        await store(worker, uuid7())
        await chain_up(worker)
    for role in ("api", "worker", "owner", "superuser"):
        refusal = psycopg.errors.InsufficientPrivilege if role in ("api", "worker") else psycopg.errors.RaiseException
        if role == "owner" and "TRUNCATE" not in change:
            continue
        async with await connect(log[role], search_path="academic") as connection:
            with pytest.raises(refusal):
                await connection.execute(change.format(table).encode())


@pytest.mark.parametrize("table", TABLES)
async def test_N9_the_owner_sees_and_the_API_writes_none_of_it(log: Dsns, table: str) -> None:
    async with await as_worker(log) as worker:
        await store(worker, uuid7())
        await chain_up(worker)
    async with await connect(log["owner"], search_path="academic") as owner:
        assert (await owner.execute(f"DELETE FROM {table}".encode())).rowcount == 0
    async with await connect(log["api"], search_path="academic") as api:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await api.execute(f"INSERT INTO {table} DEFAULT VALUES".encode())


@pytest.mark.parametrize("table", TABLES)
async def test_N9_S1_the_API_reads_the_chain_of_its_tenant_alone(log: Dsns, table: str) -> None:
    ours, theirs = uuid7(), uuid7()
    async with await as_worker(log) as worker:
        await store(worker, ours, theirs)
        await chain_up(worker)
    async with await connect(log["api"], search_path="academic") as api:
        await api.execute("SELECT set_config('rollbook.tenant', %s, false)", (str(ours),))
        cursor = await api.execute(f"SELECT DISTINCT tenant_id FROM {table}".encode())
        assert await cursor.fetchall() == [(ours,)]
