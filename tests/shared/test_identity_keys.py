"""The key set: fetched when needed, kept across restarts and while auth is away, read strictly."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from shared.keyset import BURST, KeySet, KeysMissing, read_key, read_keys
from tests.shared.serving import serving
from tests.shared.signing import Signer


class Auth:
    """A stub of auth's key route."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.answer: Response | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        answer = self.answer or JSONResponse({"keys": self.keys})
        await answer(scope, receive, send)


@pytest.fixture
async def auth() -> Auth:
    return Auth(Signer("a").jwk)


@pytest.fixture
async def url(auth: Auth) -> AsyncIterator[str]:
    async with serving(auth) as url:
        yield url


async def test_S7_the_set_is_fetched_once_and_kept(auth: Auth, url: str, tmp_path: Path) -> None:
    keys = KeySet(url, tmp_path / "jwks.json")
    assert await keys.key("a") is not None
    assert await keys.key("a") is not None
    assert auth.asked == 1
    assert await KeySet("http://127.0.0.1:9/", tmp_path / "jwks.json").key("a") is not None


async def test_S7_an_unknown_key_asks_auth_again(auth: Auth, url: str, tmp_path: Path) -> None:
    keys = KeySet(url, tmp_path / "jwks.json")
    await keys.key("a")
    auth.keys.append(Signer("b").jwk)
    assert await keys.key("b") is not None
    assert auth.asked == 2


async def test_S7_many_unknown_keys_ask_auth_a_few_times(auth: Auth, url: str, tmp_path: Path) -> None:
    keys = KeySet(url, tmp_path / "jwks.json")
    for number in range(50):
        assert await keys.key(f"unknown-{number}") is None
    assert auth.asked == BURST


async def test_S7_a_removed_key_is_gone_after_five_minutes(auth: Auth, url: str, tmp_path: Path) -> None:
    keys = KeySet(url, tmp_path / "jwks.json")
    await keys.key("a")
    auth.keys = [Signer("b").jwk]
    with time_machine.travel(time.time() + 301, tick=False):
        assert await keys.key("a") is None


@pytest.mark.parametrize(
    "answer",
    [
        Response("{", media_type="application/json"),
        Response("[]", media_type="application/json"),
        Response('{"keys": 1}', media_type="application/json"),
        Response(b"x" * 70_000),
        Response(status_code=500),
        RedirectResponse("http://127.0.0.1:9/"),
    ],
)
async def test_S7_the_last_good_set_stays_while_auth_is_ill(
    auth: Auth, url: str, tmp_path: Path, answer: Response
) -> None:
    keys = KeySet(url, tmp_path / "jwks.json")
    await keys.key("a")
    auth.answer = answer
    with time_machine.travel(time.time() + 301, tick=False):
        assert await keys.key("a") is not None
    assert auth.asked == 2


async def test_S7_without_auth_and_without_a_file_there_are_no_keys(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    with pytest.raises(KeysMissing):
        await KeySet("http://127.0.0.1:9/", file).key("a")
    file.write_bytes(b"not a key set")
    with pytest.raises(KeysMissing):
        await KeySet("http://127.0.0.1:9/", file).key("a")


JWK = Signer("a").jwk


@pytest.mark.parametrize(
    "changed",
    [
        {"kty": "RSA"},
        {"crv": "Ed448"},
        {"crv": "X25519"},
        {"use": "enc"},
        {"use": None},
        {"alg": "HS256"},
        {"d": "AAAA"},
        {"key_ops": ["sign"]},
        {"key_ops": ["verify", "sign"]},
        {"kid": 1},
        {"x": 1},
        {"x": ""},
        {"x": "AAAA"},
        {"x": JWK["x"] + "="},
        {"x": JWK["x"] + "A"},
        {"x": "é" * 43},
    ],
)
def test_S6_a_key_that_is_not_a_public_ed25519_signature_key_is_ignored(changed: dict[str, Any]) -> None:
    assert read_key(JWK) is not None
    assert read_key({**JWK, "key_ops": ["verify"]}) is not None
    assert read_key({**JWK, **changed}) is None


def test_S6_a_key_id_that_occurs_twice_names_no_key() -> None:
    document = orjson.loads(orjson.dumps({"keys": [JWK, Signer("a").jwk, Signer("b").jwk, 7]}))
    assert read_keys(document).keys() == {"b"}
