"""Bytes through to the services: what passes, what is added, what is kept back, and what happens when one is away."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from starlette.responses import PlainTextResponse, StreamingResponse

from shared.ids import PLATFORM
from shared.token import Token
from tests.gateway.conftest import Door, Stub

PUBLIC = "/api/auth/.well-known/jwks.json"


def code(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def stub(door: Door) -> Stub:
    return door.stubs["academic"]


async def test_R1_2_a_request_reaches_its_service_byte_for_byte(door: Door) -> None:
    stub(door).status, stub(door).body = 201, {"data": {"id": 1}}
    stub(door).headers = {"ETag": '"1"'}
    auth = door.signer.bearer()
    sent = {"Idempotency-Key": "k", "If-Match": '"1"', "Content-Type": "application/json", **auth}
    answer = await door.client.post(
        "/api/academic/classes/%C3%A9%2Fx/enrolments?a=%20b&c=d+e", headers=sent, content=b'{ "name" :"\xc3\xa9"}'
    )
    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (201, {"data": {"id": 1}}, '"1"')
    seen = stub(door).last
    assert (seen.method, seen.target) == ("POST", b"/classes/%C3%A9%2Fx/enrolments?a=%20b&c=d+e")
    assert seen.body == b'{ "name" :"\xc3\xa9"}'
    for name, value in sent.items():
        assert seen.headers[name.lower()] == value


async def test_S25_nothing_that_a_client_says_about_addresses_or_users_is_passed_on(door: Door) -> None:
    told = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=1.2.3.4",
        "X-User-Id": "root",
        "X-Tenant-Id": "other",
        "Cookie": "a=b",
    }
    await door.client.get("/api/academic/classes", headers=door.signer.bearer() | told)
    passed = stub(door).last.headers
    assert not {name.lower() for name in told} & passed.keys()
    assert passed["host"].startswith("127.0.0.1:")


async def test_S25_the_service_is_told_where_the_client_is_and_believes_nobody_else(door: Door) -> None:
    told = {"Rollbook-Client-Address": "1.2.3.4"}
    await door.client.get("/api/academic/classes", headers=door.signer.bearer() | told)
    assert stub(door).last.headers["rollbook-client-address"] == "127.0.0.1"


async def test_S8_the_refresh_cookie_reaches_its_one_route_and_no_other(door: Door) -> None:
    cookies = {"Cookie": "a=b; __Host-rollbook-refresh=secret", "Rollbook-Refresh": "cookie"}
    await door.client.post("/api/auth/token/refresh", json={}, headers=cookies)
    assert door.stubs["auth"].last.headers["cookie"] == "__Host-rollbook-refresh=secret"
    for path in ("/api/auth/login", "/api/auth/token/refresh/", "/api/auth//token/refresh"):
        await door.client.post(path, json={}, headers=cookies | door.signer.bearer())
        assert "cookie" not in door.stubs["auth"].last.headers
    await door.client.post("/api/academic/classes", json={}, headers=cookies | door.signer.bearer())
    assert "cookie" not in stub(door).last.headers


async def test_C21_the_cookie_of_a_sign_in_by_a_provider_reaches_its_end_and_no_other_route(door: Door) -> None:
    cookies = {"Cookie": "__Host-rollbook-external=kept; __Host-rollbook-refresh=secret", "Rollbook-Refresh": "cookie"}
    await door.client.post("/api/auth/login/external/completion", json={}, headers=cookies)
    assert door.stubs["auth"].last.headers["cookie"] == "__Host-rollbook-external=kept"
    await door.client.post("/api/auth/token/refresh", json={}, headers=cookies)
    assert door.stubs["auth"].last.headers["cookie"] == "__Host-rollbook-refresh=secret"
    await door.client.post("/api/auth/login/external", json={}, headers=cookies)
    assert "cookie" not in door.stubs["auth"].last.headers


async def test_7_2_each_hop_takes_its_part_of_the_time(door: Door) -> None:
    await door.client.get("/api/academic/classes", headers=door.signer.bearer())
    assert stub(door).last.headers["rollbook-deadline-ms"] == "7900"
    headers = door.signer.bearer() | {"Rollbook-Deadline-Ms": "1000"}
    await door.client.get("/api/academic/classes", headers=headers)
    assert stub(door).last.headers["rollbook-deadline-ms"] == "900"
    bad = await door.client.get("/api/academic/classes", headers=headers | {"Rollbook-Deadline-Ms": "soon"})
    assert code(bad) == (400, "deadline-malformed")


async def test_E11_one_correlation_id_and_one_trace_for_all_hops(door: Door) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await door.client.get("/api/academic/classes", headers=door.signer.bearer() | {"traceparent": parent})
    passed = stub(door).last.headers
    assert passed["correlation-id"] == answer.headers["correlation-id"]
    assert passed["traceparent"] == answer.headers["traceparent"]
    assert passed["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")


async def test_the_answer_has_each_header_once_and_none_of_the_hop(door: Door) -> None:
    stub(door).headers = {
        "Cache-Control": "private",
        "Content-Security-Policy": "default-src 'none'",
        "Server": "secret/1.0",
        "Request-Id": "upstream",
    }
    answer = await door.client.get("/api/academic/classes", headers=door.signer.bearer())
    names = [name.lower() for name, _ in answer.headers.multi_items()]
    assert sorted(set(names)) == sorted(names)
    assert answer.headers["cache-control"] == "private"
    assert "server" not in answer.headers
    assert answer.headers["request-id"] != "upstream"


@pytest.mark.parametrize(
    "path",
    [
        "/api/nowhere/x",
        "/api/academic",
        "/api/academic/metrics",
        "/api/academic/livez",
        "/api/academic/readyz",
        "/api/academic/openapi.json",
        "/api/academic/%6detrics",
        "/api/%61cademic/classes",
        "/api/academic%2Fclasses",
        "/academic/classes",
        "/",
    ],
)
async def test_other_targets_reach_no_service(door: Door, path: str) -> None:
    assert code(await door.client.get(path, headers=door.signer.bearer())) == (404, "route-not-found")
    assert not any(stub.seen for stub in door.stubs.values())


async def test_S6_without_a_token_no_service_is_asked(door: Door) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, door.signer.bearer(aud="academic")):
        assert code(await door.client.get("/api/academic/classes", headers=headers)) == (401, "unauthenticated")
        assert code(await door.client.get("/api/academic/not-in-the-document", headers=headers))[0] == 401
    assert not stub(door).seen


async def test_a_public_route_needs_no_token(door: Door) -> None:
    door.stubs["auth"].body = {"keys": []}
    assert (await door.client.get(PUBLIC)).json() == {"keys": []}


def token(service: str, tenant: UUID, position: int) -> str:
    return Token({(service, tenant): position}).encode()


async def test_E9_tokens_of_several_services_become_one(door: Door) -> None:
    tenant, other = uuid4(), uuid4()
    held = Token({("billing", tenant): 5, ("academic", tenant): 3, ("academic", other): 9, ("auth", PLATFORM): 1})
    stub(door).headers = {"Consistency-Token": token("academic", tenant, 7)}
    headers = door.signer.bearer(tenant=tenant) | {"Consistency-Token": held.encode()}
    answer = await door.client.post("/api/academic/classes", headers=headers | {"Idempotency-Key": "k"}, json={})
    assert Token.decode(answer.headers["consistency-token"]).entries == {
        ("billing", tenant): 5,
        ("academic", tenant): 7,
        ("auth", PLATFORM): 1,
    }
    assert stub(door).last.headers["consistency-token"] == held.encode()


async def test_E9_a_malformed_token_is_400(door: Door) -> None:
    headers = door.signer.bearer() | {"Consistency-Token": "x"}
    assert code(await door.client.get("/api/academic/classes", headers=headers)) == (400, "consistency-token-malformed")


async def test_a_header_that_occurs_twice_is_400(door: Door) -> None:
    given = [*door.signer.bearer().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert code(await door.client.post("/api/academic/classes", headers=given, json={})) == (400, "request-malformed")


async def test_a_large_upload_is_streamed_through(door: Door) -> None:
    block = bytes(range(256)) * 4096

    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield block

    headers = door.signer.bearer() | {"Content-Type": "application/zip"}
    answer = await door.client.post("/api/academic/imports", headers=headers, content=body())
    assert answer.status_code == 200
    assert hashlib.sha256(stub(door).last.body).digest() == hashlib.sha256(block * 20).digest()


async def test_an_upload_over_the_limit_is_413(door: Door) -> None:
    headers = door.signer.bearer() | {"Content-Type": "application/zip"}
    block = bytes(1_048_576)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(52):
            yield block

    assert code(await door.client.post("/api/academic/imports", headers=headers, content=body())) == (
        413,
        "body-too-large",
    )


async def test_an_upload_that_announces_too_much_is_not_waited_for(door: Door) -> None:
    url = door.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    auth = door.signer.bearer()["Authorization"]
    writer.write(
        f"POST /api/academic/imports HTTP/1.1\r\nhost: x\r\nauthorization: {auth}\r\n"
        f"content-type: application/zip\r\ncontent-length: {60 * 1_048_576}\r\n\r\n".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_large_answer_is_streamed_back(door: Door) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 500_000

    headers = {"Content-Disposition": 'attachment; filename="a.csv"'}
    stub(door).answer = StreamingResponse(blocks(), media_type="text/csv", headers=headers)
    answer = await door.client.get("/api/academic/classes", headers=door.signer.bearer())
    assert len(answer.content) == 5_000_000
    assert answer.headers["content-disposition"] == 'attachment; filename="a.csv"'


async def test_a_service_that_is_away_is_503_with_a_time(door: Door) -> None:
    door.app.state.upstream.base["academic"] = "http://127.0.0.1:9"
    for method in ("GET", "POST"):
        answer = await door.client.request(method, "/api/academic/classes", headers=door.signer.bearer())
        assert code(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"


async def test_a_service_that_is_slow_is_503(door: Door) -> None:
    door.app.state.upstream.base["academic"] = "http://127.0.0.1:9"
    async with silent() as url:
        door.app.state.upstream.base["academic"] = url
        headers = door.signer.bearer() | {"Rollbook-Deadline-Ms": "150"}
        assert code(await door.client.get("/api/academic/classes", headers=headers)) == (503, "unavailable")


class silent:
    """A server that takes requests and says nothing."""

    async def __aenter__(self) -> str:
        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        self.server = await asyncio.start_server(never, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self.server.close()


class Flaky:
    """Closes each first connection after reading the request, and answers on the next."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        if self.asked % 2 == 0:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}")
            await writer.drain()
        writer.close()


@pytest.mark.parametrize(
    ("method", "headers", "status", "asked"),
    [("GET", {}, 200, 2), ("POST", {"Idempotency-Key": "k"}, 200, 2), ("POST", {}, 503, 1)],
)
async def test_7_3_a_broken_connection_is_tried_again_only_where_that_is_safe(
    door: Door, method: str, headers: dict[str, str], status: int, asked: int
) -> None:
    flaky = Flaky()
    server = await asyncio.start_server(flaky, "127.0.0.1", 0)
    door.app.state.upstream.base["academic"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    answer = await door.client.request(method, "/api/academic/classes", headers=door.signer.bearer() | headers)
    assert (answer.status_code, flaky.asked) == (status, asked)
    server.close()


async def test_errors_of_a_service_pass_unchanged(door: Door) -> None:
    stub(door).answer = PlainTextResponse(
        '{"code": "seats-taken"}', 409, {"Retry-After": "3"}, "application/problem+json"
    )
    answer = await door.client.post("/api/academic/classes", headers=door.signer.bearer(), json={})
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (409, {"code": "seats-taken"}, "3")
