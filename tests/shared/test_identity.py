"""Access tokens: the good one passes, every vector of security.md 5.1 is refused."""

import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import time_machine

from shared.identity import Verifier, bearer, kid_of
from shared.keyset import KeySet
from shared.problems import NotAvailable, Unauthenticated
from tests.shared.signing import Signer
from tests.shared.token_vectors import vectors

NOWHERE = "http://127.0.0.1:9/jwks.json"
SIGNER = Signer()


@pytest.fixture
def verifier(tmp_path: Path) -> Verifier:
    return Verifier(KeySet(NOWHERE, SIGNER.publish(tmp_path)), "academic")


async def test_S6_a_good_token_names_its_caller(verifier: Verifier) -> None:
    tenant = uuid4()
    identity = await verifier.verify(SIGNER.token("classes.read", tenant=tenant, sub="u", sid="s"))
    assert (identity.subject, identity.tenant_id, identity.login) == ("u", tenant, "s")
    assert identity.permissions == {"classes.read"}
    assert identity.roles == ("owner",)


async def test_S6_the_audience_may_be_one_name(verifier: Verifier) -> None:
    assert isinstance((await verifier.verify(SIGNER.token(aud="academic"))).tenant_id, UUID)


VECTORS = vectors(SIGNER)


@pytest.mark.parametrize("token", [token for _, token in VECTORS], ids=[name for name, _ in VECTORS])
async def test_S6_a_malformed_or_forged_token_is_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


async def test_S6_a_changed_byte_is_refused(verifier: Verifier) -> None:
    good = SIGNER.token("classes.read")
    await verifier.verify(good)
    for index in range(len(good)):
        for char in "A_!":
            changed = good[:index] + char + good[index + 1 :]
            if changed != good:
                with pytest.raises(Unauthenticated):
                    await verifier.verify(changed)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic x", "token", "x Bearer y"])
def test_S6_a_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer(header)


async def test_S6_a_remembered_token_ends_when_it_says(verifier: Verifier) -> None:
    with time_machine.travel(time.time(), tick=False) as clock:
        token = SIGNER.token()
        await verifier.verify(token)
        clock.shift(299)
        await verifier.verify(token)
        clock.shift(40)
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


async def test_S7_without_any_key_set_the_answer_is_not_available(tmp_path: Path) -> None:
    verifier = Verifier(KeySet(NOWHERE, tmp_path / "jwks.json"), "academic")
    with pytest.raises(NotAvailable):
        await verifier.verify(SIGNER.token())


def test_S6_the_form_check_alone_names_the_key() -> None:
    assert kid_of(SIGNER.token()) == SIGNER.kid
