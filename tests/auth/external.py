"""A school with an identity provider, and browsers that go there and come back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from shared.ids import uuid7
from tests.auth.members import Headers, Staffed, staffed
from tests.auth.openid_provider import Claims, OpenIdProvider

SECRET = "client-secret-canary-51c2"
DOMAIN = "school.example"


@dataclass
class Vouched:
    """A school that trusts the provider for one domain."""

    school: Staffed
    provider: OpenIdProvider
    owner: Headers
    client_id: str
    id: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> httpx2.AsyncClient:
        return self.school.auth.client

    def person(self, **claims: Any) -> str:
        """Somebody at the provider; the subject."""
        subject = uuid7().hex
        email = f"{subject}@{DOMAIN}"
        known = {"email": email, "email_verified": True, "given_name": "Eva", "family_name": "Mar"}
        self.provider.people[subject] = {**known, **claims}
        return subject

    async def member(self, *roles: str) -> tuple[str, str]:
        """A member of the school whose address the provider knows: subject and address."""
        email = await self.school.joined(*(roles or ("teacher",)))
        return self.person(email=email), email

    async def set(self, **changes: Any) -> None:
        self.settings |= changes
        answer = await self.school.post(f"/identity-providers/{self.id}/settings", self.owner, self.settings)
        assert answer.status_code == 200, answer.text
        self.owner["Consistency-Token"] = answer.headers["Consistency-Token"]

    async def begin(self, **more: Any) -> Any:
        body = {"tenant_id": str(self.school.id), "provider_id": self.id, **more}
        return await self.client.post("/login/external", json=body)

    async def arrive(self, subject: str) -> dict[str, Any]:
        """What the browser brings back from the provider."""
        begun = await self.begin()
        assert begun.status_code == 200, begun.text
        data = begun.json()["data"]
        return {**await authorized(data["authorization_url"], subject), "browser": data["browser"]}

    async def complete(self, brought: dict[str, Any]) -> Any:
        return await self.client.post("/login/external/completion", json=brought)

    async def sign_in(self, subject: str) -> Any:
        return await self.complete(await self.arrive(subject))

    async def signed_in(self, subject: str) -> dict[str, Any]:
        answer = await self.sign_in(subject)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def authorized(url: str, subject: str) -> dict[str, str]:
    """What the provider puts into the address that it sends the browser back to."""
    query = parse_qs(urlsplit(await sent_back(url, subject)).query)
    return {name: values[0] for name, values in query.items()}


async def sent_back(url: str, subject: str) -> str:
    """Follows the browser to the provider, where this person is signed in."""
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(f"{url}&as={subject}")
    assert answer.status_code == 307, answer.text
    return str(answer.headers["location"])


async def vouched(auth: Any, provider: OpenIdProvider, school: Staffed | None = None, **changes: Any) -> Vouched:
    school = school or await staffed(auth)
    client_id = f"rollbook {uuid7().hex}".replace(" ", "-")
    provider.clients[client_id] = SECRET
    settings = {"title": "School account", "client_id": client_id, "domains": [DOMAIN, "example.org"], **changes}
    it = Vouched(school, provider, await school.who(school.owner), client_id, settings=settings)
    body = {"issuer": provider.issuer, "client_secret": SECRET, "settings": settings}
    answer = await school.post("/identity-providers", it.owner, body)
    assert answer.status_code == 201, answer.text
    it.id = answer.json()["data"]["id"]
    return it


async def refused(it: Vouched, subject: str, expected: tuple[int, str]) -> None:
    """And nobody was made or linked, and nothing can be tried again with the same state."""
    brought = await it.arrive(subject)
    answer = await it.complete(brought)
    assert refusal(answer) == expected, answer.text
    it.provider.behave()
    assert refusal(await it.complete(brought)) == (401, "external-sign-in-expired")
    assert await it.school.auth.desk.credentials.user_of(it.provider.people[subject]["email"]) is None


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}
