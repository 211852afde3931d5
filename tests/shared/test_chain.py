"""The chain: whatever relays wrote into a partition, and however often, its consumers apply the log, once, in order."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chain import Followed, Place, follow
from shared.records import PARTITIONS, Record, partition_of
from shared.relay import chained
from shared.tails import Link
from tests.shared.stores import NOW

RUNS = 4_000
TENANTS = [UUID(int=number) for number in (1, 2, 14)]
"""The second and the third share a partition."""

Rule = Callable[[Mapping[int, Place], Iterable[Record]], Followed]


def event_at(position: int, tenant: UUID) -> Record:
    return Record(position, tenant, tenant, 1, "academic.shelf_broken", b"", NOW, position - 1, partition_of(tenant))


def position_above_last(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
    """TRAP ES72: the rule that looks right."""
    followed = Followed()
    for record in records:
        place = followed.places.get(record.partition) or places.get(record.partition) or Place(0)
        if record.position > place.position:
            followed.fresh.append(record)
            followed.places[record.partition] = Place(record.position, record.offset)
    return followed


@dataclass
class World:
    """A log, Kafka's partitions, what PostgreSQL knows of the relay, and one consumer."""

    dice: random.Random
    rule: Rule
    log: list[Record] = field(default_factory=list)
    kafka: dict[int, list[Record]] = field(default_factory=dict)
    noted: dict[int, Place] = field(default_factory=dict)
    page: int = 0
    leader: object = None
    truncated: list[int] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)
    applied: list[Record] = field(default_factory=list)

    def decide(self) -> None:
        for _ in range(self.dice.randint(1, 6)):
            self.log.append(event_at(len(self.log) + 1, self.dice.choice(TENANTS)))

    def lose(self) -> None:
        """A tail that was acknowledged and never flushed (a broker that still knows a producer refuses what it sends
        next), or a topic that was made anew."""
        if self.dice.random() < 0.3:
            self.kafka.clear()
        for partition in [one for one in self.kafka if self.dice.random() < 0.5]:
            del self.kafka[partition][self.dice.randint(0, len(self.kafka[partition])) :]
            self.truncated.append(partition)

    def consume(self) -> None:
        """From the stored offset, if the record there is still the one; sometimes everything comes again."""
        batch: list[Record] = []
        for partition, records in self.kafka.items():
            place = self.places.get(partition, Place(0))
            known = 0 <= place.offset < len(records) and records[place.offset].position == place.position
            begin = place.offset + 1 if known and self.dice.random() < 0.8 else 0
            batch += [one._replace(offset=n) for n, one in enumerate(records) if n >= begin]
        followed = self.rule(self.places, batch)
        if self.dice.random() < 0.9:
            self.places |= followed.places
            self.applied += followed.fresh

    def exact(self) -> bool:
        return all(
            [one.position for one in self.applied if one.partition == partition]
            == [one.position for one in self.log if one.partition == partition]
            for partition in range(PARTITIONS)
        )


class Failed(Exception):
    """The relay ends; another one starts from PostgreSQL."""


class SimulatedRelay:
    """Starts as the relay does and sends as badly as a producer can. The session of its lock lets it note; one that was
    deposed may still write to Kafka."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.expected: dict[int, int] = {}
        for partition in range(PARTITIONS):
            records, noted = world.kafka.get(partition, []), world.noted.get(partition, Place(0))
            tail = Place(records[-1].position, len(records) - 1) if records else Place(0)
            if tail != noted and (last := end_of_chain(records)) != noted:
                world.noted[partition] = last
                world.page = min(world.page, last.position)
            self.expected[partition] = len(records)
        self.noted, self.page = dict(world.noted), world.page
        self.refused = len(world.truncated)
        world.leader = self

    def send_page(self, *, faults: bool = True) -> None:
        page = self.world.log[self.page : self.page + 4]
        if not page:
            return
        sent = chained(page, {partition: Link(place.position) for partition, place in self.noted.items()})
        moved = {partition: self._send(partition, items, faults=faults) for partition, items in sent.items()}
        if self.world.leader is not self or (faults and self.world.dice.random() < 0.1):
            raise Failed
        self.noted |= moved
        self.page = page[-1].position
        self.world.noted, self.world.page = dict(self.noted), self.page

    def _send(self, partition: int, items: list[tuple[Record, int]], *, faults: bool) -> Place:
        """A batch is refused, or its answer lost; what was queued behind it may be written before the producer ends."""
        dice = self.world.dice
        failed = partition in self.world.truncated[self.refused :]
        place = Place(0)
        for record, previous in items if not failed else []:
            if faults and dice.random() < 0.15:
                failed = True
                continue
            if failed and dice.random() < 0.5:
                break
            records = self.world.kafka.setdefault(partition, [])
            place = Place(record.position, len(records))
            records.append(record._replace(previous=previous))
            failed |= place.offset != self.expected[partition] or (faults and dice.random() < 0.1)
            self.expected[partition] = place.offset + 1
        if failed:
            raise Failed
        return place


def end_of_chain(records: list[Record]) -> Place:
    last = Place(0)
    for offset, record in enumerate(records):
        if record.previous == last.position:
            last = Place(record.position, offset)
    return last


def survives(seed: int, rule: Rule) -> bool:
    world = World(random.Random(seed), rule)
    relays: list[SimulatedRelay] = []
    for _ in range(25):
        act = world.dice.random()
        if act < 0.3:
            world.decide()
        elif act < 0.35:
            world.lose()
        elif act < 0.5 or not relays:
            relays = [*relays[-1:], SimulatedRelay(world)]
        elif act < 0.8:
            relay = world.dice.choice(relays)
            try:
                relay.send_page()
            except Failed:
                relays.remove(relay)
        else:
            world.consume()
    last = SimulatedRelay(world)
    while last.page < len(world.log):
        last.send_page(faults=False)
    for _ in range(20):
        world.consume()
    return world.exact()


def test_ET18_the_chain_is_right_in_every_run() -> None:
    assert [seed for seed in range(RUNS) if not survives(seed, follow)] == []


def test_ET18_a_position_above_the_last_is_no_rule() -> None:
    """The tooth of the test above: T6."""
    assert sum(not survives(seed, position_above_last) for seed in range(200)) > 20


def chain(positions: Iterable[int]) -> list[Record]:
    """Records of one partition, each naming the one before it."""
    records: list[Record] = []
    previous = 0
    for position in positions:
        records.append(event_at(position, TENANTS[0])._replace(previous=previous, offset=len(records)))
        previous = position
    return records


POSITIONS = st.lists(st.integers(1, 100), unique=True, min_size=1, max_size=12).map(sorted)


@given(POSITIONS, st.data())
@settings(max_examples=200, deadline=None)
def test_G8_whatever_is_delivered_only_the_chain_comes_out(positions: list[int], data: st.DataObject) -> None:
    records = chain(positions)
    delivered = data.draw(st.lists(st.sampled_from(records), max_size=30))
    places: dict[int, Place] = {}
    applied: list[int] = []
    while delivered:
        size = data.draw(st.integers(1, len(delivered)))
        batch, delivered = delivered[:size], delivered[size:]
        followed = follow(places, batch)
        assert len(batch) == len(followed.fresh) + followed.duplicates + followed.broken
        places |= followed.places
        applied += [record.position for record in followed.fresh]
    assert applied == positions[: len(applied)]
    rest = follow(places, records)
    assert applied + [record.position for record in rest.fresh] == positions


def test_a_record_behind_a_missing_one_is_counted_and_skipped() -> None:
    first, _, third = chain([1, 5, 9])
    followed = follow({}, [first, third, first])
    assert [record.position for record in followed.fresh] == [1]
    assert (followed.duplicates, followed.broken) == (1, 1)
    assert followed.places == {first.partition: Place(1, 0)}


def test_partitions_are_followed_apart() -> None:
    one, other = chain([1, 5]), [record._replace(partition=7) for record in chain([2, 3])]
    followed = follow({7: Place(2, 0)}, [one[0], other[1], one[1]])
    assert followed.places == {one[0].partition: Place(5, 1), 7: Place(3, 1)}


def test_the_partition_of_a_tenant_never_changes() -> None:
    assert [partition_of(UUID(int=7 * number << 64)) for number in range(8)] == [0, 7, 2, 9, 4, 11, 6, 1]
    assert len({partition_of(UUID(int=number)) for number in range(100)}) == PARTITIONS
