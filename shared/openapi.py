"""The OpenAPI document of a service: what FastAPI derives, and what the kernel adds to every operation."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.access import ME, Access, Operation, operations
from shared.problems import CODES, MEDIA_TYPE

SECURITY = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
FIELD_ERROR = {
    "type": "object",
    "title": "FieldError",
    "description": "`pointer` (RFC 6901) leads into the body, or names the parameter.",
    "required": ["pointer", "location", "code", "detail"],
    "properties": {name: {"type": "string"} for name in ("pointer", "location", "code", "detail")},
}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "An error as in RFC 9457. `code` is stable; `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code", "errors", "trace_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        "trace_id": {"type": "string"},
    },
}
DESCRIPTIONS = {
    "400": "The request cannot be read",
    "401": "No valid access token",
    "403": "Your role does not allow this",
    "409": "It changed at the same time",
    "412": "It is not at the version of If-Match",
    "413": "The body is too large",
    "415": "The body has another media type",
    "422": "Invalid values",
    "425": "What you wrote is not visible yet",
    "503": "The service cannot answer now",
}
NAMED = {
    "if-match-malformed": "Command",
    "cursor-malformed": "Page",
    "json-malformed": "Body",
    "rights-changed": "Current",
    "tenant-suspended": "Current",
    "idempotency-key-missing": "Key",
    "validation-failed": "Values",
    "idempotency-key-reused": "Reused",
    "second-factor-required": "Enrol",
    "step-up-needed": "StepUp",
    "not-while-impersonating": "InPerson",
    "own-sign-in-needed": "OwnSignIn",
}
GENERATED = ("HTTPValidationError", "ValidationError")


def operation_id(route: APIRoute) -> str:
    """Tag and function name: it names the method of generated clients."""
    return re.sub(r"[^A-Za-z0-9]+", "_", f"{route.tags[0]}_{route.name}" if route.tags else route.name)


def document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=app.description,
        routes=app.routes,
    )
    shared: dict[str, Any] = {}
    for operation in operations(app.routes):
        for method in operation.route.methods or ():
            described = found.get("paths", {}).get(operation.route.path_format, {}).get(method.lower())
            if described is not None:
                _complete(described, method, operation, shared)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in GENERATED:
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "FieldError": FIELD_ERROR}
    components["schemas"] = dict(sorted(schemas.items()))
    components["responses"] = dict(sorted(shared.items()))
    components["securitySchemes"] = SECURITY
    return found


def _complete(described: dict[str, Any], method: str, operation: Operation, shared: dict[str, Any]) -> None:
    access, has_body = operation.access, operation.route.body_field is not None
    if access.permission is not None:
        described["security"] = [{"bearer": []}]
        described["x-permission"] = access.permission
    if access.rule:
        described["x-object-rule"] = sorted(access.rule)
    parameters = described.setdefault("parameters", [])
    parameters += [_header(*header) for header in _headers(method, access)]
    has_values = has_body or any(parameter["in"] != "header" for parameter in parameters)
    kernels = _kernel_codes(method, access, has_body, has_values)
    if any(parameter["name"] == "cursor" for parameter in parameters):
        kernels["400"] += ["cursor-malformed"]
    responses: dict[str, Any] = {}
    for status, response in described["responses"].items():
        own = response.pop(CODES, [])
        if own:
            codes = [*own, *kernels.pop(status, [])]
            responses[status] = _answer(response["description"] or DESCRIPTIONS.get(status, ""), codes)
        elif status != "422":
            responses[status] = response
    for status, codes in kernels.items():
        if status in responses:
            responses[status].setdefault("content", {}).update(_answer("", codes)["content"])
            continue
        name = _name(status, codes)
        shared[name] = _answer(DESCRIPTIONS[status], codes)
        responses[status] = {"$ref": f"#/components/responses/{name}"}
    described["responses"] = dict(sorted(responses.items()))
    if not parameters:
        del described["parameters"]


def _answer(description: str, codes: list[str]) -> dict[str, Any]:
    """A problem whose `code` is one of these."""
    narrowed = {"type": "object", "required": ["code"], "properties": {"code": {"type": "string", "enum": codes}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _name(status: str, codes: list[str]) -> str:
    """Responses of the kernel are shared by all operations that can give just these codes."""
    return "".join([f"Problem{status}", *(word for code, word in NAMED.items() if code in codes)])


def _kernel_codes(method: str, access: Access, has_body: bool, has_values: bool) -> dict[str, list[str]]:
    codes = {"400": ["request-malformed"], "503": ["unavailable"]}
    if not access.platform:
        codes["400"] += ["consistency-token-malformed"]
    if access.permission is not None:
        changes = ["rights-changed"] if access.current(method) else []
        codes |= {"401": ["unauthenticated", *changes], "403": _forbidden(access, method)}
    if has_values:
        codes["422"] = ["validation-failed"]
    if has_body:
        codes["400"] += ["json-malformed", "json-too-deep"]
    if has_body or access.body_limit:
        codes |= {"413": ["body-too-large"], "415": ["media-type-unsupported"]}
    if method == "GET":
        return codes if access.platform else codes | {"425": ["view-behind", "view-parked", "key-absent"]}
    if access.takes_key:
        codes["400"] += ["idempotency-key-malformed"]
        codes["422"] = [*codes.get("422", []), "idempotency-key-reused"]
    if not access.platform:
        codes["400"] += ["if-match-malformed"]
        codes |= {"409": ["version-conflict"], "412": ["precondition-failed"]}
    if access.needs_key:
        codes["400"] += ["idempotency-key-missing"]
    return codes


def _forbidden(access: Access, method: str) -> list[str]:
    """`me` is what somebody who must set up a second factor may do."""
    codes = ["forbidden", *(["tenant-suspended"] if access.current(method) else [])]
    if access.permission != ME and not access.platform:
        codes += ["second-factor-required"]
    if access.in_person(method) and not access.platform:
        codes += ["not-while-impersonating"]
    if access.own_account:
        codes += ["own-sign-in-needed"]
    return [*codes, "step-up-needed"] if access.fresh else codes


def _headers(method: str, access: Access) -> list[tuple[str, bool, str]]:
    if method == "GET":
        token = ("Consistency-Token", False, "Wait until this answer shows what that token stands for")
        return [] if access.platform else [token]
    key = ("Idempotency-Key", access.needs_key, "The same key and request have one effect and one answer")
    version = ("If-Match", False, "Only if the aggregate still has this ETag")
    return [*([key] if access.takes_key else []), *([] if access.platform else [version])]


def _header(name: str, required: bool, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name == "Idempotency-Key":
        schema |= {"minLength": 1, "maxLength": 200}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}
