"""The audit of a school over all services: what auth tells, and what the others refused, in one list by time."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from heapq import merge
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request

from gateway.upstream import BUDGET_MS, HOP_MS, Upstream
from shared import telemetry
from shared.access import Access
from shared.answers import MAX_PAGE, Answer, Meta, Page, Pagination, Paging, encode_cursor
from shared.identity import Identity
from shared.problems import NotAvailable, Unauthenticated

SOURCES = {
    "auth": "/audit",
    "academic": "/refused-actions",
    "billing": "/refused-actions",
    "exports": "/refused-actions",
}
FIRST = 2**62
Places = dict[str, int]
"""Of each service, the position before which its next line stands."""

router = APIRouter(tags=["audit"])


class AuditLine(BaseModel):
    """As the service tells it. `outcome`: "done", or the code of the answer that refused it; `tries`: of how many it
    tells, the last one at `at`."""

    service: str
    position: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str
    login: UUID | None
    on_behalf_of: str | None
    action: str
    outcome: str
    tries: int = 1
    subject: str | None = None
    subject_id: UUID | None = None
    user_id: UUID | None = None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    device: str | None = None
    network: str | None = None
    correlation_id: UUID | None


class _Admission:
    """Each service checks the permission again."""

    access = Access("audit.read")

    async def __call__(self, request: Request) -> Identity:
        identity = await self.access.admit(request)
        if identity is None:
            raise Unauthenticated
        return identity


async def wanted(
    actor: Annotated[str | None, Query(max_length=100, description="Who: an id")] = None,
    action: Annotated[str | None, Query(max_length=200, description="What: `auth.role_granted`, say")] = None,
    since: Annotated[datetime | None, Query(description="From here on")] = None,
    until: Annotated[datetime | None, Query(description="Up to here, not included")] = None,
) -> dict[str, str]:
    asked = {"actor": actor, "action": action, "since": since, "until": until}
    return {name: str(value) for name, value in asked.items() if value is not None}


@router.get("/api/audit", dependencies=[Depends(_Admission())])
async def get_audit(
    request: Request, page: Page, filter: Annotated[dict[str, str], Depends(wanted)]
) -> Answer[list[AuditLine]]:
    """Who did what, and what was refused in any service, the newest first. If a service is away there is no answer:
    an audit with a hole would be none."""
    after = page.after(*(int for _ in SOURCES))
    places = dict(zip(SOURCES, after or (FIRST,) * len(SOURCES), strict=True))
    found = await asyncio.gather(*(_lines(request, service, places, page, filter) for service in SOURCES))
    lines = list(merge(*found, key=lambda line: line.at, reverse=True))
    shown = lines[: page.limit]
    for line in shown:
        places[line.service] = line.position
    more = len(lines) > page.limit or any(len(part) == MAX_PAGE for part in found)
    pagination = Pagination(next=encode_cursor(*places.values()) if more else None, limit=page.limit)
    return Answer(data=shown, message="Audit", meta=Meta(pagination=pagination))


async def _lines(
    request: Request, service: str, places: Places, page: Paging, filter: Mapping[str, str]
) -> list[AuditLine]:
    """In the service's own order; one more than a page says that there are others. Raises NotAvailable."""
    upstream: Upstream = request.app.state.upstream
    headers = {
        "authorization": request.headers["authorization"],
        "correlation-id": str(request.state.correlation_id),
        "traceparent": telemetry.current_traceparent(),
        "rollbook-deadline-ms": str(BUDGET_MS - 2 * HOP_MS),
    }
    asked = {**filter, "limit": min(page.limit + 1, MAX_PAGE), "cursor": encode_cursor(places[service])}
    target = f"{SOURCES[service]}?{urlencode(asked)}"
    async with upstream.request(service, "GET", target, headers, None, BUDGET_MS - HOP_MS, again=True) as response:
        content = await response.read()
    if response.status != 200:
        raise NotAvailable(f"{service} does not tell its part of the audit.")
    return [AuditLine(service=service, **line) for line in orjson.loads(content)["data"]]
