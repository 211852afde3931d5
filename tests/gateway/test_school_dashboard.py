"""The school's first screen: three services in one call, and what is shown when one of them is away."""

from uuid import uuid4

from shared.token import Token
from tests.gateway.conftest import Door

URL = "/api/dashboards/school"
READER = ("school.read",)


def tell(door: Door, service: str, position: int) -> None:
    door.stubs[service].body = {
        "data": {"of": service},
        "message": "Summary",
        "meta": {"position": position, "pagination": None},
    }


async def test_E18_the_parts_come_together(door: Door) -> None:
    for number, service in enumerate(("academic", "billing", "exports")):
        tell(door, service, number)
    tenant = uuid4()
    token = Token({("academic", tenant): 4}).encode()
    headers = door.signer.bearer(*READER, tenant=tenant) | {"Consistency-Token": token}
    answer = await door.client.get(URL, headers=headers)
    assert answer.json()["data"] == {
        service: {"data": {"of": service}, "position": number, "stale": False, "problem": None}
        for number, service in enumerate(("academic", "billing", "exports"))
    }
    assert answer.headers["consistency-token"] == token
    for service in ("academic", "billing", "exports"):
        seen = door.stubs[service].last
        assert (seen.method, seen.target) == ("GET", b"/summary")
        assert seen.headers["authorization"] == headers["Authorization"]
        assert seen.headers["consistency-token"] == token


async def test_E18_a_service_that_is_away_leaves_its_part_out(door: Door) -> None:
    tell(door, "academic", 1)
    door.stubs["billing"].status = 425
    door.stubs["billing"].body = {"code": "view-behind"}
    door.app.state.upstream.base["exports"] = "http://127.0.0.1:9"
    data = (await door.client.get(URL, headers=door.signer.bearer(*READER))).json()["data"]
    assert data["academic"]["data"] == {"of": "academic"}
    assert data["billing"] == {"data": None, "position": None, "stale": True, "problem": "view-behind"}
    assert data["exports"] == {"data": None, "position": None, "stale": True, "problem": "unavailable"}


async def test_E18_a_part_that_the_role_may_not_see_is_not_stale(door: Door) -> None:
    tell(door, "academic", 1)
    tell(door, "exports", 1)
    door.stubs["billing"].status = 403
    door.stubs["billing"].body = {"code": "forbidden"}
    data = (await door.client.get(URL, headers=door.signer.bearer(*READER))).json()["data"]
    assert data["billing"] == {"data": None, "position": None, "stale": False, "problem": "forbidden"}


async def test_E18_without_any_service_it_is_503(door: Door) -> None:
    for service in ("academic", "billing", "exports"):
        door.app.state.upstream.base[service] = "http://127.0.0.1:9"
    answer = await door.client.get(URL, headers=door.signer.bearer(*READER))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_S2_the_dashboard_needs_a_token_and_a_right(door: Door) -> None:
    assert (await door.client.get(URL)).status_code == 401
    assert (await door.client.get(URL, headers=door.signer.bearer())).status_code == 403
    bad = door.signer.bearer(*READER) | {"Consistency-Token": "x"}
    assert (await door.client.get(URL, headers=bad)).json()["code"] == "consistency-token-malformed"


async def test_E14_the_gateway_is_ready_without_its_services(door: Door) -> None:
    for probe in ("/livez", "/startupz", "/readyz"):
        assert (await door.client.get(probe)).status_code == 200
    assert "http_requests_total" in (await door.client.get("/metrics")).text
