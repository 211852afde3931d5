"""Errors of the OneRoster routes: our problem, with the members of the standard's imsx_StatusInfo beside ours."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared import kernel_refusals, refusals
from shared.errors import DomainError
from shared.problems import MEDIA_TYPE, Problem

MINORS = {
    401: "unauthorisedrequest",
    403: "forbidden",
    404: "unknownobject",
    425: "server_busy",
    429: "server_busy",
    503: "server_busy",
}
OWN = {
    "filter-invalid": "invalid_filter_field",
    "sort-invalid": "invalid_sort_field",
    "fields-invalid": "invalid_selection_field",
}
HANDLERS: dict[type[Exception], refusals.Handler] = {
    **kernel_refusals.HANDLERS,
    Problem: refusals.failed,
    HTTPException: refusals.http_failed,
    RequestValidationError: refusals.invalid,
    DomainError: refusals.refused,
}


class OneRosterRoute(APIRoute):
    """One body for both readers: a problem (RFC 9457) may carry further members."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except tuple(HANDLERS) as error:
                handler = next(handler for kind, handler in HANDLERS.items() if isinstance(error, kind))
                return with_status_info(await handler(request, error))

        return answered


def with_status_info(problem: Response) -> Response:
    body = orjson.loads(problem.body)
    minor = OWN.get(body["code"]) or MINORS.get(problem.status_code, "invaliddata")
    body |= {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": body["detail"],
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}]
        },
    }
    headers = {name: value for name, value in problem.headers.items() if name not in ("content-length", "content-type")}
    return Response(orjson.dumps(body), problem.status_code, headers, MEDIA_TYPE)
