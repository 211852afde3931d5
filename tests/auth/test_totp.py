"""Codes of authenticator apps: the RFC's own vectors, one use each, sealed secrets, both factors to remove one."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from psycopg import AsyncConnection

from auth.second_factors.totp import matching_step, new_secret, otpauth_uri, qr_code, step_of
from shared.ids import uuid7
from tests.auth.conftest import PASSWORD
from tests.auth.factors import enrolled, enrolling

SECRET = b"12345678901234567890"
NOW = datetime(2026, 9, 1, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_S13_the_vectors_of_RFC_6238(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert matching_step(SECRET, code, now) == seconds // 30
    assert matching_step(SECRET, code, now + timedelta(seconds=30)) == seconds // 30
    assert matching_step(SECRET, code, now + timedelta(seconds=60)) is None
    if seconds >= 60:
        assert matching_step(SECRET, code, now - timedelta(seconds=30)) is None


def test_S13_a_secret_has_160_bits_and_a_picture_without_scripts() -> None:
    secret = new_secret()
    assert len(secret) == 20
    uri = otpauth_uri(secret, "ana@example.org")
    assert re.fullmatch(r"otpauth://totp/Rollbook:ana%40example.org\?secret=[A-Z2-7]{32}&issuer=Rollbook", uri)
    picture = ET.fromstring(qr_code(uri))  # noqa: S314 - our own
    assert {element.tag.rpartition("}")[2] for element in picture.iter()} == {"svg", "path"}


async def test_S13_a_step_and_all_earlier_ones_are_accepted_once(auth: Any) -> None:
    totp = auth.desk.second_factors.totp
    user_id, factor_id = uuid7(), uuid7()
    await totp.keep(user_id, factor_id, SECRET)
    now = datetime.fromtimestamp(1111111111, UTC)
    assert step_of(now) == step_of(datetime.fromtimestamp(1111111109, UTC)) + 1
    assert await totp.accept(user_id, factor_id, "050471", now)
    assert not await totp.accept(user_id, factor_id, "050471", now)
    assert not await totp.accept(user_id, factor_id, "081804", now)
    assert not await totp.accept(user_id, factor_id, "050471", now + timedelta(seconds=30))


async def test_S13_X15_of_fifty_uses_of_one_code_at_once_one_is_accepted(auth: Any) -> None:
    totp = auth.desk.second_factors.totp
    for _ in range(3):
        user_id, factor_id = uuid7(), uuid7()
        await totp.keep(user_id, factor_id, SECRET)
        now = datetime.fromtimestamp(1111111111, UTC)
        accepted = await asyncio.gather(*[totp.accept(user_id, factor_id, "050471", now) for _ in range(50)])
        assert accepted.count(True) == 1


async def test_S13_a_row_of_one_user_opens_nothing_of_another(auth: Any) -> None:
    totp = auth.desk.second_factors.totp
    user_id, factor_id = uuid7(), uuid7()
    await totp.keep(user_id, factor_id, SECRET)
    assert await totp.secret(uuid7(), factor_id) is None
    assert not await totp.accept(uuid7(), factor_id, "050471", datetime.fromtimestamp(1111111111, UTC))


async def test_C15_R4_5_an_app_is_asked_for_once_it_is_confirmed(auth: Any, email: str) -> None:
    owner = await enrolling(auth, email)
    assert (await auth.login(email)).json()["data"]["outcome"] == "signed-in"
    wrong = await owner.post("/me/totp/confirmation", code=owner.wrong())
    assert (wrong.status_code, wrong.json()["code"]) == (403, "code-wrong")
    confirmed = await owner.post("/me/totp/confirmation", code=owner.code())
    assert confirmed.status_code == 200, confirmed.text
    assert len(set(confirmed.json()["data"]["recovery_codes"])) == 10
    asked = (await auth.login(email)).json()["data"]
    assert (asked["outcome"], asked["methods"]) == ("second-factor-needed", ["otp"])
    assert (await owner.sign_in())["tenant"]
    factors = (await auth.client.get("/me/second-factors", headers=owner.headers)).json()["data"]
    assert factors == {"methods": ["otp"], "recovery_codes_left": 10, "demanded": False}


async def test_C15_enrolment_needs_the_password_and_ends_after_a_quarter_of_an_hour(auth: Any, email: str) -> None:
    owner = await enrolling(auth, email)
    wrong = await owner.post("/me/totp", password="not the password")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "password-wrong")
    user = await auth.user(email)
    assert user.enrolling.until - user.enrolling.asked_at == timedelta(minutes=15)


async def test_C15_who_has_an_app_removes_it_before_another_is_set_up(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    refused = await owner.post("/me/totp", password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (409, "totp-enabled-already")


async def test_C15_a_repeated_enrolment_shows_the_same_secret(auth: Any, email: str) -> None:
    await auth.register(email)
    headers = {**await auth.signed_in(email), "Idempotency-Key": "enrol"}
    answers = [await auth.client.post("/me/totp", json={"password": PASSWORD}, headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content


async def test_C15_removing_the_app_takes_the_password_and_a_code(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    only_code = await owner.post("/me/totp/removal", password="not the password", code=owner.code())
    only_password = await owner.post("/me/totp/removal", password=PASSWORD, code=owner.wrong())
    assert [each.json()["code"] for each in (only_code, only_password)] == ["password-wrong", "code-wrong"]
    assert (await owner.post("/me/totp/removal", password=PASSWORD, code=owner.code())).status_code == 200
    assert (await auth.login(email)).json()["data"]["outcome"] == "signed-in"
    topics = await auth.topics((await auth.user(email)).id)
    assert topics[-4:] == [
        "auth.totp_enrolment_started",
        "auth.totp_enabled",
        "auth.recovery_codes_generated",
        "auth.totp_disabled",
    ]


async def test_S13_no_event_and_no_row_holds_a_secret_or_a_recovery_code(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    async with await AsyncConnection.connect(auth.superuser_dsn) as connection:
        events = await (await connection.execute("SELECT state FROM auth.events")).fetchall()
        rows = await (await connection.execute("SELECT sealed FROM auth.totp_secrets")).fetchall()
        hashes = await (await connection.execute("SELECT hash FROM auth.recovery_codes")).fetchall()
    stored = b"".join(bytes(cell) for (cell,) in (*events, *rows, *hashes))
    for secret in (owner.secret, *(code.encode() for code in owner.recovery_codes)):
        assert secret not in stored
