"""Bodies that are broken, too large, too deep or not storable: a problem with a pointer, never the server's fault."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from tests.shared.sample import PERSON, URL, auth, make_app


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(make_app(tmp_path), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


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
async def test_S18_R4_17_a_bad_body_is_a_problem_with_a_pointer(client: AsyncClient, name: str) -> None:
    content, status, code, pointer = BAD_JSON[name]
    answer = await client.post(URL, headers={**auth(), "Content-Type": "application/json"}, content=content)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    if status == 422:
        assert body["errors"][0]["pointer"] == pointer
        assert body["errors"][0]["location"] == "body"


async def test_S18_what_is_just_inside_the_limits_passes(client: AsyncClient) -> None:
    fields = {"person_id": PERSON, "note": "\U0001f600" * 10, "seats": 2**63 - 1}
    assert (await client.post(URL, headers=auth(), json=fields)).json()["data"] == fields["note"]
    many = {"person_id": PERSON, "inner": {"tags": ["x"] * 1000}}
    assert (await client.post(URL, headers=auth(), json=many)).status_code == 201
    content = deep(32)
    answer = await client.post(URL, headers={**auth(), "Content-Type": "application/json"}, content=content)
    assert answer.json()["code"] == "validation-failed"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""]
)
async def test_another_media_type_is_415(client: AsyncClient, media_type: str) -> None:
    content = json.dumps({"person_id": PERSON}).encode()
    answer = await client.post(URL, headers={**auth(), "Content-Type": media_type}, content=content)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")


async def test_a_route_has_a_body_limit_of_its_own(client: AsyncClient) -> None:
    headers = {**auth(), "Content-Type": "application/zip"}
    fits = await client.post("/uploads", headers=headers, content=b"x" * 2_000_000)
    assert fits.json()["data"] == 2_000_000
    too_much = await client.post("/uploads", headers=headers, content=b"x" * 2_000_001)
    assert (too_much.status_code, too_much.json()["code"]) == (413, "body-too-large")
    unknown = await client.post("/uploads", headers={"Content-Type": "application/zip"}, content=b"x" * 2_000_001)
    assert unknown.status_code == 401
