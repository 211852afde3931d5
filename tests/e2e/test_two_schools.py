"""One school tries every route with the ids of another: the answers are those for ids that do not exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.native.running import Running
from infra.testing.client import Client
from infra.testing.month import Month

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "gateway" / "openapi.json").read_text())
SAMPLES = {"uuid": str(uuid4()), "date": "2026-09-15", "date-time": "2026-09-15T10:00:00Z"}
TEXTS = {
    "currency": "EUR",
    "starts": "17:00",
    "ends": "18:00",
    "month": "2026-09",
    "zone": "Europe/Madrid",
    "kind": "class-attendance",
}
NOT_IDS = {"service", "code"}
PERMISSIONS = [{"permission": "classes.read", "reach": "tenant"}]
BODIES: dict[str, Any] = {
    "/api/academic/meetings/{meeting_id}/substitution": {"substitute_id": str(uuid4()), "reason": "teacher"},
    "/api/academic/classes/{class_id}/weekly-pattern": {
        "lessons": [{"weekday": 1, "starts": "17:00", "ends": "18:00"}],
        "begin_on": "2026-09-01",
        "end_on": "2026-10-01",
    },
    "/api/academic/meetings/{meeting_id}/signatures": {"method": "drawn", "enrolment_id": str(uuid4()), "image": "x"},
    "/api/auth/roles/{role_id}/permissions": {"permissions": PERMISSIONS},
    "/api/auth/service-accounts/{account_id}/keys": {"scopes": ["classes.read"]},
    "/api/auth/service-accounts/{account_id}/keys/{key_id}/scopes": {"scopes": ["classes.read"]},
    "/api/auth/identity-providers/{provider_id}/settings": {"title": "A", "client_id": "a", "domains": ["a.example"]},
    "/api/auth/identity-providers/{provider_id}/secret": {"client_secret": "a secret of sixteen or more"},
    "/api/auth/members/{membership_id}/impersonations": {"reason": "looks wrong"},
    "/api/auth/integrations/{integration_id}/secret": {"secret": "a secret of sixteen or more"},
}
"""Where a sample is not valid in itself."""
INTEGRATION = {
    "title": "Mail",
    "system": {"kind": "mail-sender", "host": "mail.example.org", "user": "school"},
    "secret": "a secret of sixteen or more",
}
ACCESS = {"reason": "looks wrong"}
PROVIDER = {
    "issuer": "https://accounts.example",
    "client_secret": "a secret of sixteen or more",
    "settings": {"title": "Accounts", "client_id": "rollbook", "domains": ["school.example"]},
}
INVITATION = {"email": f"{uuid4().hex}@example.org", "roles": ["teacher"]}


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][name] if name else schema


def body_of(schema: dict[str, Any], name: str, ids: dict[str, str]) -> Any:
    """A body that passes validation; ids in it are taken from `ids`."""
    schema = resolve(schema)
    if "anyOf" in schema:
        first, optional = schema["anyOf"][0], {"type": "null"} in schema["anyOf"]
        return None if optional and first.get("format") not in SAMPLES else body_of(first, name, ids)
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    match schema.get("type"):
        case "object":
            known = schema.get("properties", {}).items()
            return {key: body_of(value, key, ids) for key, value in known if "default" not in value}
        case "array":
            return [body_of(schema["items"], name.removesuffix("s"), ids)]
        case "integer":
            return int(max(schema.get("minimum", 1), 1))
        case "boolean":
            return True
    if schema.get("format") == "uuid":
        return ids.get(name, ids.get(name.removeprefix("parent_"), SAMPLES["uuid"]))
    return TEXTS.get(name) or SAMPLES.get(schema.get("format", ""), "P")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if set(re.findall(r"{(\w+)}", path)) - NOT_IDS:
                yield method.upper(), path, operation


OPERATIONS = list(operations())


@pytest.fixture(scope="module")
async def schools(product: Running) -> Any:
    """The ids of a school with a month behind it, and a client of another school."""
    async with (
        Client(product.base_url, product.inbox_url) as first,
        Client(product.base_url, product.inbox_url) as second,
    ):
        await first.register_school("First school")
        await second.register_school("Second school")
        month = Month(first)
        await month.open()
        ids = month.ids
        for meeting in month.meetings:
            ids["register_id"] = (await month.mark(meeting))["id"]
        payer = {"name": "Payer", "students": month.students}
        ids["account_id"] = (await first.post("/api/billing/accounts", payer))["id"]
        await first.get(f"/api/billing/accounts/{ids['account_id']}/preview?month=2026-09")
        drafted = await first.post(f"/api/billing/accounts/{ids['account_id']}/invoices", {"month": "2026-09"})
        ids["invoice_id"] = drafted["id"]
        await first.post(f"/api/billing/invoices/{ids['invoice_id']}/issue")
        correction = {"enrolment_id": ids["enrolment_id"], "code": "E", "reason": "was ill"}
        await first.post(f"/api/academic/registers/{ids['register_id']}/corrections", correction)
        ids["credit_note_id"] = (await first.get("/api/billing/proposals"))[0]["id"]
        ids["agreement_id"] = (await first.get("/api/billing/agreements"))[0]["id"]
        ids["membership_id"] = (await first.get("/api/auth/members"))[0]["id"]
        wanted = {"kind": "class-attendance", "class_id": ids["class_id"], "from": "2026-09-01", "to": "2026-10-01"}
        ids["job_id"] = (await first.post("/api/exports/exports", wanted))["id"]
        ids["import_id"] = ids["correlation_id"] = ids["guardian_id"] = ids["passkey_id"] = ids["person_id"]
        ids["sourcedId"], ids["classSourcedId"] = ids["org_id"], ids["class_id"]
        await fill_new_folders(first, ids)
        second.consistency = ""
        yield ids, second


async def fill_new_folders(client: Client, ids: dict[str, str]) -> None:
    """One of everything that has an id and is no part of the month."""
    post = client.post
    notice = {"person_id": ids["person_id"], "first": "2026-09-01", "last": "2026-09-01"}
    credit = {"person_id": ids["person_id"], "class_id": ids["class_id"], "why": "goodwill"}
    account = (await post("/api/auth/service-accounts", {"name": "Library"}))["id"]
    asked = {"person_ids": [ids["person_id"]]}
    ids |= {
        "room_id": (await post("/api/academic/rooms", {"name": "Room 1"}))["id"],
        "notice_id": (await post("/api/academic/absence-notices", notice))["id"],
        "credit_id": (await post("/api/academic/make-up-credits", credit))["id"],
        "place_id": ids["enrolment_id"],
        "note_id": ids["enrolment_id"],
        "service_account_id": account,
        "key_id": (await post(f"/api/auth/service-accounts/{account}/keys", {"scopes": ["classes.read"]}))["id"],
        "role_id": (await post("/api/auth/roles", {"name": "Helper", "permissions": PERMISSIONS}))["id"],
        "provider_id": (await post("/api/auth/identity-providers", PROVIDER))["id"],
        "integration_id": (await post("/api/auth/integrations", INTEGRATION))["id"],
        "invitation_id": (await post("/api/auth/invitations", INVITATION))["id"],
        "impersonation_id": str(uuid4()),
        "access_id": (await post("/api/auth/tenant/operator-access", ACCESS))["id"],
        "erasure_id": (await post("/api/auth/erasures", asked))["id"],
    }


async def test_the_walls_are_tried_on_every_route_that_names_a_thing(schools: tuple[dict[str, str], Client]) -> None:
    named = {name for _, path, _ in OPERATIONS for name in re.findall(r"{(\w+)}", path)} - NOT_IDS
    assert named <= schools[0].keys()


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{method} {path}" for method, path, _ in OPERATIONS]
)
async def test_S1_A24_C1_R4_15_a_foreign_id_is_answered_like_one_that_does_not_exist(
    schools: tuple[dict[str, str], Client], method: str, path: str, operation: dict[str, Any]
) -> None:
    ids, stranger = schools
    unknown = {name: str(uuid4()) for name in ids}
    foreign = await tried(stranger, method, path, operation, ids)
    nobody = await tried(stranger, method, path, operation, unknown)
    assert foreign[0] == 404, foreign
    assert foreign == nobody


async def tried(
    client: Client, method: str, path: str, operation: dict[str, Any], ids: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    if "/service-accounts/" in path:
        ids = ids | {"account_id": ids["service_account_id"]}
    filled = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], "P"), path)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    query = {
        one["name"]: "2026-09"
        for one in operation.get("parameters", [])
        if one["in"] == "query" and one.get("required")
    }
    status, answer = await client.ask(
        method,
        filled,
        params=query,
        headers={"Idempotency-Key": uuid4().hex},
        **({"json": BODIES.get(path) or body_of(content["schema"], "", ids)} if content else {}),
    )
    return status, {key: value for key, value in answer.items() if key != "trace_id"}
