"""What the worker measures of its store: the relay's lag whatever the relay does, and who holds back the cleanup."""

from math import isnan

import psycopg
import pytest
from prometheus_client import REGISTRY

from shared.database import connect, open_pool
from shared.gauges import forget_all
from shared.ids import uuid7
from shared.leader import Leadership
from shared.vitals import keep_measuring, measure
from tests.shared.kafkas import eventually, leading
from tests.shared.stores import append, as_worker, event_of, member_of

Dsns = dict[str, str]


def shown(name: str) -> float:
    value = REGISTRY.get_sample_value(name)
    assert value is not None
    return value


async def test_G6_more_than_a_page_of_events_is_seen_to_wait_while_no_relay_runs(empty_log: Dsns) -> None:
    tenant = uuid7()
    async with await as_worker(empty_log) as worker:
        for _ in range(3):
            await append(worker, member_of(*(event_of(tenant) for _ in range(500))))
        found = await measure(worker, 1)
        assert (found.head, found.relayed) == (1_500, 0)
        assert found.waits > 0
        await worker.execute("INSERT INTO relay (generation, position) VALUES (1, 1500)")
        assert (await measure(worker, 1))[:3] == (1_500, 1_500, 0)
        assert (await measure(worker, 2)).relayed == 0


async def test_an_open_snapshot_of_another_role_is_seen_with_its_age(empty_log: Dsns) -> None:
    async with await as_worker(empty_log) as worker:
        before = await measure(worker, 1)
        async with await connect(empty_log["superuser"]) as other, other.transaction():
            await other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await other.execute("SELECT 1")
            await other.execute("SELECT 2")

            async def grown() -> bool:
                return (await measure(worker, 1)).oldest > 0.3

            await eventually(grown)
            assert (await measure(worker, 1)).snapshots == before.snapshots + 1
        assert (await measure(worker, 1)).snapshots == before.snapshots


@pytest.mark.parametrize("role", ["worker", "api", "owner"])
async def test_nobody_of_the_service_sees_what_others_ask_the_server(empty_log: Dsns, role: str) -> None:
    async with (
        await connect(empty_log["superuser"]) as other,
        await connect(empty_log[role], search_path="academic") as connection,
    ):
        await other.execute("SELECT 'a secret'")
        cursor = await connection.execute(
            "SELECT query FROM pg_stat_activity WHERE pid = %s", (other.info.backend_pid,)
        )
        assert await cursor.fetchone() == ("<insufficient privilege>",)


async def test_the_API_may_not_measure(empty_log: Dsns) -> None:
    async with await connect(empty_log["api"], search_path="academic") as api:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await api.execute("SELECT * FROM open_transactions()")


async def test_a_process_that_leads_no_more_says_nothing_of_the_store(empty_log: Dsns) -> None:
    async def vitals(leadership: Leadership) -> None:
        async with open_pool(empty_log["worker"]) as pool:
            await keep_measuring(pool, 1)

    async def told() -> bool:
        return shown("rollbook_relay_behind_events") == 0

    forget_all()
    async with leading(empty_log["worker"], vitals, "vitals"):
        await eventually(told)
        assert shown("rollbook_oldest_transaction_seconds") >= 0
    for name in ("rollbook_relay_behind_events", "rollbook_log_head", "rollbook_oldest_unpublished_event_seconds"):
        assert isnan(shown(name))
