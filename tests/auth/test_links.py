"""Mailed links: one kind never for another, once, in time, and nothing told to strangers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auth.handed_out import HandedOut
from auth.users.open_link import LinkSpent
from auth.users.user import User
from shared.given import given
from shared.ids import PLATFORM, uuid7
from shared.personal import MasterKey
from shared.sealed import Sealed

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
NEW = "another correct horse battery"


def user() -> User:
    text: Sealed[str] = Sealed("v1.opaque")
    return User(id=uuid7(), tenant_id=PLATFORM, email=text, given_name=text, family_name=text, timestamp=NOW)


def asked_to_reset() -> User:
    found = user()
    found.request_reset(LINK, NOW)
    return found


LINK, OLDER, PASSWORD_ID = uuid7(), uuid7(), uuid7()


def test_C6_a_link_sets_one_password_and_verifies_the_address() -> None:
    found = asked_to_reset()
    found.reset_password(LINK, PASSWORD_ID, NOW)
    assert (found.password_id, found.verified) == (PASSWORD_ID, True)
    with pytest.raises(LinkSpent):
        found.reset_password(LINK, uuid7(), NOW)


def test_C6_a_link_is_too_old_after_half_an_hour() -> None:
    late = NOW + timedelta(minutes=30)
    given(asked_to_reset()).when(lambda u: u.reset_password(LINK, PASSWORD_ID, late)).then_refused(LinkSpent)


def test_S14_a_newer_link_ends_the_one_before() -> None:
    def newer() -> User:
        found = asked_to_reset()
        found.request_reset(uuid7(), NOW)
        return found

    given(newer()).when(lambda u: u.reset_password(LINK, PASSWORD_ID, NOW)).then_refused(LinkSpent)


def test_C5_a_verified_address_asks_for_nothing_more() -> None:
    found = user()
    found.trust_email(NOW)
    given(found).when(lambda u: u.request_verification(LINK, NOW)).then_nothing()


@pytest.fixture
def handed_out() -> HandedOut:
    return HandedOut(MasterKey(b"k" * 32))


def test_X17_a_token_of_one_kind_is_none_of_another(handed_out: HandedOut) -> None:
    token = handed_out.token("verify-email", LINK, OLDER)
    assert handed_out.ids("verify-email", token, 2) == (LINK, OLDER)
    assert handed_out.ids("reset-password", token, 2) is None
    assert handed_out.ids("verify-email", token, 1) is None


def test_X19_a_changed_token_is_none(handed_out: HandedOut) -> None:
    token = handed_out.token("device", LINK)
    changed = [token[:n] for n in range(len(token))] + [token + "A", token + "=", token.swapcase(), f" {token}", "ä"]
    changed += [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    assert [text for text in changed if handed_out.ids("device", text, 1) is not None] == []


async def reset_token(auth: Any, email: str) -> str:
    asked = await auth.client.post("/password-reset-requests", json={"email": email})
    assert asked.status_code == 202
    before = (await auth.user(email)).version
    for _ in range(100):
        found = await auth.user(email)
        if found.reset.id.int and found.version >= before:
            return str(auth.desk.credentials.handed_out.token("reset-password", found.id, found.reset.id))
        await asyncio.sleep(0.05)
    raise AssertionError("the request was not handled")


async def reset(auth: Any, token: str, password: str = NEW) -> Any:
    return await auth.client.post("/password-resets", json={"token": token, "new_password": password})


async def test_C6_R4_7_a_reset_replaces_the_password_and_ends_all_sign_ins(auth: Any, email: str) -> None:
    await auth.register(email)
    before = (await auth.login(email)).json()["data"]
    assert (await reset(auth, await reset_token(auth, email))).status_code == 200
    assert (await auth.login(email)).status_code == 401
    assert (await auth.login(email, NEW)).status_code == 200
    gone = await auth.client.post("/token/refresh", json={"refresh_token": before["refresh_token"]})
    assert gone.status_code == 401


async def test_S14_of_many_uses_of_a_link_at_once_one_sets_the_password(auth: Any, email: str) -> None:
    await auth.register(email)
    token = await reset_token(auth, email)
    passwords = [f"{NEW} {n}" for n in range(8)]
    answers = await asyncio.gather(*[reset(auth, token, password) for password in passwords])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    right = passwords[[answer.status_code for answer in answers].index(200)]
    fits = [password for password in passwords if (await auth.login(email, password)).status_code == 200]
    assert fits in ([right], [])
    if not fits:
        pytest.fail("the password that was answered with 200 does not fit")


async def test_S14_a_password_that_is_too_short_leaves_the_link_unspent(auth: Any, email: str) -> None:
    await auth.register(email)
    token = await reset_token(auth, email)
    assert (await reset(auth, token, "short")).status_code == 422
    assert (await reset(auth, token)).status_code == 200


async def test_S11_a_request_for_a_link_is_answered_alike_for_known_and_unknown_addresses(
    auth: Any, email: str
) -> None:
    await auth.register(email)
    known, unknown = [
        await auth.client.post("/password-reset-requests", json={"email": address})
        for address in (email, f"nobody-{email}")
    ]
    assert (known.status_code, known.content, set(known.headers)) == (
        unknown.status_code,
        unknown.content,
        set(unknown.headers),
    )


async def test_C6_a_reset_opens_a_locked_account(auth: Any, email: str) -> None:
    await auth.register(email)
    for _ in range(6):
        await auth.login(email, "wrong")
    assert (await auth.login(email)).json()["code"] == "sign-in-locked"
    assert (await reset(auth, await reset_token(auth, email))).status_code == 200
    assert (await auth.login(email, NEW)).status_code == 200


async def test_C5_a_link_needs_the_password_that_was_registered(auth: Any, email: str) -> None:
    await auth.register(email, verified=False)
    wrong = await auth.verify(email, "somebody else's guess")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "password-wrong")
    assert (await auth.verify(email)).status_code == 200
    again = await auth.verify(email)
    assert (again.status_code, again.json()["code"]) == (409, "link-spent")


async def test_C7_a_password_is_changed_with_the_old_one_and_other_sign_ins_end(auth: Any, email: str) -> None:
    await auth.register(email)
    other = (await auth.login(email)).json()["data"]
    headers = await auth.signed_in(email)
    wrong = await auth.client.post(
        "/me/password", json={"old_password": "not it", "new_password": NEW}, headers=headers
    )
    assert (wrong.status_code, wrong.json()["code"]) == (403, "password-wrong")
    changed = await auth.client.post(
        "/me/password",
        json={"old_password": "correct horse battery staple", "new_password": NEW},
        headers=headers,
    )
    assert changed.status_code == 200
    assert (await auth.login(email, NEW)).status_code == 200
    gone = await auth.client.post("/token/refresh", json={"refresh_token": other["refresh_token"]})
    assert gone.status_code == 401


async def test_X14_a_known_device_gets_in_while_strangers_guess(auth: Any, email: str) -> None:
    await auth.register(email)
    device = (await auth.login(email)).json()["data"]["device"]
    for _ in range(6):
        await auth.login(email, "wrong")
    assert (await auth.login(email)).json()["code"] == "sign-in-locked"
    assert (await auth.login(email, device=device)).status_code == 200


async def test_S12_a_device_of_another_account_opens_no_counter_of_its_own(auth: Any, email: str) -> None:
    await auth.register(email)
    await auth.register(f"thief-{email}")
    device = (await auth.login(f"thief-{email}")).json()["data"]["device"]
    codes = [(await auth.login(email, "wrong", device=device)).json()["code"] for _ in range(6)]
    assert codes == ["sign-in-refused"] * 5 + ["sign-in-locked"]
