"""Access tokens (RFC 9068): signed here, verified everywhere from the key set."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.roles.matrix import permissions_of
from auth.signing_keys.commands import signing_keys, signing_now
from auth.signing_keys.private_keys import PrivateKeys, unpadded
from auth.signing_keys.signing_key import PublicJwk
from shared.ids import PLATFORM, uuid7
from shared.operator.desk import OPERATE
from shared.store import EventStore, Unavailable

ISSUER = "rollbook"
SERVICES = ["auth", "academic", "billing", "exports"]
AUDIENCE = ["gateway", *SERVICES]
LIFE = timedelta(minutes=5)
FRESH = 30.0


@dataclass(frozen=True)
class Grant:
    """Who signed in, where, with which roles; what was proved (RFC 8176), and when last."""

    user_id: UUID
    tenant_id: UUID
    session_id: UUID
    roles: tuple[str, ...]
    amr: tuple[str, ...]
    proved_at: datetime


class Signer:
    """Looks at the keys again every half minute, so that every process signs with a new one soon."""

    def __init__(self, store: EventStore, private_keys: PrivateKeys) -> None:
        self._store = store
        self._private_keys = private_keys
        self._looked = -FRESH
        self._published: tuple[PublicJwk, ...] = ()
        self._signing: tuple[str, Ed25519PrivateKey] | None = None

    async def published(self) -> tuple[PublicJwk, ...]:
        await self._look()
        return self._published

    async def issue(self, grant: Grant, now: datetime) -> str:
        claims = {
            "aud": AUDIENCE,
            "sub": str(grant.user_id),
            "jti": str(uuid7()),
            "tenant": str(grant.tenant_id),
            "roles": list(grant.roles),
            "permissions": list(permissions_of(grant.roles)),
            "sid": str(grant.session_id),
            "amr": list(grant.amr),
            "auth_time": int(grant.proved_at.timestamp()),
        }
        return await self._signed(claims, now, LIFE)

    async def issue_to_operator(self, name: str, token_id: UUID, now: datetime, life: timedelta) -> str:
        """For no school, from no sign-in: it opens what operators may do and nothing else. The gateway refuses it."""
        claims = {
            "aud": SERVICES,
            "sub": f"operator:{name}",
            "jti": str(token_id),
            "tenant": str(PLATFORM),
            "roles": ["platform_operator"],
            "permissions": [OPERATE],
        }
        return await self._signed(claims, now, life)

    async def _signed(self, claims: Mapping[str, object], now: datetime, life: timedelta) -> str:
        await self._look()
        if self._signing is None:
            raise Unavailable("there is no signing key yet")
        kid, key = self._signing
        issued = int(now.timestamp())
        times = {"iat": issued, "nbf": issued, "exp": issued + int(life.total_seconds())}
        return signed(key, {"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, {"iss": ISSUER, **times, **claims})

    async def _look(self) -> None:
        if time.monotonic() - self._looked < FRESH and self._signing is not None:
            return
        private = await self._private_keys.all()
        keys = await signing_keys(self._store, private)
        now = signing_now(keys)
        self._published = tuple(key.public_jwk for key in keys.values() if not key.retired)
        self._signing = None if now is None else (now.public_jwk.kid, private[now.id])
        self._looked = time.monotonic()


def signed(key: Ed25519PrivateKey, header: dict[str, str], claims: dict[str, object]) -> str:
    text = f"{unpadded(orjson.dumps(header))}.{unpadded(orjson.dumps(claims))}"
    return f"{text}.{unpadded(key.sign(text.encode()))}"
