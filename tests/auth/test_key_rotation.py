"""Rotation of signing keys: no valid token is refused on the way, and none of a retired key is accepted."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from auth.signing_keys.access_tokens import Grant, Signer, signed
from auth.signing_keys.commands import signing_keys, signing_now
from auth.signing_keys.operating import RotationRuns, states_of
from auth.signing_keys.rotation import KNOWN_AFTER, OVERLAP, rotate_when_due
from infra.operator import keys as keys_command
from shared.calls import Actor, Call
from shared.identity import Verifier
from shared.ids import PLATFORM, uuid7
from shared.keyset import KeySet
from shared.problems import Unauthenticated
from tests.auth.conftest import Running

AGE = timedelta(days=90)
CLOCK: list[datetime] = []
"""It goes on from test to test, as the keys do, from the first of them on."""
MINUTE = timedelta(minutes=1)


class Rotating:
    """A clock of our own beside a running auth, whose keys are rotated as time goes by."""

    def __init__(self, auth: Running, folder: Path) -> None:
        self.auth = auth
        self.folder = folder

    @property
    def now(self) -> datetime:
        if not CLOCK:
            CLOCK.append(datetime.now(UTC))
        return CLOCK[-1]

    @now.setter
    def now(self, time: datetime) -> None:
        CLOCK.append(time)

    async def step(self, passed: timedelta) -> list[str]:
        self.now += passed
        call = Call(tenant_id=PLATFORM, actor=Actor("system", "test"), now=self.now, correlation_id=uuid7())
        done = await rotate_when_due(self.auth.kernel.store, call, self.auth.desk.private_keys, AGE)
        return [step for step, _ in done]

    async def token(self) -> str:
        """As a process signs that looks at the keys now."""
        signer = Signer(self.auth.kernel.store, self.auth.desk.private_keys)
        return await signer.issue(Grant(uuid7(), uuid7(), uuid7(), ("pwd",), self.now), self.now)

    def claims(self) -> dict[str, object]:
        issued = int(self.now.timestamp())
        times = {"iat": issued, "nbf": issued, "exp": issued + 300}
        ids = {"sub": str(uuid7()), "jti": str(uuid7()), "tenant": str(uuid7())}
        return {"iss": "rollbook", "aud": ["academic"], **times, **ids}

    async def published(self) -> set[str]:
        signer = Signer(self.auth.kernel.store, self.auth.desk.private_keys)
        return {key.kid for key in await signer.published()}

    async def signing(self) -> str:
        keys = await signing_keys(self.auth.kernel.store, await self.auth.desk.private_keys.all())
        now = signing_now(keys)
        assert now is not None
        return now.public_jwk.kid

    async def accepted(self, token: str, keys: KeySet) -> bool:
        with time_machine.travel(self.now, tick=True):
            try:
                await Verifier(keys, "academic").verify(token)
            except Unauthenticated:
                return False
            return True

    def verifier_keys(self) -> KeySet:
        """Of a process that has just started."""
        return KeySet(os.environ["AUTH_JWKS_URL"], self.folder / f"{uuid7()}.json")


@pytest.fixture
async def rotating(auth: Running, tmp_path: Path) -> Rotating:
    publish_now(auth)
    return Rotating(auth, tmp_path)


def publish_now(auth: Running) -> None:
    """A running process looks at the keys every half minute: here it looks at once."""
    auth.desk.signer._looked = -1000.0


async def test_C10_an_operator_has_the_next_key_made_and_sees_what_each_is_good_for(
    auth: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    await keys_command.rotate()
    assert "is published and signs in ten minutes" in capsys.readouterr().out
    with pytest.raises(RotationRuns):
        await keys_command.rotate()
    await keys_command.list_()
    told = capsys.readouterr().out.splitlines()
    assert "is published, signs from" in told[0]
    assert "signs since" in told[1]
    states = await states_of(auth.kernel.store, auth.desk.private_keys)
    assert [state.number for state in states] == sorted((state.number for state in states), reverse=True)
    await keys_command.rotate(at_once=True)
    assert "signs now" in capsys.readouterr().out
    assert len(await states_of(auth.kernel.store, auth.desk.private_keys)) == 1


async def test_C11_the_discovery_document_leads_to_keys_and_to_who_a_token_belongs_to(
    auth: Running, email: str
) -> None:
    found = (await auth.client.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == "rollbook"
    assert found["grant_types_supported"] == ["client_credentials"]
    base = os.environ.get("AUTH_API_URL", "http://127.0.0.1:8000/api/auth")
    paths = [found[name].removeprefix(base) for name in ("jwks_uri", "token_endpoint", "userinfo_endpoint")]
    assert paths == ["/.well-known/jwks.json", "/oauth/token", "/userinfo"]
    assert (await auth.client.get(paths[0])).json()["keys"][0]["alg"] == "EdDSA"
    assert (await auth.client.post(paths[1])).status_code == 400
    assert (await auth.client.get(paths[2])).status_code == 401
    await auth.register(email)
    headers = await auth.signed_in(email)
    info = (await auth.client.get(paths[2], headers=headers)).json()
    assert (info["email"], info["email_verified"], info["given_name"], info["locale"]) == (email, True, "Ana", "en")
    assert set(info) == set(found["claims_supported"])
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert "evil" not in (await auth.client.get("/.well-known/openid-configuration", headers=forged)).text


async def test_C10_S7_a_key_is_published_then_signs_and_the_old_one_leaves_after_a_day(rotating: Rotating) -> None:
    first = await rotating.signing()
    assert await rotating.step(AGE - MINUTE) == []
    assert await rotating.step(2 * MINUTE) == ["generated"]
    assert len(await rotating.published()) == 2
    assert await rotating.signing() == first
    assert await rotating.step(KNOWN_AFTER - MINUTE) == []
    assert await rotating.step(2 * MINUTE) == ["activated"]
    second = await rotating.signing()
    assert second != first
    assert await rotating.step(OVERLAP - 2 * MINUTE) == []
    assert await rotating.published() == {first, second}
    assert await rotating.step(3 * MINUTE) == ["retired"]
    assert await rotating.published() == {second}
    assert await rotating.step(MINUTE) == []


async def test_S7_no_valid_token_is_refused_while_keys_rotate_and_none_of_a_retired_key_is_accepted(
    auth: Running, rotating: Rotating
) -> None:
    """One verifier fetched the set before anything happened, another starts at each step."""
    old_verifier, (old_key,) = rotating.verifier_keys(), (await auth.desk.private_keys.all()).values()
    old_kid = await rotating.signing()
    done: list[str] = []
    refused = checked = 0
    for passed in (timedelta(), AGE + MINUTE, KNOWN_AFTER - MINUTE, 2 * MINUTE, OVERLAP - 5 * MINUTE, 2 * MINUTE):
        before = await rotating.token()
        done += await rotating.step(passed)
        publish_now(auth)
        tokens = [await rotating.token()] + ([before] if passed <= 2 * MINUTE else [])
        for token in tokens:
            for keys in (old_verifier, rotating.verifier_keys()):
                checked += 1
                refused += not await rotating.accepted(token, keys)
    assert (done, refused, checked) == (["generated", "activated"], 0, 18)
    assert await rotating.step(5 * MINUTE) == ["retired"]
    publish_now(auth)
    forged = signed(old_key, {"alg": "EdDSA", "typ": "at+jwt", "kid": old_kid}, rotating.claims())
    assert not await rotating.accepted(forged, rotating.verifier_keys())
    rotating.now += 6 * MINUTE
    forged = signed(old_key, {"alg": "EdDSA", "typ": "at+jwt", "kid": old_kid}, rotating.claims())
    assert not await rotating.accepted(forged, rotating.verifier_keys())


async def test_S7_keys_that_others_may_know_are_replaced_at_once(auth: Running, rotating: Rotating) -> None:
    keys = rotating.verifier_keys()
    token = await rotating.token()
    assert await rotating.accepted(token, keys)
    await keys_command.rotate(at_once=True)
    publish_now(auth)
    assert not await rotating.accepted(token, rotating.verifier_keys())
    assert await rotating.accepted(await rotating.token(), keys)
    assert len(await auth.desk.private_keys.all()) == 1
