"""The operator API of a worker process: who may, what it does and refuses, and what the audit says of it."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator

import orjson
import pytest
from httpx2 import AsyncClient
from psycopg import sql

from infra.testing.harness import PERMISSIONS
from shared.access import operations
from shared.builds import Build
from shared.ids import PLATFORM, uuid7
from shared.operator.app import create_operator_app
from shared.operator.builds import BuildDifference
from shared.verifying import Difference
from tests.shared.kafkas import eventually
from tests.shared.operators import OPERATE, Site, operated
from tests.shared.signing import Signer

ROUTES = sorted(
    (method, operation.route.path.format(view="library", build=1, verification=uuid7(), name="academic.post-notice"))
    for operation in operations(create_operator_app("academic").routes)
    for method in operation.route.methods or ()
)
CALLERS = {
    "nobody": 401,
    "another scheme": 401,
    "an expired token": 401,
    "another key": 401,
    "another audience": 401,
    "the owner of a school": 403,
    "a school that was given the permission": 403,
    "the platform without the permission": 403,
}


@pytest.fixture(scope="module")
async def site(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with operated(postgres, tmp_path_factory.mktemp("site")) as it:
        yield it


@pytest.fixture
async def before(site: Site) -> int:
    """How many rows the audit had."""
    return len(await site.actions())


def headers_of(caller: str, own: Signer) -> dict[str, str]:
    now = int(time.time())
    other = Signer("key-2")
    return {
        "nobody": {},
        "another scheme": {"Authorization": f"Basic {own.token(OPERATE, tenant=PLATFORM)}"},
        "an expired token": own.bearer(OPERATE, tenant=PLATFORM, iat=now - 400, nbf=now - 400, exp=now - 100),
        "another key": other.bearer(OPERATE, tenant=PLATFORM),
        "another audience": own.bearer(OPERATE, tenant=PLATFORM, aud=["gateway"]),
        "the owner of a school": own.bearer(*PERMISSIONS),
        "a school that was given the permission": own.bearer(OPERATE),
        "the platform without the permission": own.bearer("me", tenant=PLATFORM),
    }[caller]


@pytest.mark.parametrize("caller", CALLERS)
async def test_S2_no_route_for_operators_answers_anybody_else(site: Site, before: int, caller: str) -> None:
    headers = headers_of(caller, site.signer)
    found = {route: (await site.client.request(*route, headers=headers)).status_code for route in ROUTES}
    assert found == dict.fromkeys(ROUTES, CALLERS[caller])
    assert len(await site.actions()) == before


async def test_S2_the_probes_of_a_worker_need_no_token(site: Site) -> None:
    found = [(await site.client.get(path)).status_code for path in ("/livez", "/readyz", "/metrics")]
    assert found == [200, 200, 200]


async def test_G17_a_view_is_built_verified_flipped_and_the_old_build_dropped(site: Site, before: int) -> None:
    old = await site.live("library")
    key = uuid7().hex
    answers = [await site.call("POST", "/views/library/builds", Idempotency_Key=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    number = answers[0].json()["data"]["build"]
    await eventually(functools.partial(caught_up, site, number))
    begun = await site.call("POST", f"/builds/{number}/verifications")
    assert begun.status_code == 202
    await eventually(functools.partial(ended, site, begun.headers["Location"]))
    found = (await site.client.get(begun.headers["Location"], headers=operator(site))).json()["data"]
    assert (found["build"], found["state"], found["count"]) == (number, "identical", 0)
    for method, path in (("POST", f"/builds/{number}/flip"), ("DELETE", f"/builds/{old.number}")):
        answer = await site.call(method, path)
        assert answer.status_code == 200, answer.text
    assert (await site.live("library")).number == number
    assert await site.refused("DELETE", f"/builds/{old.number}") == (404, "build-unknown")
    assert (await site.actions())[before:] == [
        ("operator:anna", "view.build", "done"),
        ("operator:anna", "build.verify", "done"),
        ("operator:anna", "build.flip", "done"),
        ("operator:anna", "build.drop", "done"),
        ("operator:anna", "build.drop", "build-unknown"),
    ]


def operator(site: Site) -> dict[str, str]:
    return site.signer.bearer(OPERATE, sub="operator:anna", tenant=PLATFORM)


async def caught_up(site: Site, number: int) -> bool:
    [build] = [one for one in await site.data("/views") if one["build"] == number]
    return bool(build["position"] == build["end"] == 3)


async def ended(site: Site, location: str) -> bool:
    answer = await site.client.get(location, headers=operator(site))
    return bool(answer.json()["data"]["state"] != "running")


async def test_a_verification_says_where_a_build_differs_and_only_one_runs(site: Site) -> None:
    live = await site.live("library")
    change = sql.SQL("UPDATE {} SET name = 'Forged'").format(sql.Identifier(live.schema, "shelves"))
    async with site.connection.transaction(force_rollback=True):
        await site.connection.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(live.schema, "shelves")))
        begun = await site.call("POST", f"/builds/{live.number}/verifications")
        assert (await site.data(f"/verifications/{begun.json()['data']['id']}"))["state"] == "running"
        again = await site.refused("POST", f"/builds/{live.number}/verifications")
        assert again == (409, "verification-running")
    await eventually(functools.partial(ended, site, begun.headers["Location"]))
    await site.connection.execute(change)
    begun = await site.call("POST", f"/builds/{live.number}/verifications")
    await eventually(functools.partial(ended, site, begun.headers["Location"]))
    found = await site.data(f"/verifications/{begun.json()['data']['id']}")
    assert (found["state"], found["count"], [one["table"] for one in found["differences"]]) == (
        "different", 1, ["shelves"]
    ), found  # fmt: skip
    assert await site.refused("GET", f"/verifications/{uuid7()}") == (404, "verification-unknown")
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'academic_verify%'"
    assert await (await site.connection.execute(schemas.encode())).fetchone() == (0,)


def test_a_checksum_beyond_64_bits_is_kept() -> None:
    found = BuildDifference.of(Difference("shelves", uuid7(), (3, 2**65), (3, -(2**65))))
    assert orjson.loads(orjson.dumps(found.model_dump(mode="json")))["build"] == {"rows": 3, "checksum": str(2**65)}


async def test_builds_are_refused_with_a_code_and_nothing_is_changed(site: Site, before: int) -> None:
    old, new = await site.parcels()
    key = uuid7().hex
    assert (await site.call("POST", "/views/library/builds", Idempotency_Key=key)).status_code == 201
    for method, path, headers, refusal in (
        ("POST", "/views/parcels/builds", {}, (400, "idempotency-key-missing")),
        ("POST", "/views/nothing/builds", {"Idempotency_Key": "a"}, (404, "view-unknown")),
        ("POST", "/views/parcels/builds", {"Idempotency_Key": "b"}, (503, "unavailable")),
        ("POST", "/views/parcels/builds", {"Idempotency_Key": key}, (422, "idempotency-key-reused")),
        ("POST", f"/builds/{new.number}/flip", {}, (409, "behind-live")),
        ("POST", "/builds/4711/flip", {}, (404, "build-unknown")),
        ("DELETE", f"/builds/{old.number}", {}, (409, "build-live")),
        ("POST", "/builds/4711/verifications", {}, (404, "build-unknown")),
        ("POST", "/builds/0/flip", {}, (422, "validation-failed")),
    ):
        assert await site.refused(method, path, **headers) == refusal, path
    assert (await site.live("parcels")).number == old.number
    assert [outcome for _, _, outcome in (await site.actions())[before:]] == [
        "done", "view-unknown", "behind-live", "build-unknown", "build-live", "build-unknown"
    ]  # fmt: skip


async def test_copies_of_a_request_at_the_same_time_have_one_effect(site: Site, before: int) -> None:
    key = uuid7().hex
    answers = await asyncio.gather(*(site.call("POST", "/views/library/builds", Idempotency_Key=key) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["data"]["build"] for answer in answers}) == 1
    assert len(await site.actions()) == before + 1


async def test_G13_parked_facts_are_listed_without_data_and_retried(site: Site, before: int) -> None:
    build, _ = await site.parcels()
    tenant = uuid7()
    for position in (1, 2):
        await park(site, build, str(tenant), position)
    [row] = [one for one in await site.data("/parked") if one["tenant_id"] == str(tenant)]
    assert (row["consumer"], row["error"], row["waiting"]) == (build.schema, "ValueError", 1)
    answer = await site.call("POST", "/parked/retries", {"tenant": str(tenant)})
    assert answer.json()["data"] == {"facts": 2}
    assert (await site.call("POST", "/parked/retries", {"consumer": "nobody"})).json()["data"] == {"facts": 0}
    assert await site.refused("POST", "/parked/retries", {"tenants": []}) == (422, "validation-failed")
    assert (await site.actions())[before:] == [("operator:anna", "parked.retry", "done")] * 2


async def park(site: Site, build: Build, tenant: str, position: int) -> None:
    await site.connection.execute(
        "INSERT INTO parked (tenant_id, consumer, source, generation, partition, position, kafka_offset, aggregate_id,"
        " error_class, pointer) VALUES (%s, %s, 'billing', 1, 0, %s, 0, gen_random_uuid(), 'ValueError', 'pointer')",
        (tenant, build.schema, position),
    )


async def test_G23_a_reaction_is_started_once(site: Site, before: int) -> None:
    [reaction] = await site.data("/reactions")
    assert (reaction["name"], reaction["origin"]) == ("academic.post-notice", None)
    body = {"origin": "beginning"}
    assert await site.refused("POST", "/reactions/academic.nothing/start", body) == (404, "reaction-unknown")
    assert (await site.call("POST", "/reactions/academic.post-notice/start", body)).status_code == 200
    assert await site.refused("POST", "/reactions/academic.post-notice/start", body) == (409, "reaction-started")
    assert (await site.data("/reactions"))[0]["origin"] == "beginning"
    assert [outcome for _, _, outcome in (await site.actions())[before:]] == [
        "reaction-unknown", "done", "reaction-started"
    ]  # fmt: skip


async def test_an_operator_sees_how_the_service_stands_and_which_history_it_writes(site: Site, before: int) -> None:
    generation = await site.data("/generation")
    assert generation["generation"] == 1
    assert generation["written_on"] == generation["running_on"]
    status = await site.data("/status")
    assert (status["service"], status["log"]["head"]) == ("academic", 3)
    assert "relay" in {leader["role"] for leader in status["leaders"]}
    assert len(await site.actions()) == before


async def test_S29_the_audit_is_read_in_pages_the_newest_first(site: Site) -> None:
    for _ in range(3):
        await site.call("POST", "/builds/4712/flip")
    first = (await site.call("GET", "/audit?limit=2")).json()
    second = (await site.call("GET", f"/audit?limit=2&cursor={first['meta']['pagination']['next']}")).json()
    numbers = [action["number"] for page in (first, second) for action in page["data"]]
    assert numbers == sorted(numbers, reverse=True)
    newest = first["data"][0]
    assert (newest["actor"], newest["action"], newest["arguments"], newest["outcome"]) == (
        "operator:anna", "build.flip", {"build": 4712}, "build-unknown"
    )  # fmt: skip
    assert await site.refused("GET", "/audit?cursor=x") == (400, "cursor-malformed")


async def test_the_operator_api_has_headers_and_problems_like_any_other(site: Site) -> None:
    answer = await site.call("GET", "/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "route-not-found")
    assert answer.headers["cache-control"] == "no-store"
    async with AsyncClient(base_url=site.client.base_url) as client:
        assert (await client.get("/openapi.json")).status_code == 404
