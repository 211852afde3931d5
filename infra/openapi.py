"""Makes gateway/openapi.json: the documents of all services as one, as clients see it at the gateway; and beside it the
document of the operator API, which is the same at each worker and never at the gateway."""

import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI

from gateway import audit, school_dashboard
from shared import openapi
from shared.operator.app import create_operator_app

SERVICES = ("auth", "academic", "billing", "exports")
ROOT = Path(__file__).parent.parent
FILE = ROOT / "gateway" / "openapi.json"
OPERATOR_FILE = ROOT / "docs" / "reference" / "operator-openapi.json"
REFERENCE = "#/components/schemas/"
SAME_EVERYWHERE = frozenset({"FieldError", "Meta", "Pagination", "Problem", "Receipt"})
DESCRIPTION = (
    "Every answer is `{data, message, meta}`, every error an RFC 9457 problem with a stable `code`. "
    "A command's answer carries a `Consistency-Token`: send it with a query, and the query waits for what you wrote."
)
OPERATOR_DESCRIPTION = (
    "Every worker answers these on its own port, auth's alone those of tenants. The token is issued by "
    "`rollbook operator token` and lives for five minutes at most; tokens of schools open nothing here. "
    "Whatever changes something is recorded."
)


class NotMergeable(Exception):
    """Two documents use one name for different things."""


def merged(documents: dict[str, dict[str, Any]], own: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = dict(own["paths"])
    schemas: dict[str, Any] = {}
    responses: dict[str, Any] = {}
    _add(schemas, own["components"]["schemas"].items())
    _add(responses, own["components"].get("responses", {}).items())
    for service, document in documents.items():
        renamed = _renamed(document, service.capitalize())
        for path, methods in renamed["paths"].items():
            for operation in methods.values():
                operation["operationId"] = f"{service}_{operation['operationId']}"
                operation["tags"] = [f"{service} · {tag}" for tag in operation.get("tags", [])]
            paths[f"/api/{service}{path}"] = methods
        _add(schemas, renamed["components"]["schemas"].items())
        _add(responses, renamed["components"].get("responses", {}).items())
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rollbook", "version": "1", "description": DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": dict(sorted(responses.items())),
            "securitySchemes": openapi.SECURITY,
        },
    }


def _add(schemas: dict[str, Any], more: Iterable[tuple[str, Any]]) -> None:
    for name, schema in more:
        if schemas.setdefault(name, schema) != schema:
            raise NotMergeable(name)


def _renamed(node: Any, prefix: str, parent: str = "") -> Any:
    """Each schema of a service gets its prefix, where it is defined and where it is named."""
    if isinstance(node, list):
        return [_renamed(item, prefix, parent) for item in node]
    if isinstance(node, str) and node.startswith(REFERENCE):
        return REFERENCE + _name(node.removeprefix(REFERENCE), prefix)
    if not isinstance(node, dict):
        return node
    return {
        _name(key, prefix) if parent == "schemas" else key: _renamed(value, prefix, key) for key, value in node.items()
    }


def _name(schema: str, prefix: str) -> str:
    return schema if schema in SAME_EVERYWHERE else f"{prefix}_{schema}"


def own_document() -> dict[str, Any]:
    app = FastAPI(generate_unique_id_function=openapi.operation_id)
    app.include_router(school_dashboard.router)
    app.include_router(audit.router)
    return openapi.document(app)


def read_services() -> dict[str, dict[str, Any]]:
    return {service: import_module(f"{service}.main").app.openapi() for service in SERVICES}


def own_of_workers() -> list[APIRouter]:
    """What single services have for operators beside what all have."""
    services = [import_module(f"{service}.service").SERVICE for service in SERVICES]
    return [router for service in services for router in service.operator_routers]


def operator_document() -> dict[str, Any]:
    found = openapi.document(create_operator_app("services", own_of_workers()))
    found["info"]["description"] = OPERATOR_DESCRIPTION
    return found


def rendered(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main() -> None:
    FILE.write_bytes(rendered(merged(read_services(), own_document())))
    OPERATOR_FILE.write_bytes(rendered(operator_document()))
    sys.stdout.write(f"{FILE.name} and {OPERATOR_FILE.name} written\n")


if __name__ == "__main__":
    main()
