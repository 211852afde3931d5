"""A school renames itself, chooses its settings, gets set up, is suspended and reinstated."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from auth.tenants.tenant import LastOwner, Settings, Tenant, TenantIsNotSuspended, TenantIsSuspended
from auth.users.user import User
from infra.testing.harness import Running
from shared.given import given
from shared.ids import PLATFORM, uuid7
from tests.auth.schools import PASSWORD, School, auth_running, school_on

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def tenant() -> Tenant:
    id = uuid7()
    told = {"name": "Sol", "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
    return Tenant(id=id, tenant_id=id, owner_id=uuid7(), timestamp=NOW, **told)


def suspended() -> Tenant:
    found = tenant()
    found.suspend("not paid", NOW)
    return found


def test_C34_the_same_settings_again_are_no_event() -> None:
    given(tenant()).when(lambda it: it.change_settings(Settings("Europe/Madrid"), NOW)).then_nothing()
    given(tenant()).when(lambda it: it.rename("Sol", NOW)).then_nothing()


def test_F15_a_suspended_school_refuses_changes_and_is_suspended_once() -> None:
    given(suspended()).when(lambda it: it.rename("Luna", NOW)).then_refused(TenantIsSuspended)
    given(suspended()).when(lambda it: it.change_settings(Settings("UTC"), NOW)).then_refused(TenantIsSuspended)
    given(suspended()).when(lambda it: it.suspend("again", NOW)).then_refused(TenantIsSuspended)
    given(tenant()).when(lambda it: it.reinstate("paid", NOW)).then_refused(TenantIsNotSuspended)


def test_C1_the_last_owner_stays_also_after_a_suspension() -> None:
    found = suspended()
    found.reinstate("paid", NOW)
    (owner,) = found.owners
    given(found).when(lambda it: it.remove_owner(owner, NOW)).then_refused(LastOwner)


@pytest.fixture(scope="module")
async def it(superuser_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with auth_running(superuser_dsn, tmp_path_factory.mktemp("auth")) as found:
        yield found


@pytest.fixture
async def school(it: Running) -> School:
    return await school_on(it)


async def test_B33_C1_a_school_is_created_through_the_API_alone(school: School) -> None:
    row = await school.get("/tenant")
    assert (row["id"], row["name"], row["language"]) == (str(school.tenant_id), "Escuela Sol", "en")
    assert (row["freeze_day"], row["suspended"]) == (None, False)


async def test_C34_R4_27_a_school_renames_itself_and_chooses_its_settings(school: School) -> None:
    assert (await school.post("/tenant/name", {"name": "Escuela Luna"})).status_code == 200
    settings = {"zone": "Atlantic/Canary", "language": "es", "freeze_day": 5}
    assert (await school.post("/tenant/settings", settings)).status_code == 200
    row = await school.get("/tenant")
    assert row["name"] == "Escuela Luna"
    assert {name: row[name] for name in settings} == settings


@pytest.mark.parametrize(
    "wrong", [{"zone": "Mars/Base"}, {"language": "xx"}, {"freeze_day": 31}, {"freeze_day": "5"}, {"colour": "red"}]
)
async def test_C34_settings_are_typed(school: School, wrong: dict[str, Any]) -> None:
    body = {"zone": "UTC", "language": "en", "freeze_day": None} | wrong
    refused = await school.post("/tenant/settings", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(wrong))}")


async def test_C34_only_who_runs_the_school_changes_its_settings(school: School) -> None:
    body = {"zone": "UTC", "language": "en"}
    for role in ("manager", "teacher", "auditor", "billing_clerk", "guardian"):
        assert (await school.post("/tenant/settings", body, (role,))).status_code == 403


async def test_F1_a_new_school_shows_what_is_still_being_set_up(school: School, it: Running) -> None:
    async def progress() -> tuple[str, list[str]]:
        found = await school.get("/tenant/onboarding")
        return found["progress"], [f"{s['service']} {s['step']}" for s in found["steps"] if s["done_at"]]

    assert await progress() == ("setting-up", [])
    await it.feed("academic.org_created", school.tenant_id, uuid7(), {"parent_id": None})
    await it.feed("academic.org_created", school.tenant_id, uuid7(), {"parent_id": uuid7()})
    assert await progress() == ("setting-up", ["academic root-org"])
    await it.feed("academic.code_defined", school.tenant_id, uuid7(), {})
    await it.feed("billing.issuer_registered", school.tenant_id, uuid7(), {})
    assert (await progress())[0] == "setting-up"
    await it.feed("billing.series_opened", school.tenant_id, uuid7(), {})
    assert await progress() == (
        "ready",
        ["academic root-org", "academic attendance-codes", "billing issuer", "billing series"],
    )
    other = await school_on(it)
    assert (await other.get("/tenant/onboarding"))["progress"] == "setting-up"


async def test_F15_a_suspension_ends_the_sign_ins_of_that_school_and_of_no_other(it: Running) -> None:
    schools = [await school_on(it) for _ in range(2)]
    for each in schools:
        user = await it.kernel.store.get(User, each.owner_id, PLATFORM)
        user.trust_email(NOW)
        await it.kernel.store.save(user, call=it.call(PLATFORM))
        login = {"email": each.email, "password": PASSWORD}
        assert (await it.client.post("/login", json=login)).status_code == 200
    ours, theirs = schools
    call = it.call(ours.tenant_id)
    found = await it.kernel.store.get(Tenant, ours.tenant_id, ours.tenant_id)
    found.suspend("not paid", NOW)
    await it.kernel.store.save(found, call=call)
    await it.settle()
    await it.settle()
    assert await ours.desk.refresh_tokens.of_school(ours.tenant_id) == []
    assert len(await theirs.desk.refresh_tokens.of_school(theirs.tenant_id)) == 1
    assert (await ours.get("/tenant"))["suspended"] is True
    assert "auth.session_ended" in await it.events(ours.tenant_id)
    assert "auth.session_ended" not in await it.events(theirs.tenant_id)
