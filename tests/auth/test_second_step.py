"""The second step of signing in: few guesses over all routes, none taken back, a lock that ends what waits."""

import asyncio
from typing import Any

import pytest

from auth.credential_checks.tries import SignInLocked
from auth.second_factors.checks import CodeWrong, Proof
from auth.second_factors.recovery_codes import LENGTH, new_codes, read
from shared.calls import Actor, Call
from shared.ids import PLATFORM, uuid7
from tests.auth.conftest import PASSWORD
from tests.auth.factors import Owner, enrolled
from tests.auth.test_sign_in_routes import part


async def locked(owner: Owner) -> None:
    """Five wrong codes."""
    for _ in range(5):
        answer = await owner.second_step(await owner.pending(), code=owner.wrong())
        assert answer.json()["code"] == "code-wrong"


async def test_C15_a_token_says_what_was_proved(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    claims = part((await owner.sign_in())["access_token"], 1)
    assert (claims["amr"], claims["factors"], claims["must_enrol"]) == (["pwd", "otp"], ["otp"], False)


async def test_X15_one_code_opens_one_of_many_sign_ins(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    pending = [await owner.pending() for _ in range(4)]
    answers = await asyncio.gather(*[owner.second_step(token, code=owner.code()) for token in pending])
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]


async def test_a_pending_sign_in_is_used_once(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    pending = await owner.pending()
    assert (await owner.second_step(pending, code=owner.code())).status_code == 200
    await owner.later()
    again = await owner.second_step(pending, code=owner.code())
    assert (again.status_code, again.json()["code"]) == (401, "sign-in-expired")


async def test_X9_five_guesses_in_a_quarter_of_an_hour_over_all_routes(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    guess = owner.wrong()
    answers = [
        await owner.second_step(await owner.pending(), code=guess),
        await owner.post("/step-up", code=guess),
        await owner.post("/me/totp/removal", password=PASSWORD, code=guess),
        await owner.post("/me/recovery-codes", password=PASSWORD, recovery_code="0000-0000-0000-0000"),
        await owner.second_step(await owner.pending(), recovery_code="0000-0000-0000-0000"),
    ]
    assert [answer.json()["code"] for answer in answers] == ["code-wrong"] * 5
    pending = await owner.pending()
    right = owner.code()
    answers = [
        await owner.second_step(pending, code=right),
        await owner.post("/step-up", code=right),
        await owner.post("/me/totp/removal", password=PASSWORD, code=right),
        await owner.post("/me/recovery-codes", password=PASSWORD, recovery_code=owner.recovery_codes[0]),
    ]
    assert [answer.json()["code"] for answer in answers] == ["sign-in-locked"] * 4


async def test_X9_many_guesses_at_once_reach_five_compares(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    answers = await asyncio.gather(*[owner.post("/step-up", code=owner.wrong()) for _ in range(30)])
    codes = [answer.json()["code"] for answer in answers]
    assert (codes.count("code-wrong"), codes.count("sign-in-locked")) == (5, 25)


async def test_X9_an_owner_who_signs_in_meanwhile_gives_nobody_further_guesses(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    for _ in range(4):
        await owner.post("/step-up", code=owner.wrong())
    await owner.sign_in()
    codes = [(await owner.post("/step-up", code=owner.wrong())).json()["code"] for _ in range(2)]
    assert codes == ["code-wrong", "sign-in-locked"]


async def test_X12_a_try_counts_though_what_came_after_it_failed(
    auth: Any, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await enrolled(auth, email)
    factors, user = auth.desk.second_factors, await auth.user(email)
    call = Call(tenant_id=PLATFORM, actor=Actor("system", "test"), now=user.modified_on, correlation_id=uuid7())

    async def fails(*_: object) -> bool:
        raise ConnectionError

    outcomes: list[str] = []
    with monkeypatch.context() as broken:
        broken.setattr(factors, "_fits", fails)
        for _ in range(10):
            try:
                await factors.prove(auth.kernel.store, call, user, Proof(code=owner.wrong()))
            except (ConnectionError, SignInLocked) as error:
                outcomes.append(type(error).__name__)
    assert outcomes == ["ConnectionError"] * 5 + ["SignInLocked"] * 5


async def test_X13_a_lock_ends_the_sign_ins_that_wait(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    waiting = await owner.pending()
    for _ in range(5):
        answer = await owner.second_step(waiting, recovery_code="0000-0000-0000-0000")
        assert answer.json()["code"] == "code-wrong"
    await owner.quarter_of_an_hour_later()
    assert (await owner.second_step(waiting, code=owner.code())).json()["code"] == "sign-in-expired"
    assert (await owner.second_step(await owner.pending(), code=owner.code())).status_code == 200


async def test_X10_who_is_locked_out_between_the_steps_does_not_get_in(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    pending = await owner.pending()
    for _ in range(5):
        await auth.login(email, "wrong")
    refused = await owner.second_step(pending, code=owner.code())
    assert refused.json()["code"] == "sign-in-locked"


async def test_S13_a_lock_lasts_a_quarter_of_an_hour_and_one_guess_brings_the_next(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    await locked(owner)
    await owner.quarter_of_an_hour_later()
    codes = [(await owner.post("/step-up", code=owner.wrong())).json()["code"] for _ in range(2)]
    assert codes == ["code-wrong", "sign-in-locked"]


async def test_S14_a_password_reset_leaves_the_second_factor(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    pending = await owner.pending()
    new = "an entirely other phrase"
    changed = await owner.post("/me/password", old_password=PASSWORD, new_password=new)
    assert changed.status_code == 200, changed.text
    assert (await owner.second_step(pending, code=owner.code())).json()["code"] == "sign-in-expired"
    assert (await auth.login(email, new)).json()["data"]["outcome"] == "second-factor-needed"


async def test_C16_a_recovery_code_opens_one_sign_in(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    code = owner.recovery_codes[3].lower().replace("-", " ")
    pending = [await owner.pending() for _ in range(4)]
    answers = await asyncio.gather(*[owner.second_step(token, recovery_code=code) for token in pending])
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    topics = await auth.topics((await auth.user(email)).id)
    assert topics.count("auth.recovery_code_used") == 1


async def test_C16_new_recovery_codes_end_the_old_ones_and_take_both_factors(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    refused = await owner.post("/me/recovery-codes", password="not the password", code=owner.code())
    assert refused.json()["code"] == "password-wrong"
    made = await owner.post("/me/recovery-codes", password=PASSWORD, code=owner.code())
    new = made.json()["data"]["recovery_codes"]
    assert len(set(new)) == 10
    old = await owner.second_step(await owner.pending(), recovery_code=owner.recovery_codes[0])
    assert old.json()["code"] == "code-wrong"
    assert (await owner.second_step(await owner.pending(), recovery_code=new[0])).status_code == 200


async def test_C16_recovery_codes_are_shown_once(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    owner.headers["Idempotency-Key"] = "new-codes"
    body = {"password": PASSWORD, "code": owner.code()}
    first, again = [await owner.post("/me/recovery-codes", **body) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["data"]["recovery_codes"] is not None
    assert again.json()["data"]["recovery_codes"] is None


def test_C16_a_recovery_code_has_eighty_bits_and_forgives_how_it_is_typed() -> None:
    code = new_codes()[0]
    assert 5 * LENGTH == 80
    assert read(f" {code.lower()} ") == code.replace("-", "")
    assert read("oil0") == "0110"


async def test_C16_codes_of_somebody_else_fit_nothing(auth: Any, email: str) -> None:
    owner, other = await enrolled(auth, email), await enrolled(auth, f"other-{email}")
    call = Call(
        tenant_id=PLATFORM,
        actor=Actor("system", "test"),
        now=(await auth.user(email)).modified_on,
        correlation_id=uuid7(),
    )
    with pytest.raises(CodeWrong):
        await auth.desk.second_factors.prove(
            auth.kernel.store, call, await auth.user(email), Proof(recovery_code=other.recovery_codes[0])
        )
    assert owner.recovery_codes != other.recovery_codes
