"""A client of the gateway as any other would be: keys on commands, one consistency token, patience on 425 and 503."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import aiohttp

from infra.mailed import NoMail, mailed_token

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds until an answer that asks to be asked again counts as none."""
PAUSE = 0.1
AGAIN = (425, 503)


class StoryBroken(Exception):
    """A step of the story did not hold."""


def only(rows: Sequence[T], what: str) -> T:
    """The one row that there is. Raises StoryBroken."""
    if len(rows) != 1:
        raise StoryBroken(f"There should be one {what}, there are {len(rows)}.")
    return rows[0]


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    body: Any

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def meta(self) -> Any:
        return self.body["meta"]

    @property
    def problem(self) -> tuple[int, str, str]:
        """What two problems have in common that a client cannot tell apart."""
        return self.status, self.body["code"], self.body["detail"]


class Client:
    """One signed-in person. `seen` is the consistency token: what was written is visible, in all services."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, inbox_url: str) -> None:
        self._session = session
        self._inbox = inbox_url
        self._base = base_url.rstrip("/")
        self._headers: dict[str, str] = {}

    def another(self) -> Self:
        return type(self)(self._session, self._base, self._inbox)

    async def sign_in(self, email: str, password: str) -> str:
        """The id of the school that was entered."""
        signed = await self.post("/auth/login", {"email": email, "password": password})
        self._headers["Authorization"] = f"Bearer {signed.data['access_token']}"
        return str(signed.data["tenant"])

    async def mailed(self, address: str, page: str) -> str:
        """The token of the newest mailed link to this page."""
        try:
            return await mailed_token(self._session, self._inbox, address, page)
        except NoMail as missing:
            raise StoryBroken(str(missing)) from None

    async def get(self, path: str, **params: Any) -> Answer:
        return await self.ask("GET", path, params=params)

    async def post(self, path: str, body: Any = None, **params: Any) -> Answer:
        return await self.ask("POST", path, json=body, params=params)

    async def upload(self, path: str, content: bytes, **params: Any) -> Answer:
        headers = {"Content-Type": "application/zip"}
        return await self.ask("POST", path, data=content, headers=headers, params=params)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        refused: bool = False,
        **sent: Any,
    ) -> Answer:
        """The answer; StoryBroken if it is a refusal, unless one is wanted."""
        key = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()}
        until = time.monotonic() + PATIENCE
        while True:
            answer, after = await self._once(method, path, query, {**key, **(headers or {})}, sent)
            if answer.status not in AGAIN or time.monotonic() > until:
                break
            await asyncio.sleep(after)
        if refused or answer.status < 300:
            return answer
        raise StoryBroken(f"{method} {path} answered {answer.status}: {answer.content[:500].decode(errors='replace')}")

    async def until(self, path: str, holds: Callable[[Answer], bool], what: str) -> Answer:
        """Asks again until the answer is the one that is waited for."""
        end = time.monotonic() + PATIENCE
        while not holds(answer := await self.get(path)):
            if time.monotonic() > end:
                raise StoryBroken(f"This did not come true within {PATIENCE:g} s: {what}")
            await asyncio.sleep(PAUSE)
        return answer

    async def _once(
        self, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], sent: Mapping[str, Any]
    ) -> tuple[Answer, float]:
        async with self._session.request(
            method, f"{self._base}/api{path}", params=query, headers={**self._headers, **headers}, **sent
        ) as response:
            content = await response.read()
            if "Consistency-Token" in response.headers:
                self._headers["Consistency-Token"] = response.headers["Consistency-Token"]
            body = await response.json(content_type=None) if "json" in response.content_type else None
            return Answer(response.status, content, body), min(float(response.headers.get("Retry-After", 1)), PAUSE)
