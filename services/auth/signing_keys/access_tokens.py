"""Access tokens (RFC 9068): signed here, verified everywhere from the key set."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.roles.held import OWN, Held, held_in, without
from auth.roles.matrix import NOT_AS_ANOTHER, VISITORS
from auth.second_factors.policies import Standing, standing_of
from auth.signing_keys.commands import signing_keys, signing_now
from auth.signing_keys.private_keys import PrivateKeys, unpadded
from auth.signing_keys.signing_key import PublicJwk
from shared.identity import OPERATOR
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
    """Who signed in, and where; what was proved (RFC 8176), and when last."""

    user_id: UUID
    tenant_id: UUID
    session_id: UUID
    amr: tuple[str, ...]
    proved_at: datetime


@dataclass(frozen=True)
class ActingGrant:
    """`user_id` acts as `as_user_id` until then; `session_id` is the sign-in of the one who acts."""

    impersonation_id: UUID
    tenant_id: UUID
    user_id: UUID
    session_id: UUID
    as_user_id: UUID
    until: datetime


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
        """With the rights of now, from the log itself; none for a membership that is suspended or over."""
        held, standing = await self._rights(grant.tenant_id, grant.user_id, now, strong="mfa" in grant.amr)
        claims = {
            "aud": AUDIENCE,
            "sub": str(grant.user_id),
            "jti": str(uuid7()),
            "tenant": str(grant.tenant_id),
            **claims_of(held),
            "sid": str(grant.session_id),
            "amr": list(grant.amr),
            "auth_time": int(grant.proved_at.timestamp()),
            "factors": list(standing.factors),
            "must_enrol": standing.must_enrol,
        }
        return await self._signed(claims, now, LIFE)

    async def issue_to_impersonator(self, grant: ActingGrant, now: datetime) -> str:
        """It says who acts (`act`, RFC 8693) and lives no longer than the impersonation, which is its sign-in. It has
        the rights of the user who is acted as, less what nobody does as somebody else."""
        own = await held_in(self._store, grant.tenant_id, grant.user_id, now)
        held, _ = await self._rights(grant.tenant_id, grant.as_user_id, now)
        act = {"sub": str(grant.user_id), "sid": str(grant.session_id), "rights": own.rights}
        claims = {
            "aud": AUDIENCE,
            "sub": str(grant.as_user_id),
            "jti": str(uuid7()),
            "tenant": str(grant.tenant_id),
            **claims_of(without(held, NOT_AS_ANOTHER)),
            "sid": str(grant.impersonation_id),
            "act": act | ({"custom_roles": list(own.custom)} if own.custom else {}),
        }
        return await self._signed(claims, now, min(LIFE, grant.until - now))

    async def _rights(
        self, tenant_id: UUID, user_id: UUID, now: datetime, *, strong: bool = False
    ) -> tuple[Held, Standing]:
        """`strong`: a second factor was proved, if none of our own."""
        held = await held_in(self._store, tenant_id, user_id, now)
        standing = await standing_of(self._store, tenant_id, user_id, held.roles)
        standing = standing._replace(must_enrol=standing.must_enrol and not strong)
        return (replace(held, whole=tuple(OWN), within={}) if standing.must_enrol else held), standing

    async def issue_to_account(
        self, account_id: UUID, tenant_id: UUID, key_id: UUID, permissions: Iterable[str], now: datetime
    ) -> str:
        """For a program of one school. `sid` is its key; `client_id` (RFC 9068) says that nobody stands behind it."""
        claims = {
            "aud": AUDIENCE,
            "sub": str(account_id),
            "client_id": str(account_id),
            "jti": str(uuid7()),
            "tenant": str(tenant_id),
            "roles": ["service_account"],
            "permissions": sorted(permissions),
            "sid": str(key_id),
        }
        return await self._signed(claims, now, LIFE)

    async def issue_to_operator(self, name: str, token_id: UUID, now: datetime, life: timedelta) -> str:
        """For no school, from no sign-in: it opens what operators may do and nothing else. The gateway refuses it."""
        claims = {
            "aud": SERVICES,
            "sub": f"operator:{name}",
            "jti": str(token_id),
            "tenant": str(PLATFORM),
            "roles": [OPERATOR],
            "permissions": [OPERATE],
        }
        return await self._signed(claims, now, life)

    async def issue_to_visitor(
        self, name: str, tenant_id: UUID, access_id: UUID, now: datetime, life: timedelta
    ) -> str:
        """For an operator whom a school let in: it reads this school, as long as the access stands."""
        claims = {
            "aud": AUDIENCE,
            "sub": f"operator:{name}",
            "jti": str(uuid7()),
            "tenant": str(tenant_id),
            "roles": [OPERATOR],
            "permissions": sorted(VISITORS),
            "sid": str(access_id),
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


def claims_of(held: Held) -> dict[str, object]:
    """What is narrower than the whole school is left out where there is none of it."""
    narrower = {
        "within": {kind: list(names) for kind, names in held.within.items()},
        "places": {
            name: [str(id) for id in ids]
            for name, ids in (("orgs", held.scope.org_ids), ("classes", held.scope.class_ids))
            if ids
        },
        "custom_roles": list(held.custom),
    }
    claims = {"roles": list(held.roles), "permissions": list(held.whole), "rights": held.rights}
    return {**claims, **{name: claim for name, claim in narrower.items() if claim}}


def signed(key: Ed25519PrivateKey, header: dict[str, str], claims: dict[str, object]) -> str:
    text = f"{unpadded(orjson.dumps(header))}.{unpadded(orjson.dumps(claims))}"
    return f"{text}.{unpadded(key.sign(text.encode()))}"
