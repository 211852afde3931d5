"""Limits of the routes that anybody may call: per network, and per account that is named, known here or not."""

import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import orjson
from fastapi import Response
from fastapi.params import Depends as Dependency
from starlette.requests import Request

from auth.rate_limits.buckets import Buckets, Rate, Taken
from auth.settings import AuthSettings
from shared.caller import client_network
from shared.errors import Refused, code_of
from shared.problems import Problem

What = Literal["login", "register", "mail", "link", "refresh", "token", "passkey", "external"]


class Limits(NamedTuple):
    """So many in `seconds`, of one network and of one account."""

    network: int
    account: int
    seconds: int


LIMITS: Mapping[str, Limits] = {
    "login": Limits(300, 30, 60),
    "register": Limits(60, 10, 3600),
    "mail": Limits(60, 6, 3600),
    "link": Limits(120, 20, 3600),
    "refresh": Limits(1200, 30, 60),
    "token": Limits(600, 60, 60),
    "passkey": Limits(600, 30, 60),
    "external": Limits(600, 30, 60),
}
"""A whole school may stand behind one network. `mail`: asking for a link; `link`: using one."""


class TooManyRequests(Refused):
    """Too many requests of this kind: wait as long as Retry-After says."""

    status = 429


class RateLimited(Problem):
    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(429, code_of(TooManyRequests), str(TooManyRequests.__doc__), headers=headers)


class RateLimits:
    """Each process has its share: a limit, divided by the number of API processes."""

    def __init__(self, settings: AuthSettings) -> None:
        self._on = settings.limits_rates
        self._share = settings.api_processes
        self._limits: dict[str, Limits] = {**LIMITS, **{name: Limits(*own) for name, own in settings.limits.items()}}
        self._buckets = Buckets()

    def take(self, what: What, network: str, account: str | None) -> dict[str, str]:
        """One request. The headers that tell how many more may come; raises RateLimited."""
        if not self._on:
            return {}
        limits = self._limits[what]
        asked = [(limits.network, f"network {network}")]
        asked += [(limits.account, f"account {account}")] if account is not None else []
        found = []
        for most, whose in asked:
            rate = Rate(max(1.0, most / self._share), limits.seconds)
            key = (what, sha256(whose.encode("utf-8", "surrogatepass")).digest())
            taken = self._buckets.take(key, rate)
            found.append((rate, taken))
            if not taken.allowed:
                raise RateLimited(headers_of(rate, taken) | {"Retry-After": str(taken.wait)})
        return headers_of(*min(found, key=lambda each: each[1].left))


def headers_of(rate: Rate, taken: Taken) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"std";q={int(rate.most)};w={rate.seconds}',
        "RateLimit": f'"std";r={taken.left};t={taken.wait}',
    }


def limited(what: What, *path: str) -> Dependency:
    """For `dependencies=` of a route. `path` leads to what names the account in the body. It comes before everything
    else that the route does: a request that is wrong counts, too."""

    async def limit(request: Request, response: Response) -> None:
        limits: RateLimits = request.app.state.desk.rate_limits
        account = named(await request.body(), path) if path else None
        response.headers.update(limits.take(what, client_network(request), account))

    return Dependency(limit)


def named(body: bytes, path: tuple[str, ...]) -> str | None:
    """One spelling for each address: without it, capitals would be another account."""
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return unicodedata.normalize("NFKC", found).strip().casefold() if isinstance(found, str) else None
