"""ID tokens that a provider should not have given, or did not give: refused, with nothing half done."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest

from tests.auth.external import Vouched, refused, vouched, without
from tests.auth.openid_provider import Claims, OpenIdProvider, SigningKey, openid_provider

NOW = int(time.time())
STRANGER = SigningKey()


@pytest.fixture(scope="module", autouse=True)
async def provider() -> AsyncIterator[OpenIdProvider]:
    """Before the service: its settings name the provider's host."""
    async with openid_provider() as found:
        yield found


@pytest.fixture(scope="module")
async def it(provider: OpenIdProvider, auth: Any) -> Vouched:
    """Whoever the provider really vouches for becomes a teacher: a refusal leaves nobody behind."""
    return await vouched(auth, provider, creates_members=True, default_roles=["teacher"])


@pytest.fixture(autouse=True)
def behaving(provider: OpenIdProvider) -> None:
    provider.behave()


def with_header(**header: Any) -> Callable[[OpenIdProvider], Callable[[Claims], str]]:
    def signing(provider: OpenIdProvider) -> Callable[[Claims], str]:
        algorithm = header.get("alg", "RS256")
        headers = {"kid": provider.key.kid, **header}
        return lambda claims: jwt.encode(claims, provider.key.private, algorithm=algorithm, headers=headers)

    return signing


def unsigned(provider: OpenIdProvider) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode(claims, "", algorithm="none", headers={"kid": provider.key.kid})


def with_public_key(provider: OpenIdProvider) -> Callable[[Claims], str]:
    """HS256, the public key as the secret: by hand, for the library refuses to sign so."""
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)

    def sign(claims: Claims) -> str:
        text = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": provider.key.kid}).rpartition(".")[0]
        return f"{text}.{jwt.utils.base64url_encode(hmac.sign(text.encode(), provider.key.pem)).decode()}"

    return sign


def by_stranger(provider: OpenIdProvider) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode(claims, STRANGER.private, algorithm="RS256", headers={"kid": provider.key.kid})


def with_own_key(provider: OpenIdProvider) -> Callable[[Claims], str]:
    """The token brings the key that it is to be checked with, and an address to fetch it from."""
    header = {"kid": provider.key.kid, "jwk": STRANGER.jwk(), "jku": f"{provider.issuer}/stranger"}
    return lambda claims: jwt.encode(claims, STRANGER.private, algorithm="RS256", headers=header)


def cut(provider: OpenIdProvider) -> Callable[[Claims], str]:
    return lambda claims: provider.sign(claims)[:-20]


CLAIMS: dict[str, Callable[[Claims], Claims]] = {
    "wrong nonce": lambda claims: claims | {"nonce": "another"},
    "no nonce": without("nonce"),
    "nonce that is no text": lambda claims: claims | {"nonce": ["x"]},
    "wrong audience": lambda claims: claims | {"aud": "another"},
    "no audience": without("aud"),
    "audience of several": lambda claims: claims | {"aud": [claims["aud"], "another"]},
    "for another party": lambda claims: claims | {"azp": "another"},
    "wrong issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "issuer with another ending": lambda claims: claims | {"iss": claims["iss"] + "/"},
    "expired": lambda claims: claims | {"exp": NOW - 120},
    "no end": without("exp"),
    "end that is no number": lambda claims: claims | {"exp": "soon"},
    "end without end": lambda claims: claims | {"exp": float("inf")},
    "from the future": lambda claims: claims | {"iat": NOW + 3600},
    "old": lambda claims: claims | {"iat": NOW - 3600},
    "no subject": without("sub"),
    "empty subject": lambda claims: claims | {"sub": ""},
    "long subject": lambda claims: claims | {"sub": "x" * 300},
    "subject that is no text": lambda claims: claims | {"sub": 7},
}
SIGNATURES: dict[str, Callable[[OpenIdProvider], Callable[[Claims], str]]] = {
    "alg none": unsigned,
    "HS256 with the public key": with_public_key,
    "signed by a stranger": by_stranger,
    "brings its own key": with_own_key,
    "critical header": with_header(crit=["exp"], exp=1),
    "another algorithm than the key's": with_header(alg="RS512"),
    "cut": cut,
    "no token": lambda provider: lambda claims: "x",
    "endless": lambda provider: lambda claims: provider.sign(claims | {"x": "x" * 20_000}),
}


@pytest.mark.parametrize("fault", CLAIMS)
async def test_C21_an_id_token_that_says_something_wrong_opens_nothing(
    it: Vouched, provider: OpenIdProvider, fault: str
) -> None:
    subject = it.person()
    provider.tokens = CLAIMS[fault]
    await refused(it, subject, (401, "external-sign-in-refused"))


@pytest.mark.parametrize("fault", SIGNATURES)
async def test_C21_an_id_token_that_the_provider_did_not_sign_opens_nothing(
    it: Vouched, provider: OpenIdProvider, fault: str
) -> None:
    subject = it.person()
    provider.signed = SIGNATURES[fault](provider)
    await refused(it, subject, (401, "external-sign-in-refused"))
    assert set(provider.asked) <= {"discovery", "keys", "token"}


async def test_C21_keys_that_rotate_are_fetched_again_and_the_old_one_counts_no_longer(
    it: Vouched, provider: OpenIdProvider
) -> None:
    await it.signed_in(it.person())
    old, provider.key = provider.key, SigningKey()
    await it.signed_in(it.person())
    provider.signed = lambda claims: jwt.encode(claims, old.private, algorithm="RS256", headers={"kid": old.kid})
    await refused(it, it.person(), (401, "external-sign-in-refused"))
