"""From where somebody signed in: rows beside the history, so that they can be forgotten with the person."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from auth.platform_rows import platform_rows
from shared.database import Pool
from shared.ids import PLATFORM


class Place(NamedTuple):
    """What the client's software called itself, and its network as the gateway saw it."""

    device: str
    network: str


async def places_of(pool: Pool, logins: Iterable[UUID]) -> dict[UUID, Place]:
    async with platform_rows(pool) as connection:
        cursor = await connection.execute(PLACES, (PLATFORM, list(logins)))
        return {login: Place(device, network) for login, device, network in await cursor.fetchall()}


PLACES = "SELECT login, device, network FROM sign_in_places WHERE tenant_id = %s AND login = ANY(%s)"
"""The rows are written in the transaction of a new family of refresh tokens."""
