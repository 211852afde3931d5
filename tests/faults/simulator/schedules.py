"""Kinds of schedules: who takes part, and which disasters of whole servers they meet."""

from collections.abc import Callable

import orjson

from shared.relay import Relay
from tests.faults.simulator.chances import Chances
from tests.faults.simulator.clients import TENANTS, Api, Client, pad_of
from tests.faults.simulator.desk import ACADEMIC, BILLING
from tests.faults.simulator.hasty import HastyRelay
from tests.faults.simulator.producer import Producer
from tests.faults.simulator.world import World

SECOND = (0.0, 0.2, 0.6)


def by_commands(world: World) -> None:
    """API processes, clients, and readers of the own log: a view and a reaction, each with up to two leaders."""
    chances = world.chances
    apis = [Api(world, f"api {n}") for n in range(chances.pick((1, 2)))]
    for number in range(chances.pick((1, 2, 3))):
        Client(world, apis, number)
    reactions = chances.random() < 0.4
    start_readers(world, lambda: world.reader(ACADEMIC, world.academic, ("pads_1",), reactions, own=True))


def by_topic(world: World) -> None:
    """A log that grows, one or two relays, one or two feeds of a view."""
    grow(world)
    start_relays(world)
    reactions = world.chances.random() < 0.3
    start_readers(world, lambda: world.reader(BILLING, world.billing, ("heard_1",), reactions, own=False))


def by_everything(world: World) -> None:
    by_commands(world)
    start_relays(world)
    start_readers(world, lambda: world.reader(BILLING, world.billing, ("heard_1", "heard_2"), True, own=False), "feed")


KINDS: tuple[Callable[[World], None], ...] = (*[by_commands] * 3, *[by_topic] * 6, by_everything)


def start_readers(world: World, make: Callable[[], Callable[..., object]], name: str = "reader") -> None:
    """The second one takes the lead while the first believes that it still has it."""
    main = make()
    world.start(f"{name} 1", main)  # type: ignore[arg-type]
    if world.chances.random() < 0.35:
        world.network.inject("second-reader", name)
        world.loop.serve_later(world.chances.pick(SECOND), world.start, f"{name} 2", main)


def start_relays(world: World) -> None:
    """Kafka loses records, or somebody else writes too; see `quick_sends` for why not both."""
    chances, loop = world.chances, world.loop
    world.oracle.broker = world.broker
    Producer.room = chances.pick((1, 2, 500))
    world.start("relay 1", world.relay())
    if chances.random() < 0.3:
        chances.quick_sends()
        loop.serve_later(chances.random() * chances.until, chances.pick((wipe, lose_tail)), world)
    elif chances.random() < 0.5:
        world.network.inject("second-relay", "relay 2")
        kind = chances.pick((Relay, HastyRelay))
        loop.serve_later(chances.pick(SECOND), world.start, "relay 2", world.relay(kind))
        loop.serve_later(chances.until, world.stop, "relay 2")
    if chances.random() < 0.1:
        loop.serve_later(chances.random() * chances.until, go_away, world)


def wipe(world: World) -> None:
    if any(world.broker.partitions):
        world.network.inject("topic-wiped", "the broker")
        world.broker.wipe()


def lose_tail(world: World) -> None:
    partition = int(world.chances.random() * len(world.broker.partitions))
    if world.broker.partitions[partition]:
        world.network.inject("tail-lost", f"partition {partition}")
        world.broker.lose_tail(partition, world.chances.pick((1, 2, 3)))


def go_away(world: World) -> None:
    world.network.inject("broker-away", "the broker")
    length = world.chances.random() * world.chances.pick((1.0, 1.0, 1.0, 150.0))
    world.broker.away_until = world.loop.now + length
    world.loop.serve_later(length, world.broker.wake)


STATES = [
    orjson.dumps(
        {
            "meta": {
                "event_id": f"00000000-0000-0000-0000-{n:012d}",
                "time": "2026-09-01T17:00:00Z",
                "actor": {"kind": "user", "id": "u"},
                "correlation_id": f"00000000-0000-0000-0000-{n:012d}",
            },
            "data": {"tag": n},
        }
    )
    for n in range(100)
]


def grow(world: World) -> None:
    """Stores notes at some moments, some of them before anybody runs."""
    chances = world.chances
    for n in range(chances.pick((1, 2, 3, 4, 6, 8))):
        tenant = chances.pick(TENANTS)
        world.oracle.tried.add(n)
        if chances.random() < 0.4:
            store(world, tenant, n)
        else:
            world.busy += 1
            world.loop.serve_later(chances.random() * chances.until, store_later, world, tenant, n)


def store(world: World, tenant: object, n: int) -> None:
    log = world.academic.log
    pad = pad_of(tenant, 0)  # type: ignore[arg-type]
    version = len(log.streams.get(pad, ())) + 1
    log.store(tenant, pad, version, "academic.noted", STATES[n])  # type: ignore[arg-type]
    world.academic.changes += 1
    world.academic.notify()
    world.oracle.done.add(n)


def store_later(world: World, tenant: object, n: int) -> None:
    world.busy -= 1
    store(world, tenant, n)


def world_of(chances: Chances) -> World:
    world = World(chances)
    chances.pick(KINDS)(world)
    return world
