"""A service starts only if every route says who may call it; its OpenAPI document says it, too."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter
from httpx2 import ASGITransport, AsyncClient
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send

from infra.testing.harness import Running
from shared.access import UndeclaredAccess
from shared.caller import Caller, may, public
from shared.database import UnsafeDatabase, connect, migration_files
from shared.health import FAILURES, Health
from shared.http import Api, create_app
from shared.identity import Verifier
from shared.keyset import KeySet
from shared.operator.app import create_operator_app
from shared.pulse import beat, pulse, stuck
from shared.service import Service
from shared.settings import ServiceSettings
from tests.shared.sample import make_app

SERVICE = Service("academic", ())


async def no_access() -> int:
    return 1


async def twice(one: Annotated[Caller, may("classes.read")], two: Annotated[Caller, public()]) -> int:
    return 1


@pytest.mark.parametrize("endpoint", [no_access, twice])
def test_S2_R4_13_R1_13_a_route_that_does_not_declare_its_access_stops_the_start(endpoint: Any) -> None:
    router = APIRouter()
    router.add_api_route("/open", endpoint)
    outer = APIRouter(prefix="/more")
    outer.include_router(router)
    for broken in (router, outer):
        with pytest.raises(UndeclaredAccess, match="/open must declare"):
            create_app(SERVICE, ServiceSettings, routers=(broken,))


def test_S2_access_may_be_declared_beside_the_function() -> None:
    router = APIRouter()
    router.add_api_route("/open", no_access, dependencies=[public()])
    create_app(SERVICE, ServiceSettings, routers=(router,))


def test_E1_A29_R2_7_the_document_names_operations_permissions_headers_and_codes(tmp_path: Path) -> None:
    document = make_app(tmp_path).openapi()
    post = document["paths"]["/classes/{class_id}/enrolments"]["post"]
    assert document["openapi"].startswith("3.1")
    assert post["operationId"] == "classes_post_enrolment"
    assert post["security"] == [{"bearer": []}]
    assert post["x-permission"] == "enrolments.write"
    assert {p["name"]: p["required"] for p in post["parameters"] if p["in"] == "header"} == {
        "Idempotency-Key": True,
        "If-Match": False,
    }
    codes = {status: enum(document, answer) for status, answer in post["responses"].items() if status != "201"}
    assert codes == {
        "400": [
            "request-malformed",
            "consistency-token-malformed",
            "json-malformed",
            "json-too-deep",
            "idempotency-key-malformed",
            "if-match-malformed",
            "idempotency-key-missing",
        ],
        "401": ["unauthenticated", "rights-changed"],
        "403": ["forbidden", "tenant-suspended", "second-factor-required"],
        "404": ["not-found"],
        "409": ["seats-taken", "version-conflict"],
        "412": ["precondition-failed"],
        "413": ["body-too-large"],
        "415": ["media-type-unsupported"],
        "422": ["validation-failed", "idempotency-key-reused"],
        "503": ["unavailable"],
    }


def test_E1_a_public_query_needs_no_token_in_the_document(tmp_path: Path) -> None:
    document = make_app(tmp_path).openapi()
    get = document["paths"]["/pages"]["get"]
    assert "security" not in get
    assert "401" not in get["responses"]
    assert enum(document, get["responses"]["425"]) == ["view-behind", "view-parked", "key-absent"]


def enum(document: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    reference, narrowed = answer["content"]["application/problem+json"]["schema"]["allOf"]
    assert reference == {"$ref": "#/components/schemas/Problem"}
    found: list[str] = narrowed["properties"]["code"]["enum"]
    return found


async def test_metrics_count_by_route_and_never_by_path(tmp_path: Path) -> None:
    app = make_app(tmp_path)

    def count(route: str, status: str) -> float:
        labels = {"method": "GET", "route": route, "status": status}
        return REGISTRY.get_sample_value("http_requests_total", labels) or 0.0

    before = count("/faults/{name}", "404"), count("unmatched", "404")
    async with AsyncClient(transport=ASGITransport(app), base_url="http://service") as client:
        await client.get("/faults/not-found")
        await client.get("/some/path")
        await client.get("/another/path")
        text = (await client.get("/metrics")).text
    assert (count("/faults/{name}", "404"), count("unmatched", "404")) == (before[0] + 1, before[1] + 2)
    assert "/another/path" not in text


async def test_E14_R4_30_probes_tell_starting_ready_failing_and_stopping() -> None:
    ill = False

    async def database() -> None:
        if ill:
            raise OSError

    health = Health({"database": database})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await health(scope, receive, send)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://service") as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/startupz")).status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        health.started = True
        assert (await client.get("/startupz")).status_code == 200
        assert (await client.get("/readyz")).json() == {"status": "ok", "checks": {"database": "ok"}}
        ill = True
        found = [(await client.get("/readyz")).status_code for _ in range(FAILURES)]
        assert found == [200] * (FAILURES - 1) + [503]
        ill = False
        assert (await client.get("/readyz")).status_code == 200
        health.stopping = True
        assert (await client.get("/readyz")).status_code == 503


def worker_app() -> Api:
    """What a worker serves, without a kernel behind it."""
    app = create_operator_app("academic")
    app.state.verifier = Verifier(KeySet("", Path("nowhere")), "academic")
    app.health.started = True
    return app


async def test_E14_a_process_whose_loop_is_held_up_for_a_second_says_that_it_does_not_live() -> None:
    async with AsyncClient(transport=ASGITransport(worker_app()), base_url="http://worker") as client:
        asyncio.get_running_loop().call_later(0.05, time.sleep, 1.2)
        assert (await client.get("/livez")).json() == {"status": "unavailable", "checks": {"loop": "held up"}}
        assert (await client.get("/livez")).json() == {"status": "ok", "checks": {"loop": "ok"}}


async def test_F5_a_worker_lives_while_its_loops_beat_and_not_when_one_is_stuck() -> None:
    async with AsyncClient(transport=ASGITransport(worker_app()), base_url="http://worker") as client:

        async def lives() -> bool:
            return (await client.get("/livez")).status_code == 200

        with pulse("busy", limit=0.2), pulse("read mail", limit=0.2):
            assert await lives()
            await asyncio.sleep(0.3)
            assert stuck() == ["busy", "read mail"]
            assert not await lives()
            beat()
            assert (await client.get("/livez")).json()["checks"] == {"loop": "ok", "busy": "stuck"}
        assert await lives()


PATHS = ("/livez", "/readyz", "/metrics", "/operator/views", "/classes")


async def test_E14_a_worker_answers_probes_and_operators_and_nothing_else() -> None:
    async with AsyncClient(transport=ASGITransport(worker_app()), base_url="http://worker") as client:
        found = {path: (await client.get(path)).status_code for path in PATHS}
    assert found == dict(zip(PATHS, (200, 200, 200, 401, 404), strict=True))


async def test_E14_a_release_whose_migrations_have_not_all_run_is_not_ready(toy: Running) -> None:
    newest, _ = migration_files("academic")[-1]

    async def checks() -> Any:
        return (await toy.client.get("/readyz")).json()["checks"]

    assert await checks() == {"database": "ok", "migrations": "ok"}
    async with await connect(toy.dsns["owner"], search_path="academic") as owner:
        await owner.execute("INSERT INTO migrations (name, sha256) VALUES ('shared/9999_newer.sql', '')")
        await toy.kernel.check_migrations()
        await owner.execute("DELETE FROM migrations WHERE name = %s", (newest,))
    assert await checks() == {"database": "ok", "migrations": "failed"}
    with pytest.raises(UnsafeDatabase, match=newest):
        await toy.kernel.check_migrations()
