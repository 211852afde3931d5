"""The simulator's stand-in for the server function `append` answers as PostgreSQL does."""

import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from infra.testing.harness import new_log
from shared.members import Member, PendingEvent, arrays
from tests.faults.simulator.appending import Log
from tests.shared.stores import append, as_worker, records_of

TENANTS = [UUID(int=1), UUID(int=2)]


@pytest.fixture
async def dsns(postgres: str) -> AsyncIterator[dict[str, str]]:
    async with new_log(postgres, "academic") as dsns:
        yield dsns


def drawn(rng: random.Random, sent: list[Member]) -> Member:
    """New or old, in order or not, one's own or another's; now and then a copy of what was sent before."""
    if sent and rng.random() < 0.3:
        one = rng.choice(sent)
        return Member(tenant_id=one.tenant_id, events=one.events, position=0, key=one.key, fingerprint=one.fingerprint)
    tenant, aggregate, first = rng.choice(TENANTS), UUID(int=rng.randint(10, 14)), rng.randint(1, 4)
    events = [
        PendingEvent(aggregate, first + n, "academic.noted", b"%d" % rng.getrandbits(32), tenant)
        for n in range(rng.randint(1, 3))
    ]
    key = bytes([rng.randint(0, 30)]) if rng.random() < 0.6 else None
    return Member(tenant_id=tenant, events=events, position=0, key=key, fingerprint=bytes([rng.randint(0, 1)]))


async def test_G20_the_stand_in_for_append_answers_as_postgresql_does(dsns: dict[str, str]) -> None:
    rng, log, sent = random.Random(20), Log(), list[Member]()
    outcomes = set()
    async with await as_worker(dsns) as connection:
        for _ in range(150):
            batch, used = list[Member](), set[object]()
            for member in (drawn(rng, sent) for _ in range(rng.randint(1, 3))):
                if used.isdisjoint(member.resources()):
                    used.update(member.resources())
                    batch.append(member)
            sent += batch
            answers = [tuple(answer) for answer in await append(connection, *batch)]
            assert answers == log.append(arrays(batch))
            outcomes |= {answer[0] for answer in answers}
        stored = [(one.position, one.aggregate_id, one.version, one.state) for one in await records_of(connection)]
    assert stored == [(one.position, one.aggregate_id, one.version, one.state) for one in log.events]
    assert outcomes == {"saved", "replayed", "key-reused", "conflict"}
