"""Calls to the services: one client, bounded in time, repeated once where that is safe."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from prometheus_client import Counter, Histogram
from yarl import URL

from shared.problems import NotAvailable

# The services close idle connections after 30 s: ours must be gone before, or a request meets a closed one.
KEEP_ALIVE = 15.0
CONNECT = 2.0
BUDGET_MS = 8_000
HOP_MS = 50
MAX_IDLE_READ = 30.0

SECONDS = Histogram(
    "rollbook_upstream_seconds",
    "Time from a call to a service to the head of its answer, or to giving up",
    ["service"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 8),
)
FAILURES = Counter("rollbook_upstream_failures", "Calls to a service without an answer", ["service", "reason"])
REPEATS = Counter("rollbook_upstream_repeats", "Calls to a service that were sent a second time", ["service"])

Body = bytes | AsyncIterator[bytes] | None


class Upstream:
    """`base` maps a service to its address."""

    def __init__(self, base: Mapping[str, str], session: aiohttp.ClientSession) -> None:
        self.base = {service: address.rstrip("/") for service, address in base.items()}
        self._session = session
        self._timers = {service: SECONDS.labels(service) for service in base}

    @classmethod
    @asynccontextmanager
    async def open(cls, base: Mapping[str, str]) -> AsyncIterator["Upstream"]:
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=256, keepalive_timeout=KEEP_ALIVE)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=MAX_IDLE_READ)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        ) as session:
            yield cls(base, session)

    def __contains__(self, service: object) -> bool:
        return service in self.base

    @asynccontextmanager
    async def request(
        self,
        service: str,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body,
        budget_ms: int,
        *,
        again: bool,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, its body not read yet. Raises NotAvailable when none came in time."""
        url = URL(self.base[service] + target, encoded=True)
        response = await self._send(service, method, url, headers, body, budget_ms / 1000, again)
        try:
            yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            response.close()
            FAILURES.labels(service, "broken-off").inc()
            raise NotAvailable(f"{service} broke off its answer.") from error
        finally:
            response.release()

    async def _send(
        self, service: str, method: str, url: URL, headers: Mapping[str, str], body: Body, seconds: float, again: bool
    ) -> aiohttp.ClientResponse:
        try:
            with self._timers[service].time():
                async with asyncio.timeout(seconds):
                    try:
                        return await self._once(method, url, headers, body)
                    except aiohttp.ClientConnectionError:
                        if not again:
                            raise
                        REPEATS.labels(service).inc()
                        await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311
                        return await self._once(method, url, headers, body)
        except TimeoutError as error:
            FAILURES.labels(service, "timeout").inc()
            raise NotAvailable(f"{service} did not answer in time.") from error
        except aiohttp.ClientError as error:
            FAILURES.labels(service, "unreachable").inc()
            raise NotAvailable(f"{service} cannot be reached.") from error

    async def _once(self, method: str, url: URL, headers: Mapping[str, str], body: Body) -> aiohttp.ClientResponse:
        return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
