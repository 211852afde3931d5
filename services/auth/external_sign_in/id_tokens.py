"""ID tokens of providers (OpenID Connect Core, section 3.1.3.7): verified here and nowhere else."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from auth.external_sign_in.refusals import ExternalSignInRefused
from auth.identity_providers.identity_provider import ClaimNames
from auth.users.emails import is_email

LEEWAY = 60
OLDEST = 600
"""Seconds since it was issued."""
MOST_GROUPS = 1_000
LONGEST = 16_384
FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
KINDS = {"RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
WRONG = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


class KeyUnknown(Exception):
    """None of these keys: the provider may have new ones."""


@dataclass(frozen=True)
class Expected:
    issuer: str
    client_id: str
    nonce: str
    claims: ClaimNames


@dataclass(frozen=True)
class Vouched:
    """What the provider says. `email` only where the provider has verified it. `proved_at`: when it last asked for a
    credential, if it says so; `strengths`: its `amr` and `acr`."""

    subject: str
    email: str | None
    given_name: str | None
    family_name: str | None
    groups: frozenset[str]
    proved_at: datetime | None
    strengths: frozenset[str]


def read(token: str, keys: Iterable[dict[str, Any]], expected: Expected, now: datetime) -> Vouched:
    """Raises ExternalSignInRefused, KeyUnknown."""
    if len(token) > LONGEST or FORM.fullmatch(token) is None:
        raise ExternalSignInRefused
    try:
        header = jwt.get_unverified_header(token)
        key = key_of(header, keys)
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256", "PS256", "ES256", "EdDSA"],
            audience=expected.client_id,
            issuer=expected.issuer,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
        check(claims, expected, now)
        return vouched(claims, expected.claims)
    except WRONG as error:
        raise ExternalSignInRefused from error


def key_of(header: Mapping[str, Any], entries: Iterable[dict[str, Any]]) -> Any:
    """By `kid`, or the only one that fits; never a key that the token brings along. Raises ExternalSignInRefused,
    KeyUnknown."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in KINDS or "crit" in header:
        raise ExternalSignInRefused
    fitting = [entry for entry in entries if fits(entry, algorithm) and kid in (None, entry.get("kid"))]
    if len(fitting) != 1:
        raise KeyUnknown
    key = jwt.PyJWK(fitting[0], algorithm=algorithm).key
    if isinstance(key, RSAPublicKey) and key.key_size < 2048:
        raise ExternalSignInRefused
    return key


def fits(entry: Mapping[str, Any], algorithm: str) -> bool:
    kind, curve = KINDS[algorithm]
    return (
        entry.get("kty") == kind
        and entry.get("crv") == curve
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and "d" not in entry
    )


def check(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    """What the library does not look at. Raises ExternalSignInRefused."""
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if party != expected.client_id and (several or party is not None):
        raise ExternalSignInRefused
    if now.timestamp() - int(claims["iat"]) > OLDEST:
        raise ExternalSignInRefused
    nonce, subject = claims.get("nonce"), claims["sub"]
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise ExternalSignInRefused
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise ExternalSignInRefused


def vouched(claims: Mapping[str, Any], names: ClaimNames) -> Vouched:
    email = text(claims.get(names.email))
    proved = claims.get("auth_time")
    return Vouched(
        subject=claims["sub"],
        email=address(email) if email is not None and claims.get(names.email_verified) is True else None,
        given_name=text(claims.get(names.given_name)),
        family_name=text(claims.get(names.family_name)),
        groups=texts(claims.get(names.groups)),
        proved_at=datetime.fromtimestamp(proved, UTC) if type(proved) is int and 0 <= proved < 2**32 else None,
        strengths=texts(claims.get("amr")) | texts(claims.get("acr")),
    )


def address(value: str) -> str | None:
    try:
        return is_email(value)
    except ValueError:
        return None


def text(value: object) -> str | None:
    """A name or an address; None for what is none."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 200 or not value.strip().isprintable():
        return None
    return value.strip()


def texts(value: object) -> frozenset[str]:
    found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(each for each in found[:MOST_GROUPS] if isinstance(each, str))
