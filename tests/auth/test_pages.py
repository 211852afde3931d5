"""The pages about rights, second factors and keys of programs: their commands are run, in order, over HTTP."""

import json
import re
from base64 import b32decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from auth.main import app
from auth.roles.matrix import SCOPES
from shared.ids import uuid7
from tests.auth.conftest import PASSWORD, Running
from tests.auth.factors import Owner
from tests.auth.members import staffed
from tests.pages import PAGES, api_of, blocks_of, shell, typed


@pytest.fixture
async def api(auth: Running) -> AsyncIterator[str]:
    async with api_of(app, "auth") as address:
        yield address


async def test_C19_C20_every_command_of_the_page_about_keys_of_programs_works(
    auth: Running, email: str, api: str, tmp_path: Path
) -> None:
    await auth.register(email)
    headers = await auth.signed_in(email)
    values = {"API": api, "AUTH": f"Authorization: {headers['Authorization']}"}
    assert await typed(blocks_of("api-keys.md"), values, tmp_path) == [
        '[300,"classes.read school.read"]',
        "classes.read school.read",
        "classes.read school.read",
        '"Key revoked"',
        '"invalid_client"',
        '"Bearer"',
        '"Account retired"',
    ]


async def test_C29_every_command_of_the_page_about_acting_as_somebody_works(
    auth: Running, api: str, tmp_path: Path
) -> None:
    school = await staffed(auth)
    admin, member = await school.joined("administrator"), await school.joined("teacher")
    tokens = [(await school.who(email))["Authorization"].removeprefix("Bearer ") for email in (admin, school.owner)]
    values = {"API": api, "ADMIN": tokens[0], "OWNER": tokens[1], "MEMBER": str(await school.of(member))}
    assert await typed(blocks_of("act-as-somebody.md"), values, tmp_path) == [
        '"teacher"',
        '"Impersonation ended"',
        '"Operator access revoked"',
    ]


def test_C20_the_page_about_keys_of_programs_names_all_scopes() -> None:
    told = (PAGES / "api-keys.md").read_text().partition("Scopes that a key can have:")[2].partition(". No key")[0]
    assert set(re.findall(r"`(\S+)`", told)) == SCOPES


async def test_C24_C3_R4_11_every_command_of_the_page_about_roles_works(
    auth: Running, api: str, tmp_path: Path
) -> None:
    school = await staffed(auth)
    email = await school.joined("auditor")
    headers = await school.who(school.owner)
    assert (await auth.client.get("/members", headers=headers)).status_code == 200
    values = {
        "API": api,
        "AUTH": f"Authorization: {headers['Authorization']}",
        "EMAIL": email,
        "PASSWORD": PASSWORD,
        "CLASS": str(uuid7()),
    }
    said = await typed(blocks_of("roles.md"), values, tmp_path)
    assert {json.loads(line)["email"] for line in said[:2]} == {school.owner, email}
    assert said[2:] == [
        '"Role granted"',
        '"Role revoked"',
        '"Role granted"',
        '"Permissions changed"',
        '"Role retired"',
        '"Scope limited"',
        '"End date set"',
        '"signed-in"',
        "0",
        '"Sign-ins ended"',
        '"Account unlocked"',
        '"Membership suspended"',
        '"Membership resumed"',
        '"Membership ended"',
    ]


async def test_C15_C16_every_command_of_the_page_about_second_factors_works(
    auth: Running, email: str, api: str, tmp_path: Path
) -> None:
    await auth.register(email)
    said: list[str] = []
    async with shell({"API": api, "EMAIL": email, "PASSWORD": PASSWORD}, tmp_path) as opened:
        for block in blocks_of("second-factor.md"):
            if "$CODE" in block:
                await opened.type(f"CODE={await code(auth, email, tmp_path)}")
            said += await opened.type(block)
    assert said[0].startswith("otpauth://totp/")
    assert said[1:] == [
        '{"methods":["otp"],"recovery_codes_left":10,"demanded":false}',
        '"Security policy set"',
        '["administrator","billing_clerk","owner"]',
        '"Security policy set"',
        '"Authenticator app removed"',
    ]


async def code(auth: Any, email: str, folder: Path) -> str:
    """What the app shows, some minutes after it was looked at before."""
    secret = b32decode(json.loads((folder / "enrolment.json").read_text())["data"]["secret"])
    owner = Owner(auth, email, secret, {})
    await owner.later()
    return owner.code()
