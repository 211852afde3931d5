"""Passkeys, with a software authenticator: registered, signed in with, counted, removed; and what helps without one."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from psycopg import AsyncConnection

from tests.auth.authenticator import BACKED_UP, PRESENT, VERIFIED, Authenticator, raw_of, text_of
from tests.auth.conftest import PASSWORD
from tests.auth.factors import enrolled
from tests.auth.test_sign_in_routes import part

Headers = dict[str, str]


async def post(auth: Any, path: str, headers: Headers | None = None, **body: Any) -> Any:
    return await auth.client.post(path, json=body, headers=headers or {})


async def register(auth: Any, headers: Headers, key: Authenticator, **changed: Any) -> Any:
    asked = (await auth.client.post("/me/passkeys/options", headers=headers)).json()["data"]
    body = {"challenge_id": asked["challenge_id"], "credential": key.create(asked["options"]), "name": "Laptop"}
    return await post(auth, "/me/passkeys", headers, **body | changed)


async def sign_in(auth: Any, key: Authenticator, **more: Any) -> Any:
    asked = (await auth.client.post("/login/passkey/options")).json()["data"]
    body = {"challenge_id": asked["challenge_id"], "credential": key.get(asked["options"])}
    return await post(auth, "/login/passkey", **body | more)


async def with_passkey(auth: Any, email: str, key: Authenticator | None = None) -> tuple[Authenticator, Headers, Any]:
    """The key, headers of a sign-in with the password before, and the answer to its registration."""
    await auth.register(email)
    headers, key = await auth.signed_in(email), key or Authenticator()
    answer = await register(auth, headers, key)
    assert answer.status_code == 200, answer.text
    return key, headers, answer.json()["data"]


async def test_C17_a_passkey_signs_in_and_counts_as_two_factors(auth: Any, email: str) -> None:
    key, _, made = await with_passkey(auth, email)
    assert len(set(made["recovery_codes"])) == 10
    answer = await sign_in(auth, key)
    assert answer.status_code == 200, answer.text
    claims = part(answer.json()["data"]["access_token"], 1)
    assert (claims["amr"], claims["factors"]) == (["hwk", "user", "mfa"], ["hwk"])
    headers = {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}
    fresh = await post(auth, "/tenant/security-policy", headers, second_factor_roles=["owner"])
    assert fresh.status_code == 200, fresh.text
    listed = (await auth.client.get("/me/passkeys", headers=headers)).json()["data"]
    assert [(line["name"], line["used_at"] is not None) for line in listed] == [("Laptop", True)]


async def test_C17_a_synchronised_passkey_is_told_from_one_that_stays_in_its_device(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email, Authenticator(flags=PRESENT | VERIFIED | BACKED_UP, counts=False))
    for _ in range(2):
        answer = await sign_in(auth, key)
        assert part(answer.json()["data"]["access_token"], 1)["amr"] == ["swk", "user", "mfa"]


async def test_C17_a_challenge_is_used_once_however_many_come_at_once(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    asked = (await auth.client.post("/login/passkey/options")).json()["data"]
    body = {"challenge_id": asked["challenge_id"], "credential": key.get(asked["options"])}
    answers = await asyncio.gather(*[post(auth, "/login/passkey", **body) for _ in range(10)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


async def test_C17_a_challenge_ends_after_five_minutes(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    asked = (await auth.client.post("/login/passkey/options")).json()["data"]
    async with await AsyncConnection.connect(auth.superuser_dsn) as connection:
        await connection.execute("UPDATE auth.passkey_challenges SET made_at = made_at - interval '6 minutes'")
    late = await post(auth, "/login/passkey", challenge_id=asked["challenge_id"], credential=key.get(asked["options"]))
    assert (late.status_code, late.json()["code"]) == (409, "challenge-spent")


async def test_C17_a_copied_passkey_whose_counter_stands_still_is_refused(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    copy = replace(key)
    assert (await sign_in(auth, key)).status_code == 200
    refused = await sign_in(auth, copy)
    assert (refused.status_code, refused.json()["code"]) == (403, "passkey-refused")


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "http://evil.example"},
        {"site": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
    ],
)
async def test_C17_another_site_or_an_unverified_user_is_refused(
    auth: Any, email: str, changed: dict[str, Any]
) -> None:
    key, headers, _ = await with_passkey(auth, email)
    refused = await sign_in(auth, replace(key, **changed))
    assert (refused.status_code, refused.json()["code"]) == (403, "passkey-refused")
    unregistered = await register(auth, headers, Authenticator(**changed))
    assert unregistered.json()["code"] in ("passkey-refused", "step-up-needed")


async def test_C17_a_changed_byte_of_an_answer_is_refused(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        asked = (await auth.client.post("/login/passkey/options")).json()["data"]
        credential = key.get(asked["options"])
        raw = bytearray(raw_of(credential["response"][name]))
        raw[len(raw) // 2] ^= 1
        credential["response"][name] = text_of(bytes(raw))
        refused = await post(auth, "/login/passkey", challenge_id=asked["challenge_id"], credential=credential)
        assert (refused.status_code, refused.json()["code"]) == (403, "passkey-refused"), name


@pytest.mark.parametrize("credential", [{}, {"id": 7}, {"id": "AAAA"}, {"id": "é"}, {"id": "AAAA", "response": []}])
async def test_C17_what_no_authenticator_says_is_refused(auth: Any, credential: dict[str, Any]) -> None:
    asked = (await auth.client.post("/login/passkey/options")).json()["data"]
    refused = await post(auth, "/login/passkey", challenge_id=asked["challenge_id"], credential=credential)
    assert (refused.status_code, refused.json()["code"]) == (403, "passkey-refused")


async def test_C17_a_challenge_of_somebody_else_registers_nothing(auth: Any, email: str) -> None:
    await auth.register(email)
    await auth.register(f"other-{email}")
    mine, theirs = await auth.signed_in(email), await auth.signed_in(f"other-{email}")
    asked = (await auth.client.post("/me/passkeys/options", headers=theirs)).json()["data"]
    refused = await register(auth, mine, Authenticator(), challenge_id=asked["challenge_id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "challenge-spent")


async def test_C17_a_passkey_is_registered_once(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    await auth.register(f"other-{email}")
    refused = await register(auth, await auth.signed_in(f"other-{email}"), key)
    assert (refused.status_code, refused.json()["code"]) == (409, "passkey-known")


async def test_C17_a_second_factor_is_added_only_with_the_first_one_proved(auth: Any, email: str) -> None:
    await with_passkey(auth, email)
    asked = (await auth.login(email)).json()["data"]
    assert (asked["outcome"], asked["methods"]) == ("second-factor-needed", ["hwk"])


async def test_C18_a_lost_passkey_is_replaced_with_a_recovery_code(auth: Any, email: str) -> None:
    _, _, made = await with_passkey(auth, email)
    pending = (await auth.login(email)).json()["data"]["pending"]
    answer = await post(auth, "/login/second-factor", pending=pending, recovery_code=made["recovery_codes"][0])
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}
    new = Authenticator()
    assert (await register(auth, headers, new)).json()["data"]["recovery_codes"] is None
    lost = (await auth.client.get("/me/passkeys", headers=headers)).json()["data"][0]["id"]
    removed = await post(auth, f"/me/passkeys/{lost}/removal", headers)
    assert removed.status_code == 200, removed.text
    assert (await sign_in(auth, new)).status_code == 200


async def test_C18_an_authenticator_app_opens_the_account_of_a_lost_passkey(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    await owner.sign_in()
    assert (await register(auth, owner.headers, Authenticator())).status_code == 200
    await owner.later()
    assert (await owner.second_step(await owner.pending(), code=owner.code())).status_code == 200


async def test_C17_a_removed_passkey_opens_nothing(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    headers = {"Authorization": f"Bearer {(await sign_in(auth, key)).json()['data']['access_token']}"}
    mine = (await auth.client.get("/me/passkeys", headers=headers)).json()["data"][0]["id"]
    assert (await post(auth, f"/me/passkeys/{mine}/removal", headers)).status_code == 200
    assert (await sign_in(auth, key)).json()["code"] == "passkey-refused"
    assert (await auth.login(email)).json()["data"]["outcome"] == "signed-in"


async def test_C17_the_last_passkey_stays_where_a_school_demands_a_second_factor(auth: Any, email: str) -> None:
    key, _, _ = await with_passkey(auth, email)
    headers = {"Authorization": f"Bearer {(await sign_in(auth, key)).json()['data']['access_token']}"}
    await post(auth, "/tenant/security-policy", headers, second_factor_roles=["owner"])
    mine = (await auth.client.get("/me/passkeys", headers=headers)).json()["data"][0]["id"]
    refused = await post(auth, f"/me/passkeys/{mine}/removal", headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "last-second-factor")


async def test_X10_a_locked_account_is_locked_for_a_passkey_too_but_not_on_a_known_device(
    auth: Any, email: str
) -> None:
    key, _, made = await with_passkey(auth, email)
    device = (await sign_in(auth, key)).json()["data"]["device"]
    for _ in range(6):
        await auth.login(email, "wrong")
    assert (await sign_in(auth, key)).json()["code"] == "sign-in-locked"
    assert (await sign_in(auth, key, device=device)).status_code == 200
    assert PASSWORD not in str(made)
