"""The platform's operator suspends and reinstates a school, at the worker's port and by the command line."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from auth.main import app
from auth.service import SERVICE
from auth.tenants.tenant import TenantIsSuspended
from infra.operator import tenants
from infra.testing.harness import Running
from shared.errors import NotFound
from shared.ids import PLATFORM, uuid7
from shared.operator.app import create_operator_app
from shared.operator.desk import OPERATE, OperatorDesk
from shared.operator.verifications import Verifications
from tests.auth.schools import School, auth_running, school_on


@pytest.fixture(scope="module")
async def it(superuser_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with auth_running(superuser_dsn, tmp_path_factory.mktemp("auth")) as found:
        yield found


@pytest.fixture
async def school(it: Running) -> School:
    return await school_on(it)


@pytest.fixture
async def operator(it: Running) -> AsyncIterator[AsyncClient]:
    desk = create_operator_app("auth", SERVICE.operator_routers)
    verifications = Verifications(SERVICE, it.dsns["worker"], "127.0.0.1:1")
    desk.state.verifier = app.state.verifier
    desk.state.desk = OperatorDesk(it.kernel, "127.0.0.1:1", verifications)
    async with AsyncClient(transport=ASGITransport(app=desk), base_url="http://worker") as client:
        yield client


async def asked(operator: AsyncClient, school: School, what: str, permission: str = OPERATE) -> Response:
    tenant = PLATFORM if permission == OPERATE else school.tenant_id
    headers = {"Authorization": f"Bearer {school.it.signer.token(tenant, [permission])}"}
    body = {"reason": "invoices not paid"}
    answer = await operator.post(f"/operator/tenants/{school.tenant_id}/{what}", json=body, headers=headers)
    await school.it.settle()
    return answer


async def actions(it: Running, school: UUID) -> list[tuple[str, str]]:
    async with it.kernel.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT action, outcome FROM operator_actions WHERE arguments->>'tenant' = %s ORDER BY number",
            (str(school),),
        )
        return [(action, outcome) for action, outcome in await cursor.fetchall()]


async def test_F15_an_operator_suspends_and_reinstates_with_a_reason(operator: AsyncClient, school: School) -> None:
    assert (await asked(operator, school, "suspension")).status_code == 200
    again = await asked(operator, school, "suspension")
    assert (again.status_code, again.json()["code"]) == (409, "tenant-is-suspended")
    refused = await school.post("/tenant/name", {"name": "Luna"})
    assert refused.status_code in (403, 409)
    assert (await asked(operator, school, "reinstatement")).status_code == 200
    assert (await school.post("/tenant/name", {"name": "Luna"})).status_code == 200
    assert [topic for topic in await school.it.events(school.tenant_id) if "tenant_" in topic] == [
        "auth.tenant_registered",
        "auth.tenant_suspended",
        "auth.tenant_reinstated",
        "auth.tenant_renamed",
    ]
    assert await actions(school.it, school.tenant_id) == [
        ("tenant.suspend", "done"),
        ("tenant.suspend", "tenant-is-suspended"),
        ("tenant.reinstate", "done"),
    ]


async def test_F15_nobody_else_suspends_a_school(operator: AsyncClient, school: School) -> None:
    assert (await asked(operator, school, "suspension", "school.write")).status_code == 403
    assert await actions(school.it, school.tenant_id) == []


async def test_F15_the_command_line_does_the_same(
    school: School, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTH_WORKER_DSN", school.it.dsns["worker"])
    await tenants.suspend(school.tenant_id, reason="not paid")
    with pytest.raises(TenantIsSuspended):
        await tenants.suspend(school.tenant_id, reason="not paid")
    await tenants.reinstate(school.tenant_id, reason="paid")
    with pytest.raises(NotFound):
        await tenants.suspend(uuid7(), reason="not paid")
    assert capsys.readouterr().out.splitlines() == [
        f"School {school.tenant_id} is suspended.",
        f"School {school.tenant_id} is reinstated.",
    ]
    log = [record for record in await school.it.log() if record.topic == "auth.tenant_suspended"]
    assert b'"kind":"system","id":"cli:' in log[-1].state
