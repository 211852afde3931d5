"""Tokens of somebody who acts as somebody else: how they are read, and what they never open."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from shared.access import Access
from shared.identity import Identity, Verifier, identity_of
from shared.ids import PLATFORM, uuid7
from shared.keyset import KeySet
from shared.problems import NotWhileImpersonating, Problem, RightsChanged, Unauthenticated
from shared.standing import Standing, Standings
from tests.shared.signing import GOOD_STANDINGS, Signer

SIGNER = Signer()
ACT = {"sub": str(uuid7()), "sid": str(uuid7()), "rights": 3}


@pytest.fixture
def verifier(tmp_path: Path) -> Verifier:
    return Verifier(KeySet("http://127.0.0.1:9/jwks.json", SIGNER.publish(tmp_path)), "academic")


async def refusal(verifier: Verifier, access: Access, method: str = "POST") -> type[Problem] | None:
    token = SIGNER.token(access.permission or "", act=ACT, amr=["otp"], auth_time=int(time.time()))
    app = SimpleNamespace(state=SimpleNamespace(verifier=verifier, standings=GOOD_STANDINGS))
    headers = [(b"authorization", f"Bearer {token}".encode())]
    try:
        await access.admit(Request({"type": "http", "method": method, "app": app, "headers": headers}))
    except Problem as problem:
        return type(problem)
    return None


@pytest.mark.parametrize(
    ("access", "method", "expected"),
    [
        (Access("marks.write"), "POST", None),
        (Access("marks.write", fresh=True), "POST", NotWhileImpersonating),
        (Access("marks.read", fresh=True), "GET", NotWhileImpersonating),
        (Access("refunds.write", money=True), "POST", NotWhileImpersonating),
        (Access("me"), "POST", NotWhileImpersonating),
        (Access("me"), "GET", NotWhileImpersonating),
        (Access("me", local=True), "POST", NotWhileImpersonating),
        (Access("me", local=True), "GET", None),
        (Access("me", outdated=True), "POST", None),
    ],
)
async def test_C29_dangerous_things_and_the_own_account_are_for_the_person_itself(
    verifier: Verifier, access: Access, method: str, expected: type[Problem] | None
) -> None:
    assert await refusal(verifier, access, method) is expected


async def test_S2_an_operator_of_no_school_is_not_looked_up(verifier: Verifier) -> None:
    """The operator API of a worker knows nothing of standings."""
    token = SIGNER.token("platform.operate", tenant=PLATFORM, roles=["platform_operator"])
    app = SimpleNamespace(state=SimpleNamespace(verifier=verifier))
    headers = [(b"authorization", f"Bearer {token}".encode())]
    for method in ("GET", "POST"):
        asked = Request({"type": "http", "method": method, "app": app, "headers": headers})
        assert await Access("platform.operate", platform=True).admit(asked) is not None


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": str(uuid7()), "tenant": str(uuid7()), "exp": 0, "sid": str(uuid7()), **more}


@pytest.mark.parametrize(
    "act",
    [
        "somebody",
        [],
        {},
        {"sub": "x"},
        ACT | {"sub": 1},
        ACT | {"rights": True},
        ACT | {"rights": -1},
        ACT | {"act": ACT},
        ACT | {"custom_roles": ["x"]},
    ],
)
def test_C29_S6_a_malformed_act_is_no_token(act: Any) -> None:
    with pytest.raises(Unauthenticated):
        identity_of(claims(act=act))


def test_C29_nobody_acts_as_a_program() -> None:
    found = claims(act=ACT)
    with pytest.raises(Unauthenticated):
        identity_of(found | {"client_id": found["sub"]})


async def test_C29_S5_rights_and_sign_in_of_both_have_to_hold() -> None:
    identity = identity_of(claims(act=ACT, rights=9))
    looked: list[Identity] = []

    async def look(asked: Identity) -> Standing:
        looked.append(asked)
        return Standing(rights=4 if asked.subject == ACT["sub"] else 9)

    with pytest.raises(RightsChanged):
        await Standings(look).check(identity)
    assert [(each.subject, each.login) for each in looked] == [
        (identity.subject, identity.login),
        (ACT["sub"], ACT["sid"]),
    ]
