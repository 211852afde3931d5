"""Commands and queries over HTTP, on a real store: keys, versions, tokens, tenants."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response

from infra.testing.harness import Running, running
from infra.testing.toy import SERVICE, ToySettings, app


@pytest.fixture(scope="module")
async def toy(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One for all these tests: each has tenants of its own."""
    async with running(postgres, tmp_path_factory.mktemp("toy"), SERVICE, ToySettings, app) as it:
        yield it


def code(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


async def put_up(toy: Running, headers: dict[str, str], name: str = "A") -> Response:
    return await toy.client.post("/shelves", headers=headers, json={"name": name})


async def test_E4_R4_31_a_command_answers_with_id_version_and_token(toy: Running) -> None:
    answer = await put_up(toy, toy.headers(uuid4()))
    assert answer.status_code == 201
    body = answer.json()
    assert body == {
        "data": {"id": body["data"]["id"], "version": 1},
        "message": "Shelf put up",
        "meta": {"position": None, "pagination": None},
    }
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["consistency-token"]


async def test_E5_the_same_key_gives_the_same_bytes_and_one_effect(toy: Running) -> None:
    tenant = uuid4()
    headers = toy.headers(tenant)
    first = await put_up(toy, headers)
    again = await put_up(toy, headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["consistency-token"] == first.headers["consistency-token"]
    assert again.headers["etag"] == first.headers["etag"]
    assert await toy.events(tenant) == ["academic.shelf_put_up"]


async def test_E5_the_same_key_with_another_body_is_refused(toy: Running) -> None:
    headers = toy.headers(uuid4())
    await put_up(toy, headers)
    assert code(await put_up(toy, headers, "B")) == (422, "idempotency-key-reused")


async def test_E5_a_key_belongs_to_its_caller_and_route(toy: Running) -> None:
    tenant = uuid4()
    mine = toy.headers(tenant)
    colleagues = toy.headers(tenant) | {"Idempotency-Key": mine["Idempotency-Key"]}
    strangers = toy.headers(uuid4()) | {"Idempotency-Key": mine["Idempotency-Key"]}
    shelf = (await put_up(toy, mine, "A")).json()["data"]["id"]
    assert (await put_up(toy, colleagues, "B")).json()["data"]["id"] != shelf
    assert (await put_up(toy, strangers, "A")).json()["data"]["id"] != shelf
    book = await toy.client.post(f"/shelves/{shelf}/books", headers=mine, json={"name": "A"})
    assert book.status_code == 201


async def test_E5_a_refused_command_stores_nothing_under_its_key(toy: Running) -> None:
    tenant = uuid4()
    await put_up(toy, toy.headers(tenant), "A")
    headers = toy.headers(tenant)
    assert code(await put_up(toy, headers, "A")) == (409, "name-taken")
    assert (await put_up(toy, headers, "B")).status_code == 201


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (None, "idempotency-key-missing"),
        ("", "idempotency-key-malformed"),
        ("x" * 201, "idempotency-key-malformed"),
        ("a\tb", "idempotency-key-malformed"),
    ],
)
async def test_E5_a_missing_or_malformed_key_is_400(toy: Running, key: str | None, expected: str) -> None:
    headers = toy.headers(uuid4())
    del headers["Idempotency-Key"]
    if key is not None:
        headers["Idempotency-Key"] = key
    assert code(await put_up(toy, headers)) == (400, expected)


async def test_E6_a_command_about_an_old_version_is_412(toy: Running) -> None:
    tenant = uuid4()
    url = f"/shelves/{(await put_up(toy, toy.headers(tenant))).json()['data']['id']}/books"
    first = await toy.client.post(url, headers=toy.headers(tenant, if_match='"1"'), json={"name": "A"})
    assert (first.status_code, first.headers["etag"]) == (201, '"2"')
    late = await toy.client.post(url, headers=toy.headers(tenant, if_match='"1"'), json={"name": "B"})
    assert code(late) == (412, "precondition-failed")
    assert late.headers["etag"] == '"2"'
    anyway = await toy.client.post(url, headers=toy.headers(tenant, if_match="*"), json={"name": "B"})
    assert anyway.status_code == 201


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"if-match": "3"}, "if-match-malformed"),
        ({"if-match": 'W/"3"'}, "if-match-malformed"),
        ({"if-match": '"99999999999999999999"'}, "if-match-malformed"),
        ({"rollbook-deadline-ms": "soon"}, "deadline-malformed"),
        ({"rollbook-deadline-ms": "-1"}, "deadline-malformed"),
        ({"rollbook-deadline-ms": "9" * 400}, "deadline-malformed"),
        ({"consistency-token": "x"}, "consistency-token-malformed"),
        ({"consistency-token": ""}, "consistency-token-malformed"),
        ({"consistency-token": "W10x"}, "consistency-token-malformed"),
        ({"consistency-token": "W1siYSIsImIiLDFdXQ"}, "consistency-token-malformed"),
    ],
)
async def test_a_malformed_header_is_400(toy: Running, header: dict[str, str], expected: str) -> None:
    assert code(await put_up(toy, toy.headers(uuid4()) | header)) == (400, expected)


async def test_E9_a_query_with_the_token_sees_the_write_or_says_425(toy: Running) -> None:
    tenant = uuid4()
    made = await put_up(toy, toy.headers(tenant))
    url = f"/shelves/{made.json()['data']['id']}"
    token = {"Consistency-Token": made.headers["consistency-token"]}
    early = await toy.client.get(url, headers=toy.headers(tenant) | token)
    assert code(early) == (425, "view-behind")
    assert early.headers["retry-after"] == "1"
    await toy.settle()
    seen = await toy.client.get(url, headers=toy.headers(tenant) | token)
    assert seen.json()["data"]["name"] == "A"
    assert seen.json()["meta"]["position"] >= 1


async def test_S1_a_foreign_and_an_unknown_id_answer_alike(toy: Running) -> None:
    mine, other = uuid4(), uuid4()
    shelf = (await put_up(toy, toy.headers(mine))).json()["data"]["id"]
    await toy.settle()
    url = f"/shelves/{shelf}"
    assert (await toy.client.get(url, headers=toy.headers(mine))).status_code == 200
    for method, path, body in (("GET", "", None), ("POST", "/books", {"name": "A"})):
        answers = [
            await toy.client.request(method, target + path, headers=toy.headers(other), json=body)
            for target in (url, f"/shelves/{uuid4()}")
        ]
        foreign, unknown = (comparable(answer) for answer in answers)
        assert foreign == unknown
        assert code(answers[0]) == (404, "not-found")


def comparable(answer: Response) -> Any:
    body = answer.json()
    body.pop("trace_id")
    differing = {"request-id", "correlation-id", "traceparent"}
    return answer.status_code, body, {name: v for name, v in answer.headers.items() if name not in differing}


@pytest.mark.parametrize("body", [{"name": "Ann"}, {"name": 5}, b"{"])
async def test_S2_without_a_token_nothing_else_is_said(toy: Running, body: Any) -> None:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = await toy.client.post("/shelves", headers={"Content-Type": "application/json"}, **content)
    assert code(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("body", [{"name": "Ann"}, {"name": 5}, b"{"])
async def test_S2_without_the_permission_it_is_403(toy: Running, body: Any) -> None:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = toy.headers(uuid4(), ["classes.read"]) | {"Content-Type": "application/json"}
    assert code(await toy.client.post("/shelves", headers=headers, **content)) == (403, "forbidden")


async def test_S6_two_authorizations_are_none(toy: Running) -> None:
    token = toy.headers(uuid4())["Authorization"]
    given = [("Authorization", token), ("Authorization", token), ("Idempotency-Key", "a")]
    assert code(await toy.client.post("/shelves", headers=given, json={"name": "A"})) == (401, "unauthenticated")


async def test_E11_ids_come_back_and_reach_the_event(toy: Running) -> None:
    tenant, correlation = uuid4(), str(uuid4())
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = toy.headers(tenant) | {"Correlation-Id": correlation, "traceparent": parent}
    answer = await put_up(toy, headers)
    assert answer.headers["correlation-id"] == correlation
    assert answer.headers["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert answer.headers["request-id"]
    [record] = [found for found in await toy.log() if found.tenant_id == tenant]
    assert correlation.encode() in record.state
    assert b"4bf92f3577b34da6a3ce929d0e0e4736" in record.state


async def test_E14_the_process_is_ready_while_its_database_answers(toy: Running) -> None:
    for probe in ("/livez", "/startupz", "/readyz"):
        assert (await toy.client.get(probe)).json()["status"] == "ok"
