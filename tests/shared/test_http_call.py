"""What a route hands to a command: who calls, under which key, until when; and pages of rows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter
from httpx2 import ASGITransport, AsyncClient

from shared.answers import Answer, Paging, Request
from shared.caller import Caller, may, public
from shared.calls import Call
from shared.http import create_app
from shared.idempotency import Idempotency
from shared.identity import Verifier
from shared.ids import PLATFORM
from shared.keyset import KeySet
from shared.service import Service
from shared.settings import ServiceSettings
from tests.shared.signing import GOOD_STANDINGS, Signer

SIGNER = Signer()
CALLS: list[Call] = []
router = APIRouter(tags=["calls"])


class Body(Request):
    value: int = 0


@router.post("/things/{thing_id}")
async def post_thing(thing_id: str, body: Body, caller: Annotated[Caller, may("x")]) -> Answer[int]:
    CALLS.append(caller.call)
    return caller.answer(body.value, "Done")


@router.post("/invoices")
async def post_invoice(caller: Annotated[Caller, may("x", money=True)]) -> Answer[int]:
    CALLS.append(caller.call)
    return caller.answer(1, "Done")


@router.post("/imports")
async def post_import(caller: Annotated[Caller, may("x")], content: str = "") -> Answer[int]:
    CALLS.append(caller.call_for(content.encode()))
    return caller.answer(1, "Done")


@router.post("/registrations")
async def post_registration(caller: Annotated[Caller, public(creates=True)]) -> Answer[int]:
    CALLS.append(caller.call)
    return caller.answer(1, "Done")


@router.get("/things")
async def get_things(caller: Annotated[Caller, may("x")]) -> Answer[int]:
    CALLS.append(caller.call)
    return caller.answer(1, "Done")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    CALLS.clear()
    app = create_app(Service("academic", ()), ServiceSettings, routers=(router,))
    app.state.kernel = None
    app.state.verifier = Verifier(KeySet("http://127.0.0.1:9/", SIGNER.publish(tmp_path)), "academic")
    app.state.standings = GOOD_STANDINGS
    app.state.idempotency = Idempotency(b"k" * 32)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://service") as client:
        yield client


TENANT = uuid4()
ME: dict[str, Any] = {"tenant": TENANT, "sub": "me", "sid": "login", "roles": ["teacher", "manager"]}


async def call(client: AsyncClient, method: str, url: str, headers: dict[str, str] | None = None, **more: Any) -> Call:
    given = SIGNER.bearer("x", **ME) | {"Idempotency-Key": "key"} | (headers or {})
    answer = await client.request(method, url, headers=given, **more)
    assert answer.status_code == 200, answer.text
    return CALLS[-1]


async def test_a_call_names_its_caller(client: AsyncClient) -> None:
    correlation = uuid4()
    found = await call(client, "POST", "/things/1", {"Correlation-Id": str(correlation), "If-Match": '"3"'}, json={})
    assert (found.tenant_id, found.correlation_id, found.expected_version) == (TENANT, correlation, 3)
    assert (found.actor.kind, found.actor.id, found.actor.role, found.actor.login) == (
        "user",
        "me",
        "teacher manager",
        "login",
    )
    assert found.kind == "POST /things/{thing_id}"
    assert found.now.tzinfo is not None


async def test_C20_a_program_is_named_as_a_service_account(client: AsyncClient) -> None:
    program = SIGNER.bearer("x", **ME | {"client_id": "me", "roles": ["service_account"]})
    found = await call(client, "POST", "/things/1", program, json={})
    assert (found.actor.kind, found.actor.id) == ("service_account", "me")
    person = SIGNER.bearer("x", **ME | {"client_id": "another"})
    assert (await call(client, "POST", "/things/1", person, json={})).actor.kind == "user"


async def test_a_public_call_belongs_to_the_platform(client: AsyncClient) -> None:
    answer = await client.post("/registrations", headers={"Idempotency-Key": "key"})
    assert answer.status_code == 200
    assert (CALLS[-1].tenant_id, CALLS[-1].actor.kind, CALLS[-1].actor.id) == (PLATFORM, "system", "public")


async def test_E5_keys_differ_by_caller_tenant_route_and_key_and_nothing_else(client: AsyncClient) -> None:
    first = await call(client, "POST", "/things/1", json={"value": 1})
    same = await call(client, "POST", "/things/2", json={"value": 2})
    assert first.key == same.key
    assert first.fingerprint != same.fingerprint
    others = [
        await call(client, "POST", "/things/1", {"Idempotency-Key": "other"}, json={"value": 1}),
        await call(client, "POST", "/things/1", SIGNER.bearer("x", **ME | {"sub": "you"}), json={"value": 1}),
        await call(client, "POST", "/things/1", SIGNER.bearer("x", **ME | {"tenant": uuid4()}), json={"value": 1}),
        await call(client, "POST", "/imports"),
    ]
    assert len({first.key, *(other.key for other in others)}) == 5
    assert b"key" not in (first.key or b"")


async def test_E5_a_fingerprint_stands_for_target_and_body(client: AsyncClient) -> None:
    found = [
        await call(client, "POST", "/things/1", json={"value": 1}),
        await call(client, "POST", "/things/1", json={"value": 2}),
        await call(client, "POST", "/things/2", json={"value": 1}),
        await call(client, "POST", "/things/1?a=b", json={"value": 1}),
    ]
    assert len({one.fingerprint for one in found}) == 4
    again = await call(client, "POST", "/things/1", json={"value": 1})
    assert again.fingerprint == found[0].fingerprint


async def test_E5_a_streamed_body_is_named_by_its_route(client: AsyncClient) -> None:
    one, two = [await call(client, "POST", f"/imports?content={content}") for content in "ab"]
    assert one.fingerprint != two.fingerprint


async def test_E5_money_is_kept_longer_and_queries_have_no_key(client: AsyncClient) -> None:
    assert (await call(client, "POST", "/things/1", json={})).keep == timedelta(hours=24)
    assert (await call(client, "POST", "/invoices")).keep == timedelta(days=7)
    query = await call(client, "GET", "/things")
    assert (query.key, query.fingerprint) == (None, b"")


@pytest.mark.parametrize(("sent", "seconds"), [(None, 6.0), ("2500", 2.5), ("60000", 6.0), ("0", 0.0)])
async def test_7_2_a_call_ends_when_its_client_gives_up(client: AsyncClient, sent: str | None, seconds: float) -> None:
    before = asyncio.get_running_loop().time()
    headers = {} if sent is None else {"Rollbook-Deadline-Ms": sent}
    found = await call(client, "POST", "/things/1", headers, json={})
    after = asyncio.get_running_loop().time()
    assert found.deadline is not None
    assert before + seconds <= found.deadline <= after + seconds


def test_E7_R4_59_a_page_ends_with_the_cursor_of_its_last_row() -> None:
    rows = [("Ann", UUID(int=1)), ("Ben", UUID(int=2)), ("Cem", UUID(int=3))]
    page, pagination = Paging(2, None).cut(rows, lambda row: row)
    assert page == rows[:2]
    assert pagination.next is not None
    assert Paging(2, pagination.next).after(str, UUID) == ("Ben", UUID(int=2))
    last, ended = Paging(3, None).cut(rows, lambda row: row)
    assert (last, ended.next) == (rows, None)
    assert Paging(2, None).after(str) is None
