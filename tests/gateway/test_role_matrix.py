"""Every role against every operation. What is expected stands in one file; a route without a line breaks the build."""

import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auth.memberships.membership import Membership, membership_id
from auth.roles.held import held_by
from auth.roles.matrix import ROLES, SCOPES
from auth.signing_keys.access_tokens import claims_of
from infra.testing.harness import Running
from shared.ids import PLATFORM, uuid7
from shared.operator.desk import OPERATE
from tests.gateway.every_route import OPERATIONS, Operation, all_services

FILE = Path(__file__).with_name("role_matrix.txt")
COLUMNS = ("anonymous", *ROLES)
SIGNS = {(401, "unauthenticated"): "1", (403, "forbidden"): "3"}
"""In the file: 1 for an answer that a token is needed, 3 for one that the role does not allow it, + for any other."""


def expected() -> dict[str, str]:
    """The signs of each operation, one for each column."""
    lines = [line.split() for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    return {f"{method} {path}": "".join(signs) for method, path, *signs in lines}


def test_S2_every_operation_has_a_cell_for_every_role_and_no_other_has() -> None:
    cells = expected()
    assert sorted(cells) == sorted(operation.name for operation in OPERATIONS)
    assert {len(signs) for signs in cells.values()} == {len(COLUMNS)}
    assert set("".join(cells.values())) <= {"1", "3", "+"}


def test_S2_who_has_no_token_gets_only_what_is_public() -> None:
    for operation in OPERATIONS:
        signs = expected()[operation.name]
        assert (signs[0] == "1") == ("security" in operation.described), operation.name
        if signs[0] == "+":
            assert set(signs) == {"+"}, operation.name


@pytest.fixture(scope="module")
async def services(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Running]]:
    async with all_services(postgres, tmp_path_factory.mktemp("services")) as found:
        yield found


def claims(role: str) -> Mapping[str, Any]:
    """As auth signs them: for a member with this role alone, an operator, a key with every scope."""
    if role == "platform_operator":
        return {"tenant": str(PLATFORM), "roles": [role], "permissions": [OPERATE]}
    if role == "service_account":
        id = str(uuid7())
        return {"sub": id, "client_id": id, "roles": [role], "permissions": sorted(SCOPES)}
    school, user = uuid7(), uuid7()
    now = datetime.now(UTC)
    member = Membership(id=membership_id(school, user), tenant_id=school, user_id=user, roles=(role,), timestamp=now)
    proof = {"amr": ["pwd"], "auth_time": int(time.time())}
    return {**claims_of(held_by(member, [])), "tenant": str(school), "sub": str(user), **proof}


async def sign_of(operation: Operation, it: Running, column: str) -> str:
    headers = {"Idempotency-Key": uuid7().hex}
    if column != "anonymous":
        headers["Authorization"] = f"Bearer {it.signer.token(uuid7(), (), claims=claims(column))}"
    body: dict[str, Any] | None = None if operation.method == "GET" else {}
    answer = await it.client.request(operation.method, operation.target, json=body, headers=headers)
    assert answer.status_code < 500, f"{operation.name} as {column}: {answer.text}"
    code = answer.json().get("code", "") if answer.status_code in (401, 403) else ""
    return SIGNS.get((answer.status_code, code), "+")


@pytest.mark.timeout(300)
async def test_S2_every_role_gets_from_every_operation_what_the_file_says(services: dict[str, Running]) -> None:
    cells = expected()
    found: dict[str, str] = {}
    for operation in OPERATIONS:
        if operation.service is not None:
            it = services[operation.service]
            found[operation.name] = "".join([await sign_of(operation, it, column) for column in COLUMNS])
    differing = {name: (cells[name], signs) for name, signs in found.items() if cells.get(name) != signs}
    assert differing == {}
    assert len(found) * len(COLUMNS) >= 2_000
