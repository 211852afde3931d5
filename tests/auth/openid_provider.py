"""A small OpenID provider on a port of its own, which can be told to misbehave."""

import asyncio
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus, urlencode

import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.auth.conftest import free_port

Claims = dict[str, Any]


@dataclass
class SigningKey:
    kid: str = field(default_factory=lambda: secrets.token_hex(4))
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def pem(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def jwk(self) -> Claims:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": "RS256"}


@dataclass
class OpenIdProvider:
    """`people`: their claims by subject. `documents`, `tokens`, `signed` are the faults: what they make of the
    discovery document, of an ID token's claims, and how the token is signed. `clients`: secrets by client id."""

    port: int = field(default_factory=free_port)
    clients: dict[str, str] = field(default_factory=dict)
    people: dict[str, Claims] = field(default_factory=dict)
    key: SigningKey = field(default_factory=SigningKey)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Claims] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.behave()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def behave(self) -> None:
        self.away = self.hangs = False
        self.released.set()
        self.released = asyncio.Event()
        self.answer: Response | None = None
        self.documents: Callable[[Claims], Claims] = lambda document: document
        self.tokens: Callable[[Claims], Claims] = lambda claims: claims
        self.signed: Callable[[Claims], str] = self.sign
        self.checks_codes = True

    def sign(self, claims: Claims) -> str:
        return jwt.encode(claims, self.key.private, algorithm="RS256", headers={"kid": self.key.kid})

    async def discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        if self.away:
            return Response(status_code=503)
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(self.documents(found))

    async def keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": [self.key.jwk()]})

    async def authorize(self, request: Request) -> Response:
        """`as`: who is signed in here."""
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: Request) -> Response:
        self.asked.append("token")
        if self.hangs:
            await self.released.wait()
        if self.answer is not None:
            return self.answer
        if self.away:
            return Response(status_code=503)
        form = dict(await request.form())
        asked = self.codes.pop(str(form["code"]), None) if self.checks_codes else self.codes.get(str(form["code"]))
        if asked is None or (self.checks_codes and not self.fits(request, form, asked)):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": asked["nonce"],
            "sub": asked["as"],
            **self.people[asked["as"]],
        }
        body = {"access_token": "unused", "token_type": "Bearer", "id_token": self.signed(self.tokens(claims))}
        return JSONResponse(body)

    def fits(self, request: Request, form: Claims, asked: Claims) -> bool:
        client, _, secret = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        return (
            client == asked["client_id"]
            and unquote_plus(secret) == self.clients[client]
            and form["redirect_uri"] == asked["redirect_uri"]
            and (asked["code_challenge_method"], asked["code_challenge"]) == ("S256", challenge)
        )

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/keys", self.keys),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
            ]
        )


@asynccontextmanager
async def openid_provider() -> AsyncIterator[OpenIdProvider]:
    """A service that starts meanwhile may call it."""
    provider = OpenIdProvider()
    config = uvicorn.Config(provider.app(), port=provider.port, log_config=None, lifespan="off")
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    while not running.started:
        assert not task.done(), "the provider did not start"
        await asyncio.sleep(0.01)
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AUTH_PRIVATE_HOSTS", f'["127.0.0.1:{provider.port}"]')
            yield provider
    finally:
        running.should_exit = True
        await task
