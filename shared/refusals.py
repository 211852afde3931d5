"""What HTTP itself refuses, as problems. Bad input is never the server's fault."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.access import access_of
from shared.errors import DomainError
from shared.guard import is_json
from shared.problems import Problem, field_error, pointer_of, problem, problem_of

log = structlog.get_logger()

CODES = {404: "route-not-found", 405: "method-not-allowed", 413: "body-too-large"}
DETAILS = {404: "There is no such route.", 405: "This route does not know the method."}

Handler = Callable[[Request, Any], Awaitable[Response]]
Notice = Callable[[Request, int, str], None]
"""A service that keeps an audit sets one as `app.state.notice`: it hears of every refusal, by status and code."""


def notice(request: Request, status: int, code: str) -> None:
    hears: Notice | None = getattr(request.app.state, "notice", None)
    if hears is not None:
        hears(request, status, code)


async def refused(request: Request, error: DomainError) -> Response:
    notice(request, error.status, error.code)
    errors = [field_error(pointer, detail, error.code) for pointer, detail in error.each.items()]
    return problem(error.status, error.code, error.detail, errors=errors)


async def failed(request: Request, error: Problem) -> Response:
    """A body is read before its sender is known: who may not call at all is told only that."""
    if error.status_code in (400, 413, 422) and (early := await _not_admitted(request)):
        return early
    notice(request, error.status_code, error.code)
    return problem_of(error)


async def http_failed(request: Request, error: HTTPException) -> Response:
    code = CODES.get(error.status_code, "request-malformed")
    if error.status_code == 400 and (early := await _not_admitted(request)):
        return early
    detail = DETAILS.get(error.status_code, "The request cannot be read.")
    return problem(error.status_code, code, detail, headers=error.headers)


async def invalid(request: Request, error: RequestValidationError) -> Response:
    faults = error.errors()
    if early := await _not_admitted(request):
        return early
    if faults and faults[0]["type"] == "json_invalid":
        return problem(400, "json-malformed", "The body is not JSON.", errors=[field_error("", faults[0]["msg"])])
    content_type = request.headers.get("content-type", "").encode("latin-1")
    sent = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if sent and not is_json(content_type) and any(fault["loc"] == ("body",) for fault in faults):
        return problem(415, "media-type-unsupported", "This route takes application/json.")
    errors = []
    for fault in faults[:100]:
        location, *path = fault["loc"]
        pointer = pointer_of(as_sent(path, error.body) if location == "body" else path)
        errors.append(field_error(pointer, fault["msg"], fault["type"], str(location)))
    return problem(422, "validation-failed", "The request has invalid values.", errors=errors)


def as_sent(path: Sequence[str | int], body: Any) -> list[str | int]:
    """The path of a fault in the body that came. On its way through a choice of shapes it names the shape, too."""
    found: list[str | int] = []
    for part in path[:-1]:
        known = range(len(body)) if isinstance(body, list) else body if isinstance(body, Mapping) else ()
        if part in known:
            body = body[part]
            found.append(part)
    return [*found, *path[-1:]] if isinstance(body, Mapping | list) else found


async def _not_admitted(request: Request) -> Response | None:
    access = access_of(request.scope.get("route"))
    if access is not None:
        try:
            await access.admit(request)
        except Problem as error:
            notice(request, error.status_code, error.code)
            return problem_of(error)
    return None


async def gone(request: Request, error: ClientDisconnect) -> Response:
    return problem(400, "request-malformed", "The client went away before its request was complete.")


async def unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected", exc_info=error)
    return problem(500, "internal-error", "Something went wrong. The trace id tells us what.")


HANDLERS: dict[type[Exception], Handler] = {
    DomainError: refused,
    Problem: failed,
    HTTPException: http_failed,
    RequestValidationError: invalid,
    ClientDisconnect: gone,
    Exception: unexpected,
}


def handle(app: FastAPI, *more: dict[type[Exception], Handler]) -> None:
    for handlers in (HANDLERS, *more):
        for kind, handler in handlers.items():
            app.add_exception_handler(kind, handler)
