"""Dangerous routes: who calls proved a moment ago who it is, with the second factor where there is one."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from starlette.requests import Request

from shared.access import Access
from shared.identity import Verifier
from shared.keyset import KeySet
from shared.problems import NotPermitted, Problem, SecondFactorRequired, StepUpNeeded
from tests.shared.signing import GOOD_STANDINGS, Signer

SIGNER = Signer()
FRESH = Access("roles.write", fresh=True)
NOW = int(time.time())


@pytest.fixture
def verifier(tmp_path: Path) -> Verifier:
    return Verifier(KeySet("http://127.0.0.1:9/jwks.json", SIGNER.publish(tmp_path)), "academic")


async def refusal(verifier: Verifier, access: Access = FRESH, **claims: Any) -> type[Problem] | None:
    token = SIGNER.token(*claims.pop("permissions", ["roles.write"]), **claims)
    app = SimpleNamespace(state=SimpleNamespace(verifier=verifier, standings=GOOD_STANDINGS))
    headers = [(b"authorization", f"Bearer {token}".encode())]
    try:
        await access.admit(Request({"type": "http", "method": "POST", "app": app, "headers": headers}))
    except Problem as problem:
        return type(problem)
    return None


async def test_C33_a_password_is_fresh_for_five_minutes(verifier: Verifier) -> None:
    with time_machine.travel(NOW, tick=False):
        assert await refusal(verifier, amr=["pwd"], auth_time=NOW) is None
        assert await refusal(verifier, amr=["pwd"], auth_time=NOW - 300) is None
        assert await refusal(verifier, amr=["pwd"], auth_time=NOW - 301) is StepUpNeeded


async def test_C33_a_remembered_token_grows_old_too(verifier: Verifier) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        claims: dict[str, Any] = {"amr": ["pwd"], "auth_time": NOW - 200, "jti": "the-same"}
        assert await refusal(verifier, **claims) is None
        clock.shift(101)
        assert await refusal(verifier, **claims) is StepUpNeeded


@pytest.mark.parametrize(("amr", "expected"), [(["pwd"], StepUpNeeded), (["pwd", "otp"], None), (["hwk"], None)])
async def test_C33_who_has_a_second_factor_proves_it(
    verifier: Verifier, amr: list[str], expected: type[Problem] | None
) -> None:
    assert await refusal(verifier, amr=amr, auth_time=int(time.time()), factors=["otp"]) is expected


async def test_C33_a_token_that_says_nothing_is_not_fresh(verifier: Verifier) -> None:
    assert await refusal(verifier) is StepUpNeeded
    assert await refusal(verifier, auth_time=int(time.time()) + 1_000) is StepUpNeeded


async def test_C33_who_may_not_at_all_is_told_only_that(verifier: Verifier) -> None:
    assert await refusal(verifier, permissions=["other"]) is NotPermitted


async def test_C15_who_must_set_up_a_second_factor_is_told_so(verifier: Verifier) -> None:
    assert await refusal(verifier, permissions=["me"], must_enrol=True) is SecondFactorRequired
    assert await refusal(verifier, Access("me"), permissions=["me"], must_enrol=True) is None
