"""The gateway as a process: it says when it listens, stops when told, and sends its spans before it goes."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.shared.serving import serving
from tests.shared.signing import Signer

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@asynccontextmanager
async def process(folder: Path, **settings: str) -> AsyncIterator[tuple[Process, AsyncClient]]:
    environment = os.environ | {"GATEWAY_PORT": "0", "GATEWAY_STATE": str(folder)}
    environment |= {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway.main", stdout=PIPE, env=environment)
    assert child.stdout is not None
    line = b""
    while b"Uvicorn running on" not in line:
        line = await child.stdout.readline()
        assert line, "it ended before it listened"
    url = line.decode().partition("Uvicorn running on ")[2].split(" ", 1)[0]
    try:
        async with AsyncClient(base_url=url) as client:
            yield child, client
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_7_1_it_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    async with process(tmp_path) as (child, client):
        answer = await client.get("/readyz")
        assert answer.json()["status"] == "ok"
        assert "server" not in answer.headers
        child.send_signal(number)
        async with asyncio.timeout(10):
            await child.communicate()
        assert child.returncode == 0


async def test_7_1_in_production_it_is_not_ready_before_it_stops(tmp_path: Path) -> None:
    async with process(tmp_path, environment="production") as (child, client):
        child.send_signal(signal.SIGTERM)
        while (await client.get("/readyz")).status_code == 200:
            pass
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/api/schema/")).status_code == 200


class Collector:
    """Takes spans as OTLP over HTTP."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/v1/traces":
            self.received.append(await Request(scope, receive).body())
        await Response(b"", media_type="application/x-protobuf")(scope, receive, send)


async def test_E11_a_sampled_trace_reaches_the_collector_before_the_process_ends(tmp_path: Path) -> None:
    collector, signer = Collector(), Signer()
    signer.publish(tmp_path)
    async with serving(collector) as url, process(tmp_path, otlp_endpoint=url) as (child, client):
        answer = await client.get("/api/schema/", headers={"traceparent": PARENT})
        assert answer.status_code == 200
        refused = await client.get("/api/nobody/knows")
        assert refused.json()["trace_id"] == refused.headers["traceparent"].split("-")[1]
        child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await child.communicate()
    assert bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736") in b"".join(collector.received)
