"""Memberships that end, are suspended, limited and dated; and what becomes of sign-ins then."""

import asyncio
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from auth.tenants.tenant import Tenant
from shared.ids import uuid7
from tests.auth.members import staffed


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


async def test_C2_who_is_removed_leaves_the_school_and_is_signed_out_of_this_one_only(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    here = (await auth.login(email, tenant_id=str(school.id))).json()["data"]
    user = await auth.user(email)
    other = next(each for each in user.schools if each != school.id)
    there = (await auth.login(email, tenant_id=str(other))).json()["data"]
    answer = await school.post(f"/members/{await school.of(email)}/end", await school.who(school.owner))
    assert answer.status_code == 200, answer.text
    assert (await auth.user(email)).schools == (other,)
    assert await auth.topics(UUID(here["session"])) == ["auth.session_started", "auth.session_ended"]
    assert await auth.topics(UUID(there["session"])) == ["auth.session_started"]
    refreshed = await auth.client.post("/token/refresh", json={"refresh_token": here["refresh_token"]})
    assert (refreshed.status_code, refreshed.json()["code"]) == (401, "refresh-refused")
    refused = await auth.login(email, tenant_id=str(school.id))
    assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    refreshed = await auth.client.post("/token/refresh", json={"refresh_token": there["refresh_token"]})
    assert refreshed.status_code == 200
    listed = await auth.client.get("/members", headers=await school.who(school.owner))
    assert str(user.id) not in {member["user_id"] for member in listed.json()["data"]}


async def test_C2_somebody_leaves_and_ends_no_membership_but_the_own(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    answer = await school.post("/me/leave", await school.who(email))
    assert answer.status_code == 200, answer.text
    assert (await school.member(email)).ended
    assert not (await school.member(school.owner)).ended


async def test_C2_of_two_owners_who_leave_at_once_exactly_one_stays(auth: Any) -> None:
    """A tenant always has an owner."""
    for _ in range(5):
        school = await staffed(auth)
        second = await school.joined("owner")
        both = [await school.who(school.owner), await school.who(second)]
        answers = await asyncio.gather(*(school.post("/me/leave", one) for one in both))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert {answer.json().get("code") for answer in answers} == {None, "last-owner"}
        tenant = await auth.kernel.store.get(Tenant, school.id, school.id)
        assert len(tenant.owners) == 1


async def test_C2_the_last_owner_is_neither_removed_nor_suspended_nor_demoted(auth: Any) -> None:
    school = await staffed(auth)
    owner, id = await school.who(school.owner), await school.of(school.owner)
    for path, body in (
        ("/me/leave", None),
        (f"/members/{id}/end", None),
        (f"/members/{id}/suspension", None),
        (f"/members/{id}/role-revocations", {"role": "owner"}),
    ):
        answer = await school.post(path, owner, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last-owner"), path


async def test_C2_a_suspended_owner_does_not_count_and_is_owner_again_when_resumed(auth: Any) -> None:
    school = await staffed(auth)
    second = await school.joined("owner")
    owner, id = await school.who(school.owner), await school.of(second)
    assert (await school.post(f"/members/{id}/suspension", owner)).status_code == 200
    assert (await school.post("/me/leave", owner)).json()["code"] == "last-owner"
    assert (await school.post(f"/members/{id}/resumption", owner)).status_code == 200
    assert (await school.post("/me/leave", owner)).status_code == 200


async def test_C2_who_is_suspended_neither_signs_in_nor_goes_on_until_resumed(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    signed_in = (await auth.login(email, tenant_id=str(school.id))).json()["data"]
    owner, id = await school.who(school.owner), await school.of(email)
    assert (await school.post(f"/members/{id}/suspension", owner)).status_code == 200
    login = await auth.login(email, tenant_id=str(school.id))
    assert (login.status_code, login.json()["code"]) == (401, "sign-in-refused")
    refreshed = await auth.client.post("/token/refresh", json={"refresh_token": signed_in["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await school.post(f"/members/{id}/resumption", owner)).status_code == 200
    assert (await auth.login(email, tenant_id=str(school.id))).status_code == 200


async def test_C2_a_visiting_auditor_gets_in_until_the_end_date(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("auditor")
    owner, id = await school.who(school.owner), await school.of(email)
    tomorrow, yesterday = (datetime.now(UTC) + timedelta(days=days) for days in (1, -1))
    path = f"/members/{id}/end-date"
    assert (await school.post(path, owner, {"until": tomorrow.isoformat()})).status_code == 200
    signed_in = (await auth.login(email, tenant_id=str(school.id))).json()["data"]
    assert (await school.post(path, owner, {"until": yesterday.isoformat()})).status_code == 200
    assert (await auth.login(email, tenant_id=str(school.id))).json()["code"] == "sign-in-refused"
    refreshed = await auth.client.post("/token/refresh", json={"refresh_token": signed_in["refresh_token"]})
    assert refreshed.json()["code"] == "refresh-refused"
    assert (await school.post(path, owner, {"until": None})).status_code == 200
    assert (await auth.login(email, tenant_id=str(school.id))).status_code == 200


async def test_C2_a_membership_limited_to_places_has_no_permission_for_the_whole_school(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("auditor")
    class_id = uuid7()
    answer = await school.post(
        f"/members/{await school.of(email)}/scope", await school.who(school.owner), {"class_ids": [str(class_id)]}
    )
    assert answer.status_code == 200, answer.text
    claims = claims_of((await auth.login(email, tenant_id=str(school.id))).json()["data"]["access_token"])
    assert claims["permissions"] == ["me"]
    assert "classes.read" in claims["within"]["places"]
    assert claims["places"] == {"classes": [str(class_id)]}
    assert (await auth.client.get("/members", headers=await school.who(email))).status_code == 403


async def test_C2_limits_are_for_others_than_owners_and_for_ten_places(auth: Any) -> None:
    school = await staffed(auth)
    owner, id = await school.who(school.owner), await school.of(school.owner)
    answer = await school.post(f"/members/{id}/scope", owner, {"org_ids": [str(uuid7())]})
    assert answer.json()["code"] == "owner-is-unlimited"
    answer = await school.post(f"/members/{id}/end-date", owner, {"until": "2030-01-01T00:00:00Z"})
    assert answer.json()["code"] == "owner-is-unlimited"
    many = {"org_ids": [str(uuid7()) for _ in range(6)], "class_ids": [str(uuid7()) for _ in range(5)]}
    assert (await school.post(f"/members/{id}/scope", owner, many)).status_code == 422


async def test_C2_an_administrator_does_nothing_to_an_owner(auth: Any) -> None:
    school = await staffed(auth)
    administrator = await school.who(await school.joined("administrator"))
    id = await school.of(school.owner)
    for path in ("end", "suspension", "resumption", "sign-ins/end"):
        answer = await school.post(f"/members/{id}/{path}", administrator)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-above-own"), path


async def test_C14_an_administrator_sees_and_ends_a_members_sign_ins_of_this_school(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    administrator = await school.who(await school.joined("administrator"))
    user = await auth.user(email)
    other = next(each for each in user.schools if each != school.id)
    here = [(await auth.login(email, tenant_id=str(school.id))).json()["data"]["session"] for _ in range(3)]
    there = (await auth.login(email, tenant_id=str(other))).json()["data"]["session"]
    path = f"/members/{await school.of(email)}/sign-ins"
    listed = (await auth.client.get(path, headers=administrator)).json()["data"]
    assert {each["id"] for each in listed} == set(here)
    assert (await school.post(f"{path}/{there}/end", administrator)).status_code == 404
    assert (await school.post(f"{path}/{here[0]}/end", administrator)).json()["data"] == 1
    assert (await school.post(f"{path}/end", administrator)).json()["data"] == 2
    assert (await auth.client.get(path, headers=administrator)).json()["data"] == []
    assert await auth.topics(UUID(there)) == ["auth.session_started"]


async def test_C8_R4_8_an_administrator_unlocks_an_account(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    administrator = await school.who(await school.joined("administrator"))
    for _ in range(6):
        locked = await auth.login(email, "wrong password of somebody else", tenant_id=str(school.id))
    assert locked.json()["code"] == "sign-in-locked"
    assert (await auth.login(email, tenant_id=str(school.id))).json()["code"] == "sign-in-locked"
    answer = await school.post(f"/members/{await school.of(email)}/unlock", administrator)
    assert answer.status_code == 200, answer.text
    assert (await auth.login(email, tenant_id=str(school.id))).status_code == 200
    assert "auth.user_unlocked" in await auth.topics((await auth.user(email)).id)
