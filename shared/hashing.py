"""The role that keeps the hash chain: follows the own log by pages, after the fact, and signs how far it has come."""

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from shared.checkpoints import CheckpointKey, make_checkpoints
from shared.clock import time_of
from shared.database import Connection, scalar
from shared.gauges import HASHED, HASHED_BEHIND, HASHED_SIGNED
from shared.hash_chain import EPOCH, Head, chained
from shared.log_feed import read_page
from shared.positions import Deposed
from shared.pulse import beat
from shared.reader import HistoryGap

log = logging.getLogger(__name__)

PAGE = 1_000
LOOK_EVERY = 1.0
SIGN_EVENTS = 10_000
SIGN_EVERY = timedelta(minutes=5)
OPTIONS = {"synchronous_commit": "off"}
"""Entries lost in a crash are made again, the same, from events that are safe: nobody waits for their commit."""


class ChainCut(Exception):
    """Signed entries are gone: nothing is chained or signed on top of that before somebody has looked."""


class HashChain:
    """The last entry is the position: it moves with the entries, and a second leader meets the first at its key."""

    def __init__(self, connection: Connection, service: str, key: CheckpointKey) -> None:
        self.position = self.signed = 0
        self._signed_at = EPOCH
        self._connection = connection
        self._service = service
        self._key = key

    async def start(self) -> None:
        self.position = int(await scalar(self._connection, "SELECT coalesce(max(position), 0) FROM hash_chain"))
        cursor = await self._connection.execute(
            "SELECT position, made_at FROM hash_chain_checkpoints ORDER BY position DESC LIMIT 1"
        )
        async for position, made_at in cursor:
            self.signed, self._signed_at = position, made_at
        await self._tell()
        if self.signed > self.position:
            raise ChainCut(f"{self._service}: signed up to {self.signed}, entries up to {self.position}")

    async def run(self) -> None:
        """Endless. Not woken by each event: a page a second while little happens costs one commit, not hundreds."""
        await self.start()
        while True:
            beat()
            chained_now = await self.extend()
            await self.sign(await time_of(self._connection))
            await self._tell()
            if chained_now < PAGE:
                await asyncio.sleep(LOOK_EVERY)

    async def extend(self) -> int:
        """Chains one page; returns how many events it had. Raises Deposed where another leader has chained it."""
        page = await read_page(self._connection, self.position, PAGE)
        if not page:
            return 0
        last = self.position + len(page)
        if [record.position for record in page] != list(range(self.position + 1, last + 1)):
            raise HistoryGap(f"{self._service}: positions {self.position + 1} to {last} are not all there")
        entries = chained(self._service, page, await self._heads({record.tenant_id for record in page}))
        try:
            await self._connection.execute(
                "INSERT INTO hash_chain (position, previous, tenant_id, event_hash, chain_hash)"
                " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[], %s::bytea[], %s::bytea[])",
                tuple(list(column) for column in zip(*entries, strict=True)),
                prepare=True,
            )
        except psycopg.errors.UniqueViolation:
            raise Deposed from None
        self.position = last
        return len(page)

    async def sign(self, now: datetime) -> int:
        """Checkpoints where enough events or time have passed; how many."""
        fresh = self.position - self.signed
        if fresh < SIGN_EVENTS and (not fresh or abs(now - self._signed_at) < SIGN_EVERY):
            return 0
        made = await make_checkpoints(self._connection, self._key, self.signed, self.position, now)
        self.signed, self._signed_at = self.position, now
        return made

    async def _heads(self, tenants: set[UUID]) -> dict[UUID, Head]:
        cursor = await self._connection.execute(
            "SELECT t, h.position, h.chain_hash FROM unnest(%s::uuid[]) t CROSS JOIN LATERAL"
            " (SELECT position, chain_hash FROM hash_chain WHERE tenant_id = t ORDER BY position DESC LIMIT 1) h",
            (list(tenants),),
            prepare=True,
        )
        return {tenant: Head(position, chain_hash) for tenant, position, chain_hash in await cursor.fetchall()}

    async def _tell(self) -> None:
        head = int(await scalar(self._connection, "SELECT log_head()"))
        HASHED.set(self.position)
        HASHED_SIGNED.set(self.signed)
        HASHED_BEHIND.set(max(head - self.position, 0))
