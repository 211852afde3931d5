"""Signing in: equal answers, few guesses, tokens that every service can check."""

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any

from auth.desk import starting
from auth.signing_keys.access_tokens import Grant, Signer
from auth.signing_keys.commands import (
    activate_signing_key,
    ensure_signing_key,
    generate_signing_key,
    retire_signing_key,
    signing_keys,
    signing_now,
)
from shared.ids import uuid7
from shared.keyset import read_keys


def part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def seen(answer: Any) -> tuple[int, dict[str, Any], set[str]]:
    body = {name: value for name, value in answer.json().items() if name != "trace_id"}
    return answer.status_code, body, set(answer.headers)


async def test_S11_an_unknown_address_and_a_wrong_password_get_the_same_answer(auth: Any, email: str) -> None:
    await auth.register(email)
    wrong = await auth.login(email, "not the right password")
    unknown = await auth.login(f"nobody-{email}", "not the right password")
    assert wrong.status_code == 401
    assert seen(wrong) == seen(unknown)


async def test_S11_an_unknown_address_is_locked_like_a_known_one(auth: Any, email: str) -> None:
    await auth.register(email)
    for address in (email, f"nobody-{email}"):
        codes = [(await auth.login(address, "wrong")).json()["code"] for _ in range(6)]
        assert codes == ["sign-in-refused"] * 5 + ["sign-in-locked"]


async def test_S12_C8_R4_8_five_guesses_reach_a_compare_however_many_come_at_once(auth: Any, email: str) -> None:
    await auth.register(email)
    answers = await asyncio.gather(*[auth.login(email, "wrong") for _ in range(20)])
    codes = [answer.json()["code"] for answer in answers]
    assert codes.count("sign-in-refused") == 5
    assert codes.count("sign-in-locked") == 15
    right = await auth.login(email)
    assert right.json()["code"] == "sign-in-locked"


async def test_S12_a_right_password_forgets_the_wrong_ones(auth: Any, email: str) -> None:
    await auth.register(email)
    for _ in range(3):
        for _ in range(4):
            assert (await auth.login(email, "wrong")).status_code == 401
        assert (await auth.login(email)).status_code == 200


async def test_S12_guessing_through_registration_is_counted_too(auth: Any, email: str) -> None:
    await auth.register(email)
    for _ in range(5):
        assert (await auth.register(email, password="a wrong password", verified=False)).status_code == 201
    assert (await auth.login(email)).json()["code"] == "sign-in-locked"


async def test_C10_S6_R4_1_R4_2_R2_2_a_token_names_user_school_roles_and_session_for_five_minutes(
    auth: Any, email: str
) -> None:
    school = (await auth.register(email)).json()["data"]["id"]
    data = (await auth.login(email)).json()["data"]
    header, claims = part(data["access_token"], 0), part(data["access_token"], 1)
    assert (header["alg"], header["typ"], set(header)) == ("EdDSA", "at+jwt", {"alg", "typ", "kid"})
    assert claims["iss"] == "rollbook"
    assert claims["aud"] == ["gateway", "auth", "academic", "billing", "exports"]
    assert claims["tenant"] == school
    assert claims["roles"] == ["owner"]
    assert "invoices.issue" in claims["permissions"]
    assert claims["sid"] == data["session"]
    assert claims["exp"] - claims["iat"] == 300
    assert claims["nbf"] == claims["iat"]
    assert len(data["access_token"]) < 4096


async def test_C10_the_key_set_is_public_and_holds_the_key_of_a_token(auth: Any, email: str) -> None:
    await auth.register(email)
    token = (await auth.login(email)).json()["data"]["access_token"]
    answer = await auth.client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert part(token, 0)["kid"] in read_keys(answer.json())
    assert all(set(key) == {"kid", "x", "kty", "crv", "use", "alg"} for key in answer.json()["keys"])


async def test_C10_many_processes_that_start_together_make_one_key(auth: Any) -> None:
    store, private = auth.kernel.store, auth.desk.private_keys
    before = await private.all()
    await asyncio.gather(*[ensure_signing_key(store, starting(), private) for _ in range(5)])
    assert set(await private.all()) == set(before)
    await asyncio.gather(*[generate_signing_key(store, starting(), private) for _ in range(4)], return_exceptions=True)
    keys = await signing_keys(store, await private.all())
    numbers = sorted(key.number for key in keys.values())
    assert numbers == list(range(1, len(numbers) + 1))


async def test_C10_a_new_key_signs_when_activated_and_the_old_one_leaves_the_set_when_retired(
    auth: Any,
) -> None:
    store, private = auth.kernel.store, auth.desk.private_keys
    old = signing_now(await signing_keys(store, await private.all()))
    assert old is not None
    new_id = (await generate_signing_key(store, starting(), private)).id
    grant = Grant(uuid7(), uuid7(), uuid7(), ("pwd",), datetime.now(UTC))
    generated = Signer(store, private)
    assert part(await generated.issue(grant, starting().now), 0)["kid"] == old.public_jwk.kid
    assert len(await generated.published()) >= 2
    await activate_signing_key(store, starting(), new_id)
    activated = Signer(store, private)
    new_kid = part(await activated.issue(grant, starting().now), 0)["kid"]
    assert new_kid != old.public_jwk.kid
    await retire_signing_key(store, starting(), private, old.id)
    retired = {key.kid for key in await Signer(store, private).published()}
    assert new_kid in retired
    assert old.public_jwk.kid not in retired


async def test_a_session_ends_once_and_only_by_its_own_token(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = await auth.signed_in(email)
    first = await auth.client.post("/logout", headers=headers)
    again = await auth.client.post("/logout", headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["data"] == again.json()["data"]


async def test_without_a_token_nothing_is_told(auth: Any) -> None:
    for path in ("/me", "/tenant", "/members", "/summary"):
        assert (await auth.client.get(path)).status_code == 401
