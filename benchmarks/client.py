"""A client of the gateway, as a frontend would write it."""

import secrets
from types import TracebackType
from typing import Any, Self

import aiohttp


class Client:
    """Carries the access token and the newest consistency token."""

    def __init__(self, base_url: str) -> None:
        self._session = aiohttp.ClientSession(base_url)
        self.access = ""
        self.consistency = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {**self._headers(), "Idempotency-Key": secrets.token_hex(12)}
        async with self._session.post(path, json=body, headers=headers) as response:
            return await self._answer(response)

    async def get(self, path: str) -> dict[str, Any]:
        async with self._session.get(path, headers=self._headers()) as response:
            return await self._answer(response)

    async def _answer(self, response: aiohttp.ClientResponse) -> dict[str, Any]:
        body: dict[str, Any] = await response.json(content_type=None)
        if response.status >= 300:
            raise RuntimeError(f"{response.method} {response.url.path}: {response.status} {body}")
        self.consistency = response.headers.get("Consistency-Token", self.consistency)
        return body

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.access}"} if self.access else {}
        return {**headers, "Consistency-Token": self.consistency} if self.consistency else headers

    async def register_school(self, name: str) -> None:
        """A new school, and its owner signed in."""
        email, password = f"owner-{secrets.token_hex(6)}@school.example", secrets.token_urlsafe(18)
        school = {"name": name, "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
        owner = {"email": email, "password": password, "given_name": "Ada", "family_name": "Bench"}
        await self.post("/api/auth/schools", {"school": school, "owner": owner})
        answer = await self.post("/api/auth/login", {"email": email, "password": password})
        self.access = answer["data"]["access_token"]
