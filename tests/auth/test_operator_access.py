"""The platform's operator reads a school's data only while its owner says so, and the school sees it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from auth.operator_access.operator_access import OperatorAccess, OperatorAccessOver
from infra.operator import tokens
from shared.errors import NotFound
from shared.given import given
from shared.ids import uuid7
from tests.auth.conftest import Running
from tests.auth.members import Headers, Staffed, staffed

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def granted() -> OperatorAccess:
    return OperatorAccess(id=uuid7(), tenant_id=uuid7(), until=NOW + 4 * HOUR, reason="a fault", timestamp=NOW)


def used() -> OperatorAccess:
    access = granted()
    access.use("anna", NOW)
    return access


def revoked() -> OperatorAccess:
    access = granted()
    access.revoke(NOW)
    return access


def test_C29_every_operator_is_told_once_an_hour() -> None:
    given(granted()).when(lambda one: one.use("anna", NOW)).then(OperatorAccess.Used, operator="anna")
    given(used()).when(lambda one: one.use("anna", NOW + timedelta(minutes=59))).then_nothing()
    given(used()).when(lambda one: one.use("anna", NOW + HOUR)).then(OperatorAccess.Used, operator="anna")
    given(used()).when(lambda one: one.use("ben", NOW)).then(OperatorAccess.Used, operator="ben")


def test_C29_access_ends_by_itself_and_when_it_is_revoked() -> None:
    given(granted()).when(lambda one: one.use("anna", NOW + 4 * HOUR)).then_refused(OperatorAccessOver)
    given(revoked()).when(lambda one: one.use("anna", NOW)).then_refused(OperatorAccessOver)
    given(revoked()).when(lambda one: one.revoke(NOW)).then_nothing()


@pytest.fixture
async def school(auth: Running) -> Staffed:
    return await staffed(auth)


async def let_in(school: Staffed, by: Headers) -> UUID:
    body = {"reason": "invoices look wrong", "hours": 1}
    answer = await school.post("/tenant/operator-access", by, body)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["data"]["id"])


async def visitor(school: Staffed, access: UUID, capsys: pytest.CaptureFixture[str]) -> Headers:
    await tokens.visit(school.id, name="anna", access=access)
    return {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}


async def test_C29_a_visitor_reads_writes_nothing_and_stands_in_the_schools_audit(
    school: Staffed, capsys: pytest.CaptureFixture[str]
) -> None:
    by = await school.who(school.owner)
    headers = await visitor(school, await let_in(school, by), capsys)
    assert (await school.auth.client.get("/members", headers=headers)).status_code == 200
    for path, body in (("/tenant/name", {"name": "Mine"}), ("/me/leave", None), ("/tenant/operator-access", None)):
        assert (await school.post(path, headers, body)).status_code == 403
    told = (await school.auth.client.get("/audit", headers=await school.who(school.owner))).json()["data"]
    seen = {entry["action"]: entry for entry in told}
    assert seen["auth.operator_access_used"]["after"] == {"operator": "anna"}
    assert seen["auth.operator_access_granted"]["after"]["reason"] == "invoices look wrong"


async def test_C29_revoked_access_reads_nothing_within_five_seconds(
    school: Staffed, capsys: pytest.CaptureFixture[str]
) -> None:
    by = await school.who(school.owner)
    access = await let_in(school, by)
    headers = await visitor(school, access, capsys)
    assert (await school.post(f"/tenant/operator-access/{access}/revocation", by)).status_code == 200
    end = time.monotonic() + 5
    while (await school.auth.client.get("/members", headers=headers)).status_code != 401:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    with pytest.raises(OperatorAccessOver):
        await tokens.visit(school.id, name="anna", access=access)


async def test_C29_nobody_but_an_owner_lets_the_operator_in_and_only_into_the_own_school(school: Staffed) -> None:
    admin = await school.who(await school.joined("administrator"))
    body: dict[str, Any] = {"reason": "invoices look wrong"}
    assert (await school.post("/tenant/operator-access", admin, body)).status_code == 403
    access = await let_in(school, await school.who(school.owner))
    other = await staffed(school.auth)
    with pytest.raises(NotFound):
        await tokens.visit(other.id, name="anna", access=access)
    refused = await school.post(f"/tenant/operator-access/{access}/revocation", await other.who(other.owner))
    assert refused.status_code == 404
