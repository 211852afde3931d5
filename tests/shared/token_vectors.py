"""Access tokens that must be refused: the attack vectors J1 to J12, each with its row in its name."""

import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.shared.signing import Signer, b64

NOWHERE = "http://127.0.0.1:9/"


def vectors(signer: Signer, lure: str = NOWHERE) -> list[tuple[str, str]]:
    """(name, token), made with the signer's key. `lure`: where headers say that keys are."""
    return [
        *algorithms(signer),
        *symmetric(signer),
        *shapes(signer),
        *headers(signer, lure),
        *times(signer),
        *claims(signer),
    ]


def algorithms(signer: Signer) -> Iterator[tuple[str, str]]:
    for name in ("none", "None", "nOnE", "NONE", "", "Ed25519", "HS256"):
        yield f"J1 alg {name!r}", signer.sign(signer.header | {"alg": name}, signer.claims())
    yield "J1 alg missing", signer.sign({"typ": "at+jwt", "kid": signer.kid}, signer.claims())
    yield "J1 alg list", signer.sign(signer.header | {"alg": ["EdDSA"]}, signer.claims())
    yield "J1 none unsigned", f"{b64(json.dumps(signer.header | {'alg': 'none'}).encode())}.{claims_part(signer)}."


def claims_part(signer: Signer, **changed: Any) -> str:
    return b64(json.dumps(signer.claims(**changed)).encode())


def symmetric(signer: Signer) -> Iterator[tuple[str, str]]:
    """The public key, which everybody knows, as the secret of an HMAC (CVE-2022-29217, CVE-2024-33663)."""
    for encoding, secret in encodings(signer).items():
        for algorithm in ("SHA256", "SHA384", "SHA512"):
            header = signer.header | {"alg": algorithm.replace("SHA", "HS")}
            text = f"{b64(json.dumps(header).encode())}.{claims_part(signer)}"
            hashed = jwt.algorithms.HMACAlgorithm(getattr(jwt.algorithms.HMACAlgorithm, algorithm))
            yield f"J2 {header['alg']} {encoding}", f"{text}.{b64(hashed.sign(text.encode(), secret))}"


def encodings(signer: Signer) -> dict[str, bytes]:
    public, jwk = signer.private.public_key(), signer.jwk
    info, raw = PublicFormat.SubjectPublicKeyInfo, public.public_bytes_raw()
    pem = public.public_bytes(Encoding.PEM, info)
    return {
        "pem": pem,
        "pem without its last line break": pem.rstrip(b"\n"),
        "pem with carriage returns": pem.replace(b"\n", b"\r\n"),
        "der": public.public_bytes(Encoding.DER, info),
        "der in base64": b64encode(public.public_bytes(Encoding.DER, info)),
        "openssh": public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "raw": raw,
        "raw in hex": raw.hex().encode(),
        "raw in base64": b64encode(raw),
        "x of the jwk": jwk["x"].encode(),
        "jwk": json.dumps(jwk).encode(),
        "jwk, compact and sorted": json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode(),
        "key set": json.dumps({"keys": [jwk]}).encode(),
        "kid": signer.kid.encode(),
        "nothing": b"",
    }


def shapes(signer: Signer) -> Iterator[tuple[str, str]]:
    good = signer.token()
    head, claims, signature = good.split(".")
    other = Signer(signer.kid).token().split(".")
    yield "J3 empty", ""
    yield "J3 empty signature", f"{head}.{claims}."
    yield "J3 two segments", f"{head}.{claims}"
    yield "J3 four segments", f"{good}.{signature}"
    yield "J3 swapped header", f"{b64(json.dumps({**signer.header, 'kid': 'other'}).encode())}.{claims}.{signature}"
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
    padded = urlsafe_b64encode(json.dumps(signer.header | {"kid": "k"}).encode()).decode()
    yield "J4 padded header", signer.sign_raw(padded if "=" in padded else padded + "=", claims)
    yield "J11 byte order mark", signer.sign("\ufeff" + json.dumps(signer.header), signer.claims())
    yield "J11 two megabytes", signer.sign(signer.header, signer.claims(padding="x" * 2_000_000))
    yield "J12 token in token", signer.sign(signer.header, good)
    yield "letters beyond ASCII", good[:-1] + "é"
    yield "half a surrogate pair", good[:-1] + "\ud800"


def headers(signer: Signer, lure: str) -> Iterator[tuple[str, str]]:
    for name in ("jku", "jwk", "x5u", "x5c", "zip", "cty"):
        yield f"J5 {name}", signer.sign(signer.header | {name: lure}, signer.claims())
    for value in ([], ["exp"], ["unknown"], ["b64"]):
        yield f"J6 crit {value}", signer.sign(signer.header | {"crit": value}, signer.claims())
    yield "J6 b64", signer.sign(signer.header | {"b64": False}, signer.claims())
    for kind in ("JWT", "refresh+jwt", "", 7, None, "AT+JWT"):
        yield f"J7 typ {kind!r}", signer.sign(signer.header | {"typ": kind}, signer.claims())
    yield "J7 typ missing", signer.sign({"alg": "EdDSA", "kid": signer.kid}, signer.claims())
    for kid in ("../../etc/passwd", "' OR 1=1 --", f"{lure}k", "unknown", "", 1, None, [signer.kid]):
        yield f"J8 kid {kid!r}", signer.sign(signer.header | {"kid": kid}, signer.claims())
    twice = '{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"' + signer.kid + '"}'
    yield "J9 alg twice", signer.sign(twice, signer.claims())


def times(signer: Signer) -> Iterator[tuple[str, str]]:
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
        changed = json.dumps(signer.claims() | {"exp": "HERE"}).replace('"HERE"', value)
        yield f"J10/J12 exp {name}", signer.sign(signer.header, changed)
    yield "J10 longer than 5 minutes", signer.token(exp=now + 301)
    yield "J12 ended", signer.token(iat=now - 400, nbf=now - 400, exp=now - 100)
    yield "J12 not yet", signer.token(nbf=now + 100_000)
    yield "J12 issued later", signer.token(iat=now + 100_000, exp=now + 100_300)


def claims(signer: Signer) -> Iterator[tuple[str, str]]:
    text = json.dumps(signer.claims())
    yield "J9 tenant twice", signer.sign(signer.header, text[:-1] + f', "tenant": "{uuid4()}"' + "}")
    for missing in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "tenant"):
        kept = {name: value for name, value in signer.claims().items() if name != missing}
        yield f"J12 {missing} missing", signer.sign(signer.header, kept)
    for aud in ("billing", "", [], ["billing"], ["academic", 1], {"academic": 1}, None, 1):
        yield f"J12 aud {aud!r}", signer.sign(signer.header, signer.claims(aud=aud))
    for iss in (["rollbook"], "rollbook/", "", None, "other"):
        yield f"J12 iss {iss!r}", signer.sign(signer.header, signer.claims(iss=iss))
    for name in ("sub", "jti"):
        yield f"J12 {name} number", signer.sign(signer.header, signer.claims(**{name: 1}))
    for tenant in (1, "", "x", None, ["a"], {"a": 1}):
        yield f"tenant {tenant!r}", signer.sign(signer.header, signer.claims(tenant=tenant))
    for permissions in ("owner", [1], None, {"a": 1}):
        changes = signer.claims() | {"permissions": permissions}
        yield f"permissions {permissions!r}", signer.sign(signer.header, changes)
    yield "sid number", signer.sign(signer.header, signer.claims(sid=1))
    for names in ("otp", [1], None, {"otp": 1}, [["otp"]]):
        yield f"amr {names!r}", signer.sign(signer.header, signer.claims(amr=names))
        yield f"factors {names!r}", signer.sign(signer.header, signer.claims(factors=names))
    for seconds in (True, "1", -1, 2**40, [1]):
        yield f"auth_time {seconds!r}", signer.sign(signer.header, signer.claims(auth_time=seconds))
    yield "must_enrol number", signer.sign(signer.header, signer.claims(must_enrol=1))
    for body in ("[]", "1", "null", '"text"', "{", ""):
        yield f"J12 claims {body!r}", signer.sign(signer.header, body)
    yield "J12 100,000 levels", signer.sign_raw(b64(json.dumps(signer.header).encode()), b64(b'{"a":' + b"[" * 2000))
    yield "J12 broken UTF-8", signer.sign(signer.header, b'{"a":"\xff"}')
    yield "J12 refresh token", b64(bytes(range(32)))
    yield "J12 other key", Signer(signer.kid).token()
    yield "J12 foreign kid", Signer("foreign").token()
