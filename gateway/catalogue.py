"""Which operations there are and who may call them, from the merged OpenAPI document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import orjson

PREFIX = "/api"
# Probes, metrics and the services' own documents are for operators and the gateway, not for clients.
PRIVATE = frozenset({"livez", "readyz", "startupz", "metrics", "openapi.json"})


@dataclass(frozen=True, slots=True)
class Operation:
    """`template` names it in metrics."""

    template: str
    public: bool


class Catalogue:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[re.Pattern[str], Operation]]] = {}
        for template, methods in document["paths"].items():
            pattern = re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template)))
            for method, described in methods.items():
                entry = (pattern, Operation(template, "security" not in described))
                self._by_shape.setdefault((method.upper(), template.count("/")), []).append(entry)
        for entries in self._by_shape.values():
            entries.sort(key=lambda entry: entry[1].template.count("{"))

    def find(self, method: str, path: str) -> Operation | None:
        """The operation behind a path, as the service's own router would choose it: literal parts first."""
        for pattern, operation in self._by_shape.get((method, path.count("/")), ()):
            if pattern.fullmatch(path):
                return operation
        return None


def read_document() -> bytes:
    return (files("gateway") / "openapi.json").read_bytes()


def read_catalogue() -> Catalogue:
    return Catalogue(orjson.loads(read_document()))
