"""Who may operate the platform, and what the routes for operators have at hand."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi.params import Depends as Dependency
from starlette.requests import Request

from shared import idempotency
from shared.access import Access
from shared.database import Connection
from shared.kernel import Kernel
from shared.operator.actions import Operator
from shared.operator.verifications import Verifications
from shared.problems import Unauthenticated
from shared.service import Service

OPERATE = "platform.operate"


@dataclass(frozen=True)
class OperatorDesk:
    """Of a worker: its database role sees all tenants."""

    kernel: Kernel
    kafka: str
    verifications: Verifications

    @property
    def service(self) -> Service:
        return self.kernel.service

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        async with self.kernel.pool.connection() as connection:
            yield connection


@dataclass(frozen=True)
class AtDesk:
    """An operator who may, at the desk of this worker."""

    operator: Operator
    desk: OperatorDesk


def operates(*, creates: bool = False) -> Dependency:
    """The operator who calls a route. `creates`: with an Idempotency-Key."""
    return Dependency(_Admission(Access(OPERATE, creates, platform=True)))


class _Admission:
    def __init__(self, access: Access) -> None:
        self.access = access

    async def __call__(self, request: Request) -> AtDesk:
        identity = await self.access.admit(request)
        if identity is None:
            raise Unauthenticated
        return AtDesk(Operator(identity.subject, self._key(request)), request.app.state.desk)

    def _key(self, request: Request) -> bytes | None:
        if not self.access.takes_key:
            return None
        key = idempotency.read_key(request.headers.get(idempotency.HEADER), required=True)
        return None if key is None else hashlib.sha256(key.encode()).digest()
