"""Access tokens as auth would sign them, and worse ones."""

import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.identity import Identity
from shared.standing import Standing, Standings


async def _nothing_known(_: Identity) -> Standing:
    return Standing()


GOOD_STANDINGS = Standings(_nothing_known)
"""For apps without a kernel: nobody's rights have changed."""
AUDIENCE = ["gateway", "auth", "academic", "billing", "exports"]


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    def __init__(self, kid: str = "key-1") -> None:
        self.kid = kid
        self.private = Ed25519PrivateKey.generate()

    @property
    def jwk(self) -> dict[str, Any]:
        x = b64(self.private.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x}

    def publish(self, folder: Path, *others: dict[str, Any]) -> Path:
        """The key set, where a process keeps the last one that it fetched."""
        file = folder / "jwks.json"
        file.write_text(json.dumps({"keys": [self.jwk, *others]}))
        return file

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}

    def claims(self, *permissions: str, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": "rollbook",
            "aud": AUDIENCE,
            "sub": str(uuid4()),
            "jti": str(uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "tenant": str(uuid4()),
            "roles": ["owner"],
            "permissions": list(permissions),
            "sid": str(uuid4()),
        } | changed

    def token(self, *permissions: str, tenant: UUID | None = None, **changed: Any) -> str:
        if tenant is not None:
            changed["tenant"] = str(tenant)
        return jwt.encode(
            self.claims(*permissions, **changed), self.private, "EdDSA", {"typ": "at+jwt", "kid": self.kid}
        )

    def sign(self, header: str | dict[str, Any], claims: str | bytes | dict[str, Any]) -> str:
        """Signs whatever it is given, as text where a library would refuse to write it."""
        return self.sign_raw(b64(_bytes(header)), b64(_bytes(claims)))

    def sign_raw(self, header: str, claims: str) -> str:
        signature = self.private.sign(f"{header}.{claims}".encode())
        return f"{header}.{claims}.{b64(signature)}"

    def bearer(self, *permissions: str, **changed: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*permissions, **changed)}"}


def _bytes(part: str | bytes | dict[str, Any]) -> bytes:
    if isinstance(part, bytes):
        return part
    return (part if isinstance(part, str) else json.dumps(part)).encode()
