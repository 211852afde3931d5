"""Every attack on access tokens that has a name, made with auth's own key, on the verifier and on a route over HTTP."""

import asyncio
import os
import random
import socket
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client import REGISTRY

from auth.signing_keys.commands import signing_keys, signing_now
from shared.identity import Verifier
from shared.keyset import BURST, KeySet
from shared.problems import Unauthenticated
from tests.auth.conftest import Running
from tests.shared.signing import Signer, b64
from tests.shared.token_vectors import vectors

FLIPS = int(os.environ.get("ROLLBOOK_TOKEN_FLIPS", "10000"))
OVER_HTTP = int(os.environ.get("ROLLBOOK_TOKEN_FLIPS_HTTP", "1000"))
NOT_IN_A_HEADER = {"J3 empty", "J3 line break", "J3 carriage return", "J11 two megabytes", "half a surrogate pair"}
"""No server takes such a header; the verifier alone is asked."""
WIRE = frozenset(range(0x20, 0x100)) - {0x7F}


class Attack(NamedTuple):
    auth: Running
    signer: Signer
    verifier: Verifier
    vectors: list[tuple[str, str]]
    lured: list[object]

    async def passed_verifier(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except Unauthenticated:
            return False
        return True

    async def status(self, token: str) -> int:
        header = b"Bearer " + token.encode("latin-1")
        return (await self.auth.client.get("/me", headers=[(b"Authorization", header)])).status_code

    async def refused(self, row: str) -> None:
        found = [(name, token) for name, token in self.vectors if row in name.partition(" ")[0].split("/")]
        assert found, f"no vector is of {row}"
        before = key_set_requests()
        assert [name for name, token in found if await self.passed_verifier(token)] == []
        statuses = {name: await self.status(token) for name, token in found if name not in NOT_IN_A_HEADER}
        assert {name: status for name, status in statuses.items() if status != 401} == {}
        assert key_set_requests() - before <= BURST
        assert self.lured == []


def key_set_requests() -> float:
    """How often auth was asked for its keys."""
    labels = {"method": "GET", "route": "/.well-known/jwks.json", "status": "200"}
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0.0


@pytest.fixture(scope="module")
async def attack(auth: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attack]:
    """With the private half of the key that signs: the form alone is wrong. Where forged headers lead, somebody
    listens and notes who came."""
    private_keys = await auth.desk.private_keys.all()
    now = signing_now(await signing_keys(auth.kernel.store, private_keys))
    assert now is not None
    signer = Signer(now.public_jwk.kid)
    signer.private = private_keys[now.id]
    keys = KeySet(os.environ["AUTH_JWKS_URL"], tmp_path_factory.mktemp("keys") / "jwks.json")
    verifier = Verifier(keys, "auth")
    lured: list[object] = []
    listener = socket.create_server(("127.0.0.1", 0))
    server = await asyncio.start_server(lambda reader, writer: lured.append(writer), sock=listener)
    async with server:
        lure = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        yield Attack(auth, signer, verifier, vectors(signer, lure), lured)
    await keys.close()


async def test_S6_a_good_token_of_this_very_key_passes(attack: Attack) -> None:
    token = attack.signer.token("me")
    assert await attack.passed_verifier(token)
    assert await attack.status(token) == 404


async def test_S6_J1_no_other_algorithm_and_none_is_taken(attack: Attack) -> None:
    await attack.refused("J1")


async def test_S6_J2_X20_the_public_key_is_nobodys_hmac_secret_in_any_encoding(attack: Attack) -> None:
    await attack.refused("J2")


async def test_S6_J3_a_token_has_three_parts_and_a_signature_in_one_spelling(attack: Attack) -> None:
    await attack.refused("J3")


async def test_S6_J4_padding_is_no_part_of_a_token(attack: Attack) -> None:
    await attack.refused("J4")


async def test_S6_J5_a_header_that_brings_its_own_key_is_refused_and_nobody_fetches_it(attack: Attack) -> None:
    await attack.refused("J5")


async def test_S6_J6_X21_no_critical_extension_is_known(attack: Attack) -> None:
    await attack.refused("J6")


async def test_S6_J7_another_type_of_token_is_no_access_token(attack: Attack) -> None:
    await attack.refused("J7")


async def test_S6_J8_a_key_id_names_a_key_of_the_set_and_nothing_else(attack: Attack) -> None:
    await attack.refused("J8")


async def test_S6_J9_no_name_occurs_twice(attack: Attack) -> None:
    await attack.refused("J9")


async def test_S6_J10_times_are_whole_numbers_and_a_life_is_five_minutes(attack: Attack) -> None:
    await attack.refused("J10")


async def test_S6_J11_neither_a_byte_order_mark_nor_two_megabytes_pass(attack: Attack) -> None:
    await attack.refused("J11")


async def test_S6_J12_claims_that_are_missing_of_another_kind_or_for_others_are_refused(attack: Attack) -> None:
    await attack.refused("J12")


async def test_S6_every_vector_was_tried(attack: Attack) -> None:
    """Also those that no row of the list names."""
    others = [(name, token) for name, token in attack.vectors if not name.startswith("J")]
    assert [name for name, token in others if await attack.passed_verifier(token)] == []
    assert [name for name, token in others if name not in NOT_IN_A_HEADER and await attack.status(token) != 401] == []


def flipped(good: str, chance: random.Random, allowed: frozenset[int]) -> str:
    """One byte of it is another."""
    at = chance.randrange(len(good))
    other = chance.choice(sorted(allowed - {ord(good[at])}))
    return good[:at] + chr(other) + good[at + 1 :]


async def test_S6_a_token_with_one_byte_changed_is_refused(attack: Attack) -> None:
    chance = random.Random(20260901)
    good = attack.signer.token("me", tenant=None)
    every = frozenset(range(256))
    letters = frozenset((string.ascii_letters + string.digits + "-_.").encode())
    before = key_set_requests()
    passed = [n for n in range(FLIPS) if await attack.passed_verifier(flipped(good, chance, (every, letters)[n % 2]))]
    assert passed == []
    sent = [flipped(good, chance, (WIRE, letters)[n % 2]) for n in range(OVER_HTTP)]
    assert {await attack.status(token) for token in sent} == {401}
    assert await attack.passed_verifier(good)
    assert key_set_requests() - before <= 2 * BURST * (1 + FLIPS // 10_000 + OVER_HTTP // 1_000)


async def test_S6_a_flood_of_unknown_keys_is_no_flood_of_requests_for_the_key_set(
    attack: Attack, tmp_path: Path
) -> None:
    keys = KeySet(os.environ["AUTH_JWKS_URL"], tmp_path / "jwks.json")
    verifier = Verifier(keys, "auth")
    before = key_set_requests()
    tokens = [Signer(b64(os.urandom(32))).token("me") for _ in range(500)]
    answers = await asyncio.gather(*(verifier.verify(token) for token in tokens), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unauthenticated}
    assert key_set_requests() - before <= BURST
    await keys.close()
