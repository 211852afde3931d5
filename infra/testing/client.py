"""A client of the gateway, as a frontend would write it."""

import asyncio
import secrets
import time
from types import TracebackType
from typing import Any, Self

import aiohttp

from infra.mailed import mailed_token

AGAIN = (425, 502, 503, 504)
PATIENCE = 60.0


class Client:
    """Carries the access token and the newest consistency token. It reads its mail in the inbox."""

    def __init__(self, base_url: str, inbox_url: str) -> None:
        self._inbox_url = inbox_url
        self._session = aiohttp.ClientSession(base_url)
        self.access = ""
        self.consistency = ""
        self.login: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The data of the answer. A copy goes again, under the same key, while a part of the product is away."""
        key = secrets.token_hex(12)
        return await self._until_answered("POST", path, {"json": body or {}, "headers": {"Idempotency-Key": key}})

    async def get(self, path: str) -> Any:
        return await self._until_answered("GET", path, {})

    async def _until_answered(self, method: str, path: str, options: dict[str, Any]) -> Any:
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                status, body = await self.ask(method, path, **options)
            except aiohttp.ClientError:
                status, body = 503, {}
            if status < 300:
                return body["data"]
            if status not in AGAIN or time.monotonic() > give_up:
                raise AssertionError(f"{method} {path}: {status} {body}")
            await asyncio.sleep(0.1)

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and body, whatever they are; a token that comes is kept."""
        headers = {**self._headers(), **options.pop("headers", {})}
        async with self._session.request(method, path, headers=headers, **options) as response:
            body = await response.json(content_type=None)
            if token := response.headers.get("Consistency-Token"):
                self.consistency = token
            return response.status, body

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.access}"} if self.access else {}
        return {**headers, "Consistency-Token": self.consistency} if self.consistency else headers

    async def register_school(self, name: str) -> None:
        """A new school, and its owner signed in, after the mailed link was followed."""
        email, password = f"owner-{secrets.token_hex(6)}@school.example", secrets.token_urlsafe(18)
        school = {"name": name, "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
        owner = {"email": email, "password": password, "given_name": "Ada", "family_name": "Bench"}
        self.login = {"email": email, "password": password}
        await self.post("/api/auth/schools", {"school": school, "owner": owner})
        token = await mailed_token(self._session, self._inbox_url, email, "verify-email")
        await self.post("/api/auth/email-verifications", {"token": token, "password": password})
        await self.sign_in()

    async def sign_in(self) -> None:
        self.access = (await self.post("/api/auth/login", self.login))["access_token"]
