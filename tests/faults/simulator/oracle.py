"""What must hold: after every commit for the positions it moved, and at the end for everything."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from shared.records import partition_of
from tests.faults.simulator.appending import Event, Log
from tests.faults.simulator.broker import Broker
from tests.faults.simulator.database import Database, Place, Row

SEEN_BY_VIEW = {"academic.pad_opened", "academic.noted"}
SEEN_BY_REACTION = {"academic.noted"}


@dataclass(frozen=True)
class Reading:
    """One consumer: a view in its build's schema, or a reaction whose effects are in the log of its service."""

    consumer: str
    database: Database
    source: Log
    own: bool
    view: bool

    def events(self, partition: int, until: int) -> list[Event]:
        topics = SEEN_BY_VIEW if self.view else SEEN_BY_REACTION
        return [
            event
            for event in self.source.events[:until]
            if event.topic in topics and (self.own or partition_of(event.tenant_id) == partition)
        ]

    def partitions(self) -> Iterable[int]:
        return (key[3] for key in self.database.table("positions") if key[0] == self.consumer)

    def place(self, partition: int) -> int:
        rows = self.database.table("positions")
        return next(int(row["position"]) for key, row in rows.items() if (key[0], key[3]) == (self.consumer, partition))

    def end(self, partition: int) -> int:
        """The place at which this consumer has everything."""
        ends = (e.position for e in reversed(self.source.events) if self.own or partition_of(e.tenant_id) == partition)
        return next(ends, 0)

    def caught_up(self) -> bool:
        return all(self.place(n) == self.end(n) for n in self.partitions())


@dataclass
class Oracle:
    readings: list[Reading]
    broker: Broker | None
    found: list[str] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)

    def wrong(self, what: str) -> None:
        if what not in self.found:
            self.found.append(what)

    def committed(self, database: Database, before: Mapping[Place, Row | None]) -> None:
        for (table, key), row in before.items():
            if table != "positions":
                continue
            reading = next(one for one in self.readings if one.consumer == key[0])
            place, was = reading.place(key[3]), row["position"] if row is not None else 0
            if place < was:
                self.wrong(f"{reading.consumer}: the position went back from {was} to {place}")
            self._compare(reading, key[3], place)

    def _compare(self, reading: Reading, partition: int, place: int) -> None:
        events = reading.events(partition, place)
        if reading.view:
            self._compare_rows(reading, partition, place, events)
            return
        effects = {position for _, position in effects_of(reading.database.log)}
        missing = [event.position for event in events if event.position not in effects]
        if missing:
            self.wrong(f"{reading.consumer}: the position {place} has passed {missing} without effect")

    def _compare_rows(self, reading: Reading, partition: int, place: int, events: list[Event]) -> None:
        """Rows and position are one transaction: after each commit the rows are the fold up to the position."""
        wanted: dict[UUID, list[int]] = {}
        for event in events:
            wanted.setdefault(event.tenant_id, []).append(event.position)
        rows = {
            row["tenant_id"]: row["positions"]
            for row in reading.database.table(f"{reading.consumer}.seen").values()
            if reading.own or partition_of(row["tenant_id"]) == partition
        }
        for tenant in wanted.keys() | rows.keys():
            name = f"{reading.consumer}, tenant {tenant.int}, place {place}"
            self._compare_lists(name, rows.get(tenant, []), wanted.get(tenant, []))

    def _compare_lists(self, name: str, seen: list[int], stored: list[int]) -> None:
        if seen == stored:
            return
        if lost := sorted(set(stored) - set(seen)):
            self.wrong(f"{name}: {lost} lost")
        if twice := [position for position, times in Counter(seen).items() if times > 1]:
            self.wrong(f"{name}: {twice} applied twice")
        if early := sorted(set(seen) - set(stored)):
            self.wrong(f"{name}: {early} applied beyond the position")
        if sorted(seen) != seen:
            self.wrong(f"{name}: applied in the order {seen}")

    def at_the_end(self, log: Log) -> None:
        for reading in self.readings:
            for partition in reading.partitions():
                if (place := reading.place(partition)) != (end := reading.end(partition)):
                    self.wrong(f"{reading.consumer}: stuck at {place} of {end} in partition {partition}")
                self._compare(reading, partition, place)
            if not reading.view:
                self._compare_effects(reading)
            if reading.database.table("parked"):
                self.wrong(f"{reading.database.name}: facts are parked")
        self._compare_commands(log)
        if self.broker is not None:
            self._compare_topic(log, self.broker)

    def _compare_effects(self, reading: Reading) -> None:
        per_tenant: dict[UUID, list[int]] = {}
        for tenant, position in effects_of(reading.database.log):
            per_tenant.setdefault(tenant, []).append(position)
        stored: dict[UUID, list[int]] = {}
        for event in reading.source.events:
            if event.topic in SEEN_BY_REACTION:
                stored.setdefault(event.tenant_id, []).append(event.position)
        for tenant in per_tenant.keys() | stored.keys():
            name = f"{reading.consumer}, effects for tenant {tenant.int}"
            self._compare_lists(name, per_tenant.get(tenant, []), stored.get(tenant, []))

    def _compare_commands(self, log: Log) -> None:
        stored = Counter(tag_of(event) for event in log.events if event.topic == "academic.noted")
        if twice := [tag for tag, times in stored.items() if times > 1]:
            self.wrong(f"commands {twice} are stored twice")
        if lost := sorted(self.done - stored.keys()):
            self.wrong(f"commands {lost} were acknowledged and are not stored")
        if unknown := sorted(stored.keys() - self.tried):
            self.wrong(f"commands {unknown} are stored and nobody gave them")

    def _compare_topic(self, log: Log, broker: Broker) -> None:
        for n in range(len(broker.partitions)):
            yielded, stored = yielded_by(broker, n), stored_in(log, n)
            if yielded != stored:
                places = [position for position, _ in yielded], [position for position, _ in stored]
                self.wrong(f"partition {n} yields {places[0]} along the chain, stored are {places[1]}")

    def published(self, log: Log) -> bool:
        broker = self.broker
        return broker is None or all(yielded_by(broker, n) == stored_in(log, n) for n in range(len(broker.partitions)))


def yielded_by(broker: Broker, partition: int) -> list[tuple[int, bytes]]:
    """What a partition holds, read along the chain from offset 0."""
    at, yielded = 0, []
    for message in broker.partitions[partition]:
        headers = dict(message.headers)
        if int(headers["ce_previous"]) == at:
            at = int(headers["ce_position"])
            yielded.append((at, message.value))
    return yielded


def stored_in(log: Log, partition: int) -> list[tuple[int, bytes]]:
    return [(event.position, event.state) for event in log.events if partition_of(event.tenant_id) == partition]


def effects_of(log: Log) -> list[tuple[UUID, int]]:
    return [
        (event.tenant_id, int(data_of(event)["position"]))
        for event in log.events
        if event.topic == "billing.card_stamped"
    ]


def tag_of(event: Event) -> int:
    return int(data_of(event)["tag"])


def data_of(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(event.state)["data"]
    return data
