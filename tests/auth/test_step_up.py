"""Step-up and the school's policy: fresh proof for what is dangerous, a second factor where the school demands it."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from auth.login_sessions.refresh_tokens import RefreshTokens
from shared.ids import uuid7
from tests.auth.conftest import PASSWORD
from tests.auth.factors import Owner, enrolled, enrolling
from tests.auth.test_sign_in_routes import part


async def old_token(auth: Any, data: dict[str, Any]) -> dict[str, str]:
    """Headers of the same sign-in when it is an hour old."""
    tokens: RefreshTokens = auth.desk.refresh_tokens
    family = next(
        each
        for each in await tokens.of_user(UUID(part(data["access_token"], 1)["sub"]))
        if each.family_id == UUID(data["session"])
    )
    await tokens.prove(family.family_id, family.amr, datetime.fromtimestamp(time.time() - 3600, UTC))
    went_on = await auth.client.post("/token/refresh", json={"refresh_token": data["refresh_token"]})
    assert went_on.status_code == 200, went_on.text
    return {"Authorization": f"Bearer {went_on.json()['data']['access_token']}"}


async def policy(auth: Any, headers: dict[str, str], *roles: str) -> Any:
    return await auth.client.post("/tenant/security-policy", json={"second_factor_roles": roles}, headers=headers)


async def stepped_up(auth: Any, headers: dict[str, str], **proof: str) -> dict[str, str]:
    answer = await auth.client.post("/step-up", json=proof, headers=headers)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}


async def test_C33_an_old_sign_in_proves_the_password_once_more(auth: Any, email: str) -> None:
    await auth.register(email)
    data = (await auth.login(email)).json()["data"]
    headers = await old_token(auth, data)
    refused = await policy(auth, headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "step-up-needed")
    wrong = await auth.client.post("/step-up", json={"password": "not the password"}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "password-wrong")
    fresh = await stepped_up(auth, headers, password=PASSWORD)
    assert (await policy(auth, fresh)).status_code == 200
    assert (await auth.topics(UUID(data["session"])))[-1] == "auth.stepped_up"


async def test_C33_a_password_is_not_enough_for_who_has_a_second_factor(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    headers = await old_token(auth, await owner.sign_in())
    refused = await auth.client.post("/step-up", json={"password": PASSWORD}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "code-needed")
    await owner.later()
    fresh = await stepped_up(auth, headers, code=owner.code())
    assert (await policy(auth, fresh)).status_code == 200
    claims = part(fresh["Authorization"].split()[1], 1)
    assert claims["amr"] == ["pwd", "otp"]
    again = await auth.client.post("/step-up", json={"code": owner.code()}, headers=headers)
    assert again.json()["code"] == "code-wrong"


async def test_C33_a_refresh_makes_nothing_fresher(auth: Any, email: str) -> None:
    await auth.register(email)
    data = (await auth.login(email)).json()["data"]
    first = part(data["access_token"], 1)["auth_time"]
    went_on = await auth.client.post("/token/refresh", json={"refresh_token": data["refresh_token"]})
    assert part(went_on.json()["data"]["access_token"], 1)["auth_time"] == first


async def test_C33_a_repeated_step_up_makes_nothing_fresher(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = {**await auth.signed_in(email), "Idempotency-Key": "once"}
    before = part((await stepped_up(auth, headers, password=PASSWORD))["Authorization"].split()[1], 1)
    family = (await auth.desk.refresh_tokens.of_user((await auth.user(email)).id))[0]
    await auth.desk.refresh_tokens.prove(family.family_id, ("pwd",), datetime.fromtimestamp(1_700_000_000, UTC))
    again = part((await stepped_up(auth, headers, password=PASSWORD))["Authorization"].split()[1], 1)
    assert before["auth_time"] > again["auth_time"] == 1_700_000_000


async def test_C33_an_ended_sign_in_does_not_step_up(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = await auth.signed_in(email)
    await auth.client.post("/logout", headers=headers)
    answer = await auth.client.post("/step-up", json={"password": PASSWORD}, headers=headers)
    assert answer.status_code in (401, 404)


@pytest.mark.parametrize(
    "body",
    [{}, {"password": PASSWORD, "code": "123456"}, {"code": "12345"}, {"code": "\uff11\uff12\uff13\uff14\uff15\uff16"}],
)
async def test_C33_a_step_up_takes_one_proof(auth: Any, email: str, body: dict[str, str]) -> None:
    await auth.register(email)
    answer = await auth.client.post("/step-up", json=body, headers=await auth.signed_in(email))
    assert answer.status_code == 422


async def test_C33_roles_are_granted_with_a_fresh_proof_only(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = await old_token(auth, (await auth.login(email)).json()["data"])
    for path in ("roles", "role-revocations"):
        refused = await auth.client.post(f"/members/{uuid7()}/{path}", json={"role": "teacher"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "step-up-needed")


async def test_C33_the_document_names_what_fresh_routes_refuse(auth: Any) -> None:
    document = (await auth.client.get("/openapi.json")).json()
    for path in ("/tenant/security-policy", "/members/{membership_id}/roles"):
        refused = document["paths"][path]["post"]["responses"]["403"]
        assert "StepUp" in str(refused) or "step-up-needed" in str(refused)


async def test_C15_who_must_have_a_second_factor_can_only_set_one_up(auth: Any, email: str) -> None:
    await auth.register(email)
    assert (await policy(auth, await auth.signed_in(email), "owner", "administrator")).status_code == 200
    headers = await auth.signed_in(email)
    me = (await auth.client.get("/me", headers=headers)).json()["data"]
    assert me["permissions"] == ["me"]
    refused = await auth.client.get("/members", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-required")
    owner = await enrolled_with(auth, email, headers)
    await owner.sign_in()
    read = await auth.client.get("/tenant/security-policy", headers=owner.headers)
    assert read.json()["data"] == {"second_factor_roles": ["administrator", "owner"]}


async def enrolled_with(auth: Any, email: str, headers: dict[str, str]) -> Owner:
    owner = await enrolling(auth, email, headers)
    assert (await owner.post("/me/totp/confirmation", code=owner.code())).status_code == 200
    return owner


async def test_C15_the_token_after_enrolment_may_everything_again(auth: Any, email: str) -> None:
    await auth.register(email)
    await policy(auth, await auth.signed_in(email), "owner")
    data = (await auth.login(email)).json()["data"]
    await enrolled_with(auth, email, {"Authorization": f"Bearer {data['access_token']}"})
    went_on = await auth.client.post("/token/refresh", json={"refresh_token": data["refresh_token"]})
    claims = part(went_on.json()["data"]["access_token"], 1)
    assert "school.write" in claims["permissions"]
    assert (claims["amr"], claims["must_enrol"]) == (["pwd", "otp"], False)


async def test_S13_the_last_second_factor_stays_where_a_school_demands_one(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    await owner.sign_in()
    assert (await policy(auth, owner.headers, "owner")).status_code == 200
    await owner.later()
    body = {"password": PASSWORD, "code": owner.code()}
    refused = await owner.post("/me/totp/removal", **body)
    assert (refused.status_code, refused.json()["code"]) == (409, "last-second-factor")
    await policy(auth, owner.headers)
    await owner.later()
    assert (await owner.post("/me/totp/removal", **body | {"code": owner.code()})).status_code == 200


async def test_C15_a_policy_is_noted_with_the_roles_that_it_names(auth: Any, email: str) -> None:
    school = UUID((await auth.register(email)).json()["data"]["id"])
    headers = await auth.signed_in(email)
    assert (await policy(auth, headers, "owner", "owner")).status_code == 200
    assert (await policy(auth, headers, "owner")).status_code == 200
    assert (await auth.topics(school)).count("auth.security_policy_set") == 1
    assert (await policy(auth, headers, "headmaster")).status_code == 422
