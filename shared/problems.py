"""Errors as RFC 9457 problems: a stable code, the fields at fault as JSON pointers, the trace to ask for."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypedDict

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.errors import DomainError, code_of
from shared.telemetry import current_trace

MEDIA_TYPE = "application/problem+json"
CODES = "x-codes"


class FieldError(TypedDict):
    """`pointer` (RFC 6901) leads into the body, or names the parameter."""

    pointer: str
    location: str
    code: str
    detail: str


class Problem(HTTPException):
    """An error of HTTP itself. Refusals of the school's rules are `shared.errors.DomainError`."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.errors = errors


class Unauthenticated(Problem):
    """An access token is needed: Authorization: Bearer <token>."""

    def __init__(self) -> None:
        super().__init__(401, "unauthenticated", str(self.__doc__), headers={"WWW-Authenticate": "Bearer"})


class NotPermitted(Problem):
    """Your role does not allow this."""

    def __init__(self) -> None:
        super().__init__(403, "forbidden", str(self.__doc__))


class StepUpNeeded(Problem):
    """Prove once more that it is you: POST /step-up. What was proved five minutes ago is too old for this."""

    def __init__(self) -> None:
        super().__init__(403, "step-up-needed", str(self.__doc__))


class SecondFactorRequired(Problem):
    """Your school demands a second factor of your role: set one up first."""

    def __init__(self) -> None:
        super().__init__(403, "second-factor-required", str(self.__doc__))


class NotWhileImpersonating(Problem):
    """Nobody does this as somebody else: it is for the person itself, or for you under your own name."""

    def __init__(self) -> None:
        super().__init__(403, "not-while-impersonating", str(self.__doc__))


class OwnSignInNeeded(Problem):
    """This is about your account in all its schools: sign in with its own password or passkey."""

    def __init__(self) -> None:
        super().__init__(403, "own-sign-in-needed", str(self.__doc__))


class RightsChanged(Problem):
    """Your rights in this school have changed: refresh the access token."""

    def __init__(self) -> None:
        super().__init__(401, "rights-changed", str(self.__doc__), headers={"WWW-Authenticate": "Bearer"})


class TenantSuspended(Problem):
    """This school is suspended: it can be read, and nothing in it changes."""

    def __init__(self) -> None:
        super().__init__(403, "tenant-suspended", str(self.__doc__))


class NotAvailable(Problem):
    """The service cannot answer now. It is safe to try again with the same Idempotency-Key."""

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(503, "unavailable", detail or str(self.__doc__), headers={"Retry-After": str(retry_after)})


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a failed request."""
    body: dict[str, Any] = {
        "type": f"urn:rollbook:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors,
        "trace_id": current_trace().trace_id,
    }
    return Response(orjson.dumps(body), status, headers, MEDIA_TYPE)


def problem_of(error: Problem) -> Response:
    return problem(error.status_code, error.code, error.detail, errors=error.errors, headers=error.headers)


def field_error(pointer: str, detail: str, code: str = "invalid", location: str = "body") -> FieldError:
    readable = pointer.encode("utf-8", "replace").decode()
    return {"pointer": readable, "location": location, "code": code, "detail": detail}


def pointer_of(loc: Sequence[str | int]) -> str:
    """A path of keys and indexes as RFC 6901 writes it."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def problems(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: the refusals it can answer with. The kernel adds its own codes."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        response = responses.setdefault(error.status, {"description": "", CODES: []})
        response[CODES].append(code_of(error))
        response["description"] = "\n".join(filter(None, [response["description"], (error.__doc__ or "").strip()]))
    return responses
