"""Who calls: access tokens, verified here and nowhere else."""

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, NoReturn
from uuid import UUID

import jwt

from shared.keyset import KeySet, KeysMissing
from shared.problems import NotAvailable, Unauthenticated
from shared.reach import WHOLE, Reach

ISSUER = "rollbook"
LEEWAY = 30
OPERATOR = "platform_operator"
LIFE = 300
CACHED = 10_000
FRESH = 300
"""Seconds for which what was proved counts as fresh."""
SECOND_FACTORS = frozenset({"otp", "hwk", "swk", "mfa"})
"""Methods that prove more than a password, as RFC 8176 names them."""
# The signature has 64 bytes, written canonically: the last character carries two bits.
COMPACT = re.compile(rb"([A-Za-z0-9_-]{1,1024})\.([A-Za-z0-9_-]{1,3072})\.[A-Za-z0-9_-]{85}[AQgw]")
FEDERATED = "federated"
"""Among these methods: a school's identity provider said who it is."""
CUSTOM_ROLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@[0-9]{1,9}")
KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
REQUIRED = ["exp", "nbf", "iat", "iss", "aud", "sub", "jti"]


@dataclass(frozen=True, slots=True)
class ActingParty:
    """Who really calls (`act` of RFC 8693): a user who acts as the token's subject, with sign-in and rights."""

    subject: str
    login: str
    rights: int
    custom_roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller, in one tenant.

    `amr` (RFC 8176): what was proved, `auth_time`: when last. `factors`: the second factors that this user has;
    `must_enrol`: the school demands one, and there is none. `permissions` are those for the whole school, `within`
    narrower ones by their reach. `rights` and `custom_roles` (id@version) say as of when."""

    subject: str
    tenant_id: UUID
    roles: tuple[str, ...]
    permissions: frozenset[str]
    login: str | None
    expires: int
    amr: frozenset[str] = frozenset()
    auth_time: int | None = None
    factors: frozenset[str] = frozenset()
    must_enrol: bool = False
    machine: bool = False
    """A service account: no person stands behind the token (`client_id` of RFC 9068 is its subject)."""

    rights: int = 0
    custom_roles: tuple[str, ...] = ()
    within: Mapping[str, frozenset[str]] = field(default_factory=dict)
    org_ids: frozenset[UUID] = frozenset()
    class_ids: frozenset[UUID] = frozenset()
    acting: ActingParty | None = None
    """Somebody else, who acts as this user for a while. Whatever is done is done by that person."""

    def really(self) -> "Identity":
        """The same caller as the person who acts: whose rights and sign-in have to hold, too."""
        if self.acting is None:
            return self
        who = self.acting
        return replace(
            self, subject=who.subject, login=who.login, rights=who.rights, custom_roles=who.custom_roles, acting=None
        )

    @property
    def by_leave(self) -> bool:
        """There by somebody's leave, who can take it back: each request looks whether it still stands."""
        return self.acting is not None or OPERATOR in self.roles

    def reach(self, permission: str, kinds: frozenset[str] = frozenset()) -> Reach | None:
        """How far this permission goes, of the narrower kinds only these; None where it does not reach anything."""
        if permission in self.permissions:
            return WHOLE
        found = frozenset(kind for kind in kinds if permission in self.within.get(kind, ()))
        return Reach(False, found, self.org_ids, self.class_ids) if found else None

    @property
    def federated_alone(self) -> bool:
        """Whether nothing but the provider of one school stands behind it: nothing of the account itself was proved,
        which may be a member of other schools."""
        return FEDERATED in self.amr and "pwd" not in self.amr

    def is_fresh(self, now: float) -> bool:
        """Whether it was proved a moment ago who this is, with a second factor where there is one."""
        if self.auth_time is None or not -LEEWAY <= now - self.auth_time <= FRESH:
            return False
        return not self.factors or not SECOND_FACTORS.isdisjoint(self.amr)


class Verifier:
    """Tokens for one audience. What was verified is remembered by its hash until it expires."""

    def __init__(self, keys: KeySet, audience: str) -> None:
        self._keys = keys
        self._audience = audience
        self._verified: dict[bytes, Identity] = {}

    async def verify(self, token: str) -> Identity:
        """Raises Unauthenticated for whatever is wrong with the token, NotAvailable without any key set."""
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(digest)
        if known is not None:
            if time.time() < known.expires:
                return known
            del self._verified[digest]
        identity = await self._verify(token)
        if len(self._verified) >= CACHED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = identity
        return identity

    async def _verify(self, token: str) -> Identity:
        try:
            key = await self._keys.key(kid_of(token))
        except KeysMissing as error:
            raise NotAvailable("Access tokens cannot be checked yet.") from error
        if key is None:
            raise Unauthenticated
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=self._audience,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated from error
        return identity_of(claims)


def bearer(header: str | None) -> str:
    """The token of an Authorization header."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    return token


def kid_of(token: str) -> str:
    """The key id of a token in strict compact form (the library alone lets several malformed ones pass)."""
    try:
        form = COMPACT.fullmatch(token.encode("ascii"))
        if form is None or len(token) > 4096:
            raise Unauthenticated
        header, claims = _part(form[1]), _part(form[2])
        if header.keys() != {"alg", "typ", "kid"} or header["alg"] != "EdDSA" or header["typ"] != "at+jwt":
            raise Unauthenticated
        if not isinstance(header["kid"], str) or KID.fullmatch(header["kid"]) is None:
            raise Unauthenticated
        if any(type(claims.get(name)) is not int or not 0 <= claims[name] < 2**40 for name in ("exp", "nbf", "iat")):
            raise Unauthenticated
        if not 0 < claims["exp"] - claims["iat"] <= LIFE:
            raise Unauthenticated
    except (ValueError, TypeError, RecursionError) as error:
        raise Unauthenticated from error
    return str(header["kid"])


def _part(raw: bytes) -> dict[str, Any]:
    data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    if urlsafe_b64encode(data).rstrip(b"=") != raw or not data.startswith(b"{"):
        raise Unauthenticated
    found: dict[str, Any] = json.loads(
        data.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_refuse, parse_float=_refuse
    )
    return found


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unauthenticated
    return found


def _refuse(_: str) -> NoReturn:
    raise Unauthenticated


def identity_of(claims: dict[str, Any]) -> Identity:
    login, auth_time, must_enrol = claims.get("sid"), claims.get("auth_time"), claims.get("must_enrol", False)
    roles, permissions, amr, factors = (
        _names(claims.get(name, [])) for name in ("roles", "permissions", "amr", "factors")
    )
    if not isinstance(login, str | None) or not isinstance(must_enrol, bool):
        raise Unauthenticated
    if auth_time is not None and (type(auth_time) is not int or not 0 <= auth_time < 2**40):
        raise Unauthenticated
    try:
        tenant = UUID(claims["tenant"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated from error
    rights = claims.get("rights", 0)
    if type(rights) is not int or not 0 <= rights < 2**31:
        raise Unauthenticated
    places = _lists(claims.get("places", {}))
    return Identity(
        claims["sub"],
        tenant,
        roles,
        frozenset(permissions),
        login,
        claims["exp"],
        amr=frozenset(amr),
        auth_time=auth_time,
        factors=frozenset(factors),
        must_enrol=must_enrol,
        machine=claims.get("client_id") == claims["sub"],
        rights=rights,
        custom_roles=tuple(_custom_role(name) for name in _names(claims.get("custom_roles", []))),
        within={kind: frozenset(names) for kind, names in _lists(claims.get("within", {})).items()},
        org_ids=_ids(places.get("orgs", ())),
        class_ids=_ids(places.get("classes", ())),
        acting=_acting_party(claims),
    )


def _acting_party(claims: dict[str, Any]) -> ActingParty | None:
    """One person, never a chain of them, and never behind a program."""
    act = claims.get("act")
    if act is None:
        return None
    if not isinstance(act, dict) or not act.keys() <= {"sub", "sid", "rights", "custom_roles"} or "client_id" in claims:
        raise Unauthenticated
    subject, login, rights = act.get("sub"), act.get("sid"), act.get("rights")
    if not isinstance(subject, str) or not isinstance(login, str) or type(rights) is not int or not 0 <= rights < 2**31:
        raise Unauthenticated
    return ActingParty(
        subject, login, rights, tuple(_custom_role(name) for name in _names(act.get("custom_roles", [])))
    )


def _lists(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise Unauthenticated
    return {name: _names(names) for name, names in value.items()}


def _ids(names: tuple[str, ...]) -> frozenset[UUID]:
    try:
        return frozenset(UUID(name) for name in names)
    except ValueError as error:
        raise Unauthenticated from error


def _custom_role(name: str) -> str:
    if CUSTOM_ROLE.fullmatch(name) is None:
        raise Unauthenticated
    return name


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Unauthenticated
    return tuple(value)
