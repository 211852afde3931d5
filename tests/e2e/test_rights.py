"""Rights that change, over the whole product: writes are refused in another service within five seconds."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from infra.mailed import mailed_token
from infra.native.running import Running
from infra.testing.client import Client

WITHIN = 5.0


@pytest.fixture(scope="module")
async def owner(product: Running) -> AsyncIterator[Client]:
    async with Client(product.base_url, product.inbox_url) as client:
        await client.register_school("School of rights")
        yield client


class Member(Client):
    """Somebody who followed an invitation and signed in."""

    refresh_token = ""
    membership = ""

    async def join(self, owner: Client, product: Running, *roles: str) -> None:
        email, password = f"member-{secrets.token_hex(6)}@school.example", secrets.token_urlsafe(18)
        await owner.post("/api/auth/invitations", {"email": email, "roles": list(roles)})
        async with aiohttp.ClientSession() as session:
            token = await mailed_token(session, product.inbox_url, email, "accept-invitation")
        account = {"given_name": "Bo", "family_name": "Bench", "password": password}
        await self.post("/api/auth/invitations/accept", {"token": token, "account": account})
        self.login = {"email": email, "password": password}
        signed_in = await self.post("/api/auth/login", self.login)
        self.access, self.refresh_token = signed_in["access_token"], signed_in["refresh_token"]
        me = (await self.get("/api/auth/me"))["user_id"]
        members = await owner.get("/api/auth/members")
        self.membership = next(each["id"] for each in members if each["user_id"] == me)

    async def writes(self) -> tuple[int, str]:
        body = {"json": {"title": "Piano"}, "headers": {"Idempotency-Key": secrets.token_hex(8)}}
        status, answer = await self.ask("POST", "/api/academic/courses", **body)
        return status, answer.get("code", "")

    async def reads(self) -> int:
        return (await self.ask("GET", "/api/academic/courses"))[0]

    async def refresh(self) -> int:
        status, answer = await self.ask("POST", "/api/auth/token/refresh", json={"refresh_token": self.refresh_token})
        if status == 200:
            self.access, self.refresh_token = answer["data"]["access_token"], answer["data"]["refresh_token"]
        return status


@pytest.fixture
async def member(product: Running, owner: Client) -> AsyncIterator[Member]:
    async with Member(product.base_url, product.inbox_url) as client:
        await client.join(owner, product, "administrator")
        assert (await client.writes())[0] == 201
        yield client


async def refused(member: Member) -> tuple[str, float]:
    """With which code a write is refused, and after how many seconds; the writer does not rest meanwhile."""
    begun = time.monotonic()
    while time.monotonic() - begun < WITHIN:
        status, code = await member.writes()
        if status != 201:
            return code, time.monotonic() - begun
        await asyncio.sleep(0.05)
    raise AssertionError("still writing")


async def test_S5_who_is_demoted_writes_no_more_and_goes_on_with_less_after_a_refresh(
    owner: Client, member: Member
) -> None:
    await owner.post(f"/api/auth/members/{member.membership}/roles", {"role": "auditor"})
    await owner.post(f"/api/auth/members/{member.membership}/role-revocations", {"role": "administrator"})
    assert (await refused(member))[0] == "rights-changed"
    assert await member.reads() == 200
    assert await member.refresh() == 200
    assert await member.writes() == (403, "forbidden")
    assert await member.reads() == 200


async def test_S5_who_is_suspended_writes_no_more(owner: Client, member: Member) -> None:
    await owner.post(f"/api/auth/members/{member.membership}/suspension")
    assert (await refused(member))[0] in ("rights-changed", "unauthenticated")
    assert await member.reads() == 200
    assert await member.refresh() == 401


async def test_S5_R4_4_who_ended_all_sign_ins_elsewhere_writes_no_more_with_the_old_token(
    owner: Client, member: Member, product: Running
) -> None:
    async with Client(product.base_url, product.inbox_url) as elsewhere:
        elsewhere.login = member.login
        await elsewhere.sign_in()
        await elsewhere.post("/api/auth/sign-ins/end-all")
    assert (await refused(member))[0] == "unauthenticated"
    assert await member.reads() == 200
    await member.sign_in()
    assert (await member.writes())[0] == 201


async def test_S5_a_role_of_the_school_that_is_changed_changes_its_holders(owner: Client, product: Running) -> None:
    permissions: list[dict[str, Any]] = [{"permission": name} for name in ("school.write", "school.read")]
    role = await owner.post("/api/auth/roles", {"name": "Planner", "permissions": permissions})
    async with Member(product.base_url, product.inbox_url) as planner:
        await planner.join(owner, product, role["id"])
        assert (await planner.writes())[0] == 201
        await owner.post(f"/api/auth/roles/{role['id']}/permissions", {"permissions": permissions[1:]})
        assert (await refused(planner))[0] == "rights-changed"
        assert await planner.refresh() == 200
        assert await planner.writes() == (403, "forbidden")


async def test_S5_a_token_that_is_newer_than_what_a_service_knows_works_at_once(owner: Client, member: Member) -> None:
    """The view of the other service is always behind a grant that was made a moment ago."""
    for role in ("teacher", "auditor", "manager"):
        await owner.post(f"/api/auth/members/{member.membership}/roles", {"role": role})
        assert await member.refresh() == 200
        assert (await member.writes())[0] == 201
