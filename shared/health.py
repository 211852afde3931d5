"""Probes and metrics of a process: /livez, /readyz, /startupz, /metrics."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Info, disable_created_metrics, generate_latest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.pulse import stuck

Check = Callable[[], Awaitable[object]]

disable_created_metrics()  # type: ignore[no-untyped-call]
BUILD = Info("rollbook_build", "The release that this process runs")
BUILD.info({"version": version("rollbook-shared")})

FAILURES = 3
WINDOW = 15.0
TIMEOUT = 1.0
LOOP_SAMPLE = 0.1
"""Seconds for which the loop is watched when a process is asked whether it lives."""


class Health:
    """Answers probes. A check fails by raising or by taking longer than a second.

    One failure is a slow moment: not ready only after three within 15 s, or before the first success."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.checks = dict(checks)
        self.started = False
        self.stopping = False
        self._failures: list[float] = []
        self._paths = {
            "/livez": self._live,
            "/readyz": self._ready,
            "/startupz": self._startup,
            "/metrics": self._metrics,
        }

    def answers(self, scope: Scope) -> bool:
        return scope["type"] == "http" and scope["path"] in self._paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._paths.get(scope["path"], self._unknown)
        await (await answer())(scope, receive, send)

    async def _live(self) -> Response:
        """Whether the loop answers within a second and no watched loop of this process is stuck; a dependency that is
        away is no reason to start a process again."""
        began = time.monotonic()
        await asyncio.sleep(LOOP_SAMPLE)
        held_up = time.monotonic() - began - LOOP_SAMPLE > TIMEOUT
        silent = stuck()
        details = {"loop": "held up" if held_up else "ok"} | dict.fromkeys(silent, "stuck")
        return _status(not held_up and not silent, details)

    async def _startup(self) -> Response:
        return _status(self.started, {})

    async def _ready(self) -> Response:
        if self.stopping or not self.started:
            return _status(False, {"process": "stopping" if self.stopping else "starting"})
        names = list(self.checks)
        results = await asyncio.gather(*map(_passes, self.checks.values()))
        failed = {name: "failed" for name, passed in zip(names, results, strict=True) if not passed}
        now = time.monotonic()
        self._failures = [at for at in self._failures if now - at < WINDOW] if failed else []
        if failed:
            self._failures.append(now)
        return _status(len(self._failures) < FAILURES, dict.fromkeys(names, "ok") | failed)

    async def _metrics(self) -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    async def _unknown(self) -> Response:
        return Response(status_code=404)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT):
            await check()
    except Exception:  # noqa: BLE001 - whatever a check raises means that it failed
        return False
    return True


def _status(good: bool, details: Mapping[str, Any]) -> Response:
    body = orjson.dumps({"status": "ok" if good else "unavailable", "checks": details})
    return Response(body, 200 if good else 503, media_type="application/json")
