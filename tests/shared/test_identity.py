"""Access tokens: the good one passes, every vector of security.md 5.1 is refused."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization

from shared.identity import Verifier, bearer, kid_of
from shared.keyset import KeySet
from shared.problems import NotAvailable, Unauthenticated
from tests.shared.signing import Signer, b64

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


def algorithms() -> Iterator[tuple[str, str]]:
    for name in ("none", "None", "nOnE", "NONE", "", "Ed25519", "HS256"):
        yield f"J1 alg {name!r}", SIGNER.sign(SIGNER.header | {"alg": name}, SIGNER.claims())
    yield "J1 alg missing", SIGNER.sign({"typ": "at+jwt", "kid": SIGNER.kid}, SIGNER.claims())
    yield "J1 alg list", SIGNER.sign(SIGNER.header | {"alg": ["EdDSA"]}, SIGNER.claims())
    yield "J1 none unsigned", f"{b64(json.dumps(SIGNER.header | {'alg': 'none'}).encode())}.{claims_part()}."


def claims_part(**changed: Any) -> str:
    return b64(json.dumps(SIGNER.claims(**changed)).encode())


def symmetric() -> Iterator[tuple[str, str]]:
    public = SIGNER.private.public_key()
    encodings = {
        "pem": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "raw": public.public_bytes_raw(),
        "jwk": json.dumps(SIGNER.jwk).encode(),
    }
    for name, secret in encodings.items():
        signed = f"{b64(json.dumps(SIGNER.header | {'alg': 'HS256'}).encode())}.{claims_part()}"
        digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signed.encode(), secret)
        yield f"J2 {name}", f"{signed}.{b64(digest)}"


def shapes() -> Iterator[tuple[str, str]]:
    good = SIGNER.token()
    head, claims, signature = good.split(".")
    other = Signer(SIGNER.kid).token().split(".")
    yield "J3 empty", ""
    yield "J3 empty signature", f"{head}.{claims}."
    yield "J3 two segments", f"{head}.{claims}"
    yield "J3 four segments", f"{good}.{signature}"
    yield "J3 swapped header", f"{b64(json.dumps({**SIGNER.header, 'kid': 'other'}).encode())}.{claims}.{signature}"
    yield "J3 other signature", f"{head}.{claims}.{other[2]}"
    yield "J3 space before", f" {good}"
    yield "J3 space inside", f"{head} .{claims}.{signature}"
    yield "J3 line break", f"{good}\n"
    yield "J3 carriage return", f"{head}.\r{claims}.{signature}"
    yield "J3 plus", f"{head}.{claims}.+{signature[1:]}"
    yield "J3 slash", f"{head}.{claims}./{signature[1:]}"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    yield "J3 last character", good[:-1] + alphabet[alphabet.index(good[-1]) + 1]
    yield "J4 padding behind", f"{good}=="
    padded = urlsafe_b64encode(json.dumps(SIGNER.header | {"kid": "k"}).encode()).decode()
    yield "J4 padded header", SIGNER.sign_raw(padded if "=" in padded else padded + "=", claims)
    yield "J11 byte order mark", SIGNER.sign("\ufeff" + json.dumps(SIGNER.header), SIGNER.claims())
    yield "J11 two megabytes", SIGNER.sign(SIGNER.header, SIGNER.claims(padding="x" * 2_000_000))
    yield "J12 token in token", SIGNER.sign(SIGNER.header, good)
    yield "letters beyond ASCII", good[:-1] + "é"
    yield "half a surrogate pair", good[:-1] + "\ud800"


def headers() -> Iterator[tuple[str, str]]:
    for name in ("jku", "jwk", "x5u", "x5c", "zip", "cty"):
        yield f"J5 {name}", SIGNER.sign(SIGNER.header | {name: "http://127.0.0.1:9/"}, SIGNER.claims())
    for value in ([], ["exp"], ["unknown"], ["b64"]):
        yield f"J6 crit {value}", SIGNER.sign(SIGNER.header | {"crit": value}, SIGNER.claims())
    yield "J6 b64", SIGNER.sign(SIGNER.header | {"b64": False}, SIGNER.claims())
    for kind in ("JWT", "refresh+jwt", "", 7, None, "AT+JWT"):
        yield f"J7 typ {kind!r}", SIGNER.sign(SIGNER.header | {"typ": kind}, SIGNER.claims())
    yield "J7 typ missing", SIGNER.sign({"alg": "EdDSA", "kid": SIGNER.kid}, SIGNER.claims())
    for kid in ("../../etc/passwd", "' OR 1=1 --", "http://127.0.0.1:9/k", "unknown", "", 1, None, [SIGNER.kid]):
        yield f"J8 kid {kid!r}", SIGNER.sign(SIGNER.header | {"kid": kid}, SIGNER.claims())
    twice = '{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"' + SIGNER.kid + '"}'
    yield "J9 alg twice", SIGNER.sign(twice, SIGNER.claims())


def claims() -> Iterator[tuple[str, str]]:
    text = json.dumps(SIGNER.claims())
    yield "J9 tenant twice", SIGNER.sign(SIGNER.header, text[:-1] + f', "tenant": "{uuid4()}"' + "}")
    now = int(time.time())
    for name, value in {
        "digits": f'"{now + 60}"',
        "float": f"{now + 60}.0",
        "huge": "1e308",
        "400 digits": "9" * 400,
        "5000 digits": "9" * 5000,
        "true": "true",
        "NaN": "NaN",
        "Infinity": "Infinity",
        "list": f"[{now + 60}]",
        "null": "null",
        "negative": "-1",
    }.items():
        changed = json.dumps(SIGNER.claims() | {"exp": "HERE"}).replace('"HERE"', value)
        yield f"J10/J12 exp {name}", SIGNER.sign(SIGNER.header, changed)
    yield "J10 longer than 5 minutes", SIGNER.token(exp=now + 301)
    yield "J12 ended", SIGNER.token(iat=now - 400, nbf=now - 400, exp=now - 100)
    yield "J12 not yet", SIGNER.token(nbf=now + 100_000)
    yield "J12 issued later", SIGNER.token(iat=now + 100_000, exp=now + 100_300)
    for missing in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "tenant"):
        kept = {name: value for name, value in SIGNER.claims().items() if name != missing}
        yield f"J12 {missing} missing", SIGNER.sign(SIGNER.header, kept)
    for aud in ("billing", "", [], ["billing"], ["academic", 1], {"academic": 1}, None, 1):
        yield f"J12 aud {aud!r}", SIGNER.sign(SIGNER.header, SIGNER.claims(aud=aud))
    for iss in (["rollbook"], "rollbook/", "", None, "other"):
        yield f"J12 iss {iss!r}", SIGNER.sign(SIGNER.header, SIGNER.claims(iss=iss))
    for name in ("sub", "jti"):
        yield f"J12 {name} number", SIGNER.sign(SIGNER.header, SIGNER.claims(**{name: 1}))
    for tenant in (1, "", "x", None, ["a"], {"a": 1}):
        yield f"tenant {tenant!r}", SIGNER.sign(SIGNER.header, SIGNER.claims(tenant=tenant))
    for permissions in ("owner", [1], None, {"a": 1}):
        changes = SIGNER.claims() | {"permissions": permissions}
        yield f"permissions {permissions!r}", SIGNER.sign(SIGNER.header, changes)
    yield "sid number", SIGNER.sign(SIGNER.header, SIGNER.claims(sid=1))
    for names in ("otp", [1], None, {"otp": 1}, [["otp"]]):
        yield f"amr {names!r}", SIGNER.sign(SIGNER.header, SIGNER.claims(amr=names))
        yield f"factors {names!r}", SIGNER.sign(SIGNER.header, SIGNER.claims(factors=names))
    for seconds in (True, "1", -1, 2**40, [now]):
        yield f"auth_time {seconds!r}", SIGNER.sign(SIGNER.header, SIGNER.claims(auth_time=seconds))
    yield "must_enrol number", SIGNER.sign(SIGNER.header, SIGNER.claims(must_enrol=1))
    for body in ("[]", "1", "null", '"text"', "{", ""):
        yield f"J12 claims {body!r}", SIGNER.sign(SIGNER.header, body)
    yield "J12 100,000 levels", SIGNER.sign_raw(b64(json.dumps(SIGNER.header).encode()), b64(b'{"a":' + b"[" * 2000))
    yield "J12 broken UTF-8", SIGNER.sign(SIGNER.header, b'{"a":"\xff"}')
    yield "J12 refresh token", b64(bytes(range(32)))
    yield "J12 other key", Signer(SIGNER.kid).token()
    yield "J12 foreign kid", Signer("foreign").token()


VECTORS = [*algorithms(), *symmetric(), *shapes(), *headers(), *claims()]


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
