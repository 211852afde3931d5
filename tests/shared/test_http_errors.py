"""Whatever is asked, the answer is a problem with a code, and never the server's fault."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from shared import refusals
from shared.answers import encode_cursor
from tests.shared.sample import PERSON, URL, auth, make_app

SECURITY = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(make_app(tmp_path), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("refused", 409, "seats-taken"),
        ("not-found", 404, "not-found"),
        ("forbidden", 403, "forbidden"),
        ("conflict", 409, "version-conflict"),
        ("stale", 409, "version-conflict"),
        ("key-reused", 422, "idempotency-key-reused"),
        ("too-large", 422, "command-too-large"),
        ("behind", 425, "view-behind"),
        ("parked", 425, "view-parked"),
        ("key-absent", 425, "key-absent"),
        ("erased", 409, "person-erased"),
        ("unavailable", 503, "unavailable"),
        ("database", 503, "unavailable"),
        ("bug", 500, "internal-error"),
    ],
)
async def test_E3_E13_R4_21_R4_32_each_fault_has_its_status_and_code(
    client: AsyncClient, name: str, status: int, code: str
) -> None:
    answer = await client.get(f"/faults/{name}")
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:rollbook:problem:{code}"
    assert set(body) == {"type", "title", "status", "detail", "code", "errors", "trace_id"}
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["trace_id"] == answer.headers["traceparent"].split("-")[1]
    assert ("retry-after" in answer.headers) == (status in (425, 503))
    assert "secret" not in answer.text
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY


async def test_E3_R4_32_R2_9_a_refusal_points_to_its_field(client: AsyncClient) -> None:
    body = (await client.get("/faults/refused")).json()
    assert body["detail"] == "No seat is left."
    assert body["errors"] == [
        {"pointer": "/person_id", "location": "body", "code": "seats-taken", "detail": "No seat is left."}
    ]


async def test_E6_a_conflict_is_412_for_who_named_a_version(client: AsyncClient) -> None:
    answer = await client.get("/faults/stale", headers={"If-Match": '"3"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed")
    assert answer.headers["etag"] == '"7"'


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/nothing", 404, "route-not-found"),
        ("GET", "/nothing/%F0%9F", 404, "route-not-found"),
        ("GET", "/pages/", 404, "route-not-found"),
        ("DELETE", "/pages", 405, "method-not-allowed"),
        ("GET", "/faults/a%00b", 400, "request-malformed"),
        ("GET", "/pages?cursor=%00", 400, "request-malformed"),
        ("GET", "/pages?limit=1&limit=2", 400, "request-malformed"),
        ("GET", "/pages?limit=201", 422, "validation-failed"),
        ("GET", "/pages?limit=0", 422, "validation-failed"),
        ("GET", "/pages?limit=" + "9" * 400, 422, "validation-failed"),
        ("GET", "/pages?limit=x", 422, "validation-failed"),
        ("GET", "/pages?cursor=%25%25", 400, "cursor-malformed"),
        ("GET", "/pages?cursor=%F0%9F%98%80", 400, "cursor-malformed"),
        ("GET", f"/pages?cursor={encode_cursor('a')}", 400, "cursor-malformed"),
        ("GET", f"/pages?cursor={encode_cursor('a', 'b', 1)}", 400, "cursor-malformed"),
        ("GET", f"/pages?cursor={encode_cursor('a', PERSON, '1')}", 400, "cursor-malformed"),
        ("GET", f"/pages?cursor={encode_cursor('a', PERSON, True)}", 400, "cursor-malformed"),
        ("GET", "/pages?cursor=" + "A" * 1001, 422, "validation-failed"),
    ],
)
async def test_a_bad_target_is_a_problem(client: AsyncClient, method: str, target: str, status: int, code: str) -> None:
    answer = await client.request(method, target)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_query_parameter_is_named_as_such(client: AsyncClient) -> None:
    [error] = (await client.get("/pages?limit=x")).json()["errors"]
    assert (error["location"], error["pointer"]) == ("query", "/limit")


async def test_E7_a_cursor_that_was_handed_out_is_read(client: AsyncClient) -> None:
    answer = await client.get(f"/pages?cursor={encode_cursor('Ann', PERSON, 7)}")
    assert answer.json()["data"] == ["Ann"]


async def test_S18_large_headers_are_431(client: AsyncClient) -> None:
    answer = await client.get("/pages", headers={"X-Much": "x" * 17_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "headers-too-large")


@pytest.mark.parametrize("length", ["-1", "x", "1, 1"])
async def test_S25_a_malformed_content_length_is_400(client: AsyncClient, length: str) -> None:
    answer = await client.post(URL, headers={**auth(), "Content-Length": length}, content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")


async def test_S17_an_unexpected_exception_writes_one_line_and_tells_nothing(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, Any]] = []

    class Log:
        def error(self, event: str, **values: Any) -> None:
            lines.append({"event": event, **values})

    monkeypatch.setattr(refusals, "log", Log())
    answer = await client.get("/faults/bug")
    assert answer.json()["detail"] == "Something went wrong. The trace id tells us what."
    assert [line["event"] for line in lines] == ["unexpected"]


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        (("drawn", "image"), {"method": "drawn"}, ["image"]),
        (("system", "sis", "url"), {"system": {"kind": "sis"}}, ["system", "url"]),
        (("marks", 1, "code"), {"marks": [{}, {}]}, ["marks", 1, "code"]),
        (("seats", "int"), {"seats": "many"}, ["seats"]),
        (("name",), {}, ["name"]),
        ((), None, []),
    ],
)
def test_a_pointer_names_what_was_sent_and_no_shape_that_was_tried(
    path: tuple[str | int, ...], body: Any, found: list[str | int]
) -> None:
    assert refusals.as_sent(path, body) == found
