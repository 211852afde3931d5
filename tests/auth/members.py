"""Schools with members, for tests of rights."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from auth.memberships.membership import Membership, membership_id
from auth.tenants.tenant import Tenant
from shared.calls import Actor, Call
from shared.events import Aggregate
from shared.ids import uuid7
from tests.auth.conftest import Running

Headers = dict[str, str]


@dataclass(frozen=True)
class Staffed:
    """A school. `who` signs in as a member of it; `of` is the id of somebody's membership."""

    auth: Running
    id: UUID
    owner: str

    async def who(self, email: str) -> Headers:
        return await self.auth.signed_in(email, tenant_id=str(self.id))

    async def of(self, email: str) -> UUID:
        return membership_id(self.id, (await self.auth.user(email)).id)

    async def member(self, email: str) -> Membership:
        return await self.auth.kernel.store.get(Membership, await self.of(email), self.id)

    async def joined(self, *roles: str) -> str:
        """The address of somebody new with these roles; the school that everybody here registers is the first one."""
        email = f"{uuid7().hex}@example.org"
        await self.auth.register(email)
        user = await self.auth.user(email)
        membership = Membership(
            id=membership_id(self.id, user.id),
            tenant_id=self.id,
            user_id=user.id,
            roles=roles,
            timestamp=datetime.now(UTC),
        )
        user.join(self.id, datetime.now(UTC))
        call = call_of(self)
        changed: list[Aggregate] = [membership, user]
        if "owner" in roles:
            tenant = await self.auth.kernel.store.get(Tenant, self.id, self.id)
            tenant.add_owner(user.id, call.now)
            changed.append(tenant)
        await self.auth.kernel.store.save(*changed, call=call)
        return email

    async def post(self, path: str, by: Headers, body: Any = None) -> Any:
        return await self.auth.client.post(path, json=body, headers={**by, "Idempotency-Key": uuid7().hex})


async def staffed(auth: Running) -> Staffed:
    email = f"{uuid7().hex}@example.org"
    answer = await auth.register(email)
    return Staffed(auth, UUID(answer.json()["data"]["id"]), email)


def call_of(school: Staffed) -> Call:
    return Call(tenant_id=school.id, actor=Actor("system", "test"), now=datetime.now(UTC), correlation_id=uuid7())
