"""Folding: a fresh build of a long history holds what a followed one holds, whatever happens on the way."""

import asyncio
from unittest.mock import patch

import pytest

from infra.testing.harness import Running
from infra.testing.toy import Library
from shared.builds import Build, builds_of, make_build
from shared.chain import Place
from shared.database import Connection, connect
from shared.folding import Folding
from shared.following import Following
from shared.history import History, log_until
from shared.ids import uuid7
from shared.log_feed import read_head
from shared.positions import Deposed, load_places
from shared.verifying import verify
from tests.shared.kafkas import eventually, leading
from tests.shared.readers import settings_of, shelf_with, titles_of
from tests.shared.stores import CODEC

TITLES = [f"Volume {number}" for number in range(30)]


@pytest.fixture
async def fresh(town: Running, worker: Connection) -> Build:
    """A build of a history of three tenants."""
    for _ in range(3):
        await shelf_with(town, uuid7(), *TITLES)
    return await make_build(worker, "academic", Library, 1)


async def fold(town: Running, worker: Connection, build: Build, history: History | None = None) -> None:
    head = await read_head(worker)
    async with await connect(town.dsns["worker"], search_path="academic") as connection:
        history = history or log_until(connection, Place(head))
        await Folding(connection, town.kernel, 1).fill(build, history, head)


async def position_of(worker: Connection, build: Build) -> int:
    return (await load_places(worker, "academic", 1, [build.schema]))[build.schema][0].position


async def indexes_of(worker: Connection, build: Build) -> list[str]:
    """Without the number of the build."""
    cursor = await worker.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY 1", (build.schema,))
    return [definition.replace(build.schema, "") for (definition,) in await cursor.fetchall()]


async def test_PF8_a_folded_build_is_what_a_fold_fact_by_fact_gives(
    town: Running, worker: Connection, fresh: Build
) -> None:
    await fold(town, worker, fresh)
    assert await position_of(worker, fresh) == await read_head(worker)
    assert await verify(worker, "academic", CODEC, fresh, 1, "") == []
    other = await make_build(worker, "academic", Library, 1)
    assert await indexes_of(worker, fresh) == await indexes_of(worker, other)


@pytest.mark.parametrize("rows", [0, 40])
async def test_PF8_what_does_not_fit_into_memory_is_left_to_be_followed(
    town: Running, worker: Connection, fresh: Build, rows: int
) -> None:
    with patch("shared.folding.MOST_ROWS", rows), patch("shared.history.PAGE", 25):
        await fold(town, worker, fresh)
    assert 0 < await position_of(worker, fresh) < await read_head(worker)
    assert await verify(worker, "academic", CODEC, fresh, 1, "") == []


async def test_PF8_chunks_are_one_table(town: Running, worker: Connection, fresh: Build) -> None:
    with patch("shared.folding.CHUNK", 7):
        await fold(town, worker, fresh)
    assert await verify(worker, "academic", CODEC, fresh, 1, "") == []


async def test_G8_whoever_was_deposed_while_folding_stores_nothing(
    town: Running, worker: Connection, fresh: Build
) -> None:
    await worker.execute("UPDATE positions SET position = 1 WHERE consumer = %s", (fresh.schema,))
    with pytest.raises(Deposed):
        await fold(town, worker, fresh)
    cursor = await worker.execute(f"SELECT count(*) FROM {fresh.schema}.shelves")
    assert await cursor.fetchone() == (0,)
    assert await position_of(worker, fresh) == 1


async def test_G2_a_fold_that_is_cut_while_it_writes_leaves_the_build_as_it_was(
    town: Running, worker: Connection, fresh: Build
) -> None:
    writing, before = asyncio.Event(), await indexes_of(worker, fresh)

    async def hold(*_: object) -> None:
        writing.set()
        await asyncio.Event().wait()

    with patch("shared.folding.move", hold):
        folding = asyncio.create_task(fold(town, worker, fresh))
        await writing.wait()
        folding.cancel()
        await asyncio.wait([folding])
    assert (await position_of(worker, fresh), await indexes_of(worker, fresh)) == (0, before)
    await fold(town, worker, fresh)
    assert await verify(worker, "academic", CODEC, fresh, 1, "") == []


async def test_Z4_a_fold_tells_how_far_it_is(town: Running, worker: Connection, fresh: Build) -> None:
    told: list[float] = []

    async def history() -> History:
        async with await connect(town.dsns["worker"], search_path="academic") as connection:
            async for page in log_until(connection, Place(await read_head(worker))):
                cursor = await worker.execute("SELECT progress FROM builds WHERE build = %s", (fresh.number,))
                told.extend(progress for (progress,) in await cursor.fetchall() if progress is not None)
                yield page

    with patch("shared.folding.TELL_EVERY", 0), patch("shared.history.PAGE", 10):
        await fold(town, worker, fresh, history())
    assert len(told) > 5
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.following.LOOK_EVERY", 0.1)
    monkeypatch.setattr("shared.following.FAR_BEHIND", 50)


@pytest.mark.usefixtures("soon")
async def test_Z3_a_fold_that_meets_an_unreadable_fact_is_followed_and_parks_it(
    town: Running, worker: Connection
) -> None:
    bad, good = uuid7(), uuid7()
    await shelf_with(town, bad, "Unreadable")
    await shelf_with(town, good, *TITLES, *[f"Second {title}" for title in TITLES[:10]])
    build = await make_build(worker, "academic", Library, 1)
    with patch.object(Folding, "fill", autospec=True, side_effect=Folding.fill) as fill:
        async with leading(town.dsns["worker"], Following(town.kernel, settings_of(town), "academic").run, "read"):

            async def caught_up() -> bool:
                return await position_of(worker, build) == await read_head(worker)

            await eventually(caught_up)
        assert fill.called
    assert await titles_of(worker, build, bad) == []
    assert len(await titles_of(worker, build, good)) == 40
    cursor = await worker.execute("SELECT error_class FROM parked WHERE consumer = %s", (build.schema,))
    assert await cursor.fetchall() == [("ValueError",)]


@pytest.mark.usefixtures("soon")
async def test_PF8_a_worker_folds_builds_of_a_long_history_one_after_the_other_and_goes_on_with_them(
    toy: Running,
) -> None:
    tenant = uuid7()
    await shelf_with(toy, tenant, *TITLES)
    await shelf_with(toy, tenant, *TITLES, name="Second")
    async with await connect(toy.dsns["worker"], search_path="academic") as worker:
        await make_build(worker, "academic", Library, 1)
        made = await builds_of(worker, [Library])
        with patch.object(Folding, "fill", autospec=True, side_effect=Folding.fill) as fill:
            async with leading(toy.dsns["worker"], Following(toy.kernel, settings_of(toy), "academic").run, "read"):

                async def live() -> bool:
                    return any(build.live for build in await builds_of(worker, [Library]))

                await eventually(live)
                await shelf_with(toy, tenant, "Later", name="Third")

                async def caught_up() -> bool:
                    return [await position_of(worker, one) for one in made] == [await read_head(worker)] * len(made)

                await eventually(caught_up)
            assert fill.call_count == len(made) == 2
        for build in made:
            assert len(await titles_of(worker, build, tenant)) == 61
            assert await verify(worker, "academic", CODEC, build, 1, "") == []
