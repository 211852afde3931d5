"""How a service stands, as an operator sees it."""

import asyncio

import pytest

from infra.testing.harness import Running
from infra.testing.toy import SERVICE, ToySettings, put_up_shelf
from shared.chain import Place
from shared.database import Connection
from shared.ids import uuid7
from shared.leader import Leadership
from shared.operator.status import status_of, unread
from shared.service import follower_of, reader_of, roles_of
from shared.tails import Link, Tail
from shared.worker import roles_of as roles_of_worker
from tests.shared.kafkas import eventually, leading


async def test_every_role_of_a_worker_has_a_name_for_operators(town: Running) -> None:
    settings = ToySettings(worker_dsn=town.dsns["worker"])
    assert set(roles_of_worker(town.kernel, settings)) == set(roles_of(SERVICE))


async def test_the_log_its_relay_and_consumers_are_shown_with_their_lags(town: Running, worker: Connection) -> None:
    await put_up_shelf(town.kernel.store, town.call(uuid7()), "Fiction")
    before = await status_of(worker, SERVICE, {})
    assert (before.log.generation, before.log.head) == (1, 1)
    assert (before.relay.position, before.relay.behind) == (0, 1)
    assert before.relay.oldest > 0
    own = [one for one in before.consumers if one.source == SERVICE.name]
    assert {one.behind for one in own} == {1}
    assert "view" in {one.kind for one in before.consumers}
    assert {one.behind for one in before.consumers if one.source != SERVICE.name} <= {None}
    assert before.log.connections["academic_worker"] >= 1
    await town.settle()
    after = await status_of(worker, SERVICE, {})
    assert {one.behind for one in after.consumers if one.source == SERVICE.name} == {0}


async def test_leaders_are_named_with_their_process(town: Running, worker: Connection) -> None:
    build = (await status_of(worker, SERVICE, {})).consumers[0].name

    async def role(leadership: Leadership) -> None:
        await leadership.take(follower_of(build))
        await leadership.take("read academic of a release to come")
        await asyncio.Event().wait()

    async def leaders() -> dict[str, str]:
        return {one.role: one.process for one in (await status_of(worker, SERVICE, {})).leaders}

    async def all_lead() -> bool:
        return len(await leaders()) == 3

    async with leading(town.dsns["worker"], role, reader_of(SERVICE, SERVICE.name)):
        await eventually(all_lead)
        found = await leaders()
    assert set(found) == {"read academic", follower_of(build), "of another release"}
    assert all(process.startswith("rollbook ") for process in found.values())


@pytest.mark.parametrize(
    ("place", "expected"),
    [(Place(9, 4), 0), (Place(12, -1), 0), (Place(5, 2), 2), (Place(0), 5), (Place(5, -1), 5)],
    ids=["at the end", "beyond", "before it", "at the start", "of unknown offset"],
)
def test_what_is_unread_of_a_partition_is_counted_by_offsets(place: Place, expected: int) -> None:
    assert unread(place, Tail(Link(9, "x", 4), 5)) == expected
