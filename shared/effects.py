"""Waiting for reactions: where in the own log the effects of the facts that a token names are stored."""

import asyncio
from uuid import UUID

from shared.freshness import Freshness, Positions
from shared.reading import ViewBehind
from shared.records import partition_of
from shared.service import Service
from shared.token import Token


class Effects:
    def __init__(self, service: Service, freshness: Freshness) -> None:
        self._service = service
        self._freshness = freshness
        self._names = {
            source: [reaction.name for reaction in service.reactions if reaction.source == source]
            for source in service.sources
        }
        self._known: dict[tuple[str, int, int], tuple[int, int]] = {}
        """(source, its generation, partition) → (position that was passed, own head then)."""

    def sources(self, token: Token, tenant_id: UUID) -> dict[str, int]:
        """source → position that the token names there, of the sources that this service reacts to."""
        asked = {source: token.position(source, tenant_id) for source, names in self._names.items() if names}
        return {source: position for source, position in asked.items() if position}

    def consumers(self, token: Token, tenant_id: UUID) -> list[str]:
        return [name for source in self.sources(token, tenant_id) for name in self._names[source]]

    async def stored(self, token: Token, tenant_id: UUID, within: float) -> int:
        """The position in the own log at which all reactions to the token's facts, and the reactions to their
        effects, have stored what they had to store; 0 when there are none. Raises ViewBehind."""
        until = asyncio.get_running_loop().time() + within
        asked = self.sources(token, tenant_id)
        own = asked.pop(self._service.name, 0)
        for source, position in asked.items():
            own = max(own, await self._after(source, partition_of(tenant_id), position, until))
        if own and self._names[self._service.name]:
            own = max(own, await self._after(self._service.name, 0, own, until))
        return own

    async def _after(self, source: str, partition: int, asked: int, until: float) -> int:
        """The own head, read after the reactions to this source had passed `asked`."""
        generation = await self._freshness.generation(source)
        passed, head = self._known.get((source, generation, partition), (0, 0))
        if asked <= passed:
            return head
        names = self._names[source]

        def reached(positions: Positions) -> bool:
            return all(positions.get((name, source, partition), asked) >= asked for name in names)

        if not await self._freshness.until(reached, max(0.0, until - asyncio.get_running_loop().time())):
            raise ViewBehind
        head = await self._freshness.head()
        self._known[source, generation, partition] = (asked, head)
        return head
