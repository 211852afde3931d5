"""What is counted on the way of a command and of a query, and what is shown no more when it is gone."""

import asyncio
import time
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from psycopg_pool import PoolTimeout

from infra.testing.harness import Running
from infra.testing.toy import Library, Shelf, add_book, put_up_shelf
from shared.builds import drop_build, make_build
from shared.calls import Claim
from shared.database import Connection, open_pool
from shared.following import Following
from shared.gauges import PARKED, POSITION, forget_all
from shared.ids import uuid7
from shared.loop_lag import watched_loop
from shared.pools import WATCHED
from shared.store import EventStore, KeyReused, Taken
from tests.shared.kafkas import eventually, leading
from tests.shared.metering import Watch
from tests.shared.readers import settings_of
from tests.shared.stores import NOW, call_of, new_shelf, store_on

Dsns = dict[str, str]


async def test_a_conflict_is_counted_for_its_kind_of_aggregate(log: Dsns) -> None:
    tenant = uuid7()
    async with store_on(log["api"]) as store, store_on(log["api"]) as other:
        shelf = await put_up_shelf(store, call_of(tenant), f"Fiction {tenant}")
        here = await store.get(Shelf, shelf.id, tenant)
        await add_book(other, call_of(tenant), shelf.id, "Emma")
        conflicts = Watch("rollbook_version_conflicts_total", aggregate=Shelf.TOPIC)
        outcome = Watch("rollbook_saves_total", outcome="conflict")
        here.add("Persuasion", NOW)
        with pytest.raises(Exception, match="version 2"):
            await store.save(here, call=call_of(tenant))
        assert (conflicts.gained, outcome.gained) == (1, 1)


async def test_repeats_reused_keys_and_refused_claims_are_counted(log: Dsns) -> None:
    tenant = uuid7()
    replayed = Watch("rollbook_repeated_commands_total", answer="replayed")
    reused = Watch("rollbook_repeated_commands_total", answer="key-reused")
    claims = Watch("rollbook_refused_claims_total", claim="shelf")
    saved = Watch("rollbook_saves_total", outcome="saved")
    async with store_on(log["api"]) as store:
        for _ in range(3):
            await put_up_shelf(store, call_of(tenant, "a key"), "Fiction")
        with pytest.raises(KeyReused):
            await put_up_shelf(store, call_of(tenant, "a key", fingerprint=b"other"), "Fiction")
        with pytest.raises(Taken):
            await save_named(store, "Fiction", tenant)
    assert (replayed.gained, reused.gained, claims.gained, saved.gained) == (2, 1, 1, 1)


async def save_named(store: EventStore, name: str, tenant_id: UUID) -> None:
    """Without the command's own answer to a taken name."""
    shelf = new_shelf(tenant_id, name)
    await store.save(shelf, call=call_of(shelf.tenant_id), claims=[Claim(shelf.tenant_id, "shelf", name, shelf.id)])


async def test_the_queue_of_the_writer_is_asked_when_somebody_looks(log: Dsns) -> None:
    waiting = Watch("rollbook_writer_waiting_saves")
    async with store_on(log["api"]) as store:
        saves = asyncio.gather(*(put_up_shelf(store, call_of(uuid7()), "Fiction") for _ in range(3)))
        await asyncio.sleep(0)
        assert waiting.gained == 3
        await saves
    assert waiting.gained == 0


async def test_the_pool_tells_who_uses_it_and_who_waited_in_vain(log: Dsns) -> None:
    async with open_pool(log["api"], size=1) as pool:
        await pool.wait()
        WATCHED.add(pool)
        failed = Watch("rollbook_pool_failed_requests_total")
        used = Watch("rollbook_pool_connections", state="used")
        async with pool.connection():
            assert used.gained == 1
            with pytest.raises(PoolTimeout):
                async with pool.connection():
                    pass
        assert (used.gained, failed.gained) == (0, 1)


async def test_E9_a_query_that_waited_and_one_that_gave_up_are_counted(toy: Running) -> None:
    tenant = uuid7()
    gave_up = Watch("rollbook_freshness_wait_seconds_count", outcome="gave-up")
    reached = Watch("rollbook_freshness_wait_seconds_count", outcome="reached")
    early = Watch("rollbook_too_early_answers_total", code="view-behind")
    made = await toy.client.post("/shelves", json={"name": "Fiction"}, headers=toy.headers(tenant))
    url = f"/shelves/{made.json()['data']['id']}"
    headers = toy.headers(tenant, consistency_token=made.headers["consistency-token"])
    assert (await toy.client.get(url, headers=headers)).status_code == 425
    assert (gave_up.gained, early.gained) == (1, 1)
    asked = asyncio.create_task(toy.client.get(url, headers=headers))
    await asyncio.sleep(0.05)
    await toy.settle()
    assert (await asked).status_code == 200
    assert (reached.gained, early.gained) == (1, 1)


async def test_G17_a_build_that_was_dropped_is_not_shown_any_more(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.following.LOOK_EVERY", 0.1)
    monkeypatch.setattr("shared.log_feed.WAIT", 0.05)
    build = await make_build(worker, "academic", Library, 1)
    labels = {"consumer": build.schema, "source": "academic"}

    async def shown(*names: str) -> bool:
        return all(REGISTRY.get_sample_value(name, labels) is not None for name in names)

    async def gone() -> bool:
        place = REGISTRY.get_sample_value("rollbook_consumer_position", {**labels, "partition": "0"})
        names = ("rollbook_parked_facts", "rollbook_consumer_behind_seconds")
        return place is None and not any([await shown(name) for name in names])

    following = Following(town.kernel, settings_of(town), "academic")
    async with leading(town.dsns["worker"], following.run, f"read academic {uuid7()}"):
        await put_up_shelf(town.kernel.store, call_of(uuid7()), "Fiction")
        await eventually(lambda: shown("rollbook_parked_facts", "rollbook_consumer_behind_seconds"))
        await drop_build(worker, build)
        await eventually(gone)


def test_a_process_that_leads_no_more_shows_nothing_of_what_it_led() -> None:
    PARKED.labels("a", "b").set(3)
    POSITION.labels("a", "b", 0).set(7)
    forget_all()
    assert REGISTRY.get_sample_value("rollbook_parked_facts", {"consumer": "a", "source": "b"}) is None
    assert (
        REGISTRY.get_sample_value("rollbook_consumer_position", {"consumer": "a", "source": "b", "partition": "0"})
        is None
    )


async def test_G16_a_loop_that_is_held_up_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.loop_lag.EVERY", 0.01)
    late, total = Watch("rollbook_loop_lag_seconds_sum"), Watch("rollbook_loop_lag_seconds_count")
    async with watched_loop():
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251 - this is what it must see

        async def seen() -> bool:
            return total.gained > 0

        await eventually(seen)
    assert late.gained > 0.2
