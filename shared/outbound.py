"""Calls to addresses that a school names: never into the own network, never by a redirect, never for long."""

import asyncio
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

TIMEOUT = 3.0
MAX_BYTES = 1_048_576
PORTS = frozenset({443})
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+")
NAT64 = ip_network("64:ff9b::/96")


class Unreachable(Exception):
    """It may not be called, did not answer in time, or answered too much."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


class Outbound:
    """`private`: "host:port" that the operator vouches for, wherever they are. `plain`: these also without TLS."""

    def __init__(self, private: frozenset[str] = frozenset(), *, plain: bool = False) -> None:
        self._private = private
        self._plain = plain

    async def get(self, url: str) -> Reply:
        """Raises Unreachable."""
        return await self._ask("GET", url, HEADERS, None)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """Raises Unreachable."""
        return await self._ask("POST", url, {**HEADERS, **headers}, form)

    def checked(self, text: str) -> URL:
        """An address that may be called as far as its text says. Raises Unreachable."""
        try:
            url = URL(text)
            host, port = url.raw_host, url.port
        except ValueError as error:
            raise Unreachable("this is no address") from error
        if host is None or port is None or HOST.fullmatch(host) is None:
            raise Unreachable("this is no address")
        if url.user is not None or url.password is not None or url.fragment:
            raise Unreachable("this is no plain address")
        known = f"{host}:{port}" in self._private
        if url.scheme != "https" and not (known and self._plain and url.scheme == "http"):
            raise Unreachable("only https")
        if not known and (port not in PORTS or is_refused_literal(host)):
            raise Unreachable("this host or port is not called")
        return url

    async def _ask(self, method: str, text: str, headers: Mapping[str, str], form: Mapping[str, str] | None) -> Reply:
        url = self.checked(text)
        connector = aiohttp.TCPConnector(resolver=Checked(self._private), use_dns_cache=False)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=timeout,
                    trust_env=False,
                    auto_decompress=False,
                    cookie_jar=aiohttp.DummyCookieJar(),
                ) as session,
                session.request(method, url, headers=headers, data=form, allow_redirects=False) as response,
            ):
                if "Content-Encoding" in response.headers:
                    raise Unreachable("compressed without having been asked for")
                return Reply(response.status, await body_of(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(type(error).__name__) from error


class Checked(AbstractResolver):
    """What it gives is what is connected to: a name cannot mean another address a moment later."""

    def __init__(self, private: frozenset[str]) -> None:
        self._private = private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        addresses = [(kind, sockaddr[0]) for kind, _, _, _, sockaddr in found]
        if f"{host}:{port}" not in self._private and not all(is_public(str(address)) for _, address in addresses):
            raise OSError("an address of this host is not public")
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(hostname=host, host=str(address), port=port, family=kind, proto=0, flags=flags)
            for kind, address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def body_of(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > MAX_BYTES:
            raise Unreachable("too long an answer")
    return bytes(body)


def is_refused_literal(host: str) -> bool:
    """The resolver never sees what looks like an address, and the system reads more spellings as one than we do."""
    try:
        return not is_public(host)
    except ValueError:
        return ":" in host or host.replace(".", "").isdigit()


def is_public(text: str) -> bool:
    """Of the internet itself: no own network, no loopback, and no IPv4 address inside an IPv6 one."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or address.teredo
        if inside or address in NAT64 or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
