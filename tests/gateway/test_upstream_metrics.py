"""What the gateway counts of the services behind it: who failed, how, and how long everybody was waited for."""

import asyncio

import pytest

from tests.gateway.conftest import Door
from tests.gateway.test_forward import Flaky, silent
from tests.shared.metering import Watch

PATH = "/api/academic/classes"


def failures(reason: str) -> Watch:
    return Watch("rollbook_upstream_failures_total", service="academic", reason=reason)


async def test_a_service_that_is_away_and_one_that_is_slow_are_told_apart(door: Door) -> None:
    unreachable, timeout = failures("unreachable"), failures("timeout")
    calls = Watch("rollbook_upstream_seconds_count", service="academic")
    door.app.state.upstream.base["academic"] = "http://127.0.0.1:9"
    await door.client.get(PATH, headers=door.signer.bearer())
    assert (unreachable.gained, timeout.gained) == (1, 0)
    async with silent() as url:
        door.app.state.upstream.base["academic"] = url
        await door.client.get(PATH, headers=door.signer.bearer() | {"Rollbook-Deadline-Ms": "150"})
    assert (unreachable.gained, timeout.gained, calls.gained) == (1, 1, 2)


@pytest.mark.parametrize(("headers", "repeated", "failed"), [({"Idempotency-Key": "k"}, 1, 0), ({}, 0, 1)])
async def test_7_3_a_call_that_was_sent_again_is_counted(
    door: Door, headers: dict[str, str], repeated: int, failed: int
) -> None:
    repeats, unreachable = Watch("rollbook_upstream_repeats_total", service="academic"), failures("unreachable")
    server = await asyncio.start_server(Flaky(), "127.0.0.1", 0)
    door.app.state.upstream.base["academic"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await door.client.post(PATH, headers=door.signer.bearer() | headers)
    server.close()
    assert (repeats.gained, unreachable.gained) == (repeated, failed)


async def test_a_request_is_counted_by_its_route_never_by_its_path(door: Door) -> None:
    route = "/api/academic/classes/{class_id}"
    answered = Watch("http_requests_total", method="GET", route=route, status="200")
    for number in range(3):
        await door.client.get(
            f"/api/academic/classes/00000000-0000-0000-0000-00000000000{number}", headers=door.signer.bearer()
        )
    unknown = Watch("http_requests_total", method="GET", route="unmatched", status="404")
    await door.client.get("/wp-login.php")
    assert (answered.gained, unknown.gained) == (3, 1)
