"""One request's caller, as a route sees it: who it is, its store, its call; and how the route answers."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Any, Literal, TypeVar
from uuid import UUID

from fastapi.params import Depends as Dependency
from starlette.requests import Request
from starlette.responses import Response

from shared import idempotency, telemetry
from shared.access import SAFE, Access
from shared.answers import Answer, Meta, Paging, Receipt
from shared.calls import Actor, Call, Saved
from shared.edge import CLIENT_ADDRESS
from shared.errors import NotFound
from shared.identity import Identity
from shared.ids import PLATFORM
from shared.kernel import Kernel
from shared.personal import Keyring
from shared.problems import Problem
from shared.reach import NOTHING, Kind, Reach
from shared.reading import Reading
from shared.store import EventStore
from shared.token import Token
from shared.views import View

T = TypeVar("T")
Rule = Callable[["Caller"], Awaitable[bool]]
"""Whether an object lies within the caller's reach."""

BUDGET = 6_000
"""Milliseconds that a service has for a request."""
ETAG = re.compile(r'"([0-9]{1,9})"')


class HeaderMalformed(Problem):
    """A header of the request cannot be read."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(400, code, detail)


class Caller:
    """Made for each request after its token and permission were checked."""

    def __init__(
        self, request: Request, response: Response, kernel: Kernel, access: Access, identity: Identity | None
    ) -> None:
        self.identity = identity
        self.tenant_id: UUID = PLATFORM if identity is None else identity.tenant_id
        self.kernel = kernel
        self._request = request
        self._response = response
        self._access = access
        self._decided = identity is None or self.reach.whole
        self._key = idempotency.read_key(
            request.headers.get(idempotency.HEADER),
            required=access.needs_key,
        )
        self._token = read_token(request.headers.get("consistency-token"))
        self._expected = read_if_match(request.headers.get("if-match"))
        self._deadline = read_deadline(request.headers.get("rollbook-deadline-ms"))

    @cached_property
    def reach(self) -> Reach:
        """How far the permission of this route goes for this caller."""
        if self.identity is None or self._access.permission is None:
            return NOTHING
        return self.identity.reach(self._access.permission, self._access.rule) or NOTHING

    async def decide(self, rule: Rule) -> None:
        """Whether the caller's reach holds this object. Raises NotFound, as for one that does not exist: a route that
        declares a rule decides before it answers or commands, or nothing comes of it."""
        if not self.reach.whole and not await rule(self):
            self._request.state.outside_reach = True
            raise NotFound
        self._decided = True

    def decided(self) -> None:
        """For a list that shows only what the reach holds."""
        self._decided = True

    def _must_have_decided(self) -> None:
        if not self._decided:
            raise NotFound

    @cached_property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def user_id(self) -> UUID:
        """Raises NotFound for whoever is no user."""
        try:
            return UUID("" if self.identity is None else self.identity.subject)
        except ValueError:
            raise NotFound from None

    @property
    def store(self) -> EventStore:
        return self.kernel.store

    @property
    def keyring(self) -> Keyring:
        return self.kernel.keyring

    @cached_property
    def call(self) -> Call:
        """The command's surroundings; its idempotency key stands for method, target and body."""
        return self.call_for(getattr(self._request, "_body", b""))

    def call_for(self, content: bytes) -> Call:
        """The same for a route that streams its body: `content` (say, its hash) stands for what was sent."""
        self._must_have_decided()
        request, identity = self._request, self.identity
        actor, on_behalf_of = Actor("system", "public"), None
        if identity is not None:
            really = identity.really()
            kind: Literal["user", "service_account"] = "service_account" if identity.machine else "user"
            actor = Actor(kind, really.subject, " ".join(identity.roles), really.login)
            on_behalf_of = None if identity.acting is None else identity.subject
        route = f"{request.method} {request.scope['route'].path}"
        key, fingerprint = None, b""
        if self._key is not None and request.method not in SAFE:
            hashes: idempotency.Idempotency = request.app.state.idempotency
            key = hashes.key(self.tenant_id, f"{actor.id} {on_behalf_of or ''}".rstrip(), route, self._key)
            target = request.scope["path"].encode() + b"?" + request.scope["query_string"]
            fingerprint = hashes.fingerprint(request.method, target, content)
        return Call(
            tenant_id=self.tenant_id,
            actor=actor,
            now=self.now,
            correlation_id=request.state.correlation_id,
            on_behalf_of=on_behalf_of,
            key=key,
            kind=route,
            fingerprint=fingerprint,
            keep=idempotency.KEPT_FOR_MONEY if self._access.money else idempotency.KEPT,
            expected_version=self._expected,
            deadline=self._deadline,
            traceparent=telemetry.current_traceparent(),
        )

    @property
    def network(self) -> str:
        """Where the request came from, as the gateway says: an IPv4 address, or the /64 of an IPv6 one."""
        return client_network(self._request)

    def about(self, account: str) -> None:
        """Whose account this request names, by its keyed hash: for the audit, if it is refused."""
        self._request.state.account = account

    def concerns(self, user_id: UUID) -> None:
        """Whom this request is about, where no token says so: for the audit, if it is refused."""
        self._request.state.concerned = user_id

    @property
    def agent(self) -> str:
        """What the client's software calls itself."""
        return self._request.headers.get("user-agent", "")[:200]

    def header(self, name: str) -> str | None:
        return self._request.headers.get(name)

    def cookie(self, name: str) -> str | None:
        return self._request.cookies.get(name)

    def set_cookie(self, name: str, value: str, seconds: int) -> None:
        """For this host alone, by TLS alone, unseen by scripts, never sent from another site (name it `__Host-…`)."""
        self._response.set_cookie(name, value, max_age=seconds, secure=True, httponly=True, samesite="strict")

    def reading(self, view: type[View]) -> AbstractAsyncContextManager[Reading]:
        """The view as this caller's tenant sees it, at least as new as the caller's consistency token."""
        return self.kernel.reading(view, self.tenant_id, self._token)

    def accepted(self, saved: Saved, message: str) -> Answer[Receipt]:
        """The answer to a command. A replay gives the same bytes: what differs travels in headers."""
        self.moved(saved)
        return Answer(data=Receipt(id=saved.id, version=saved.version), message=message)

    def moved(self, saved: Saved) -> None:
        """Tells the client the new version and how to see its own write."""
        self._must_have_decided()
        self._response.headers["ETag"] = f'"{saved.version}"'
        self._response.headers["Consistency-Token"] = saved.token.encode()

    def answer(self, data: T, message: str, read: Reading | None = None) -> Answer[T]:
        self._must_have_decided()
        return Answer(data=data, message=message, meta=Meta(position=None if read is None else read.position))

    def page(
        self,
        rows: Sequence[T],
        message: str,
        read: Reading,
        paging: Paging,
        key: Callable[[T], tuple[Any, ...]],
    ) -> Answer[list[T]]:
        """A page of `rows` (up to `paging.limit + 1` were asked for); `key` is the sort key of a row."""
        self._must_have_decided()
        page, pagination = paging.cut(rows, key)
        return Answer(data=page, message=message, meta=Meta(position=read.position, pagination=pagination))


def may(
    permission: str,
    *,
    creates: bool = False,
    money: bool = False,
    body_limit: int | None = None,
    fresh: bool = False,
    rule: Iterable[Kind] = (),
    sensitive: bool = False,
    outdated: bool = False,
    local: bool = False,
) -> Dependency:
    """The caller of a route that needs this permission. `creates`, `money`: with an Idempotency-Key. `fresh`: who
    proved within five minutes who it is, with the second factor where there is one. `rule`: the narrower kinds of reach
    for which the route decides on each object. `sensitive`: a read that counts changed rights at once. `outdated`: a
    write for which they do not count, such as signing out. `local`: of the own account it concerns this school or this
    sign-in alone."""
    access = Access(
        permission,
        creates,
        money,
        body_limit,
        fresh=fresh,
        rule=frozenset(rule),
        sensitive=sensitive,
        outdated=outdated,
        local=local,
    )
    return Dependency(_Admission(access))


def public(*, creates: bool = False, body_limit: int | None = None) -> Dependency:
    """The caller of a route that everybody may use. It acts for the platform, not for a tenant."""
    return Dependency(_Admission(Access(None, creates, body_limit=body_limit)))


class _Admission:
    def __init__(self, access: Access) -> None:
        self.access = access

    async def __call__(self, request: Request, response: Response) -> Caller:
        identity = await self.access.admit(request)
        if identity is not None:
            telemetry.bind(tenant=str(identity.tenant_id))
        return Caller(request, response, request.app.state.kernel, self.access, identity)


def client_network(request: Request) -> str:
    return network_of(request.headers.get(CLIENT_ADDRESS) or (request.client or ("",))[0])


def network_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped is not None else str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def read_token(header: str | None) -> Token | None:
    if header is None:
        return None
    try:
        return Token.decode(header)
    except ValueError as error:
        raise HeaderMalformed("consistency-token-malformed", "The Consistency-Token is malformed.") from error


def read_if_match(header: str | None) -> int | None:
    """The version that the client saw. `*` asks for nothing."""
    if header is None or header.strip() == "*":
        return None
    etag = ETAG.fullmatch(header.strip())
    if etag is None:
        raise HeaderMalformed("if-match-malformed", 'If-Match takes the ETag of one answer, for example "3".')
    return int(etag[1])


def read_deadline(header: str | None) -> float:
    """Loop time at which the client has given up."""
    budget = BUDGET
    if header is not None:
        if not header.isdecimal() or not header.isascii() or len(header) > 9:
            raise HeaderMalformed("deadline-malformed", "Rollbook-Deadline-Ms takes a number of milliseconds.")
        budget = min(BUDGET, int(header))
    return asyncio.get_running_loop().time() + budget / 1000
