"""The audit over all services: one list by time, in pages, and no answer where a part is missing."""

from typing import Any

import pytest

from shared.answers import decode_cursor
from tests.gateway.conftest import SERVICES, Door

URL = "/api/audit"
READER = ("audit.read",)


def line(position: int, second: int, **more: Any) -> dict[str, Any]:
    told = {"position": position, "at": f"2026-09-01T09:00:{second:02}Z", "actor_kind": "user", "actor_id": "x"}
    return {**told, "actor_role": "", "login": None, "on_behalf_of": None, "correlation_id": None, **more}


@pytest.fixture
async def telling(door: Door) -> Door:
    """Auth's position 8 was refused before 7 was done, and stored after it."""
    tell(door, auth=[line(8, 10), line(7, 30)], billing=[line(2, 20, tries=5)])
    return door


def tell(door: Door, **lines: list[dict[str, Any]]) -> None:
    for service in SERVICES:
        data = [{"action": "A", "outcome": "done", **each} for each in lines.get(service, [])]
        door.stubs[service].body = {"data": data, "message": "", "meta": {}}


async def asked(door: Door, **params: Any) -> dict[str, Any]:
    answer = await door.client.get(URL, params=params, headers=door.signer.bearer(*READER))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_C26_all_services_stand_in_one_list_each_in_its_own_order(telling: Door) -> None:
    data = (await asked(telling, actor="x"))["data"]
    assert [(each["service"], each["position"], each["tries"]) for each in data] == [
        ("billing", 2, 5),
        ("auth", 8, 1),
        ("auth", 7, 1),
    ]
    assert telling.stubs["auth"].last.target.startswith(b"/audit?actor=x&limit=51&cursor=")
    assert telling.stubs["exports"].last.target.startswith(b"/refused-actions?actor=x&")


async def test_C27_a_page_goes_on_where_the_one_before_ended_in_each_service(telling: Door) -> None:
    answer = await asked(telling, limit=2)
    cursor = answer["meta"]["pagination"]["next"]
    assert decode_cursor(cursor, int, int, int, int) == (8, 2**62, 2, 2**62)
    tell(telling, auth=[line(7, 30)])
    last = await asked(telling, limit=2, cursor=cursor)
    assert [each["position"] for each in last["data"]] == [7]
    assert last["meta"]["pagination"]["next"] is None
    assert decode_cursor(telling.stubs["auth"].last.target.rpartition(b"cursor=")[2].decode(), int) == (8,)


async def test_C26_an_audit_with_a_hole_is_none(telling: Door) -> None:
    telling.stubs["billing"].status = 425
    answer = await telling.client.get(URL, headers=telling.signer.bearer(*READER))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_C29_who_is_there_by_leave_reads_what_the_services_allow(telling: Door) -> None:
    act = {"sub": "x", "sid": "y", "rights": 1}
    for claims in ({"act": act}, {"roles": ["platform_operator"]}):
        headers = telling.signer.bearer(*READER, **claims)
        assert (await telling.client.get(URL, headers=headers)).status_code == 200


async def test_C27_S2_it_needs_a_token_and_a_right(telling: Door) -> None:
    assert (await telling.client.get(URL)).status_code == 401
    assert (await telling.client.get(URL, headers=telling.signer.bearer("school.read"))).status_code == 403
    bad = await telling.client.get(URL, params={"cursor": "x"}, headers=telling.signer.bearer(*READER))
    assert bad.json()["code"] == "cursor-malformed"
