"""Events put into the store past all that encodes them."""

from uuid import UUID

from shared.database import connect
from shared.members import PendingEvent
from tests.faults.town.town import Town
from tests.shared.stores import append, member_of


async def put_into_store(
    town: Town, tenant_id: UUID, aggregate_id: UUID, version: int, topic: str, state: bytes
) -> int:
    """As the role that appends; the position."""
    async with await connect(town.dsn("academic", "api"), search_path="academic") as connection:
        event = PendingEvent(aggregate_id, version, topic, state, tenant_id)
        [result] = await append(connection, member_of(event))
    assert result.outcome == "saved", result
    return result.position
