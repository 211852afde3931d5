"""Auth in this process on a store of its own, schools in it, and what its people may ask."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx2 import Response

from auth.desk import Desk
from auth.main import app
from auth.memberships.membership import Membership, membership_id
from auth.roles.matrix import permissions_of
from auth.service import SERVICE
from auth.settings import AuthSettings
from auth.users.user import User
from infra.testing.harness import Running, running
from shared.ids import PLATFORM, uuid7

NEWEST = 2**30
"""Newer than whatever changed somebody's rights."""
PASSWORD = "correct horse battery staple"


@dataclass
class School:
    """One school and its owner. Tokens are the test's own; what they open is what auth's matrix says."""

    it: Running
    email: str
    tenant_id: UUID = field(default_factory=uuid7)
    owner_id: UUID = field(default_factory=uuid7)

    @property
    def desk(self) -> Desk:
        desk: Desk = app.state.desk
        return desk

    async def registered(self) -> "School":
        school = {"name": "Escuela Sol", "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
        owner = {"email": self.email, "password": PASSWORD, "given_name": "Anacanary", "family_name": "Sol"}
        key = {"Idempotency-Key": str(uuid7())}
        answer = await self.it.client.post("/schools", json={"school": school, "owner": owner}, headers=key)
        assert answer.status_code == 201, answer.text
        self.tenant_id = UUID(answer.json()["data"]["id"])
        found = await self.desk.credentials.user_of(self.email)
        assert found is not None
        self.owner_id = found
        await self.it.settle()
        return self

    async def member(self, role: str, email: str | None = None) -> UUID:
        """Somebody else with this role in the school; the user's id."""
        user_id, call = uuid7(), self.it.call(PLATFORM)
        sealer = await self.it.kernel.keyring.sealer(PLATFORM, user_id)
        email = email or f"{user_id.hex}@example.org"
        sealed = {name: sealer.seal(name, value) for name, value in (("given_name", "Bo"), ("family_name", "Lee"))}
        user = User(id=user_id, tenant_id=PLATFORM, email=sealer.seal("email", email), timestamp=call.now, **sealed)
        user.trust_email(call.now)
        user.join(self.tenant_id, call.now)
        membership = Membership(
            id=membership_id(self.tenant_id, user_id),
            tenant_id=self.tenant_id,
            user_id=user_id,
            roles=(role,),
            timestamp=call.now,
        )
        claim = self.desk.credentials.claim(email, user_id)
        await self.it.kernel.store.save(user, membership, call=call, keys=sealer.new, claims=(claim,))
        await self.desk.credentials.keep(user_id, user_id, PASSWORD)
        await self.it.settle()
        return user_id

    def headers(self, roles: Iterable[str] = ("owner",), subject: UUID | None = None) -> dict[str, str]:
        who, given = subject or self.owner_id, permissions_of(roles)
        claims = {"rights": NEWEST, "auth_time": int(time.time())}
        token = self.it.signer.token(self.tenant_id, given, roles, who, claims)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}

    async def post(self, path: str, body: Any = None, roles: Iterable[str] = ("owner",), **who: UUID) -> Response:
        answer = await self.it.client.post(path, json=body, headers=self.headers(roles, **who))
        await self.it.settle()
        return answer

    async def get(self, path: str, roles: Iterable[str] = ("owner",), **asked: Any) -> Any:
        answer = await self.it.client.get(path, params=asked, headers=self.headers(roles))
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@asynccontextmanager
async def auth_running(superuser_dsn: str, folder: Path) -> AsyncIterator[Running]:
    async with running(superuser_dsn, folder, SERVICE, AuthSettings, app) as it:
        yield it


async def school_on(it: Running) -> School:
    return await School(it, f"{uuid7().hex}@example.org").registered()
