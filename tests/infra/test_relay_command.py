"""`rollbook relay`: a topic with a hole is found, named and mended; readers come past it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from shared import topics
from shared.ids import uuid7
from shared.records import partition_of
from tests.infra.conftest import Rollbook, reaching
from tests.shared.kafkas import Relays, delete_topic
from tests.shared.stores import call_of, new_shelf, store_on
from tests.shared.topic_changes import hole, replace_topic, with_value

TENANT = uuid7()
GENERATION = 4_711


@pytest.fixture(scope="module")
def relays(log: dict[str, str], kafka: str) -> Iterator[Relays]:
    """A log that was published under a generation of its own; the relay has stopped."""
    with psycopg.connect(log["owner"]) as connection:
        connection.execute("UPDATE event_log SET generation = %s", (GENERATION,))
    relays = Relays(log["worker"], kafka, "academic", GENERATION)
    asyncio.run(publish(relays, log))
    yield relays
    asyncio.run(delete_topic(kafka, relays.topic))


async def publish(relays: Relays, log: dict[str, str]) -> None:
    await topics.ensure_personal_keys(relays.kafka)
    async with store_on(log["api"]) as store:
        for _ in range(7):
            await store.save(new_shelf(TENANT), call=call_of(TENANT))
    await send_all(relays, 7)


async def send_all(relays: Relays, last: int) -> None:
    relays.runs.clear()
    async with relays.running():
        await relays.reached(last)


def test_G6_a_hole_in_the_topic_is_named_and_filled(rollbook: Rollbook, log: dict[str, str], relays: Relays) -> None:
    def say(*words: str) -> tuple[int, str]:
        return rollbook(("relay", *words), reaching(log, relays.kafka))

    status, said = say("verify", "academic")
    assert (status, "holds what the log says" in said) == (0, True)
    asyncio.run(replace_topic(relays, partition_of(TENANT), hole))
    status, said = say("verify", "academic")
    assert status == 1
    assert f"The first bad position is 3, in partition {partition_of(TENANT)}: missing. 5 published events" in said
    assert "--repair" in said
    status, said = say("verify", "academic", "--repair")
    assert status == 0
    assert "goes on behind position 2" in said
    assert say("status", "academic")[1].count("academic: position 2, 5 events to send") == 1
    asyncio.run(send_all(relays, 7))
    status, said = say("verify", "academic")
    assert (status, "holds what the log says" in said) == (0, True)
    assert actions(log) == [("relay.rewind", "done")]


def test_G6_a_topic_that_tells_another_history_is_not_mended(
    rollbook: Rollbook, log: dict[str, str], relays: Relays
) -> None:
    def other_bytes(ours: list[Any]) -> list[Any]:
        return [ours[0], with_value(ours[1], b"{}"), *ours[2:]]

    asyncio.run(replace_topic(relays, partition_of(TENANT), other_bytes))
    before = actions(log)
    status, said = rollbook(("relay", "verify", "academic", "--repair"), reaching(log, relays.kafka))
    assert status == 1
    assert "differs" in said
    assert "rollbook generation new" in said
    assert actions(log) == before


def actions(log: dict[str, str]) -> list[tuple[str, str]]:
    with psycopg.connect(log["worker"]) as connection:
        return [
            (action, outcome) for action, outcome in connection.execute("SELECT action, outcome FROM operator_actions")
        ]
