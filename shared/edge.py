"""The outermost layer of an HTTP process: trace, ids, security headers, a log line, metrics."""

import time
from collections.abc import Callable
from uuid import UUID

import structlog
from fastapi.telemetry import TelemetryConfig
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.health import Health
from shared.ids import uuid7

log = structlog.get_logger()

CLIENT_ADDRESS = "rollbook-client-address"
"""A header set by the gateway, which passes on nothing that a client says about addresses."""
SECURITY_HEADERS = (
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
REQUESTS = Counter("http_requests", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram("http_request_seconds", "Time from request to the end of the answer", ["method", "route"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

PROBES = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})

Route = Callable[[Scope], str]


def server_spans(tracing: bool) -> TelemetryConfig:
    """FastAPI's own span for each request: nothing of what is in it, and none for probes."""
    return {
        "tracing": tracing,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
        "exclude": lambda scope: scope.get("path") in PROBES,
    }


def template(scope: Scope) -> str:
    """The path of the matched route, never the path of the request: metrics must stay few."""
    return getattr(scope.get("route"), "path", "unmatched")


class Edge:
    """Wraps everything, so that a 404, a 413 and a 500 have the same headers as a 200."""

    def __init__(self, app: ASGIApp, health: Health, route: Route = template) -> None:
        self.app = app
        self.health = health
        self.route = route
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.health.answers(scope):
            await self.health(scope, receive, with_headers(send, SECURITY_HEADERS))
            return
        begun = time.perf_counter()
        given = {name: value for name, value in scope["headers"] if name in (b"traceparent", b"correlation-id")}
        traceparent = given.get(b"traceparent", b"").decode("latin-1")
        telemetry.follow(traceparent or None)
        correlation_id = _uuid(given.get(b"correlation-id", b"")) or uuid7()
        request_id = uuid7()
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        telemetry.clear()
        telemetry.bind(correlation_id=str(correlation_id))
        extra = (
            *SECURITY_HEADERS,
            (b"request-id", str(request_id).encode()),
            (b"correlation-id", str(correlation_id).encode()),
            (b"traceparent", telemetry.current_traceparent().encode()),
        )
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add(message, extra)
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            self._record(scope, status, time.perf_counter() - begun, request_id)

    def _record(self, scope: Scope, status: int, seconds: float, request_id: UUID) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = self.route(scope)
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = REQUESTS.labels(method, route, status)
        counter.inc()
        timer = self._timers.get((method, route))
        if timer is None:
            timer = self._timers[method, route] = SECONDS.labels(method, route)
        timer.observe(seconds)
        log.info(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            request_id=str(request_id),
        )


def with_headers(send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            _add(message, headers)
        await send(message)

    return answer


def _add(message: Message, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """A header that the application set itself stays."""
    own = list(message.get("headers", ()))
    names = {name for name, _ in own}
    message["headers"] = own + [header for header in headers if header[0] not in names]


def _uuid(text: bytes) -> UUID | None:
    try:
        return UUID(text.decode("ascii")) if len(text) == 36 else None
    except ValueError:
        return None
