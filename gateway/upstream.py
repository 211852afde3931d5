"""Calls to the services: one client, bounded in time, repeated once where that is safe."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from shared.problems import NotAvailable

# The services close idle connections after 30 s: ours must be gone before, or a request meets a closed one.
KEEP_ALIVE = 15.0
CONNECT = 2.0
BUDGET_MS = 8_000
HOP_MS = 50
MAX_IDLE_READ = 30.0

Body = bytes | AsyncIterator[bytes] | None


class Upstream:
    """`base` maps a service to its address."""

    def __init__(self, base: Mapping[str, str], session: aiohttp.ClientSession) -> None:
        self.base = {service: address.rstrip("/") for service, address in base.items()}
        self._session = session

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
            raise NotAvailable(f"{service} broke off its answer.") from error
        finally:
            response.release()

    async def _send(
        self, service: str, method: str, url: URL, headers: Mapping[str, str], body: Body, seconds: float, again: bool
    ) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(seconds):
                try:
                    return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
                except aiohttp.ClientConnectionError:
                    if not again:
                        raise
                    await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311
                    return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except TimeoutError as error:
            raise NotAvailable(f"{service} did not answer in time.") from error
        except aiohttp.ClientError as error:
            raise NotAvailable(f"{service} cannot be reached.") from error
