"""Going on: each refresh token once, a lost answer repeated, a thief and the owner both out."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from shared.ids import PLATFORM


async def signed_in(auth: Any, email: str) -> dict[str, Any]:
    await auth.register(email)
    data: dict[str, Any] = (await auth.login(email)).json()["data"]
    return data


async def refresh(auth: Any, token: str, agent: str = "test") -> Any:
    return await auth.client.post("/token/refresh", json={"refresh_token": token}, headers={"User-Agent": agent})


async def make_older(auth: Any, minutes: int) -> None:
    """All uses so far, as if they had been that long ago."""
    async with await AsyncConnection.connect(auth.superuser_dsn) as connection:
        await connection.execute(
            "UPDATE auth.refresh_tokens SET used_at = used_at - %s, idle_end = idle_end - %s",
            (timedelta(minutes=minutes), timedelta(minutes=minutes)),
        )


@pytest.fixture
async def agent_login(auth: Any, email: str) -> dict[str, Any]:
    await auth.register(email)
    answer = await auth.client.post(
        "/login", json={"email": email, "password": "correct horse battery staple"}, headers={"User-Agent": "test"}
    )
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_C12_R4_3_a_refresh_token_gives_new_tokens_of_the_same_sign_in(auth: Any, agent_login: Any) -> None:
    answer = await refresh(auth, agent_login["refresh_token"])
    assert answer.status_code == 200
    went_on = answer.json()["data"]
    assert went_on["session"] == agent_login["session"]
    assert went_on["refresh_token"] != agent_login["refresh_token"]
    me = await auth.client.get("/me", headers={"Authorization": f"Bearer {went_on['access_token']}"})
    assert me.status_code == 200


async def test_C13_R4_3_reuse_kills_the_family(auth: Any, agent_login: Any) -> None:
    first = agent_login["refresh_token"]
    second = (await refresh(auth, first)).json()["data"]["refresh_token"]
    await make_older(auth, 1)
    assert (await refresh(auth, first)).status_code == 401
    assert (await refresh(auth, second)).status_code == 401
    topics = await auth.topics(UUID(agent_login["session"]))
    assert topics[-2:] == ["auth.refresh_token_reuse_detected", "auth.session_ended"]


async def test_C13_another_client_with_a_used_token_ends_the_family_at_once(auth: Any, agent_login: Any) -> None:
    second = (await refresh(auth, agent_login["refresh_token"])).json()["data"]["refresh_token"]
    assert (await refresh(auth, agent_login["refresh_token"], agent="thief")).status_code == 401
    assert (await refresh(auth, second)).status_code == 401


async def test_X1_S8_of_fifty_uses_at_once_each_gets_the_one_successor(auth: Any, agent_login: Any) -> None:
    answers = await asyncio.gather(*[refresh(auth, agent_login["refresh_token"]) for _ in range(50)])
    given = {answer.json()["data"]["refresh_token"] for answer in answers if answer.status_code == 200}
    assert len(given) == 1
    assert (await refresh(auth, given.pop())).status_code == 200


async def test_X5_a_lost_answer_is_repeated_within_the_grace(auth: Any, agent_login: Any) -> None:
    first = await refresh(auth, agent_login["refresh_token"])
    again = await refresh(auth, agent_login["refresh_token"])
    assert again.json()["data"]["refresh_token"] == first.json()["data"]["refresh_token"]


async def test_X7_a_repeat_after_the_successor_was_used_gets_nothing_and_harms_nobody(
    auth: Any, agent_login: Any
) -> None:
    second = (await refresh(auth, agent_login["refresh_token"])).json()["data"]["refresh_token"]
    third = (await refresh(auth, second)).json()["data"]["refresh_token"]
    assert (await refresh(auth, agent_login["refresh_token"])).status_code == 401
    assert (await refresh(auth, third)).status_code == 200


async def test_X3_a_refresh_and_a_sign_out_at_once_leave_no_live_token(auth: Any, email: str) -> None:
    await auth.register(email)
    for _ in range(10):
        data = (await auth.login(email)).json()["data"]
        headers = {"Authorization": f"Bearer {data['access_token']}"}
        went_on, out = await asyncio.gather(
            refresh(auth, data["refresh_token"]), auth.client.post("/logout", headers=headers)
        )
        assert out.status_code == 200
        if went_on.status_code == 200:
            assert (await refresh(auth, went_on.json()["data"]["refresh_token"])).status_code == 401


async def test_X19_a_token_that_was_cut_extended_or_recased_is_unknown(auth: Any, agent_login: Any) -> None:
    token = agent_login["refresh_token"]
    for changed in (token[:-1], token + "A", token.swapcase(), " " + token, token + "="):
        assert (await refresh(auth, changed)).status_code == 401
    assert (await refresh(auth, token)).status_code == 200


async def test_S8_an_idle_or_too_old_sign_in_is_over(auth: Any, agent_login: Any) -> None:
    async with await AsyncConnection.connect(auth.superuser_dsn) as connection:
        await connection.execute(
            "UPDATE auth.refresh_tokens SET idle_end = clock_timestamp() WHERE family_id = %s",
            (agent_login["session"],),
        )
    assert (await refresh(auth, agent_login["refresh_token"])).status_code == 401
    assert (await auth.topics(UUID(agent_login["session"]))) == ["auth.session_started"]


async def test_C14_sign_ins_are_listed_and_one_is_ended_from_another(auth: Any, email: str) -> None:
    await auth.register(email)
    here, there = (await auth.login(email)).json()["data"], (await auth.login(email)).json()["data"]
    headers = {"Authorization": f"Bearer {here['access_token']}"}
    listed = (await auth.client.get("/sign-ins", headers=headers)).json()["data"]
    assert {row["id"]: row["current"] for row in listed} == {here["session"]: True, there["session"]: False}
    ended = await auth.client.post(f"/sign-ins/{there['session']}/end", headers=headers)
    assert ended.status_code == 200
    assert (await refresh(auth, there["refresh_token"])).status_code == 401
    assert [row["id"] for row in (await auth.client.get("/sign-ins", headers=headers)).json()["data"]] == [
        here["session"]
    ]


async def test_C14_all_sign_ins_end_at_once(auth: Any, email: str) -> None:
    await auth.register(email)
    tokens = [(await auth.login(email)).json()["data"] for _ in range(3)]
    headers = {"Authorization": f"Bearer {tokens[0]['access_token']}"}
    assert (await auth.client.post("/sign-ins/end-all", headers=headers)).json()["data"] == 3
    for data in tokens:
        assert (await refresh(auth, data["refresh_token"])).status_code == 401
        assert (await auth.topics(UUID(data["session"])))[-1] == "auth.session_ended"


async def test_S1_somebody_elses_sign_in_is_unknown(auth: Any, email: str) -> None:
    mine, other = await signed_in(auth, email), await signed_in(auth, f"other-{email}")
    headers = {"Authorization": f"Bearer {mine['access_token']}"}
    assert (await auth.client.post(f"/sign-ins/{other['session']}/end", headers=headers)).status_code == 404
    families = await auth.desk.refresh_tokens.of_user((await auth.user(f"other-{email}")).id)
    assert len(families) == 1
    assert PLATFORM not in {family.school_id for family in families}
