"""What the kernel refuses, as problems: conflicts, reused keys, views that are behind, a store that is away."""

import psycopg
import psycopg_pool
import structlog
from starlette.requests import Request
from starlette.responses import Response

from shared.personal import KeyAbsent, PersonErased
from shared.problems import problem
from shared.reading import ViewBehind, ViewParked
from shared.refusals import Handler
from shared.store import Conflict, KeyReused, TooLarge, Unavailable
from shared.store_gauges import TOO_EARLY

log = structlog.get_logger()

RETRY = {"Retry-After": "1"}


async def conflict(request: Request, error: Conflict) -> Response:
    headers = {"ETag": f'"{error.current}"'} if error.current else None
    if "if-match" in request.headers:
        detail = "It has changed since the version that you named."
        return problem(412, "precondition-failed", detail, headers=headers)
    return problem(409, "version-conflict", "Others changed it at the same time. Try again.", headers=headers)


async def key_reused(request: Request, error: KeyReused) -> Response:
    detail = "This Idempotency-Key came with another request before."
    return problem(422, "idempotency-key-reused", detail)


async def too_large(request: Request, error: TooLarge) -> Response:
    return problem(422, "command-too-large", "The command changes too much at once. Divide it.")


async def behind(request: Request, error: ViewBehind) -> Response:
    code = "view-parked" if isinstance(error, ViewParked) else "view-behind"
    TOO_EARLY.labels(code).inc()
    return problem(425, code, "What you wrote is not visible here yet.", headers=RETRY)


async def key_absent(request: Request, error: KeyAbsent) -> Response:
    TOO_EARLY.labels("key-absent").inc()
    return problem(425, "key-absent", "Personal data has not arrived here yet.", headers=RETRY)


async def person_erased(request: Request, error: PersonErased) -> Response:
    return problem(409, "person-erased", "The personal data of this person was erased.")


async def unavailable(request: Request, error: Exception) -> Response:
    log.warning("unavailable", reason=type(error).__name__)
    detail = "The service cannot answer now. With the same Idempotency-Key it is safe to try again."
    return problem(503, "unavailable", detail, headers=RETRY)


HANDLERS: dict[type[Exception], Handler] = {
    Conflict: conflict,
    KeyReused: key_reused,
    TooLarge: too_large,
    ViewBehind: behind,
    KeyAbsent: key_absent,
    PersonErased: person_erased,
    Unavailable: unavailable,
    psycopg.OperationalError: unavailable,
    psycopg_pool.PoolTimeout: unavailable,
}
