"""Rights that changed in auth, as another service learns of them and what it does then."""

import time
from typing import Any
from uuid import UUID

import pytest

from academic.main import app
from infra.testing.harness import Running
from infra.testing.school import School
from shared import standing
from shared.ids import uuid7


class Clerk:
    """A member of the school, as auth tells of one."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.user, self.membership, self.login = uuid7(), uuid7(), uuid7()

    async def told(self, event: str, version: int, **data: Any) -> None:
        told = {"user_id": str(self.user), **data}
        await self.school.it.feed(f"auth.{event}", self.school.tenant_id, self.membership, told, version=version)

    async def write(self, rights: int = 1, **claims: Any) -> tuple[int, str]:
        answer = await self.ask("POST", rights, **claims)
        return answer.status_code, answer.json().get("code", "")

    async def read(self, rights: int = 1) -> int:
        return int((await self.ask("GET", rights)).status_code)

    async def ask(self, method: str, rights: int, **claims: Any) -> Any:
        signed = {"sid": str(self.login), "rights": rights, **claims}
        permissions = ["school.write", "school.read"]
        token = self.school.it.signer.token(self.school.tenant_id, permissions, ["administrator"], self.user, signed)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
        body = {"title": "Piano"} if method == "POST" else None
        return await self.school.it.client.request(method, "/courses", json=body, headers=headers)


@pytest.fixture
async def clerk(school: School, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    """Nothing is believed longer than it takes to ask."""
    monkeypatch.setattr(standing, "FRESH", 0.0)
    found = Clerk(school)
    await found.told("membership_started", 1, roles=["administrator"])
    return found


CREATED, CHANGED, ENDED = (201, ""), (401, "rights-changed"), (401, "unauthenticated")


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("role_granted", {"role": "owner"}),
        ("role_revoked", {"role": "administrator"}),
        ("scope_limited", {"org_ids": [], "class_ids": []}),
        ("membership_suspended", {}),
        ("membership_ended", {"reason": "removed"}),
    ],
)
async def test_S5_an_older_token_writes_no_more_and_reads_until_it_ends(
    clerk: Clerk, event: str, data: dict[str, Any]
) -> None:
    assert await clerk.write() == CREATED
    await clerk.told(event, 2, **data)
    assert await clerk.write() == CHANGED
    assert await clerk.read() == 200
    assert await clerk.write(rights=2) == CREATED


async def test_S5_a_token_that_is_newer_than_the_view_is_fine(clerk: Clerk) -> None:
    assert await clerk.write(rights=5) == CREATED
    await clerk.told("role_revoked", 3, role="teacher")
    assert await clerk.write(rights=5) == CREATED
    assert await clerk.write(rights=2) == CHANGED


async def test_S5_an_end_date_counts_when_it_comes(clerk: Clerk) -> None:
    await clerk.told("membership_end_set", 2, until="2999-01-01T00:00:00Z")
    assert await clerk.write(rights=2) == CREATED
    await clerk.told("membership_end_set", 3, until="2020-01-01T00:00:00Z")
    assert await clerk.write(rights=3) == CHANGED


async def test_S5_an_ended_sign_in_is_over_and_others_of_the_same_user_are_not(clerk: Clerk) -> None:
    tenant = clerk.school.tenant_id
    await clerk.school.it.feed("auth.session_ended", tenant, clerk.login, {"user_id": str(clerk.user)}, version=2)
    assert await clerk.write() == ENDED
    assert await clerk.write(sid=str(uuid7())) == CREATED


async def test_S5_a_suspended_school_can_be_read_and_nothing_in_it_changes(clerk: Clerk) -> None:
    tenant = clerk.school.tenant_id
    await clerk.school.it.feed("auth.tenant_suspended", tenant, tenant, {"reason": "unpaid"}, version=2)
    assert await clerk.write() == (403, "tenant-suspended")
    assert await clerk.read() == 200
    await clerk.school.it.feed("auth.tenant_reinstated", tenant, tenant, {"reason": "paid"}, version=3)
    assert await clerk.write() == CREATED


async def test_S5_a_role_of_the_school_that_changed_counts_for_tokens_that_name_an_older_one(clerk: Clerk) -> None:
    role, tenant = uuid7(), clerk.school.tenant_id
    older, newer = [f"{role}@1"], [f"{role}@2"]
    assert await clerk.write(custom_roles=older) == CREATED
    await clerk.school.it.feed("auth.role_permissions_changed", tenant, role, {"permissions": []}, version=2)
    assert await clerk.write(custom_roles=older) == CHANGED
    assert await clerk.write(custom_roles=newer) == CREATED
    assert await clerk.write() == CREATED


async def test_S5_a_change_in_another_school_is_no_change_here(academic: Running, clerk: Clerk) -> None:
    other = await School.founded(academic)
    told = {"user_id": str(clerk.user), "role": "administrator"}
    await academic.feed("auth.membership_started", other.tenant_id, uuid7(), told, version=1)
    await academic.feed("auth.role_revoked", other.tenant_id, uuid7(), told, version=9)
    await academic.feed("auth.session_ended", other.tenant_id, clerk.login, told, version=2)
    await academic.feed("auth.tenant_suspended", other.tenant_id, other.tenant_id, {"reason": "x"}, version=2)
    assert await clerk.write() == CREATED


async def test_S5_a_busy_user_costs_one_look_a_second(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk, looks = Clerk(school), 0
    look = app.state.standings._look

    async def counted(identity: Any) -> Any:
        nonlocal looks
        looks += 1
        return await look(identity)

    monkeypatch.setattr(app.state.standings, "_look", counted)
    begun = time.monotonic()
    for _ in range(100):
        assert await clerk.write() == CREATED
    assert looks <= 1 + (time.monotonic() - begun) / standing.FRESH


async def test_S5_somebody_of_whom_nothing_is_known_is_not_refused(school: School) -> None:
    """A program, or a member whose first event is still to come."""
    assert await Clerk(school).write(rights=0, sub=str(UUID(int=9))) == CREATED
