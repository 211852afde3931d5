"""What a route demands of its caller. Every route says so, or the service does not start."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute

from shared.identity import Identity, Verifier, bearer
from shared.ids import PLATFORM
from shared.problems import NotPermitted, NotWhileImpersonating, OwnSignInNeeded, SecondFactorRequired, StepUpNeeded

if TYPE_CHECKING:
    from shared.standing import Standings

SAFE = ("GET", "HEAD")
ME = "me"
"""The permission for what concerns the caller's own account."""


class UndeclaredAccess(Exception):
    """A route declares neither may() nor public()."""


@dataclass(frozen=True)
class Access:
    """`permission` None: everybody, without a token. `creates`, `money`: an Idempotency-Key is required.
    `fresh`: who calls proved a moment ago who it is, with the second factor where there is one.
    `rule`: the kinds of narrower reach that the route decides on, object by object.
    `sensitive`: a read that counts changed rights as soon as a write does. `outdated`: a write that does not.
    `local`: of the own account it concerns this school or this sign-in alone.
    `platform`: for callers of no school; consistency tokens and versions mean nothing there, keys only where needed."""

    permission: str | None
    creates: bool = False
    money: bool = False
    body_limit: int | None = None
    platform: bool = False
    fresh: bool = False
    rule: frozenset[str] = frozenset()
    sensitive: bool = False
    outdated: bool = False
    local: bool = False

    @property
    def needs_key(self) -> bool:
        return self.creates or self.money

    def current(self, method: str) -> bool:
        """Whether it counts what became of the caller's rights since the token was issued."""
        return not self.platform and not self.outdated and (self.sensitive or method not in SAFE)

    def in_person(self, method: str) -> bool:
        """Whether nobody does it as somebody else: what wants a fresh proof, moves money, or is about the account; of
        what is about the account in this school, reading is no harm."""
        own_account = self.permission == ME and not self.outdated and (method not in SAFE or not self.local)
        return self.fresh or self.money or own_account

    @property
    def own_account(self) -> bool:
        """Whether it is about the caller's account in all schools: who was vouched for by one school's identity
        provider has proved nothing of that account."""
        return self.permission == ME and not self.local

    @property
    def takes_key(self) -> bool:
        return self.needs_key or not self.platform

    async def admit(self, request: Request) -> Identity | None:
        """Raises Unauthenticated, RightsChanged, TenantSuspended, NotPermitted, SecondFactorRequired,
        NotWhileImpersonating, OwnSignInNeeded, StepUpNeeded."""
        if self.permission is None:
            return None
        verifier: Verifier = request.app.state.verifier
        headers = request.headers.getlist("authorization")
        identity = await verifier.verify(bearer(headers[0] if len(headers) == 1 else None))
        request.state.identity = identity
        if self.current(request.method) or (identity.by_leave and not self.platform and not self.outdated):
            standings: Standings = request.app.state.standings
            await standings.check(identity)
        if identity.reach(self.permission, self.rule) is None or (self.platform and identity.tenant_id != PLATFORM):
            raise SecondFactorRequired if identity.must_enrol else NotPermitted
        if identity.acting is not None and self.in_person(request.method):
            raise NotWhileImpersonating
        if identity.federated_alone and self.own_account:
            raise OwnSignInNeeded
        if self.fresh and not identity.is_fresh(time.time()):
            raise StepUpNeeded
        return identity


@dataclass(frozen=True)
class Operation:
    """A route with what it declared."""

    route: APIRoute
    access: Access


def operations(routes: list[BaseRoute]) -> Iterator[Operation]:
    """All operations of an app. Raises UndeclaredAccess."""
    for context in iter_route_contexts(routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            declared = list(_declared(route.dependant))
            if len(declared) != 1:
                raise UndeclaredAccess(
                    f"{sorted(route.methods or ())} {route.path} must declare may() or public() once"
                )
            yield Operation(route, declared[0])


def _declared(dependant: Dependant) -> Iterator[Access]:
    for inner in dependant.dependencies:
        access = getattr(inner.call, "access", None)
        if isinstance(access, Access):
            yield access
        yield from _declared(inner)


def access_of(route: object) -> Access | None:
    """What a matched route declared; None where no route matched."""
    return next(_declared(route.dependant), None) if isinstance(route, APIRoute) else None
