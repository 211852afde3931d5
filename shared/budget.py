"""The connection budget: what each process of a service may hold of PostgreSQL's connections, and whether they fit."""

import logging
from dataclasses import dataclass
from typing import Literal

from shared.database import Connection, UnsafeDatabase, scalar
from shared.service import Service
from shared.settings import ServiceSettings
from shared.writer import LANES

log = logging.getLogger(__name__)

Kind = Literal["api", "worker"]

POOL: dict[Kind, int] = {"api": 6, "worker": 8}
HINTS, LEADER = 1, 1
"""What tells readers; what holds the locks."""
OF_ROLES = 4
"""Relay, clock, keys and hash chain have a connection each."""
VERIFYING = 1
"""A verification that an operator asked the worker for."""
REBUILDS = 2
"""Builds of one source that are filled at the same time beside those that every view has."""
ROLLING = 2
"""A rolling upgrade runs each process twice for a while."""


def of_process(service: Service, kind: Kind) -> int:
    """The most connections of one process. A worker is counted as if it led everything, and as if each consumer were
    far behind: those follow alone."""
    own = POOL[kind] + LANES + HINTS
    if kind == "api":
        return own
    return own + LEADER + OF_ROLES + VERIFYING + sum(_of_source(service, source) for source in service.sources)


def _of_source(service: Service, source: str) -> int:
    """One that watches, and a reader for each consumer."""
    views = sum(source == view.SOURCE for view in service.views)
    reactions = sum(source == reaction.source for reaction in service.reactions)
    return 1 + max(views + reactions, 1) + REBUILDS


def of_service(service: Service, settings: ServiceSettings) -> int:
    """Of all its processes, as many as the settings say."""
    apis = settings.api_processes * of_process(service, "api")
    return apis + settings.worker_processes * of_process(service, "worker")


@dataclass(frozen=True)
class Room:
    """What the server gives to those who are no superusers."""

    max_connections: int
    reserved: int

    @property
    def open(self) -> int:
        return self.max_connections - self.reserved


async def room_of(connection: Connection) -> Room:
    """`reserved_connections` came with PostgreSQL 16."""
    most = await _settings(connection, "max_connections")
    return Room(most, await _settings(connection, "superuser_reserved_connections", "reserved_connections"))


async def _settings(connection: Connection, *names: str) -> int:
    query = "SELECT coalesce(sum(setting::int), 0) FROM pg_settings WHERE name = ANY(%s)"
    return int(await scalar(connection, query, (list(names),)))


async def check_budget(connection: Connection, service: Service, settings: ServiceSettings, kind: Kind) -> None:
    """Raises UnsafeDatabase when this process alone does not fit; warns when a rolling upgrade does not."""
    room, needed = await room_of(connection), of_process(service, kind)
    if needed > room.open:
        raise UnsafeDatabase(
            f"{service.name}: one {kind} process needs up to {needed} connections, and PostgreSQL gives {room.open}"
            f" (max_connections {room.max_connections}, reserved {room.reserved}): raise max_connections."
        )
    if (fault := no_room(room, ROLLING * of_service(service, settings) + settings.other_connections)) is not None:
        log.warning("%s: %s", service.name, fault)


def no_room(room: Room, needed: int) -> str | None:
    """What to do when so many connections do not fit."""
    if needed <= room.open:
        return None
    return (
        f"a rolling upgrade needs up to {needed} connections, and PostgreSQL gives {room.open}: raise max_connections"
        f" to {needed + room.reserved}, or run fewer processes at a time"
    )
