"""Switching between one's schools without a new sign-in."""

import asyncio
from typing import Any
from uuid import UUID

from tests.auth.members import staffed
from tests.auth.test_memberships import claims_of


async def switched(auth: Any, token: str, school: UUID) -> Any:
    return await auth.client.post("/switch", json={"tenant_id": str(school), "refresh_token": token})


async def test_C3_somebody_goes_on_in_another_school_with_what_was_proved_and_the_roles_there(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    home = next(each for each in (await auth.user(email)).schools if each != school.id)
    first = (await auth.login(email, tenant_id=str(home))).json()["data"]
    answer = await switched(auth, first["refresh_token"], school.id)
    assert answer.status_code == 200, answer.text
    second = answer.json()["data"]
    before, after = claims_of(first["access_token"]), claims_of(second["access_token"])
    assert (before["tenant"], after["tenant"]) == (str(home), str(school.id))
    assert (before["roles"], after["roles"]) == (["owner"], ["teacher"])
    assert (before["amr"], before["auth_time"]) == (after["amr"], after["auth_time"])
    assert await auth.topics(UUID(first["session"])) == ["auth.session_started", "auth.session_ended"]
    assert await auth.topics(UUID(second["session"])) == ["auth.session_started"]
    old, new = first["refresh_token"], second["refresh_token"]
    assert (await auth.client.post("/token/refresh", json={"refresh_token": old})).status_code == 401
    assert (await auth.client.post("/token/refresh", json={"refresh_token": new})).status_code == 200


async def test_C3_a_school_that_is_not_ones_own_is_unknown_and_leaves_the_token_unused(auth: Any) -> None:
    mine, theirs = await staffed(auth), await staffed(auth)
    token = (await auth.login(mine.owner)).json()["data"]["refresh_token"]
    for school in (theirs.id, UUID(int=7)):
        answer = await switched(auth, token, school)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    answer = await switched(auth, token, mine.id)
    assert (answer.status_code, answer.json()["code"]) == (409, "school-entered")
    assert (await auth.client.post("/token/refresh", json={"refresh_token": token})).status_code == 200


async def test_C3_nobody_switches_to_a_school_that_suspended_them(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    home = next(each for each in (await auth.user(email)).schools if each != school.id)
    token = (await auth.login(email, tenant_id=str(home))).json()["data"]["refresh_token"]
    await school.post(f"/members/{await school.of(email)}/suspension", await school.who(school.owner))
    assert (await switched(auth, token, school.id)).json()["code"] == "not-found"


async def test_C3_of_many_switches_at_once_one_succeeds_and_one_sign_in_is_left(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    home = next(each for each in (await auth.user(email)).schools if each != school.id)
    token = (await auth.login(email, tenant_id=str(home))).json()["data"]["refresh_token"]
    answers = await asyncio.gather(*(switched(auth, token, school.id) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    families = await auth.desk.refresh_tokens.of_user((await auth.user(email)).id)
    assert [family.school_id for family in families] == [school.id]


async def test_C3_a_switch_and_a_refresh_at_once_leave_one_sign_in_that_works(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("teacher")
    home = next(each for each in (await auth.user(email)).schools if each != school.id)
    user_id = (await auth.user(email)).id
    for _ in range(5):
        token = (await auth.login(email, tenant_id=str(home))).json()["data"]["refresh_token"]
        switch, refresh = await asyncio.gather(
            switched(auth, token, school.id),
            auth.client.post("/token/refresh", json={"refresh_token": token}),
        )
        assert switch.status_code == 200
        assert refresh.status_code in (200, 401)
        families = await auth.desk.refresh_tokens.of_user(user_id)
        assert home not in [family.school_id for family in families]


async def test_C3_a_switch_does_not_make_a_sign_in_live_longer(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("student")
    home = next(each for each in (await auth.user(email)).schools if each != school.id)
    token = (await auth.login(email, tenant_id=str(home))).json()["data"]["refresh_token"]
    user_id = (await auth.user(email)).id
    (before,) = await auth.desk.refresh_tokens.of_user(user_id)
    await switched(auth, token, school.id)
    (after,) = await auth.desk.refresh_tokens.of_user(user_id)
    assert (after.absolute_end, after.proved_at) == (before.absolute_end, before.proved_at)


async def test_C3_an_unknown_token_switches_nothing(auth: Any) -> None:
    school = await staffed(auth)
    answer = await switched(auth, "A" * 43, school.id)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh-refused")
