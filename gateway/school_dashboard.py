"""The first screen of a school: one row of each service, in one call. A service that is down leaves its part out."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from starlette.requests import Request

from gateway.tokens import merged, read_token
from gateway.upstream import BUDGET_MS, HOP_MS, Upstream
from shared import telemetry
from shared.access import Access
from shared.answers import Answer
from shared.identity import Identity
from shared.problems import NotAvailable, Unauthenticated

PARTS = ("academic", "billing", "exports")

router = APIRouter(tags=["dashboards"])


class Part(BaseModel):
    """`stale`: not what this service would say now. `problem`: the code of what it said instead."""

    data: dict[str, Any] | None = None
    position: int | None = None
    stale: bool = False
    problem: str | None = None


class SchoolDashboard(BaseModel):
    academic: Part
    billing: Part
    exports: Part


class _Admission:
    """Each service checks its own permission for its part."""

    access = Access("school.read")

    async def __call__(self, request: Request) -> Identity:
        identity = await self.access.admit(request)
        if identity is None:
            raise Unauthenticated
        return identity


@router.get("/api/dashboards/school")
async def get_school_dashboard(
    request: Request, response: Response, identity: Annotated[Identity, Depends(_Admission())]
) -> Answer[SchoolDashboard]:
    """The school at a glance: students, money, exports."""
    sent = read_token(request.headers.get("consistency-token"))
    tokens: list[str] = []
    parts = await asyncio.gather(*(_part(request, service, tokens) for service in PARTS))
    if all(part.problem == "unavailable" for part in parts):
        raise NotAvailable
    if sent.entries or tokens:
        response.headers["Consistency-Token"] = merged(sent, tokens, identity.tenant_id).encode()
    found = dict(zip(PARTS, parts, strict=True))
    return Answer(data=SchoolDashboard(**found), message="The school at a glance")


async def _part(request: Request, service: str, tokens: list[str]) -> Part:
    upstream: Upstream = request.app.state.upstream
    headers = {
        "authorization": request.headers["authorization"],
        "correlation-id": str(request.state.correlation_id),
        "traceparent": telemetry.current_traceparent(),
        "rollbook-deadline-ms": str(BUDGET_MS - 2 * HOP_MS),
    }
    if "consistency-token" in request.headers:
        headers["consistency-token"] = request.headers["consistency-token"]
    try:
        async with upstream.request(
            service, "GET", "/summary", headers, None, BUDGET_MS - HOP_MS, again=True
        ) as response:
            body = orjson.loads(await response.read())
            tokens += response.headers.getall("Consistency-Token", [])
    except (NotAvailable, orjson.JSONDecodeError):
        return Part(stale=True, problem="unavailable")
    if response.status != 200:
        return Part(stale=response.status in (425, 503), problem=str(body.get("code", "unavailable")))
    return Part(data=body["data"], position=body["meta"]["position"])
