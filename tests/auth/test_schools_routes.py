"""Registering a school and signing in, over HTTP and a real PostgreSQL."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest

from shared.ids import PLATFORM, uuid7


async def rows(dsn: str, query: str, **params: Any) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        return await (await connection.execute(query.encode(), params)).fetchall()


async def test_C1_F1_R4_9_a_school_registered_a_moment_ago_can_be_entered_at_once(auth: Any, email: str) -> None:
    registered = await auth.register(email)
    assert registered.status_code == 201, registered.text
    signed_in = await auth.login(email)
    assert signed_in.status_code == 200
    data = signed_in.json()["data"]
    assert data["tenant"] == registered.json()["data"]["id"]
    assert data["expires_in"] == 300


async def test_F1_registration_is_one_append_over_two_tenants(auth: Any, email: str, superuser_dsn: str) -> None:
    school = UUID((await auth.register(email)).json()["data"]["id"])
    stored = await rows(
        superuser_dsn,
        "SELECT topic, tenant_id, notification_id, recorded_at FROM auth.events WHERE recorded_at ="
        " (SELECT recorded_at FROM auth.events WHERE originator_id = %(school)s) ORDER BY notification_id",
        school=school,
    )
    assert [(topic, tenant) for topic, tenant, *_ in stored] == [
        ("auth.tenant_registered", school),
        ("auth.user_registered", PLATFORM),
        ("auth.email_verification_requested", PLATFORM),
        ("auth.school_joined", PLATFORM),
        ("auth.membership_started", school),
    ]


async def test_no_event_holds_a_name_an_address_or_a_password(auth: Any, email: str, superuser_dsn: str) -> None:
    await auth.register(email)
    bodies = await rows(superuser_dsn, "SELECT convert_from(state, 'UTF8') FROM auth.events")
    text = "".join(body for (body,) in bodies)
    assert email not in text
    assert "Ana" not in text
    assert "correct horse" not in text
    assert "argon2" not in text


async def test_a_repeated_registration_has_one_effect_and_the_same_answer(auth: Any, email: str) -> None:
    key = str(uuid7())
    first, second = await auth.register(email, key=key), await auth.register(email, key=key)
    assert first.content == second.content
    assert len((await auth.client.get("/me", headers=await auth.signed_in(email))).json()["data"]["schools"]) == 1


async def test_copies_of_a_registration_that_come_at_once_leave_one_password(
    auth: Any, email: str, superuser_dsn: str
) -> None:
    before = await rows(superuser_dsn, "SELECT count(*) FROM auth.passwords")
    key = str(uuid7())
    answers = await asyncio.gather(*[auth.register(email, key=key) for _ in range(5)])
    assert {answer.content for answer in answers} == {answers[0].content}
    after = await rows(superuser_dsn, "SELECT count(*) FROM auth.passwords")
    assert after[0][0] - before[0][0] == 1
    assert (await auth.login(email)).status_code == 200


async def test_S11_an_address_that_has_an_account_gets_the_answer_of_a_new_one_and_no_school(
    auth: Any, email: str, superuser_dsn: str
) -> None:
    await auth.register(email)
    key = str(uuid7())
    taken = await auth.register(email.upper(), password="another long password", verified=False, key=key)
    new = await auth.register(f"new-{email}", verified=False)
    assert taken.status_code == new.status_code == 201
    assert set(taken.headers) == set(new.headers)
    assert {**taken.json(), "data": {}} == {**new.json(), "data": {}}
    assert set(taken.json()["data"]) == set(new.json()["data"])
    school = taken.json()["data"]["id"]
    assert not await rows(superuser_dsn, "SELECT 1 FROM auth.events WHERE tenant_id = %(id)s", id=school)
    again = await auth.register(email.upper(), password="another long password", verified=False, key=key)
    assert again.content == taken.content


async def test_S11_the_owner_of_an_address_hears_once_a_day_that_somebody_registered_with_it(
    auth: Any, email: str
) -> None:
    await auth.register(email)
    for _ in range(3):
        await auth.register(email, password="another long password", verified=False)
    assert (await auth.user(email)).attempted_at is not None
    topics = await auth.topics((await auth.user(email)).id)
    assert topics.count("auth.registration_attempted") == 1


async def test_C5_R4_6_nobody_signs_in_before_the_address_is_verified(auth: Any, email: str) -> None:
    await auth.register(email, verified=False)
    before = await auth.login(email)
    assert (before.status_code, before.json()["code"]) == (401, "sign-in-refused")
    assert (await auth.verify(email)).status_code == 200
    assert (await auth.login(email)).status_code == 200


async def test_C2_an_owner_registers_a_second_school_with_the_same_password(auth: Any, email: str) -> None:
    first = (await auth.register(email)).json()["data"]["id"]
    second = (await auth.register(email)).json()["data"]["id"]
    unclear = await auth.login(email)
    assert (unclear.status_code, unclear.json()["code"]) == (409, "tenant-choice-needed")
    assert first in unclear.json()["detail"]
    assert second in unclear.json()["detail"]
    chosen = await auth.login(email, tenant_id=second)
    assert chosen.json()["data"]["tenant"] == second
    me = await auth.client.get("/me", headers=await auth.signed_in(email, tenant_id=first))
    assert me.json()["data"]["schools"] == [first, second]


async def test_a_school_of_others_is_as_unknown_as_one_that_does_not_exist(auth: Any, email: str) -> None:
    await auth.register(email)
    other = (await auth.register(f"other-{email}")).json()["data"]["id"]
    foreign = await auth.login(email, tenant_id=other)
    unknown = await auth.login(email, tenant_id=str(uuid7()))
    assert foreign.status_code == unknown.status_code == 404
    assert without_trace(foreign.json()) == without_trace(unknown.json())


async def test_C1_one_address_registered_many_times_at_once_has_one_user(
    auth: Any, email: str, superuser_dsn: str
) -> None:
    before = await rows(superuser_dsn, "SELECT count(*) FROM auth.passwords")
    answers = await asyncio.gather(*[auth.register(email) for _ in range(6)])
    assert {answer.status_code for answer in answers} <= {201, 409}
    schools = [answer.json()["data"]["id"] for answer in answers if answer.status_code == 201]
    assert schools
    assert (await auth.login(email, tenant_id=schools[0])).status_code == 200
    after = await rows(superuser_dsn, "SELECT count(*) FROM auth.passwords")
    assert after[0][0] - before[0][0] == 1


@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("/owner/email", {"email": "nobody"}),
        ("/owner/password", {"password": "too short"}),
        ("/owner/given_name", {"given_name": "   "}),
        ("/owner/role", {"role": "owner"}),
    ],
)
async def test_what_is_not_valid_is_named(auth: Any, email: str, pointer: str, change: dict[str, str]) -> None:
    refused = await auth.register(email, **change) if "email" not in change else await auth.register(**change)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_C1_a_member_sees_the_own_school_and_its_members(auth: Any, email: str) -> None:
    await auth.register(f"other-{email}")
    school = (await auth.register(email)).json()["data"]["id"]
    headers = await auth.signed_in(email)
    answer = await auth.client.get("/tenant", headers=headers)
    assert answer.status_code == 200, answer.text
    tenant = answer.json()["data"]
    assert (tenant["id"], tenant["name"], tenant["zone"]) == (school, "Escuela Sol", "Europe/Madrid")
    members = (await auth.client.get("/members", headers=headers)).json()["data"]
    assert [(m["email"], m["given_name"], m["roles"]) for m in members] == [(email, "Ana", ["owner"])]
    summary = (await auth.client.get("/summary", headers=headers)).json()["data"]
    assert summary == {"name": "Escuela Sol", "currency": "EUR", "members": 1}


async def test_a_granted_role_shows_in_the_directory_and_in_the_next_token(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = await auth.signed_in(email)
    member = (await auth.client.get("/members", headers=headers)).json()["data"][0]["id"]
    granted = await auth.client.post(f"/members/{member}/roles", json={"role": "teacher"}, headers=headers)
    assert granted.status_code == 200, granted.text
    headers["Consistency-Token"] = granted.headers["Consistency-Token"]
    members = (await auth.client.get("/members", headers=headers)).json()["data"]
    assert members[0]["roles"] == ["owner", "teacher"]
    me = await auth.client.get("/me", headers=await auth.signed_in(email))
    assert me.json()["data"]["roles"] == ["owner", "teacher"]


async def test_a_school_keeps_its_last_owner(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = await auth.signed_in(email)
    member = (await auth.client.get("/members", headers=headers)).json()["data"][0]["id"]
    await auth.client.post(f"/members/{member}/roles", json={"role": "teacher"}, headers=headers)
    refused = await auth.client.post(f"/members/{member}/role-revocations", json={"role": "owner"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "last-owner")


async def test_roles_of_another_school_cannot_be_touched(auth: Any, email: str) -> None:
    await auth.register(email)
    await auth.register(f"other-{email}")
    headers = await auth.signed_in(email)
    member = (await auth.client.get("/members", headers=headers)).json()["data"][0]["id"]
    others = await auth.signed_in(f"other-{email}")
    answers = [
        await auth.client.post(f"/members/{id}/roles", json={"role": "teacher"}, headers=others)
        for id in (member, uuid7())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert without_trace(answers[0].json()) == without_trace(answers[1].json())


def without_trace(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "trace_id"}
