"""Pages of docs/how-to that need several services: their commands are run, in order, on a running product."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from infra.mailed import mailed_token
from infra.native.running import Running
from infra.testing.client import AGAIN, Client
from tests.pages import blocks_of, typed

USERS = "/api/academic/ims/oneroster/rostering/v1p2/users"


@pytest.fixture
async def owner(product: Running) -> AsyncIterator[Client]:
    async with Client(product.base_url, product.inbox_url) as client:
        await client.register_school("School of pages")
        yield client


def auth(client: Client) -> str:
    return f"Authorization: Bearer {client.access}"


async def joined(client: Client, owner: Client, product: Running, role: str) -> str:
    """Somebody new follows an invitation and signs in; the user's id."""
    email, password = f"member-{secrets.token_hex(6)}@school.example", secrets.token_urlsafe(18)
    await owner.post("/api/auth/invitations", {"email": email, "roles": [role]})
    async with aiohttp.ClientSession() as session:
        token = await mailed_token(session, product.inbox_url, email, "accept-invitation")
    account = {"given_name": "Bo", "family_name": "Lee", "password": password}
    await client.post("/api/auth/invitations/accept", {"token": token, "account": account})
    client.login = {"email": email, "password": password}
    await client.sign_in()
    return str((await client.get("/api/auth/me"))["user_id"])


async def readable(client: Client, path: str) -> None:
    """Until the view has what the client wrote."""
    for _ in range(600):
        if (await client.ask("GET", path))[0] not in AGAIN:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{path} is behind")


async def test_A27_every_command_of_the_page_about_oneroster_consumers_works(
    product: Running, owner: Client, tmp_path: Path
) -> None:
    await owner.post("/api/academic/classes", {"title": "Piano A"})
    for name in ("Ames", "Bell", "Cole"):
        await owner.post("/api/academic/people", {"given_name": "Ann", "family_name": name, "roles": ["student"]})
    await readable(owner, USERS)
    values = {"API": f"{product.base_url}/api", "AUTH": auth(owner)}
    said = await typed(blocks_of("connect-a-oneroster-consumer.md"), values, tmp_path)
    assert [line.strip() for line in said] == [
        "Piano A, active",
        "x-total-count: 3",
        "Cole, active",
        "manifest.csv",
        *(
            "users.csv",
            "roles.csv",
            "enrollments.csv",
            "classes.csv",
            "courses.csv",
            "academicSessions.csv",
            "orgs.csv",
        ),
    ]


async def test_C28_every_command_of_the_page_about_erasures_works(
    product: Running, owner: Client, tmp_path: Path
) -> None:
    async with Client(product.base_url, product.inbox_url) as admin, Client(product.base_url, product.inbox_url) as bo:
        await joined(admin, owner, product, "administrator")
        user_id = await joined(bo, owner, product, "teacher")
        person = {"given_name": "Bo", "family_name": "Lee", "roles": ["teacher"]}
        person_id = (await owner.post("/api/academic/people", person))["id"]
        values = {
            "API": f"{product.base_url}/api",
            "ADMIN": auth(admin),
            "OWNER": auth(owner),
            "USER_ID": user_id,
            "PERSON_ID": person_id,
        }
        assert await typed(blocks_of("erasure.md"), values, tmp_path) == [
            '"second-person-needed"',
            '"Erasure approved"',
            "complete",
            "academic: done",
            "auth: done",
            "billing: done",
            "exports: done",
        ]


async def test_C31_every_command_of_the_page_about_users_of_another_system_works(
    product: Running, owner: Client, tmp_path: Path
) -> None:
    values = {
        "API": f"{product.base_url}/api",
        "SCHOOL": (await owner.get("/api/auth/me"))["tenant_id"],
        "ROLLBOOK_STATE": str(product.folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    assert await typed(blocks_of("import-users.md"), values, tmp_path) == ["2 would-create", "2 created", '"signed-in"']
