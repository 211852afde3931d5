"""What a provider says of itself: its discovery document and its keys, kept for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from auth.external_sign_in.refusals import ProviderUnavailable
from shared.outbound import Outbound, Reply, Unreachable

FRESH = 600.0
PATIENCE = 10.0
BURST = 5
"""As often a document is fetched within the patience, whatever is asked for."""
MOST = 1_000
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """`by_post`: the client secret travels in the body. `names_issuer`: answers say whose they are (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    by_post: bool
    names_issuer: bool


@dataclass
class Kept:
    body: dict[str, Any] | None = None
    fetched: float = 0.0
    tries: list[float] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ProviderDocuments:
    def __init__(self, outbound: Outbound, clock: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()

    async def metadata(self, issuer: str) -> Metadata:
        """Raises ProviderUnavailable, also for a document of another issuer."""
        url = issuer.removesuffix("/") + WELL_KNOWN
        found = await self._document(issuer, url)
        try:
            return self._metadata_of(found, issuer)
        except ProviderUnavailable:
            self._kept[issuer, url].body = None
            raise

    def _metadata_of(self, found: dict[str, Any], issuer: str) -> Metadata:
        places = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if found.get("issuer") != issuer or not all(isinstance(place, str) for place in places):
            raise ProviderUnavailable
        methods = found.get("token_endpoint_auth_methods_supported")
        by_post = isinstance(methods, list) and "client_secret_basic" not in methods
        names_issuer = found.get("authorization_response_iss_parameter_supported") is True
        authorization, token, keys = (self._callable(str(place)) for place in places)
        return Metadata(authorization, token, keys, by_post, names_issuer)

    async def keys(self, issuer: str, jwks_uri: str, *, again: bool = False) -> list[dict[str, Any]]:
        """`again`: those that are kept are not enough. Raises ProviderUnavailable."""
        found = (await self._document(issuer, jwks_uri, again=again)).get("keys")
        if not isinstance(found, list):
            raise ProviderUnavailable
        return [entry for entry in found if isinstance(entry, dict)]

    async def _document(self, issuer: str, url: str, *, again: bool = False) -> dict[str, Any]:
        """Kept for each issuer: what one provider makes us fetch takes no turn of another."""
        kept = self._kept.setdefault((issuer, url), Kept())
        self._kept.move_to_end((issuer, url))
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        asked = self._clock()
        if kept.body is not None and not again and asked - kept.fetched < FRESH:
            return kept.body
        async with kept.lock:
            if kept.body is not None and kept.fetched >= asked:
                return kept.body
            return await self._fetch(url, kept, asked)

    async def _fetch(self, url: str, kept: Kept, asked: float) -> dict[str, Any]:
        kept.tries = [begun for begun in kept.tries if asked - begun < PATIENCE]
        if len(kept.tries) >= BURST:
            raise ProviderUnavailable
        kept.tries.append(asked)
        try:
            found = object_of(await self._outbound.get(url))
        except Unreachable as error:
            raise ProviderUnavailable from error
        kept.body, kept.fetched = found, self._clock()
        return found

    def _callable(self, url: str) -> str:
        try:
            self._outbound.checked(url)
        except Unreachable as error:
            raise ProviderUnavailable from error
        return url


def object_of(reply: Reply) -> dict[str, Any]:
    """The JSON object of a good answer. Raises ProviderUnavailable."""
    try:
        found = orjson.loads(reply.body) if reply.status == 200 else None
    except orjson.JSONDecodeError as error:
        raise ProviderUnavailable from error
    if not isinstance(found, dict):
        raise ProviderUnavailable
    return found
