"""Order, as somebody outside the system sees it: along the chain of a topic, and in the effects of each tenant."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from shared.records import Record
from tests.faults.stores import Stored, log_of, reading, records_of
from tests.faults.town.town import SERVICES, Town


@dataclass
class Orders:
    """`copies` and `ahead` are records in the topics that a consumer must leave alone: known ones, and early ones."""

    copies: int = 0
    ahead: int = 0
    breaks: list[str] = field(default_factory=list)


async def orders_in(town: Town, tenants: set[UUID]) -> Orders:
    orders = Orders()
    async with reading(town) as connection:
        logs = {service: await log_of(connection, service) for service in SERVICES}
    for service in SERVICES:
        follow_topic(orders, await records_of(town, service))
    for tenant in tenants:
        counted = tags_of(logs["academic"], tenant, "academic.counted")
        booked = tags_of(logs["billing"], tenant, "billing.item_booked")
        settled = tags_of(logs["academic"], tenant, "academic.settled")
        compare(orders, f"items of {tenant}", counted, booked)
        compare(orders, f"settlements of {tenant}", booked, settled)
    return orders


def follow_topic(orders: Orders, records: list[Record]) -> None:
    """A recorder: applies what follows on the position that it has reached, and looks at the versions itself."""
    places: dict[int, int] = defaultdict(int)
    versions: dict[UUID, int] = defaultdict(int)
    for record in records:
        place = places[record.partition]
        if record.previous != place:
            orders.copies += record.position <= place
            orders.ahead += record.position > place
            continue
        places[record.partition] = record.position
        if record.position <= place or record.version != versions[record.aggregate_id] + 1:
            orders.breaks.append(f"{record.aggregate_id}: version {record.version} at {record.position}")
        versions[record.aggregate_id] = record.version


def tags_of(log: list[Stored], tenant: UUID, topic: str) -> list[str]:
    return [event.data["tag"] for event in log if event.tenant_id == tenant and event.topic == topic]


def compare(orders: Orders, what: str, causes: list[str], effects: list[str]) -> None:
    """Effects are stored in the order of their causes. What is missing is counted elsewhere."""
    numbers = {tag: number for number, tag in enumerate(causes)}
    seen = [numbers[tag] for tag in effects if tag in numbers]
    late = sum(earlier > later for earlier, later in pairwise(seen))
    if late:
        orders.breaks.append(f"{what}: {late} come before their predecessors")
