"""Fields that no client sets: every write route refuses what its model does not name."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from auth.roles.matrix import CELLS
from infra.testing.harness import Running
from shared.ids import uuid7
from tests.gateway.every_route import DOCUMENT, OPERATIONS, Operation, all_services

FOREIGN: dict[str, Any] = {
    "id": str(uuid7()),
    "tenant_id": str(uuid7()),
    "role": "owner",
    "is_admin": True,
    "version": 1,
    "status": "issued",
    "paid": True,
    "created_by": str(uuid7()),
}
NAMED = {
    "POST /api/auth/login": {"tenant_id"},
    "POST /api/auth/login/passkey": {"tenant_id"},
    "POST /api/auth/login/external": {"tenant_id"},
    "POST /api/auth/switch": {"tenant_id"},
    "POST /api/auth/members/{membership_id}/roles": {"role"},
    "POST /api/auth/members/{membership_id}/role-revocations": {"role"},
}
"""What a route names itself: which school to enter, which role to give."""
OF_A_STANDARD = {"Credential"}
"""What an authenticator answers, as Web Authentication has it: browsers add members, and only known ones are read."""
NO_JSON = {"POST /api/academic/imports", "POST /api/auth/oauth/token"}
"""A file, and the form that OAuth prescribes."""


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name] if name else schema
    return found


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All objects that a body can hold, itself first."""
    schema = resolved(schema)
    if schema.get("type") == "object":
        yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    for each in [*inner, *([schema["items"]] if "items" in schema else [])]:
        yield from objects(each)


def body_of(operation: Operation) -> dict[str, Any] | None:
    content = operation.described.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


def kind_of(operation: Operation) -> dict[str, str]:
    """What says which of several shapes a body has: without it, none is looked at."""
    told = (body_of(operation) or {}).get("discriminator")
    return {} if told is None else {told["propertyName"]: next(iter(told["mapping"]))}


WRITES = [each for each in OPERATIONS if each.method != "GET" and "requestBody" in each.described]
BODIES = [each for each in WRITES if each.name not in NO_JSON]


def test_S4_every_write_takes_json_or_is_known_to_take_something_else() -> None:
    assert {each.name for each in WRITES if body_of(each) is None} == NO_JSON
    assert len(BODIES) >= 60


@pytest.mark.parametrize("operation", BODIES, ids=lambda operation: operation.name)
def test_S4_R2_11_R4_17_no_object_of_a_body_takes_what_it_does_not_name(operation: Operation) -> None:
    schema = body_of(operation)
    assert schema is not None
    for each in objects(schema):
        title = each.get("title")
        assert title in OF_A_STANDARD or each.get("additionalProperties") is False, title


@pytest.fixture(scope="module")
async def services(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Running]]:
    async with all_services(postgres, tmp_path_factory.mktemp("services")) as found:
        yield found


@pytest.mark.timeout(300)
async def test_S4_every_write_refuses_fields_that_no_client_sets(services: dict[str, Running]) -> None:
    for operation in BODIES:
        assert operation.service is not None, operation.name
        it = services[operation.service]
        token = it.signer.token(uuid7(), sorted(CELLS), claims={"amr": ["pwd"], "auth_time": int(time.time())})
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
        sent = FOREIGN | kind_of(operation)
        answer = await it.client.request(operation.method, operation.target, json=sent, headers=headers)
        assert answer.status_code == 422, (operation.name, answer.text)
        refused = {error["pointer"].removeprefix("/") for error in answer.json()["errors"]}
        left = FOREIGN.keys() - refused - NAMED.get(operation.name, set())
        assert left == set(), operation.name
