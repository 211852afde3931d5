"""The committed document is the one that the code makes."""

import json
import re
from typing import Any

import pytest

from infra import openapi


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openapi.FILE.read_bytes())
    return found


def operations() -> list[dict[str, Any]]:
    return [operation for methods in document()["paths"].values() for operation in methods.values()]


def test_E1_A29_R4_50_R0_19_the_committed_document_is_what_the_code_makes() -> None:
    made = openapi.rendered(openapi.merged(openapi.read_services(), openapi.own_document()))
    assert made == openapi.FILE.read_bytes(), "run `make openapi`"


def test_E1_the_committed_document_of_the_operator_api_is_what_the_code_makes() -> None:
    made = openapi.rendered(openapi.operator_document())
    assert made == openapi.OPERATOR_FILE.read_bytes(), "run `make openapi`"


def test_E1_the_gateway_has_no_route_for_operators() -> None:
    operator = json.loads(openapi.OPERATOR_FILE.read_bytes())
    assert all(path.startswith("/operator/") for path in operator["paths"])
    assert [path for path in document()["paths"] if "/operator/" in path] == []
    permissions = {found["x-permission"] for methods in operator["paths"].values() for found in methods.values()}
    assert permissions == {"platform.operate"}


def test_E1_every_operation_has_an_id_of_its_own() -> None:
    ids = [operation["operationId"] for operation in operations()]
    assert sorted(set(ids)) == sorted(ids)


def test_E1_every_reference_leads_somewhere() -> None:
    components = document()["components"]
    references = re.findall(r'"#/components/(\w+)/([^"]+)"', openapi.FILE.read_text())
    assert references
    assert [name for kind, name in references if name not in components[kind]] == []


def test_E1_every_operation_says_what_it_does() -> None:
    assert [operation["operationId"] for operation in operations() if not operation.get("description")] == []


def test_two_documents_that_use_one_name_differently_are_not_merged() -> None:
    own = {"paths": {}, "components": {"schemas": {"Meta": {"type": "object"}}}}
    other = {"paths": {}, "components": {"schemas": {"Meta": {"type": "string"}, "Roster": {}}}}
    assert set(openapi.merged({"academic": own}, own)["components"]["schemas"]) == {"Meta"}
    with pytest.raises(openapi.NotMergeable, match="Meta"):
        openapi.merged({"academic": other}, own)


def test_a_services_schemas_are_renamed_wherever_they_are_named() -> None:
    reference = {"$ref": "#/components/schemas/Roster"}
    mapping = {"mapping": {"a": "#/components/schemas/Roster"}}
    service = {
        "paths": {"/x": {"get": {"operationId": "get_x", "tags": ["x"], "schema": reference, "d": mapping}}},
        "components": {"schemas": {"Roster": {"type": "object"}}},
    }
    own: dict[str, Any] = {"paths": {}, "components": {"schemas": {}}}
    merged = openapi.merged({"academic": service}, own)
    [get] = merged["paths"]["/api/academic/x"].values()
    assert get["schema"] == {"$ref": "#/components/schemas/Academic_Roster"}
    assert get["d"] == {"mapping": {"a": "#/components/schemas/Academic_Roster"}}
    assert (get["operationId"], get["tags"]) == ("academic_get_x", ["academic · x"])
    assert list(merged["components"]["schemas"]) == ["Academic_Roster"]


def test_the_page_of_the_operator_api_names_every_route_and_refusal() -> None:
    paths = json.loads(openapi.OPERATOR_FILE.read_bytes())["paths"]
    page = (openapi.OPERATOR_FILE.parent / "operator-api.md").read_text()
    told = dict(re.findall(r"^\| `(\w+ /\S+)` \|(.*)$", page, re.MULTILINE))
    assert told.keys() == {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    for route, row in told.items():
        method, path = route.split()
        own = [found for status in ("404", "409") if (found := paths[path][method.lower()]["responses"].get(status))]
        codes = set(re.findall(r"'enum': \[([^]]*)\]", str(own)))
        assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", row)) == set(re.findall(r"[a-z]+(?:-[a-z]+)+", str(codes))), (
            route
        )
