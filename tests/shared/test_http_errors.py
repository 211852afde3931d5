"""Whatever is sent, the answer is a problem with a code, and never the server's fault."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import APIRouter
from httpx2 import ASGITransport, AsyncClient
from starlette.requests import Request as Incoming

from shared import refusals
from shared.answers import Answer, Page, Request, encode_cursor
from shared.caller import Caller, may, public
from shared.errors import Forbidden, NotFound, Refused
from shared.http import Api, create_app
from shared.idempotency import Idempotency
from shared.identity import Verifier
from shared.keyset import KeySet
from shared.personal import KeyAbsent, PersonErased
from shared.problems import problems
from shared.reading import ViewBehind, ViewParked
from shared.service import Service
from shared.settings import ServiceSettings
from shared.store import Conflict, KeyReused, Stale, TooLarge, Unavailable
from tests.shared.signing import Signer

SIGNER = Signer()
SECURITY = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class SeatsTaken(Refused):
    """No seat is left."""


class Inner(Request):
    tags: tuple[str, ...] = ()


class Enrolment(Request):
    person_id: UUID
    seats: int = 1
    note: str = ""
    inner: Inner | None = None


FAULTS: dict[str, Exception] = {
    "refused": SeatsTaken(pointer="/person_id"),
    "not-found": NotFound(),
    "forbidden": Forbidden(),
    "conflict": Conflict(7),
    "stale": Stale(7),
    "key-reused": KeyReused(),
    "too-large": TooLarge(),
    "behind": ViewBehind(),
    "parked": ViewParked(),
    "key-absent": KeyAbsent(),
    "erased": PersonErased(),
    "unavailable": Unavailable("busy"),
    "database": psycopg.OperationalError("connection to secret-host failed"),
    "bug": RuntimeError("secret detail"),
}
router = APIRouter(tags=["classes"])


@router.post("/classes/{class_id}/enrolments", status_code=201, responses=problems(SeatsTaken, NotFound))
async def post_enrolment(
    class_id: UUID, body: Enrolment, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[str]:
    """Enrol a student."""
    return caller.answer(body.note, "Student enrolled")


@router.get("/faults/{name}")
async def get_fault(name: str, caller: Annotated[Caller, public()]) -> Answer[str]:
    raise FAULTS[name]


@router.get("/pages")
async def get_pages(page: Page, caller: Annotated[Caller, public()]) -> Answer[list[str]]:
    after = page.after(str, UUID, int) or ("none",)
    return caller.answer([str(after[0])], "Page")


@router.post("/uploads")
async def post_upload(
    request: Incoming, caller: Annotated[Caller, may("imports.write", body_limit=2_000_000)]
) -> Answer[int]:
    """A route that streams its body."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return caller.answer(size, "Uploaded")


def make_app(folder: Path) -> Api:
    """Without a kernel: these routes do not touch the store."""
    app = create_app(Service("academic", ()), ServiceSettings, routers=(router,))
    app.state.kernel = None
    app.state.verifier = Verifier(KeySet("http://127.0.0.1:9/", SIGNER.publish(folder)), "academic")
    app.state.idempotency = Idempotency(b"k" * 32)
    return app


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(make_app(tmp_path), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


URL = f"/classes/{uuid4()}/enrolments"
AUTH = SIGNER.bearer("enrolments.write", "imports.write") | {"Idempotency-Key": "key"}
PERSON = str(uuid4())


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
async def test_E3_each_fault_has_its_status_and_code(client: AsyncClient, name: str, status: int, code: str) -> None:
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


async def test_E3_a_refusal_points_to_its_field(client: AsyncClient) -> None:
    body = (await client.get("/faults/refused")).json()
    assert body["detail"] == "No seat is left."
    assert body["errors"] == [
        {"pointer": "/person_id", "location": "body", "code": "seats-taken", "detail": "No seat is left."}
    ]


async def test_E6_a_conflict_is_412_for_who_named_a_version(client: AsyncClient) -> None:
    answer = await client.get("/faults/stale", headers={"If-Match": '"3"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed")
    assert answer.headers["etag"] == '"7"'


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


BAD_JSON = {
    "not closed": (b"{", 400, "json-malformed", ""),
    "trailing text": (b"{} x", 400, "json-malformed", ""),
    "not UTF-8": (b'{"note": "\xff"}', 400, "json-malformed", ""),
    "UTF-16": ("{}".encode("utf-16-le"), 400, "json-malformed", ""),
    "surrogate bytes": (b'{"note": "\xed\xa0\x80"}', 400, "json-malformed", ""),
    "NaN": (b'{"seats": NaN}', 400, "json-malformed", ""),
    "minus infinity": (b'{"seats": -Infinity}', 400, "json-malformed", ""),
    "5,000 digits": (b'{"seats": ' + b"9" * 5000 + b"}", 400, "json-malformed", ""),
    "33 levels": (deep(33), 400, "json-too-deep", ""),
    "100,000 levels": (deep(100_000), 400, "json-too-deep", ""),
    "too large": (b'{"note": "' + b"x" * 1_100_000 + b'"}', 413, "body-too-large", ""),
    "NUL": (b'{"note": "a\\u0000b"}', 422, "validation-failed", "/note"),
    "half a pair": (b'{"note": "\\ud800"}', 422, "validation-failed", "/note"),
    "NUL in a name": (b'{"a\\u0000": 1}', 422, "validation-failed", "/a\x00"),
    "half a pair in a name": (b'{"\\uDFFF": 1}', 422, "validation-failed", "/?"),
    "400 digits": (b'{"seats": ' + b"9" * 400 + b"}", 422, "validation-failed", "/seats"),
    "65 bits": (b'{"seats": -9223372036854775809}', 422, "validation-failed", "/seats"),
    "1,001 items": (b'{"inner": {"tags": [' + b'"",' * 1000 + b'""]}}', 422, "validation-failed", "/inner/tags"),
    "1,001 fields": (json.dumps({str(n): 1 for n in range(1001)}).encode(), 422, "validation-failed", ""),
    "a list": (b"[]", 422, "validation-failed", ""),
    "null": (b"null", 422, "validation-failed", ""),
    "a number": (b"7", 422, "validation-failed", ""),
    "nothing": (b"", 422, "validation-failed", ""),
    "wrong type": (b'{"person_id": 7}', 422, "validation-failed", "/person_id"),
    "a number as text": (
        json.dumps({"person_id": PERSON, "seats": "5"}).encode(),
        422,
        "validation-failed",
        "/seats",
    ),
    "truth as number": (
        json.dumps({"person_id": PERSON, "seats": True}).encode(),
        422,
        "validation-failed",
        "/seats",
    ),
    "missing field": (b"{}", 422, "validation-failed", "/person_id"),
    "infinite number": (
        b'{"person_id": "' + PERSON.encode() + b'", "seats": 1e400}',
        422,
        "validation-failed",
        "/seats",
    ),
    "unknown field": (
        b'{"person_id": "' + PERSON.encode() + b'", "a/b~c": 1}',
        422,
        "validation-failed",
        "/a~1b~0c",
    ),
    "long text": (
        json.dumps({"person_id": PERSON, "note": "x" * 10_001}).encode(),
        422,
        "validation-failed",
        "/note",
    ),
    "inner type": (
        json.dumps({"person_id": PERSON, "inner": {"tags": ["a", 7]}}).encode(),
        422,
        "validation-failed",
        "/inner/tags/1",
    ),
}


@pytest.mark.parametrize("name", BAD_JSON)
async def test_S18_a_bad_body_is_a_problem_with_a_pointer(client: AsyncClient, name: str) -> None:
    content, status, code, pointer = BAD_JSON[name]
    answer = await client.post(URL, headers={**AUTH, "Content-Type": "application/json"}, content=content)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    if status == 422:
        assert body["errors"][0]["pointer"] == pointer
        assert body["errors"][0]["location"] == "body"


async def test_S18_what_is_just_inside_the_limits_passes(client: AsyncClient) -> None:
    fields = {"person_id": PERSON, "note": "\U0001f600" * 10, "seats": 2**63 - 1}
    assert (await client.post(URL, headers=AUTH, json=fields)).json()["data"] == fields["note"]
    many = {"person_id": PERSON, "inner": {"tags": ["x"] * 1000}}
    assert (await client.post(URL, headers=AUTH, json=many)).status_code == 201
    content = deep(32)
    answer = await client.post(URL, headers={**AUTH, "Content-Type": "application/json"}, content=content)
    assert answer.json()["code"] == "validation-failed"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""]
)
async def test_another_media_type_is_415(client: AsyncClient, media_type: str) -> None:
    content = json.dumps({"person_id": PERSON}).encode()
    answer = await client.post(URL, headers={**AUTH, "Content-Type": media_type}, content=content)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")


async def test_a_route_has_a_body_limit_of_its_own(client: AsyncClient) -> None:
    headers = {**AUTH, "Content-Type": "application/zip"}
    fits = await client.post("/uploads", headers=headers, content=b"x" * 2_000_000)
    assert fits.json()["data"] == 2_000_000
    too_much = await client.post("/uploads", headers=headers, content=b"x" * 2_000_001)
    assert (too_much.status_code, too_much.json()["code"]) == (413, "body-too-large")
    unknown = await client.post("/uploads", headers={"Content-Type": "application/zip"}, content=b"x" * 2_000_001)
    assert unknown.status_code == 401


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
    answer = await client.post(URL, headers={**AUTH, "Content-Length": length}, content=b"{}")
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
