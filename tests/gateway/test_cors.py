"""Which web pages may call."""

from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Door


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1:3000"])
async def test_S24_E13_R4_19_pages_of_this_machine_may_call_outside_production(door: Door, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "idempotency-key",
    }
    preflight = await door.client.options("/api/academic/classes", headers=asked)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, origin)
    assert preflight.headers["access-control-allow-credentials"] == "true"
    answer = await door.client.get("/api/academic/classes", headers=door.signer.bearer() | {"Origin": origin})
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"consistency-token", "etag", "retry-after", "request-id"} <= exposed


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null"])
async def test_S24_E13_R4_19_R4_20_other_pages_may_not_and_never_with_a_cookie(door: Door, origin: str) -> None:
    answer = await door.client.get("/api/academic/classes", headers=door.signer.bearer() | {"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "rollbook-refresh",
    }
    preflight = await door.client.options("/api/auth/token/refresh", headers=asked)
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers


@pytest.mark.parametrize(("origin", "allowed"), [("https://app.example", True), ("http://localhost:5173", False)])
async def test_S24_E13_R4_19_R4_47_production_allows_the_listed_pages_only(
    tmp_path: Path, origin: str, allowed: bool
) -> None:
    settings = GatewaySettings(environment="production", origins=("https://app.example",), state=tmp_path)
    transport = ASGITransport(create_gateway(settings))
    async with AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/api/schema/", headers={"Origin": origin})
    assert ("access-control-allow-origin" in answer.headers) == allowed
