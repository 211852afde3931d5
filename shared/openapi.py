"""The OpenAPI document of a service: what FastAPI derives, and what the kernel adds to every operation."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.access import Access, operations
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
GENERATED = ("HTTPValidationError", "ValidationError")


def operation_id(route: APIRoute) -> str:
    """Tag and function name: it names the method of generated clients."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=app.description,
        routes=app.routes,
    )
    for operation in operations(app.routes):
        for method in operation.route.methods or ():
            described = found.get("paths", {}).get(operation.route.path_format, {}).get(method.lower())
            if described is not None:
                _complete(described, method, operation.access, operation.route.body_field is not None)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in GENERATED:
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "FieldError": FIELD_ERROR}
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = SECURITY
    return found


def _complete(described: dict[str, Any], method: str, access: Access, has_body: bool) -> None:
    if access.permission is not None:
        described["security"] = [{"bearer": []}]
        described["x-permission"] = access.permission
    parameters = described.setdefault("parameters", [])
    parameters += [_header(*header) for header in _headers(method, access)]
    responses: dict[str, Any] = described["responses"]
    own = {status: response.pop(CODES, []) for status, response in responses.items()}
    if "422" in responses and not own["422"]:
        del responses["422"]
    has_values = has_body or any(parameter["in"] != "header" for parameter in parameters)
    for status, kernels in _kernel_codes(method, access, has_body, has_values).items():
        own[status] = [*own.get(status, []), *kernels]
    for status, codes in own.items():
        if codes:
            response = responses.setdefault(status, {"description": DESCRIPTIONS.get(status, "")})
            response["description"] = response["description"] or DESCRIPTIONS.get(status, "")
            response["content"] = {MEDIA_TYPE: {"schema": _problem(codes)}}
    described["responses"] = dict(sorted(responses.items()))
    if not parameters:
        del described["parameters"]


def _problem(codes: list[str]) -> dict[str, Any]:
    narrowed = {
        "type": "object",
        "required": ["code"],
        "properties": {"code": {"type": "string", "enum": codes}},
    }
    return {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]}


def _kernel_codes(method: str, access: Access, has_body: bool, has_values: bool) -> dict[str, list[str]]:
    codes = {"400": ["request-malformed", "consistency-token-malformed"], "503": ["unavailable"]}
    if access.permission is not None:
        codes |= {"401": ["unauthenticated"], "403": ["forbidden"]}
    if has_values:
        codes["422"] = ["validation-failed"]
    if has_body:
        codes["400"] += ["json-malformed", "json-too-deep"]
        codes |= {"413": ["body-too-large"], "415": ["media-type-unsupported"]}
    if method == "GET":
        codes["425"] = ["view-behind", "view-parked", "key-absent"]
        return codes
    codes["400"] += ["idempotency-key-malformed", "if-match-malformed"]
    if access.needs_key:
        codes["400"] += ["idempotency-key-missing"]
    codes |= {"409": ["version-conflict"], "412": ["precondition-failed"]}
    codes["422"] = [*codes.get("422", []), "idempotency-key-reused"]
    return codes


def _headers(method: str, access: Access) -> list[tuple[str, bool, str]]:
    if method == "GET":
        return [("Consistency-Token", False, "Wait until this answer shows what that token stands for")]
    return [
        ("Idempotency-Key", access.needs_key, "The same key and request have one effect and one answer"),
        ("If-Match", False, "Only if the aggregate still has this ETag"),
    ]


def _header(name: str, required: bool, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name == "Idempotency-Key":
        schema |= {"minLength": 1, "maxLength": 200}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}
