"""/api/<service>/…: bytes through to the service that owns them, and its answer back."""

import re
from uuid import UUID

import aiohttp
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from gateway.catalogue import PREFIX, PRIVATE, Catalogue
from gateway.tokens import merged, read_token
from gateway.upstream import BUDGET_MS, HOP_MS, Body, Upstream
from shared import telemetry
from shared.edge import CLIENT_ADDRESS
from shared.guard import BodyTooLarge, Malformed
from shared.identity import Verifier, bearer
from shared.ids import PLATFORM
from shared.problems import NotAvailable, Problem

MAX_UPLOAD = 50 * 1_048_576 + 65_536
UPLOAD_MS = 120_000
SMALL = 65_536
"""Bodies up to this size are read before they are sent on, so that they can be sent again."""
PASSED = frozenset(
    b"accept accept-language authorization consistency-token content-encoding content-length content-type"
    b" idempotency-key if-match if-none-match rollbook-refresh user-agent".split()
)
COOKIES = {
    f"{PREFIX}/auth/token/refresh": "__Host-rollbook-refresh",
    f"{PREFIX}/auth/switch": "__Host-rollbook-refresh",
    f"{PREFIX}/auth/login/external/completion": "__Host-rollbook-external",
}
"""The only routes that see a cookie, and each only its own."""
NOT_RETURNED = frozenset(
    b"connection keep-alive transfer-encoding te trailer upgrade server date request-id traceparent"
    b" correlation-id consistency-token".split()
)
ROUTE = "rollbook.route"
VISIBLE = re.compile(rb"[!-~]*")


class RouteUnknown(Problem):
    """There is no such route."""

    def __init__(self) -> None:
        super().__init__(404, "route-not-found", str(self.__doc__))


class Forward:
    """An ASGI endpoint. Nothing of a body is parsed here."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        service, _, rest = scope["path"].removeprefix(f"{PREFIX}/").partition("/")
        upstream: Upstream = request.app.state.upstream
        if service not in upstream or rest in PRIVATE:
            raise RouteUnknown
        operation = self.catalogue.find(scope["method"], scope["path"])
        scope[ROUTE] = operation.template if operation is not None else f"{PREFIX}/{service}"
        tenant_id = PLATFORM
        if operation is None or not operation.public:
            tenant_id = await _tenant(request)
        headers, budget = _headers(scope)
        sent = read_token(headers.get("consistency-token"))
        body = await _body(scope, receive)
        target = _target(scope, service)
        streamed = isinstance(body, Upload)
        again = not streamed and (scope["method"] in ("GET", "HEAD") or "idempotency-key" in headers)
        try:
            async with upstream.request(
                service, scope["method"], target, headers, body, UPLOAD_MS if streamed else budget, again=again
            ) as response:
                await _answer(response, send, merged(sent, _tokens(response), tenant_id).encode())
        except NotAvailable:
            if isinstance(body, Upload) and body.fault is not None:
                raise body.fault from None
            raise


def _target(scope: Scope, service: str) -> str:
    """Path and query for the service, in the very bytes that came."""
    raw: bytes = scope["raw_path"]
    if scope["query_string"]:
        raw += b"?" + scope["query_string"]
    if VISIBLE.fullmatch(raw) is None:
        raise Malformed("The path is malformed.")
    own, prefix = raw.decode(), f"{PREFIX}/{service}"
    if not own.startswith(f"{prefix}/"):
        raise RouteUnknown
    return own.removeprefix(prefix)


async def _tenant(request: Request) -> UUID:
    verifier: Verifier = request.app.state.verifier
    given = request.headers.getlist("authorization")
    identity = await verifier.verify(bearer(given[0] if len(given) == 1 else None))
    telemetry.bind(tenant=str(identity.tenant_id))
    return identity.tenant_id


def _headers(scope: Scope) -> tuple[dict[str, str], int]:
    """Only what services know is passed on: nothing a client says about addresses or users reaches them."""
    headers: dict[str, str] = {}
    budget = BUDGET_MS
    for name, value in scope["headers"]:
        text = name.decode("latin-1")
        if name == b"rollbook-deadline-ms":
            if not value.isdigit() or len(value) > 9:
                raise Malformed("Rollbook-Deadline-Ms takes a number of milliseconds.", code="deadline-malformed")
            budget = min(budget, int(value))
        if name in PASSED:
            if text in headers:
                raise Malformed(f"The header {text} occurs twice.")
            headers[text] = value.decode("latin-1")
    budget = max(budget - HOP_MS, 1)
    headers["rollbook-deadline-ms"] = str(max(budget - HOP_MS, 0))
    if (cookie := COOKIES.get(scope["path"])) and (secret := Request(scope).cookies.get(cookie)):
        headers["cookie"] = f"{cookie}={secret}"
    headers[CLIENT_ADDRESS] = (scope.get("client") or ("",))[0]
    headers["correlation-id"] = str(scope["state"]["correlation_id"])
    headers["traceparent"] = telemetry.current_traceparent()
    return headers, budget


async def _body(scope: Scope, receive: Receive) -> Body:
    """Nothing, the bytes of a small body, or a stream."""
    given = dict(scope["headers"])
    length = int(given.get(b"content-length", b"-1"))
    if length > MAX_UPLOAD:
        raise BodyTooLarge(MAX_UPLOAD)
    if length == 0 or (length < 0 and b"transfer-encoding" not in given):
        return None
    upload = Upload(receive)
    return b"".join([chunk async for chunk in upload]) if 0 < length <= SMALL else upload


class Upload:
    """The body as it comes in. What stopped it is kept: the client library reports only that it stopped."""

    def __init__(self, receive: Receive) -> None:
        self.fault: Exception | None = None
        self._receive = receive
        self._more = True

    def __aiter__(self) -> "Upload":
        return self

    async def __anext__(self) -> bytes:
        while self._more:
            try:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
            except (Problem, ClientDisconnect) as error:
                self.fault = error
                raise
            self._more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                return bytes(chunk)
        raise StopAsyncIteration


def _tokens(response: aiohttp.ClientResponse) -> list[str]:
    return response.headers.getall("Consistency-Token", [])


async def _answer(response: aiohttp.ClientResponse, send: Send, token: str) -> None:
    headers = [(name.lower(), value) for name, value in response.raw_headers if name.lower() not in NOT_RETURNED]
    if _tokens(response):
        headers.append((b"consistency-token", token.encode()))
    start: Message = {"type": "http.response.start", "status": response.status, "headers": headers}
    length = response.content_length
    if length is not None and length <= SMALL:
        body = await response.read()
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    await send(start)
    async for chunk in response.content.iter_any():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
