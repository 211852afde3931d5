"""Clients of the town: an open loop of commands through the gateway, every one noted in the ledger."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import UUID

import aiohttp

from infra.testing.harness import PERMISSIONS
from shared.ids import uuid7
from tests.faults.ledger import Intent, Ledger
from tests.faults.town.town import Town

TIMEOUT = aiohttp.ClientTimeout(total=10)
TOKEN_AGE = 120.0
MOST_WAITING = 200
LONGEST = 500
"""Events of a tally: what the kernel is made for. A longer one is left, and another opened in its place."""


class Call(NamedTuple):
    """One try of a command as its client saw it; `status` is 0 when no answer came."""

    intent: Intent
    began: float
    seconds: float
    status: int = 0
    content_type: str = ""
    retry_after: str = ""
    etag: str = ""


class Asked(NamedTuple):
    """A query as its client saw it."""

    tenant_id: UUID
    status: int
    body: Any
    seconds: float
    retry_after: str


class Load:
    """Tenants of its own; a count carries a random tag, so that a double or a mix-up shows.

    `base_url` is the gateway's unless another door is to be tried."""

    def __init__(
        self, town: Town, folder: Path, rng: random.Random, tenants: int = 5, base_url: str | None = None
    ) -> None:
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.tenants = [uuid7() for _ in range(tenants)]
        self.tallies: dict[UUID, list[UUID]] = {tenant: [] for tenant in self.tenants}
        self.late: list[float] = []
        """Seconds from when a command was due to its answer, of those that were done."""
        self.calls: list[Call] = []
        self._town = town
        self._rng = rng
        self._base_url = base_url or town.base_url
        self.prefix = "/api/academic" if base_url is None else ""
        self._users = {tenant: uuid7() for tenant in self.tenants}
        self._tokens: dict[UUID, tuple[str, float]] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._left: set[UUID] = set()
        """Tallies for which another one is being opened."""
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, connector=aiohttp.TCPConnector(limit=0))
        self.last_done = time.monotonic()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        await self._session.close()
        self.ledger.close()

    async def open_tallies(self, each: int = 3) -> None:
        for tenant in self.tenants:
            for _ in range(each):
                intent = self.opening(tenant)
                await self.until_answered(intent)
                self.tallies[tenant].append(UUID(intent.reply["data"]["id"]))

    @asynccontextmanager
    async def flowing(self, rate: float) -> AsyncIterator[None]:
        """Commands at this rate per second, while the block runs; then all that were sent have ended."""
        task = asyncio.create_task(self._flow(rate))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if self._waiting:
                await asyncio.wait(self._waiting)

    async def _flow(self, rate: float) -> None:
        due = time.monotonic()
        while True:
            due += self._rng.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(self._waiting) < MOST_WAITING:
                task = asyncio.create_task(self._one(self.next_intent(), due))
                self._waiting.add(task)
                task.add_done_callback(self._waiting.discard)

    def next_intent(self) -> Intent:
        """Half of the load falls on one tenant, a fifth of it on one tally; one in twenty is to be refused."""
        rng = self._rng
        tenant = self.tenants[0] if rng.random() < 0.5 else rng.choice(self.tenants)
        tally = self.tallies[tenant][0] if rng.random() < 0.2 else rng.choice(self.tallies[tenant])
        refused = rng.random() < 0.05
        body = {"tag": f"{rng.getrandbits(128):032x}", "amount": -1 if refused else rng.randrange(1, 1_000)}
        path = f"{self.prefix}/tallies/{tally}/counts"
        return self.ledger.wants("refuse" if refused else "count", tenant, self._key(), path, body)

    def opening(self, tenant: UUID) -> Intent:
        body = {"keeper": f"Keeper {self._key()}"}
        return self.ledger.wants("open", tenant, self._key(), f"{self.prefix}/tallies", body)

    def count(self, tenant: UUID, tally: UUID, tag: str = "") -> Intent:
        """A count of this tally; its tag begins with what is given."""
        body = {"tag": f"{tag}{self._rng.getrandbits(128):032x}", "amount": self._rng.randrange(1, 1_000)}
        return self.ledger.wants("count", tenant, self._key(), f"{self.prefix}/tallies/{tally}/counts", body)

    async def _one(self, intent: Intent, due: float) -> None:
        await self.send(intent)
        if intent.outcome == "ok":
            self.last_done = time.monotonic()
            self.late.append(self.last_done - due)
            if intent.reply["data"]["version"] > LONGEST:
                await self._open_instead(intent)
            if self._rng.random() < 0.1:
                await self.send(intent)

    async def _open_instead(self, last: Intent) -> None:
        """If no answer comes, the next count of the same tally tries it."""
        tally = UUID(last.path.split("/")[-2])
        if tally not in self.tallies[last.tenant_id] or tally in self._left:
            return
        self._left.add(tally)
        try:
            opening = self.opening(last.tenant_id)
            await self.send(opening)
            if opening.outcome == "ok":
                open_now = self.tallies[last.tenant_id]
                open_now[open_now.index(tally)] = UUID(opening.reply["data"]["id"])
        finally:
            self._left.discard(tally)

    async def send(self, intent: Intent, door: str = "", token: str = "") -> None:
        """One try; a copy under the same key when there was one before. `door` is where, if not at the load's own;
        `token` is another user's."""
        intent.tries += 1
        headers = {"Authorization": f"Bearer {token or self.token(intent.tenant_id)}"}
        if intent.key:
            headers["Idempotency-Key"] = intent.key
        if intent.expected is not None:
            headers["If-Match"] = f'"{intent.expected}"'
        url = (door or self._base_url) + intent.path
        began = time.monotonic()
        try:
            async with self._session.post(url, json=intent.body, headers=headers) as answer:
                raw = await answer.read()
                body = json.loads(raw)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.ledger.lost(intent, type(error).__name__)
            self.calls.append(Call(intent, began, time.monotonic() - began))
        else:
            self.ledger.answered(intent, answer.status, body)
            seen = answer.headers
            told = (answer.status, answer.content_type, seen.get("Retry-After", ""), seen.get("ETag", ""))
            self.calls.append(Call(intent, began, time.monotonic() - began, *told))
            if answer.status < 300:
                intent.copies.append((raw, seen.get("ETag", ""), seen.get("Consistency-Token", "")))

    async def until_answered(self, intent: Intent, within: float = 60.0, door: str = "") -> None:
        give_up = time.monotonic() + within
        while intent.outcome == "unknown":
            await self.send(intent, door)
            if intent.outcome == "unknown":
                if time.monotonic() > give_up:
                    raise AssertionError(f"{intent.path}: no answer within {within:g} s: {intent.answers[-1:]}")
                await asyncio.sleep(0.1)

    async def resolve(self, within: float = 60.0) -> int:
        """Sends copies of whatever is unknown until each is done or refused; how many there were."""
        unknown = list(self.ledger.with_outcome("unknown"))
        for n in range(0, len(unknown), 20):
            await asyncio.gather(*[self.until_answered(intent, within) for intent in unknown[n : n + 20]])
        return len(unknown)

    async def until_done(self, within: float = 60.0) -> float:
        """Seconds until a command that is sent from now on is done: the system is back."""
        began = time.monotonic()
        while True:
            intent = self.next_intent()
            await self.send(intent)
            if intent.outcome == "ok":
                return time.monotonic() - began
            if time.monotonic() - began > within:
                raise AssertionError(f"no command was done within {within:g} s: {intent.answers[-1:]}")
            await asyncio.sleep(0.05)

    async def until_steady(self, rate: float, within: float = 60.0) -> float:
        """Seconds until every command of a second's load is done at the first try: the full rate is back."""
        began = time.monotonic()
        while True:
            intents = [self.next_intent() for _ in range(int(rate))]
            tries = [asyncio.create_task(self._after(n / rate, intent)) for n, intent in enumerate(intents)]
            reached = time.monotonic() - began
            await asyncio.gather(*tries)
            if all(intent.outcome != "unknown" for intent in intents):
                return reached
            if reached > within:
                raise AssertionError(f"not at its full rate after {within:g} s: {self.calls[-1]}")

    async def _after(self, pause: float, intent: Intent) -> None:
        await asyncio.sleep(pause)
        await self.send(intent)

    async def get(self, tenant: UUID, path: str, token: str = "") -> tuple[int, Any]:
        """Status and body of a query, with a consistency token."""
        asked = await self.ask(tenant, path, token)
        return asked.status, asked.body

    async def ask(self, tenant: UUID, path: str, token: str = "") -> Asked:
        """The same, with what only some ask for."""
        headers = {"Authorization": f"Bearer {self.token(tenant)}"}
        if token:
            headers["Consistency-Token"] = token
        began = time.monotonic()
        async with self._session.get(self._base_url + path, headers=headers) as answer:
            body = await answer.json(content_type=None)
            seconds = time.monotonic() - began
            return Asked(tenant, answer.status, body, seconds, answer.headers.get("Retry-After", ""))

    def token(self, tenant: UUID) -> str:
        """Always of the same user: a key belongs to whoever sent it first."""
        token, made = self._tokens.get(tenant, ("", 0.0))
        if time.monotonic() - made > TOKEN_AGE or not token:
            token = self._town.signer.token(tenant, PERMISSIONS, subject=self._users[tenant])
            self._tokens[tenant] = (token, time.monotonic())
        return token

    def _key(self) -> str:
        return f"{self._rng.getrandbits(96):024x}"
